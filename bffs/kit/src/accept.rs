//! Content negotiation on `accept` (RFC 9110, 12.5.1), for BFFs that have more than one form of an
//! answer.

use crate::{Problem, Request};

impl Request {
    /// The one of `offers` (media types in lower case, the BFF's favourite first) that the client
    /// likes best.
    ///
    /// Without an `accept` header that is the first. An answer that was negotiated names `accept`
    /// in `vary`.
    ///
    /// # Errors
    ///
    /// 406, naming the offers, when the client accepts none of them.
    pub fn negotiate<'a>(&self, offers: &[&'a str]) -> Result<&'a str, Problem> {
        let fields: Vec<&str> = self
            .headers
            .iter()
            .filter(|(name, _)| name == "accept")
            .map(|(_, value)| value.as_str())
            .collect();
        let accept = if fields.is_empty() {
            "*/*".to_owned()
        } else {
            fields.join(",")
        };
        let mut best = None;
        for &offer in offers {
            let weight = weight(&accept, offer);
            // Only a higher weight replaces an earlier offer: the BFF's own order decides between
            // equals.
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, offer));
            }
        }
        best.map(|(_, offer)| offer).ok_or_else(|| {
            Problem::new(
                406,
                format!("this answer is available as: {}", offers.join(", ")),
            )
            .header("vary", "accept")
        })
    }
}

/// The weight of `offer` in thousandths, 0 when it is not accepted. The most specific range that
/// covers it decides.
fn weight(accept: &str, offer: &str) -> u32 {
    let (mut decided_by, mut decided) = (0, 0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specific = if media == offer {
            3
        } else if media.strip_suffix('*').is_some_and(|start| {
            start.ends_with('/') && start.len() > 1 && offer.starts_with(start)
        }) {
            2
        } else if media == "*/*" {
            1
        } else {
            continue;
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1000, thousandths);
        if specific > decided_by {
            (decided_by, decided) = (specific, quality);
        }
    }
    decided
}

/// `0.8` as 800. What is no quality counts as 0: such a range is better ignored than preferred.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        "1" if digits => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::get;

    fn negotiated(accept: &[&str]) -> Option<&'static str> {
        let mut request = get("/");
        request.headers = accept
            .iter()
            .map(|value| ("accept".to_owned(), (*value).to_owned()))
            .collect();
        request.negotiate(&["application/json", "text/plain"]).ok()
    }

    #[test]
    fn the_client_likes_best_what_is_sent() {
        let (json, text) = (Some("application/json"), Some("text/plain"));
        for (accept, expected) in [
            (&[][..], json),
            (&["*/*"], json),
            (&["application/*"], json),
            (&["text/plain"], text),
            (&["Text/*;q=0.3"], text),
            (&["text/html, application/xhtml+xml, */*;q=0.8"], json),
            (&["application/json;q=0.5, text/plain"], text),
            (&["application/json;q=0.5, text/plain;q=0.5"], json),
            (&["application/json;q=0.501", "text/plain;q=0.51"], text),
            (&["*/*, application/json;q=0"], text),
            (&["application/json;q=0, */*"], text),
            (&["text/plain; charset=utf-8; q=1.0"], text),
            (&["image/png"], None),
            (&["application/json;q=0"], None),
            (&["application/json;q=much"], None),
            (&[""], None),
            (&["*"], None),
        ] {
            assert_eq!(negotiated(accept), expected, "{accept:?}");
        }
    }
}
