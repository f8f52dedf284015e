//! The targets: scenarios, and the requests of each.

use std::fmt;
use std::str::FromStr;

use anyhow::bail;

use crate::zipf::Zipf;

const USERS: [&str; 4] = ["ada", "grace", "linus", "margaret"];

/// Days that the mixed load is spread over, for each user.
const MIX_DAYS: usize = 250;
/// How many requests of the mix are drawn before they repeat.
const MIX_LENGTH: usize = 20_000;

/// The requests of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A BFF without calls: what the listener and the sandbox cost.
    Noop,
    /// Three calls, 38 bytes out.
    Watch,
    /// Six calls, some 2 KB out.
    Dashboard,
    /// Three calls of 10 KB, 30 days out; tailor runs TypeScript.
    Partner,
    /// Four watches to a dashboard, of 1,000 users' days of which few are frequent (Zipf).
    Mix,
}

impl Scenario {
    /// All, in the order of a report.
    pub const ALL: [Self; 5] = [
        Self::Noop,
        Self::Watch,
        Self::Dashboard,
        Self::Partner,
        Self::Mix,
    ];

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Watch => "watch",
            Self::Dashboard => "dashboard",
            Self::Partner => "partner",
            Self::Mix => "mix",
        }
    }

    /// The requests, in the order in which they are repeated.
    pub fn plan(self) -> Plan {
        let days = |count: usize, path: fn(&str, usize) -> String| {
            let paths: Vec<String> = USERS
                .iter()
                .flat_map(|user| (0..count).map(move |day| path(user, day)))
                .collect();
            let order = (0..paths.len()).collect();
            Plan { paths, order }
        };
        match self {
            Self::Noop => Plan {
                paths: vec!["/noop".to_owned()],
                order: vec![0],
            },
            Self::Watch => days(8, watch),
            Self::Dashboard => days(8, dashboard),
            Self::Partner => days(1, |user, _| {
                format!("/partner/v1/users/{user}/summaries?from=2026-01-01&to=2026-03-31&limit=30")
            }),
            Self::Mix => mix(),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match Self::ALL.into_iter().find(|it| it.name() == text) {
            Some(found) => Ok(found),
            None => bail!("no such scenario; there are noop, watch, dashboard, partner, mix"),
        }
    }
}

/// Different requests, and the order in which they are made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Paths with their queries, each once.
    pub paths: Vec<String>,
    /// Indexes of `paths`.
    pub order: Vec<usize>,
}

fn watch(user: &str, day: usize) -> String {
    format!("/watch/{user}?date={}", date(day))
}

fn dashboard(user: &str, day: usize) -> String {
    format!("/dashboard/{user}?date={}", date(day))
}

/// The days of 2025, by number; twelve months of 28 days, so that no calendar is needed.
fn date(day: usize) -> String {
    format!("2025-{:02}-{:02}", day / 28 % 12 + 1, day % 28 + 1)
}

fn mix() -> Plan {
    let users = USERS.len();
    let keys = users * MIX_DAYS;
    let path = |key: usize, path: fn(&str, usize) -> String| path(USERS[key % users], key / users);
    let paths = (0..keys)
        .map(|key| path(key, watch))
        .chain((0..keys).map(|key| path(key, dashboard)))
        .collect();
    let mut zipf = Zipf::new(keys, 1.0, 1);
    let order = (0..MIX_LENGTH)
        .map(|number| zipf.draw() + if number % 5 == 4 { keys } else { 0 })
        .collect();
    Plan { paths, order }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_of_a_plan_exists_and_none_is_twice() {
        for scenario in Scenario::ALL {
            let plan = scenario.plan();
            assert!(plan.order.iter().all(|index| *index < plan.paths.len()));
            let different: std::collections::HashSet<_> = plan.paths.iter().collect();
            assert_eq!(different.len(), plan.paths.len(), "{scenario}");
            assert_eq!(scenario.name().parse::<Scenario>().unwrap(), scenario);
        }
    }
}
