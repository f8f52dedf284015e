//! What an editor says of keys: the words of the reference, each so that it stands alone.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::config::kind::Values;

/// The texts of the reference.
const REFERENCE: &str = include_str!("../raw/reference.toml");

/// What the reference says of each key of each section.
pub(super) struct Words(BTreeMap<(String, String), Row>);

/// Texts in one line each, without links.
#[derive(Default)]
struct Row {
    meaning: String,
    values: Option<String>,
    /// What bounds them beside their range.
    bound: Option<String>,
    default: Option<String>,
    exceeded: Option<String>,
}

/// What each section is.
const SECTIONS: [(&str, &str); 35] = [
    (
        "server",
        "The listener for clients, and what it lets them take.",
    ),
    (
        "admin",
        "The listener for operators: health, metrics, versions.",
    ),
    ("admin.tls", "The certificate of that listener."),
    ("log", "What is logged, and how."),
    ("record", "Which requests are recorded, and what of them."),
    (
        "engine",
        "The engine of components, and the folder for its files.",
    ),
    (
        "releases",
        "Components that are released to the running host, and their history.",
    ),
    (
        "releases.preview",
        "How versions that are not live are shown to holders of tokens.",
    ),
    (
        "releases.registry",
        "A registry that components are pulled from.",
    ),
    (
        "releases.shadow",
        "What candidates may use that run on the requests of clients.",
    ),
    (
        "releases.ci",
        "CI systems whose jobs get tokens of the host without a stored secret.",
    ),
    (
        "releases.ci.*.rule",
        "What the jobs get whose claims all fit. The first rule that fits holds.",
    ),
    ("calls", "Calls of all BFFs to all services."),
    ("profile", "Limits of calls that a BFF picks by name."),
    ("downstream", "A service that BFFs may call by this name."),
    ("downstream.*.tls", "TLS to the service."),
    (
        "downstream.*.cache",
        "Which answers of the service are stored, and for how long.",
    ),
    (
        "downstream.*.breaker",
        "When calls of the service fail at once, and for how long.",
    ),
    (
        "downstream.*.retry",
        "Which calls are made again when they fail, and how often.",
    ),
    (
        "downstream.*.hedge",
        "Whether a slow call is made a second time beside the first.",
    ),
    (
        "downstream.*.ejection",
        "When one of several addresses is left out.",
    ),
    (
        "downstream.*.health",
        "How each address is asked whether it is well.",
    ),
    (
        "downstream.*.credentials",
        "What the host shows the service; no BFF sees it.",
    ),
    (
        "downstream.*.default",
        "An answer for calls of the service that fail.",
    ),
    (
        "downstream.*.rule",
        "Other settings for some calls of the service. The first that fits holds.",
    ),
    ("downstream.*.rule.cache", "The cache, for these calls."),
    (
        "downstream.*.rule.breaker",
        "A circuit breaker of these calls alone.",
    ),
    ("downstream.*.rule.retry", "Retries, for these calls."),
    (
        "downstream.*.rule.hedge",
        "A second attempt beside a slow one, for these calls.",
    ),
    (
        "downstream.*.write",
        "Calls that change something, and which stored answers they void.",
    ),
    (
        "bff",
        "A BFF: its component, what it may call, and its limits.",
    ),
    (
        "bff.*.limits",
        "What one request of the BFF, and all together, may use.",
    ),
    (
        "bff.*.smoke",
        "A request that a new version must answer before it is published.",
    ),
    (
        "bff.*.canary",
        "How a release comes to clients little by little.",
    ),
    (
        "route",
        "Which requests go to which BFF: host, path and header fields all have to match.",
    ),
];

/// What a section is.
pub(super) fn of_sections(pattern: &str) -> Option<&'static str> {
    let found = SECTIONS.iter().find(|(name, _)| *name == pattern);
    found.map(|(_, words)| *words)
}

impl Words {
    pub(super) fn read() -> Self {
        // It is TOML, as a test says.
        let document = DeTable::parse(REFERENCE).ok();
        let sections = document.as_ref().map(|document| document.get_ref().iter());
        let mut rows = Vec::new();
        for (section, keys) in sections.into_iter().flatten() {
            let keys = keys.get_ref().as_table().into_iter().flatten();
            rows.extend(keys.map(|(key, words)| {
                let name = (section.get_ref().to_string(), key.get_ref().to_string());
                (key.span().start, name, row(words.get_ref()))
            }));
        }
        // A row may go on from the one before it in the file.
        rows.sort_by_key(|(place, ..)| *place);
        let mut all = BTreeMap::new();
        let mut before: Option<((String, String), String)> = None;
        for (_, name, mut row) in rows {
            let general = (name.0.replacen(".rule", "", 1), name.1.clone());
            let general = (general != name).then(|| all.get(&general)).flatten();
            if let Some(Row { meaning, .. }) = general.filter(|_| refers(&row.meaning)) {
                row.meaning.clone_from(meaning);
            } else if let Some(((section, key), meaning)) = &before
                && *section == name.0
            {
                row.meaning = match row.meaning.strip_prefix("The same") {
                    Some(".") => meaning.clone(),
                    Some(rest) => format!("As `{key}`,{rest}"),
                    None => row.meaning,
                };
            }
            before = Some((name.clone(), row.meaning.clone()));
            all.insert(name, row);
        }
        Self(all)
    }

    /// What a key means, what may be written, what happens past it, and its default.
    pub(super) fn describe(
        &self,
        section: &str,
        key: &str,
        values: Option<&Values>,
    ) -> Option<String> {
        let row = self.0.get(&(section.to_owned(), key.to_owned()))?;
        let values = match (values, &row.bound) {
            (Some(values), Some(bound)) => Some(format!("{values}, {bound}")),
            (Some(values), None) => Some(values.to_string()),
            (None, _) => row.values.clone(),
        };
        let parts = [
            ("Values", values),
            ("When exceeded", row.exceeded.clone()),
            ("Default", row.default.clone()),
        ];
        let parts = parts.into_iter().filter_map(|(name, text)| {
            let text = text?;
            Some(format!(" {name}: {}.", text.trim_end_matches('.')))
        });
        Some(row.meaning.clone() + &parts.collect::<String>())
    }

    /// The default of a key, where that is a value.
    pub(super) fn default_of(&self, section: &str, key: &str) -> Option<Value> {
        let row = self.0.get(&(section.to_owned(), key.to_owned()))?;
        let (value, _) = row.default.as_deref()?.strip_prefix('`')?.split_once('`')?;
        let file: toml::Table = toml::from_str(&format!("it = {value}")).ok()?;
        serde_json::to_value(file.get("it")?).ok()
    }
}

/// Whether it says no more than where something is said.
fn refers(meaning: &str) -> bool {
    meaning == "The same." || meaning.starts_with("See `[")
}

fn row(words: &DeValue<'_>) -> Row {
    let word = |name: &str| {
        let text = words.as_table()?.get(name)?.get_ref().as_str()?;
        Some(alone(text))
    };
    Row {
        meaning: word("meaning").unwrap_or_default(),
        values: word("values"),
        bound: word("bound"),
        default: word("default"),
        exceeded: word("exceeded"),
    }
}

/// A text of a page by itself: in one line, without links, and with no word of what is below it.
fn alone(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, link)) = rest.split_once("](") {
        let (before, name) = before.rsplit_once('[').unwrap_or((before, ""));
        plain += before;
        plain += name;
        rest = link.split_once(')').map_or("", |(_, rest)| rest);
    }
    plain += rest;
    plain
        .replace("see below", "see the reference")
        .replace("See below", "See the reference")
}
