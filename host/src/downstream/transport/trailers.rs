//! The trailers of an answer: the fields behind its body (RFC 9110 section 6.5).

use http::{HeaderMap, HeaderName};

use super::error::WireError;
use super::head::{MAX_FIELDS, size};

/// The trailers that are merged into the head: gRPC's status. All others are dropped: merged ones
/// could forge fields of the head (section 6.5.1).
const PASSED: [HeaderName; 2] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
];

/// Adds these trailers to a head. Where the head has the status itself, nothing is added: half of
/// one and half of the other would be a message that no service sent.
///
/// # Errors
///
/// What is passed on is larger than a head may be.
pub fn add(head: &mut HeaderMap, trailers: &HeaderMap, max_head: usize) -> Result<(), WireError> {
    let mut passed = HeaderMap::new();
    if PASSED.iter().any(|name| head.contains_key(name)) {
        return Ok(());
    }
    for name in &PASSED {
        for value in trailers.get_all(name) {
            passed.append(name, value.clone());
        }
    }
    if size(&passed) > max_head || head.len() + passed.len() > MAX_FIELDS {
        return Err(WireError::HeadTooLarge);
    }
    head.extend(passed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn only_what_says_how_a_grpc_call_ended_is_passed_on() {
        let mut head = map(&[("content-type", "application/grpc"), ("etag", "\"1\"")]);
        let before = head.clone();
        let trailers = map(&[
            ("grpc-status", "14"),
            ("grpc-message", "down"),
            ("content-type", "text/html"),
            ("set-cookie", "a=b"),
            ("content-length", "7"),
            ("grpc-status-details-bin", "AA"),
        ]);
        add(&mut head, &trailers, 1000).unwrap();
        assert_eq!(head["grpc-status"], "14");
        assert_eq!(head["grpc-message"], "down");
        assert_eq!(head.len(), before.len() + 2);
        assert!(before.iter().all(|(name, value)| head[name] == value));
    }

    #[test]
    fn a_field_of_the_head_is_neither_replaced_nor_added_to() {
        let mut head = map(&[("grpc-status", "0")]);
        let trailers = map(&[("grpc-status", "13"), ("grpc-message", "x")]);
        add(&mut head, &trailers, 1000).unwrap();
        let statuses: Vec<_> = head.get_all("grpc-status").iter().collect();
        assert_eq!(statuses, ["0"]);
        assert!(!head.contains_key("grpc-message"));
    }

    #[test]
    fn what_is_passed_on_has_the_size_of_a_head_at_most() {
        let (mut head, mut trailers) = (HeaderMap::new(), HeaderMap::new());
        trailers.insert("grpc-message", HeaderValue::from_static("0123456789"));
        let size = "grpc-message".len() + 10 + 32;
        assert!(add(&mut head, &trailers, size - 1).is_err());
        assert!(head.is_empty());
        add(&mut head, &trailers, size).unwrap();
        let mut head = HeaderMap::new();
        for number in 0..100 {
            head.append("x", HeaderValue::from(number));
        }
        assert!(add(&mut head, &trailers, size).is_err());
    }
}
