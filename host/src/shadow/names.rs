//! Which names a report has as they are. Others may be data of people, and `*` stands for them.

use crate::contract::{Call, Method};
use crate::text::shorten;

/// Letters of a name.
const MAX_NAME: usize = 48;
/// Digits of a name: more are a number of something.
const MAX_DIGITS: usize = 2;
/// Bytes of the text of a call.
const MAX_CALL: usize = 200;
/// What stands for any name.
pub(super) const ANY: &str = "*";

/// A member's name, a part of a path or the name of a parameter, if it looks like one that an
/// author wrote: `firstName`, `line_1`, `x-ray`. A date, an id and an address of mail do not.
pub(super) fn named(text: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let begins = text.bytes().next().is_some_and(|it| !it.is_ascii_digit());
    let fits = begins && text.len() <= MAX_NAME && digits <= MAX_DIGITS;
    match fits && text.bytes().all(is_plain) {
        true => text,
        false => ANY,
    }
}

/// A call without what can be of a person: `GET users /users/*/sleep?from`.
pub(super) fn call(call: &Call) -> String {
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    let parts: Vec<&str> = path.split('/').map(part).collect();
    let of_path = query.split('&').map(|pair| pair.split('=').next());
    let of_path = of_path.flatten().filter(|name| !name.is_empty());
    let names = of_path.chain(call.query.iter().map(|(name, _)| name.as_str()));
    let names: Vec<&str> = names.map(named).collect();
    let sign = if names.is_empty() { "" } else { "?" };
    let (service, path, names) = (named(&call.service), parts.join("/"), names.join("&"));
    let text = format!("{} {service} {path}{sign}{names}", method(call.method));
    shorten(&text, MAX_CALL).to_owned()
}

fn part(text: &str) -> &str {
    match text {
        "" => "",
        text => named(text),
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
    }
}
