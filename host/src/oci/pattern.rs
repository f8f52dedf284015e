//! Which repositories may be pulled from.

use std::str::FromStr;

use thiserror::Error;

use super::name::is_repository;

/// What stands for the name of the team that asks.
const TEAM: &str = "{team}";
/// What stands for the rest of a name.
const REST: &str = "**";

/// A pattern of repositories: `shop/*`, `{team}/**`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryPattern {
    text: String,
    components: Vec<Component>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Component {
    /// A text, in which `*` is any number of characters.
    Like(String),
    /// The team that asks.
    Team,
    /// One component or more, at the end.
    Rest,
}

/// A text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is no pattern of repositories")]
pub struct PatternError;

impl RepositoryPattern {
    /// What it is written as.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this team may pull from a repository. `None` for who may pull what any team may.
    pub fn allows(&self, repository: &str, team: Option<&str>) -> bool {
        let names: Vec<&str> = repository.split('/').collect();
        fits(&self.components, &names, team)
    }
}

fn fits(components: &[Component], names: &[&str], team: Option<&str>) -> bool {
    match (components, names) {
        ([], []) => true,
        ([Component::Rest], [_, ..]) => true,
        ([component, components @ ..], [name, names @ ..]) => {
            let is_one = match component {
                Component::Like(text) => is_like(text, name),
                Component::Team => team.is_none_or(|team| team == *name),
                Component::Rest => false,
            };
            is_one && fits(components, names, team)
        }
        _ => false,
    }
}

/// Whether a name is like a text with `*` in it.
fn is_like(text: &str, name: &str) -> bool {
    let Some((start, rest)) = text.split_once('*') else {
        return text == name;
    };
    let Some(mut name) = name.strip_prefix(start) else {
        return false;
    };
    // The earliest place of each part leaves the most for the others.
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return name.ends_with(part);
        }
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    true
}

impl FromStr for RepositoryPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let is_legal = |b: u8| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b'*')
        };
        let mut components = Vec::new();
        for component in text.split('/') {
            if components.last() == Some(&Component::Rest) {
                return Err(PatternError);
            }
            components.push(match component {
                TEAM => Component::Team,
                REST => Component::Rest,
                "" => return Err(PatternError),
                text if text.contains(REST) || !text.bytes().all(is_legal) => {
                    return Err(PatternError);
                }
                // No repository has it in its name.
                text if !text.contains('*') && !is_repository(text) => return Err(PatternError),
                text => Component::Like(text.to_owned()),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            components,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_pulls_what_a_pattern_gives_it_and_nothing_else() {
        let allows = |pattern: &str, repository: &str, team: Option<&str>| {
            let pattern: RepositoryPattern = pattern.parse().unwrap();
            pattern.allows(repository, team)
        };
        for (pattern, repository, team, expected) in [
            ("shop/watch", "shop/watch", Some("a"), true),
            ("shop/watch", "shop/watch2", Some("a"), false),
            ("shop/*", "shop/watch", Some("a"), true),
            ("shop/*", "shop/watch/v2", Some("a"), false),
            ("shop/*", "shop", Some("a"), false),
            ("shop/**", "shop/watch/v2", Some("a"), true),
            ("shop/**", "shop", Some("a"), false),
            ("*", "shop", Some("a"), true),
            ("shop/bff-*-v*", "shop/bff-watch-v2", Some("a"), true),
            ("shop/bff-*-v*", "shop/bff-v2", Some("a"), false),
            ("shop/a*a", "shop/a", Some("a"), false),
            ("shop/a*a", "shop/aba", Some("a"), true),
            ("shop/*a*b", "shop/xaxab", Some("a"), true),
            ("{team}/**", "a/watch", Some("a"), true),
            ("{team}/**", "b/watch", Some("a"), false),
            ("{team}/**", "ab/watch", Some("a"), false),
            ("shop/{team}/*", "shop/a/watch", Some("a"), true),
            ("shop/{team}/*", "shop/b/watch", Some("a"), false),
            // A name of a team is a name, and no pattern and no path.
            ("{team}/**", "b/watch", Some("*"), false),
            ("{team}/**", "a/b/watch", Some("a/b"), false),
            // The operator.
            ("{team}/**", "b/watch", None, true),
            ("shop/*", "other/watch", None, false),
        ] {
            let found = allows(pattern, repository, team);
            assert_eq!(found, expected, "{pattern} {repository} {team:?}");
        }
        for pattern in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "Shop/*",
            "**/a",
            "a**",
            "***",
            "{team}x/*",
            "..",
            "shop/..",
            "-shop/*",
            "shop_/*",
            "shop/a..b",
            "{}/a",
            "a b",
            "a:b",
            "a@b",
        ] {
            assert_eq!(
                pattern.parse::<RepositoryPattern>(),
                Err(PatternError),
                "{pattern}"
            );
        }
    }
}
