//! The names of previews: versions of a BFF that are not live, and are shown to holders of tokens.
//!
//! A preview is asked for by its name (`pr-12`) or by the first digits of its component's digest:
//! in a header field, or in a host name, `pr-12--watch.preview.example` for the BFF `watch`.

use thiserror::Error;

/// Longest name.
pub const MAX_NAME: usize = 40;
/// What a name is made of, in the words of an error.
pub const NAME: &str = "1 to 40 of a-z, 0-9 and -, with a letter or digit at both ends, without \
                        --, none of live, previous and latest, and not digits of a digest alone";
/// Fewest digits of a digest that stand for it.
pub const SHORT: usize = 7;
/// Digits of a digest in a host name that tailor makes.
const SHOWN: usize = 12;
/// Longest label of a host name (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;
/// What stands between the two parts of a host name. No name has it.
const BETWEEN: &str = "--";

/// The host name of a preview, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewHost<'a> {
    /// The preview's name, or the first digits of a digest.
    pub name: &'a str,
    /// The BFF's.
    pub bff: &'a str,
}

impl<'a> PreviewHost<'a> {
    /// Reads a host name in lower case. `None` if it is none of a preview below this domain.
    #[must_use]
    pub fn read(host: &'a str, domain: &str) -> Option<Self> {
        let label = host.strip_suffix(domain)?.strip_suffix('.')?;
        let (name, bff) = label.split_once(BETWEEN)?;
        let is_label = |text: &str| !text.is_empty() && text.bytes().all(is_legal);
        (is_label(name) && is_label(bff)).then_some(Self { name, bff })
    }

    /// The first label of the host name. `None` if it would be too long for one.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        let Self { name, bff } = self;
        let name = match is_start_of_digest(name) {
            true => name.get(..SHOWN).unwrap_or(name),
            false => name,
        };
        let label = format!("{name}{BETWEEN}{bff}");
        (label.len() <= MAX_LABEL).then_some(label)
    }
}

/// Why a preview may not have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameFault {
    /// It has another form.
    #[error("is none that a preview may have")]
    Form,
    /// It means another component, wherever one is named.
    #[error("is a word for a component of the BFF's history, and would mean two things")]
    Word,
    /// The same, of the digest that begins so.
    #[error("reads as the first digits of a digest, and would mean two things")]
    Digits,
}

/// Checks that a preview may have this name.
///
/// # Errors
///
/// Why it may not.
pub fn check_name(name: &str) -> Result<(), NameFault> {
    let ends = |c: Option<&u8>| c.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let has_form = ends(bytes.first())
        && ends(bytes.last())
        && (name.len() <= MAX_NAME || is_start_of_digest(name))
        && bytes.iter().copied().all(is_legal)
        && !name.contains(BETWEEN);
    match name {
        _ if !has_form => Err(NameFault::Form),
        "live" | "previous" | "latest" => Err(NameFault::Word),
        _ if is_start_of_digest(name) => Err(NameFault::Digits),
        _ => Ok(()),
    }
}

/// Whether a text stands for the digest that begins so.
#[must_use]
pub fn is_start_of_digest(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (SHORT..=64).contains(&text.len()) && text.bytes().all(digit)
}

fn is_legal(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_a_name_and_a_bff() {
        let read = |host| PreviewHost::read(host, "preview.example").map(|it| (it.name, it.bff));
        let known = [
            ("pr-12--watch.preview.example", Some(("pr-12", "watch"))),
            ("0123abc--a-b.preview.example", Some(("0123abc", "a-b"))),
            ("a--b--c.preview.example", Some(("a", "b--c"))),
            ("preview.example", None),
            ("watch.preview.example", None),
            ("--watch.preview.example", None),
            ("pr--.preview.example", None),
            ("x.pr--watch.preview.example", None),
            ("pr--watch.spreview.example", None),
            ("pr--watchpreview.example", None),
            ("pr_1--watch.preview.example", None),
        ];
        for (host, expected) in known {
            assert_eq!(read(host), expected, "{host}");
        }
    }

    #[test]
    fn what_is_named_is_read_again() {
        let label = |name, bff| PreviewHost { name, bff }.label();
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(
            label(&digest, "watch").unwrap(),
            "0123456789ab--watch",
            "digest"
        );
        for name in ["pr-12", "x", "1", "main", "0123-abc"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
            let host = format!("{}.preview.example", label(name, "watch").unwrap());
            let read = PreviewHost::read(&host, "preview.example").unwrap();
            assert_eq!((read.name, read.bff), (name, "watch"));
        }
        let long = "n".repeat(41);
        for (names, fault) in [
            (
                &["", "-a", "a-", "a--b", "A", "a.b", "a_b", &*long][..],
                NameFault::Form,
            ),
            (&["live", "previous", "latest"], NameFault::Word),
            (&["abcdef0", "1234567", &digest], NameFault::Digits),
        ] {
            for name in names {
                assert_eq!(check_name(name), Err(fault), "{name}");
            }
        }
        assert_eq!(label(&"n".repeat(40), &"b".repeat(22)), None);
    }
}
