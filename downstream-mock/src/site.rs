//! What a listener serves: one of the services, or the control.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::answer::ServiceState;
use crate::body::AnswerBody;
use crate::control::Control;
use crate::wire::Connection;

/// What a listener serves.
#[derive(Clone)]
pub(crate) enum Site {
    Service(Arc<ServiceState>),
    Control(Arc<Control>),
}

impl Site {
    /// Counts a new connection.
    pub(crate) fn connected(&self) -> Connection {
        match self {
            Site::Service(state) => Connection::new(state.recorder.connected()),
            Site::Control(_) => Connection::new(0),
        }
    }

    pub(crate) fn disconnected(&self) {
        match self {
            Site::Service(state) => state.recorder.disconnected(),
            Site::Control(_) => {}
        }
    }

    pub(crate) async fn answer(
        &self,
        connection: Arc<Connection>,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let is_head = request.method() == Method::HEAD;
        let response = match self {
            Site::Service(state) => state.answer(connection, request).await,
            Site::Control(control) => control.answer(request).await,
        };
        Ok(if is_head {
            without_content(response)
        } else {
            response
        })
    }
}

/// The server would leave out the content over HTTP/1.1, but send it over HTTP/2.
fn without_content(response: Response<AnswerBody>) -> Response<AnswerBody> {
    let (mut head, body) = response.into_parts();
    let (length, body) = body.into_length();
    if length > 0 {
        head.headers
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(head, body)
}
