//! Which service and which call a guest means by the URL of its request: `http://activity/days` is
//! `/days` of the service `activity`.

use http::Uri;
use http::uri::Scheme;

use crate::calls::InvalidCall;
use crate::query;
use crate::text::cut;

/// The name of the service. What is none of a service keeps what tells it from one, such as its
/// scheme or port, but no credentials: it is denied by this name, and logged.
pub(super) fn service(uri: &Uri) -> String {
    let Some(authority) = uri.authority() else {
        return String::new();
    };
    // Host names mean the same in any case of letters.
    let host = authority.host().to_ascii_lowercase();
    let scheme = match uri.scheme() {
        None => "",
        Some(scheme) if *scheme == Scheme::HTTP => "",
        Some(scheme) => scheme.as_str(),
    };
    // The library's own reading of a port leaves out one that is empty or too large.
    let (credentials, place) = match authority.as_str().rsplit_once('@') {
        Some((_, place)) => ("...@", place),
        None => ("", authority.as_str()),
    };
    let port = place.get(host.len()..).unwrap_or_default();
    match scheme {
        "" => format!("{credentials}{host}{port}"),
        scheme => format!("{scheme}://{credentials}{host}{port}"),
    }
}

/// The parameters, decoded, for the host to write them anew.
///
/// # Errors
///
/// When one stands for no text.
pub(super) fn query(uri: &Uri) -> Result<Vec<(String, String)>, InvalidCall> {
    let pairs = query::parameters(uri.query().unwrap_or_default()).map(|(name, value)| {
        let refuse = |why| InvalidCall::Query {
            parameter: cut(name),
            why,
        };
        Ok((
            query::decode(name).map_err(refuse)?,
            query::decode(value).map_err(refuse)?,
        ))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_name_by_http_is_the_name_of_a_service() {
        for (uri, name) in [
            ("http://activity/", "activity"),
            ("http://Activity", "activity"),
            ("HTTP://activity/a?b#c", "activity"),
            ("https://activity/", "https://activity"),
            ("ftp://activity/", "ftp://activity"),
            ("http://activity:80/", "activity:80"),
            ("http://activity:/", "activity:"),
            ("http://activity:99999/", "activity:99999"),
            ("http://ada:secret@activity/", "...@activity"),
            ("http://@activity/", "...@activity"),
            ("http://ada@evil:8080/", "...@evil:8080"),
            ("https://ada:secret@evil:1/", "https://...@evil:1"),
            ("http://activity.example/", "activity.example"),
            ("http://activity./", "activity."),
            ("http://169.254.169.254/latest", "169.254.169.254"),
            ("http://[::1]:80/", "[::1]:80"),
            ("/activity", ""),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(service(&uri), name, "{uri}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_bad_ones_named() {
        let uri = "http://a/b?q=a+b%26&&e&=x".parse().unwrap();
        let expected = [("q", "a b&"), ("e", ""), ("", "x")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(query(&uri).unwrap(), expected);
        let uri = "http://a/b?q=%ff".parse().unwrap();
        let error = query(&uri).unwrap_err().to_string();
        assert_eq!(error, "query parameter \"q\" is not UTF-8 when decoded");
    }
}
