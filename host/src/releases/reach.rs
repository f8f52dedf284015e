//! How far a component reaches: what it imports, which services it called in its proof, how much
//! memory it begins with. Where a release reaches further than what is live, the operator has to
//! consent to that very difference.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::hex;

/// Entries of each list. A component of others may import any number of interfaces.
const MAX_ENTRIES: usize = 200;
/// Length of an entry.
const MAX_LENGTH: usize = 200;
/// Digits of the digest that stands for what is cut.
const DIGITS: usize = 32;
/// Entries of each list that a reason has.
const MAX_LISTED: usize = 8;
/// Growth of memory that needs no consent: a build moves a few pages.
const MEMORY_SLACK: u64 = 1 << 20;

/// What a component called, `GET activity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// All of it.
    pub calls: BTreeSet<String>,
    /// That of which it picked values out of the answer.
    pub picks: BTreeSet<String>,
}

/// How far a component reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The interfaces that it imports, without their versions.
    pub imports: BTreeSet<String>,
    /// What it called in its proof, `GET activity`; absent if there was no smoke request.
    pub calls: Option<BTreeSet<String>>,
    /// Those of these calls of which it picked values out of the answer.
    #[serde(default)]
    pub picks: Option<BTreeSet<String>>,
    /// The largest memory that it begins with, bytes.
    pub memory: u64,
    /// The versions of the contract that it was built with.
    pub contract: BTreeSet<String>,
    /// The versions of WASI that it imports.
    #[serde(default)]
    pub wasi: BTreeSet<String>,
    /// Its size, bytes.
    pub size: u64,
}

/// How one component reaches further than another, or less far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachDifference {
    /// The component that is compared with.
    pub from: String,
    /// The component.
    pub to: String,
    /// Interfaces.
    pub imports: Changed,
    /// Calls; nothing is known of them if one of the two made no smoke request.
    pub calls: Option<Changed>,
    /// Calls of which it picks values out of the answer; the same.
    pub picks: Option<Changed>,
    /// Memory that it begins with, before and now, bytes.
    pub memory: [u64; 2],
    /// Versions of the contract.
    pub contract: Changed,
    /// Versions of WASI.
    pub wasi: Changed,
    /// Sizes, before and now, bytes.
    pub size: [u64; 2],
    /// In what it reaches further: `imports`, `calls`, `memory`.
    pub grows: Vec<String>,
    /// What the operator consents to.
    pub consent: String,
}

/// What is new in a list, and what is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// New.
    pub added: BTreeSet<String>,
    /// Gone.
    pub removed: BTreeSet<String>,
}

impl Changed {
    fn of(from: &BTreeSet<String>, to: &BTreeSet<String>) -> Self {
        Self {
            added: to.difference(from).cloned().collect(),
            removed: from.difference(to).cloned().collect(),
        }
    }
}

