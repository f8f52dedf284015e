//! A client's request as its BFF sees it.

use bytes::Bytes;
use http::Method;

use super::access::Access;
use super::inbound::Head;
use crate::contract;
use crate::snapshot::Target;

/// The request of the contract.
pub(super) fn guest_request(
    head: &Head<'_>,
    rest: &str,
    target: &Target,
    access: &Access,
    body: Bytes,
) -> contract::Request {
    contract::Request {
        id: access.id.as_str().to_owned(),
        method: method(head.method),
        path: rest.to_owned(),
        query: head.query.clone(),
        headers: head.guest_headers(),
        body: contract::Payload::from_bytes(body),
        client: contract::Client {
            name: target.client.clone(),
            host: head.authority.text.to_owned(),
        },
    }
}

/// The contract's word for a method. HEAD is GET to a BFF: the host leaves the body out.
fn method(method: &Method) -> contract::Method {
    match *method {
        Method::POST => contract::Method::Post,
        Method::PUT => contract::Method::Put,
        Method::PATCH => contract::Method::Patch,
        Method::DELETE => contract::Method::Delete,
        Method::OPTIONS => contract::Method::Options,
        // `Head::read` and the routes let no other method through.
        _ => contract::Method::Get,
    }
}
