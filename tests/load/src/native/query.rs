//! The query of a request. Unknown parameters are refused, as in the kits.

use std::str::FromStr;

use super::answer::Refused;

/// The parameters of a request: name and value. Values that these BFFs take need no decoding.
pub(crate) struct Query<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Query<'a> {
    /// Reads a query in which only `known` parameters may be, each once.
    pub(crate) fn read(text: Option<&'a str>, known: &[&str]) -> Result<Self, Refused> {
        let mut read: Vec<(&str, &str)> = Vec::new();
        let parts = text.unwrap_or_default().split('&');
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if !known.contains(&name) || read.iter().any(|(other, _)| *other == name) {
                return Err(Refused::parameter(name, value));
            }
            read.push((name, value));
        }
        Ok(Self(read))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let parse = |value: &str| value.parse().map_err(|_| Refused::parameter(name, value));
        self.text(name).map(parse).transpose()
    }
}