impl Reach {
    /// The reach of a component with these imports, `tailor:bff/downstream@0.1.0`.
    pub fn new<'a>(
        imports: impl Iterator<Item = &'a str>,
        called: Option<Called>,
        memory: u64,
        size: u64,
    ) -> Self {
        let mut reach = Self {
            memory,
            size,
            ..Self::default()
        };
        if let Some(Called { calls, picks }) = called {
            reach.calls = Some(bounded(calls.into_iter()));
            reach.picks = Some(bounded(picks.into_iter()));
        }
        let mut interfaces = BTreeSet::new();
        for import in imports {
            let (interface, version) = import.split_once('@').unwrap_or((import, ""));
            let versions = match interface.split_once(':') {
                Some(("tailor", _)) => Some(&mut reach.contract),
                Some(("wasi", _)) => Some(&mut reach.wasi),
                _ => None,
            };
            if let Some(versions) = versions {
                versions.insert(version.chars().take(MAX_LENGTH).collect());
            }
            interfaces.insert(interface.to_owned());
        }
        reach.imports = bounded(interfaces.into_iter());
        reach
    }

    /// How `to` differs from this. The digests are those of the components.
    pub fn difference(&self, from: &str, to: &Self, digest: &str) -> ReachDifference {
        let imports = Changed::of(&self.imports, &to.imports);
        let of_calls = |from: &Option<BTreeSet<String>>, to: &Option<BTreeSet<String>>| {
            let both = from.as_ref().zip(to.as_ref());
            both.map(|(from, to)| Changed::of(from, to))
        };
        let calls = of_calls(&self.calls, &to.calls);
        let slack = (self.memory / 4).max(MEMORY_SLACK);
        let grows = [
            ("imports", !imports.added.is_empty()),
            (
                "calls",
                calls.as_ref().is_some_and(|calls| !calls.added.is_empty()),
            ),
            ("memory", to.memory > self.memory.saturating_add(slack)),
        ];
        let grows = grows.into_iter().filter(|(_, grows)| *grows);
        let mut difference = ReachDifference {
            from: from.to_owned(),
            to: digest.to_owned(),
            imports,
            calls,
            picks: of_calls(&self.picks, &to.picks),
            memory: [self.memory, to.memory],
            contract: Changed::of(&self.contract, &to.contract),
            wasi: Changed::of(&self.wasi, &to.wasi),
            size: [self.size, to.size],
            grows: grows.map(|(name, _)| name.to_owned()).collect(),
            consent: String::new(),
        };
        // It has both components in it: to another pair there is no consent.
        difference.consent = hex(&serde_json::to_vec(&difference).unwrap_or_default());
        difference
    }
}

