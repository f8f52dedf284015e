//! The names of the specification, which are also parts of paths.

/// The longest name of a repository.
const MAX_NAME: usize = 255;
/// The longest tag.
const MAX_TAG: usize = 128;

/// Whether this is the name of a repository: `team/watch`.
pub(super) fn is_repository(name: &str) -> bool {
    name.len() <= MAX_NAME && name.split('/').all(is_component)
}

/// Whether this is a component of such a name: letters and digits, with one `.`, one or two `_` or
/// any number of `-` between two of them.
fn is_component(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut rest = name.as_bytes();
    loop {
        let plain = rest.iter().take_while(|b| is_plain(**b)).count();
        if plain == 0 {
            return false;
        }
        rest = &rest[plain..];
        let between = rest.iter().take_while(|b| !is_plain(**b)).count();
        match &rest[..between] {
            [] => return true,
            b"." | b"_" | b"__" => {}
            hyphens if hyphens.iter().all(|b| *b == b'-') => {}
            _ => return false,
        }
        rest = &rest[between..];
    }
}

/// Whether this is a tag.
pub(super) fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_legal = |b: u8| is_word(b) || b == b'.' || b == b'-';
    (1..=MAX_TAG).contains(&tag.len())
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_specification() {
        for name in ["a", "shop/watch", "a.b/c_d/e__f/g-h/i---j", "0/1"] {
            assert!(is_repository(name), "{name}");
        }
        let long = format!("a/{}", "b".repeat(254));
        for name in [
            "", "/", "a/", "/a", "a//b", "..", "a/..", "a/../b", "a..b", "a___b", "a_.b", "-a",
            "a-", "Shop", "a%2fb", "a b", "a\n", "a?b", "a#b", "a@b", "a:b", "ä", ".", "a.", &long,
        ] {
            assert!(!is_repository(name), "{name:?}");
        }
        assert!(is_tag("1.2.3-Rc_1") && is_tag("_") && is_tag(&"a".repeat(128)));
        for tag in ["", ".a", "-a", "a/b", "a b", &"a".repeat(129)] {
            assert!(!is_tag(tag), "{tag:?}");
        }
    }
}
