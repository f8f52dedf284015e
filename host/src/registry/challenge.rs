//! What a registry wants in `authorization`: challenges of RFC 9110 section 11.6.1, read strictly.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// The longest fields together that are read, bytes.
const MAX: usize = 8 << 10;
/// The most challenges, and the most parameters of one.
const MOST: usize = 16;

/// What a registry takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token from the realm.
    Bearer {
        /// Where tokens are.
        realm: String,
        /// For which service.
        service: Option<String>,
    },
    /// User and password.
    Basic,
}

/// One challenge: a scheme in small letters, and its parameters.
type Named = (String, Vec<(String, String)>);

/// What an answer takes, the best first. `None` if its fields are no challenges, or others.
pub(super) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let mut left = MAX;
    let mut all = Vec::new();
    for field in headers.get_all(WWW_AUTHENTICATE) {
        let text = field.to_str().ok()?;
        left = left.checked_sub(text.len())?;
        all.extend(read(text)?);
    }
    let bearer = all.iter().find(|(scheme, _)| scheme == "bearer");
    if let Some((_, parameters)) = bearer {
        let value = |name: &str| {
            let mut named = parameters.iter().filter(|(it, _)| it == name);
            named.next().map(|(_, value)| value.clone())
        };
        return Some(Challenge::Bearer {
            realm: value("realm")?,
            service: value("service"),
        });
    }
    let basic = all.iter().any(|(scheme, _)| scheme == "basic");
    basic.then_some(Challenge::Basic)
}

/// Reads the challenges of a field.
fn read(text: &str) -> Option<Vec<Named>> {
    let mut rest = Rest(text);
    let mut all: Vec<Named> = Vec::new();
    loop {
        let separated = rest.separators();
        if rest.0.is_empty() {
            return Some(all);
        }
        if !separated && !all.is_empty() {
            return None;
        }
        let name = rest.token()?.to_ascii_lowercase();
        if let Some((_, parameters)) = all.last_mut()
            && let Some(value) = rest.value()
        {
            let value = value?;
            if parameters.len() == MOST || parameters.iter().any(|(it, _)| *it == name) {
                return None;
            }
            parameters.push((name, value));
            continue;
        }
        if all.len() == MOST {
            return None;
        }
        let mut parameters = Vec::new();
        if rest.0.starts_with(' ') {
            rest.blanks();
            let before = rest.0;
            // What is no parameter may be credentials of the form token68, or the next challenge.
            if let Some(first) = rest.token() {
                match rest.value() {
                    Some(value) => parameters.push((first.to_ascii_lowercase(), value?)),
                    None => rest.0 = before,
                }
            }
            if rest.0 == before {
                rest.token68();
            }
        }
        all.push((name, parameters));
    }
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, legal: impl Fn(u8) -> bool) -> &'a str {
        let end = self.0.bytes().position(|b| !legal(b));
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn blanks(&mut self) {
        self.take(|b| b == b' ' || b == b'\t');
    }

    /// Whether there was a comma.
    fn separators(&mut self) -> bool {
        let between = self.take(|b| matches!(b, b' ' | b'\t' | b','));
        between.contains(',')
    }

    fn token(&mut self) -> Option<&'a str> {
        let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let token = self.take(is_legal);
        (!token.is_empty()).then_some(token)
    }

    fn token68(&mut self) {
        let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
        self.take(is_legal);
        self.take(|b| b == b'=');
    }

    /// The value of a parameter whose name was read: `None` if there is no `=` with a value, and
    /// nothing is taken then; the inner one if it has no end.
    fn value(&mut self) -> Option<Option<String>> {
        let before = self.0;
        self.blanks();
        if !self.0.starts_with('=') {
            self.0 = before;
            return None;
        }
        self.0 = &self.0[1..];
        self.blanks();
        if let Some(rest) = self.0.strip_prefix('"') {
            self.0 = rest;
            return Some(self.quoted());
        }
        match self.token() {
            Some(value) => Some(Some(value.to_owned())),
            None => {
                self.0 = before;
                None
            }
        }
    }

    /// The rest of a text in quotes.
    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut chars = self.0.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Some(value);
                }
                '\\' => value.push(chars.next()?.1),
                char => value.push(char),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(fields: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for field in fields {
            let value = HeaderValue::from_str(field).unwrap();
            headers.append(WWW_AUTHENTICATE, value);
        }
        challenge(&headers)
    }

    #[test]
    fn challenges_are_read_as_the_standard_has_them() {
        let bearer = |service: Option<&str>| {
            Some(Challenge::Bearer {
                realm: "https://auth.example/token".to_owned(),
                service: service.map(str::to_owned),
            })
        };
        let realm = "realm=\"https://auth.example/token\"";
        for (fields, expected) in [
            (
                vec![format!(
                    "Bearer {realm},service=\"reg\",scope=\"repository:a:pull,push\""
                )],
                bearer(Some("reg")),
            ),
            (
                vec![format!("bearer  {realm} , service = reg")],
                bearer(Some("reg")),
            ),
            (vec![format!("BEARER {realm}")], bearer(None)),
            (
                vec![format!(
                    "Basic realm=\"x\", Bearer {realm}, service=\"a\\\"b\""
                )],
                bearer(Some("a\"b")),
            ),
            (
                vec!["Basic realm=\"x, y\"".to_owned(), format!("Bearer {realm}")],
                bearer(None),
            ),
            (
                vec![format!("Negotiate YWJj==, Bearer {realm}")],
                bearer(None),
            ),
            (vec![format!("Negotiate, Bearer {realm}")], bearer(None)),
            (
                vec!["Basic realm=\"registry\", charset=\"UTF-8\"".to_owned()],
                Some(Challenge::Basic),
            ),
            (vec!["basic".to_owned()], Some(Challenge::Basic)),
        ] {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            assert_eq!(of(&fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn what_is_no_challenge_is_taken_for_none() {
        let long = format!("Bearer realm=\"{}\"", "a".repeat(MAX));
        let many = "Digest, ".repeat(MOST + 1);
        for field in [
            "",
            "Bearer",
            "Bearer service=\"a\"",
            "Bearer realm=\"a",
            "Bearer realm=\"a\" service=\"b\"",
            "Bearer realm=\"a\", realm=\"b\"",
            "Digest realm=\"a\"",
            "Bearer realm=\"a\\",
            "=a",
            "\"a\"",
            &long,
            &many,
        ] {
            assert_eq!(of(&[field]), None, "{field:?}");
        }
        assert_eq!(of(&[]), None);
    }
}
