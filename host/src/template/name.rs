//! Names of BFFs: what the configuration, npm and cargo all take.

use crate::config;

use super::TemplateError;

/// Names that cargo, rustc or a file system of Windows keep for themselves: words of Rust, crates of
/// the compiler, folders of cargo below target, files.
const RESERVED: &str = "abstract as async await become box break const continue crate do dyn else \
    enum extern false final fn for gen if impl in let loop macro match mod move mut override priv \
    pub ref return self static struct super trait true try type typeof unsafe unsized use virtual \
    where while yield alloc core proc-macro std test build deps examples incremental aux con nul prn";

/// Packages that a BFF depends on: one of the same name would depend on itself.
const PACKAGES: &str = "componentize-py componentize-qjs esbuild hono serde serde-json tailor-kit typescript wit-bindgen";

/// Whether a list has the name.
fn has(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|it| it == name)
}

/// Refuses a name with the rule that it breaks, and a name like it that breaks none.
pub(super) fn check(name: &str) -> Result<(), TemplateError> {
    if !config::is_name(name) || name.ends_with('-') {
        return Err(TemplateError::letters(name, near(name)));
    }
    let reason = if has(RESERVED, name) {
        "it is a word of Rust, or kept by cargo or Windows"
    } else if has(PACKAGES, name) {
        "a package that BFFs depend on has it"
    } else {
        return Ok(());
    };
    Err(TemplateError::Name {
        name: name.to_owned(),
        reason: reason.to_owned(),
        near: near(name),
    })
}

/// The most bytes of a name that is made here: room for an ending.
const MOST: usize = 40;

/// A name that is like this text, and good.
pub(super) fn near(text: &str) -> String {
    let mut name = String::new();
    for letter in text.chars() {
        if name.len() == MOST {
            break;
        }
        match letter.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => name.push(letter),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    let name = name.trim_end_matches('-');
    match name.chars().next() {
        None => "my-bff".to_owned(),
        Some('0'..='9') => format!("bff-{name}"),
        Some(_) if has(RESERVED, name) || has(PACKAGES, name) => format!("{name}-bff"),
        Some(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_with_one_that_would_do() {
        for (name, like_it) in [
            ("../up", "up"),
            ("a/b", "a-b"),
            ("my app", "my-app"),
            ("MyApp", "myapp"),
            ("_x", "x"),
            ("\u{fc}ber", "ber"),
            ("\u{1f600}", "my-bff"),
            ("", "my-bff"),
            (".", "my-bff"),
            ("-", "my-bff"),
            ("a-", "a"),
            ("3d", "bff-3d"),
            ("node_modules", "node-modules"),
            ("test", "test-bff"),
            ("core", "core-bff"),
            ("hono", "hono-bff"),
            ("Test", "test-bff"),
            ("\u{1b}[2J", "bff-2j"),
        ] {
            let error = check(name).unwrap_err().to_string();
            let end = format!("; {like_it} would do");
            assert!(error.ends_with(&end), "{name}: {error}");
            check(like_it).unwrap();
        }
        let long = "a".repeat(300);
        let error = check(&long).unwrap_err().to_string();
        assert!(error.len() < 250 && error.contains("1 to 63"), "{error}");
        check(&near(&long)).unwrap();
        for name in ["scales", "a", "a-1"] {
            check(name).unwrap();
        }
    }
}