impl ReachDifference {
    /// What is new, in words.
    pub fn growth(&self) -> String {
        let list = |set: &BTreeSet<String>| {
            let listed: Vec<&str> = set.iter().take(MAX_LISTED).map(String::as_str).collect();
            match set.len().saturating_sub(MAX_LISTED) {
                0 => listed.join(", "),
                more => format!("{}, and {more} more", listed.join(", ")),
            }
        };
        let words = self.grows.iter().map(|name| match &**name {
            "imports" => format!("it imports {}", list(&self.imports.added)),
            "calls" => {
                let calls = self.calls.as_ref().map(|calls| list(&calls.added));
                format!("it calls {}", calls.unwrap_or_default())
            }
            _ => format!(
                "it begins with {} bytes of memory, not {}",
                self.memory[1], self.memory[0]
            ),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

/// A list of bounded size. What is cut off has its digest there: a component cannot hide growth
/// behind many or long names.
fn bounded(all: impl Iterator<Item = String>) -> BTreeSet<String> {
    let short = |name: String| match name.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}, {}", &name[..end], digits(&name)),
        None => name,
    };
    let mut all: BTreeSet<String> = all.map(short).collect();
    let Some(first) = all.iter().nth(MAX_ENTRIES).cloned() else {
        return all;
    };
    let rest = all.split_off(&first);
    let names = rest.iter().map(String::as_str).collect::<Vec<_>>();
    all.insert(format!(
        "{} more, {}",
        rest.len(),
        digits(&names.join("\n"))
    ));
    all
}

/// The start of a digest.
fn digits(text: &str) -> String {
    hex(text.as_bytes()).chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(imports: &[&str], calls: Option<&[&str]>, memory: u64) -> Reach {
        let called = calls.map(|calls| Called {
            calls: calls.iter().map(|it| (*it).to_owned()).collect(),
            picks: BTreeSet::new(),
        });
        Reach::new(imports.iter().copied(), called, memory, 100)
    }

    #[test]
    fn what_is_added_grows_and_what_goes_does_not() {
        let live = reach(
            &["tailor:bff/downstream@0.1.0"],
            Some(&["GET activity"]),
            1 << 20,
        );
        let all = |to: &Reach| live.difference("a", to, "b").grows;
        let same = reach(
            &["tailor:bff/downstream@0.1.1"],
            Some(&["GET activity"]),
            2 << 20,
        );
        assert_eq!(all(&same), Vec::<String>::new());
        assert_eq!(all(&reach(&[], Some(&[]), 0)), Vec::<String>::new());
        assert_eq!(all(&reach(&[], None, 0)), Vec::<String>::new());
        let more = reach(
            &["tailor:bff/downstream@0.1.0", "wasi:random/random@0.2.0"],
            Some(&["GET activity", "POST goals"]),
            (2 << 20) + 1,
        );
        assert_eq!(all(&more), ["imports", "calls", "memory"]);
        let told = live.difference("a", &more, "b");
        assert_eq!(
            told.growth(),
            "it imports wasi:random/random; it calls POST goals; it begins with 2097153 bytes of \
             memory, not 1048576"
        );
        let contract = live.difference("a", &same, "b").contract;
        assert!(contract.added.contains("0.1.1") && contract.removed.contains("0.1.0"));
    }

    #[test]
    fn values_that_are_picked_no_more_and_another_wasi_are_told_and_are_no_growth() {
        let of = |picks: &[&str], wasi: &str| {
            let called = Called {
                calls: BTreeSet::from(["GET activity".to_owned()]),
                picks: picks.iter().map(|it| (*it).to_owned()).collect(),
            };
            Reach::new([wasi].into_iter(), Some(called), 0, 0)
        };
        let live = of(&["GET activity"], "wasi:clocks/wall-clock@0.2.6");
        let told = live.difference("a", &of(&[], "wasi:clocks/wall-clock@0.2.9"), "b");
        let removed = told.picks.unwrap().removed;
        assert_eq!(removed, BTreeSet::from(["GET activity".to_owned()]));
        assert_eq!(told.wasi.added, BTreeSet::from(["0.2.9".to_owned()]));
        assert_eq!(told.wasi.removed, BTreeSet::from(["0.2.6".to_owned()]));
        assert_eq!(told.grows, Vec::<String>::new());
        // What an earlier state of the journal has.
        let known: Reach = serde_json::from_str(
            r#"{"imports": [], "calls": ["GET activity"], "memory": 0, "contract": [], "size": 0}"#,
        )
        .unwrap();
        assert_eq!(known.difference("a", &live, "b").picks, None);
    }

    #[test]
    fn consent_is_to_one_difference_of_two_components() {
        let live = reach(&[], Some(&[]), 0);
        let more = reach(&["wasi:random/random@0.2.0"], Some(&[]), 0);
        let consent =
            |from: &str, to: &Reach, digest: &str| live.difference(from, to, digest).consent;
        let one = consent("a", &more, "b");
        assert_eq!(one, consent("a", &more, "b"));
        let further = reach(&["wasi:random/random@0.2.0", "x"], Some(&[]), 0);
        for other in [
            consent("c", &more, "b"),
            consent("a", &more, "c"),
            consent("a", &further, "b"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn very_many_and_very_long_names_are_bounded_and_hide_no_growth() {
        let named = |numbers: std::ops::Range<u32>, end: &str| -> Reach {
            let names: Vec<String> = numbers
                .map(|it| format!("x{it:04}{}{end}", "x".repeat(1000)))
                .collect();
            Reach::new(names.iter().map(String::as_str), None, 0, 0)
        };
        let many = named(0..1000, "");
        assert_eq!(many.imports.len(), MAX_ENTRIES + 1);
        let longest = MAX_LENGTH + DIGITS + 2;
        assert!(many.imports.iter().all(|it| it.len() <= longest));
        let grows = |from: &Reach, to: &Reach| from.difference("a", to, "b").grows;
        assert_eq!(grows(&many, &named(0..1000, "")), Vec::<String>::new());
        assert_eq!(grows(&many, &named(0..1001, "")), ["imports"]);
        assert_eq!(grows(&named(0..1, ""), &named(0..1, "y")), ["imports"]);
        let told = Reach::default().difference("a", &many, "b").growth();
        assert!(told.ends_with(", and 193 more"), "{told}");
        assert!(told.len() < 10 * longest, "{told}");
    }
}
