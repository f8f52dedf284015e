//! What a fixture cost the last time, so that a change of the BFF that makes it cost more is seen.
//!
//! One file for each component, in a folder that belongs to one user. Whatever cannot be read
//! counts as no last time.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::hex;
use crate::file::OwnFolder;
use crate::invoke::Cost;

/// Bytes of a file.
const MAX_FILE: u64 = 4 << 20;
/// Fixtures of a file.
const MAX_FIXTURES: usize = 10_000;
/// Files; beyond them, those that were written longest ago are removed.
const MAX_FILES: usize = 256;
/// Percent of the last CPU time from which on it is worth a word: other work on the machine changes
/// it, too.
const CPU_PERCENT: u64 = 130;
/// CPU time below which a difference is noise, microseconds: the first request of a component in a
/// slot of the engine takes up to two milliseconds more than the next.
const CPU_NOISE_US: u64 = 2000;

/// What one run of a fixture cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// CPU time, microseconds.
    pub cpu_us: u64,
    /// Linear memory, bytes.
    pub memory: u64,
    /// Calls to services.
    pub calls: u64,
    /// Bytes of the bodies of its calls.
    pub bytes_out: u64,
    /// Bytes of the bodies of their answers.
    pub bytes_in: u64,
    /// Bytes of its own answer's body.
    pub response_bytes: u64,
}

impl From<&Cost> for Spent {
    fn from(cost: &Cost) -> Self {
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        Self {
            cpu_us: u64::try_from(cost.cpu_us).unwrap_or(u64::MAX),
            memory: number(cost.memory),
            calls: number(cost.calls),
            bytes_out: number(cost.bytes_out),
            bytes_in: number(cost.bytes_in),
            response_bytes: number(cost.response_bytes),
        }
    }
}

/// One part of the cost that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its name in [`Cost`].
    pub name: &'static str,
    /// The last time.
    pub before: u64,
    /// Now.
    pub now: u64,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, before, now } = self;
        match *name {
            "cpu_us" => {
                let percent = now.saturating_mul(100) / (*before).max(1);
                let (whole, tenths) = (percent / 100, percent % 100 / 10);
                write!(
                    f,
                    "cpu {whole}.{tenths} times the last ({before} us), or the machine was busier"
                )
            }
            name => write!(f, "{name} {now}, was {before}"),
        }
    }
}

impl Spent {
    /// What of `now` differs from this in a way that means something: all of it exactly, but CPU
    /// time only when it is much more.
    pub fn changes(&self, now: &Self) -> Vec<Change> {
        let costs_more = now.cpu_us.saturating_mul(100) > self.cpu_us.saturating_mul(CPU_PERCENT)
            && now.cpu_us.saturating_sub(self.cpu_us) > CPU_NOISE_US;
        let exact = [
            ("memory", self.memory, now.memory),
            ("calls", self.calls, now.calls),
            ("bytes_out", self.bytes_out, now.bytes_out),
            ("bytes_in", self.bytes_in, now.bytes_in),
            ("response_bytes", self.response_bytes, now.response_bytes),
        ];
        let exact = exact.into_iter().filter(|(_, before, now)| before != now);
        let cpu = costs_more.then_some(("cpu_us", self.cpu_us, now.cpu_us));
        cpu.into_iter()
            .chain(exact)
            .map(|(name, before, now)| Change { name, before, now })
            .collect()
    }
}

/// The last runs of the fixtures of one component.
#[derive(Debug, Default)]
pub struct LastRuns {
    place: Option<(OwnFolder, String)>,
    known: BTreeMap<String, Spent>,
}

impl LastRuns {
    /// Those of a component, kept in `cache`; of none without such a folder.
    ///
    /// # Errors
    ///
    /// Why nothing is kept, or why what was kept is not used; with what can be used all the same.
    pub fn open(cache: Option<&Path>, component: &Path) -> (Self, io::Result<()>) {
        let Some(cache) = cache else {
            return (Self::default(), Ok(()));
        };
        let folder = match OwnFolder::open(cache, "costs") {
            Ok(folder) => folder,
            Err(error) => return (Self::default(), Err(error)),
        };
        let component = component.canonicalize().unwrap_or(component.to_owned());
        let name = format!("{}.json", hex(component.as_os_str().as_encoded_bytes()));
        let read = folder.read(&name, MAX_FILE);
        let place = Some((folder, name));
        let known = match read {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        };
        match known {
            Ok(known) => (Self { place, known }, Ok(())),
            Err(error) => (
                Self {
                    place,
                    ..Self::default()
                },
                Err(error),
            ),
        }
    }

    /// What a fixture cost the last time.
    pub fn of(&self, fixture: &Path) -> Option<&Spent> {
        self.known.get(&key(fixture))
    }

    /// Takes what a fixture cost this time.
    pub fn note(&mut self, fixture: &Path, spent: Spent) {
        let key = key(fixture);
        if self.known.len() < MAX_FIXTURES || self.known.contains_key(&key) {
            self.known.insert(key, spent);
        }
    }

    /// Keeps all that was noted for the next time, but for fixtures that are gone.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save(&mut self) -> io::Result<()> {
        let Some((folder, name)) = &self.place else {
            return Ok(());
        };
        self.known.retain(|fixture, _| Path::new(fixture).exists());
        folder.write(name, &serde_json::to_vec(&self.known)?)?;
        let mut files = folder.list()?;
        files.sort_by_key(|file| std::cmp::Reverse(file.used));
        let old = files.into_iter().skip(MAX_FILES);
        folder.remove(old.map(|file| file.name).collect())
    }
}

/// The name of a fixture.
fn key(fixture: &Path) -> String {
    let real = fixture.canonicalize().unwrap_or(fixture.to_owned());
    real.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(cpu_us: u64, memory: u64) -> Spent {
        Spent {
            cpu_us,
            memory,
            ..Spent::default()
        }
    }

    #[test]
    fn only_changes_that_mean_something_are_told() {
        let told = |before: Spent, now| {
            let changes = before.changes(&now);
            changes.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let before = spent(10_000, 100);
        assert!(told(before, spent(13_000, 100)).is_empty());
        assert!(told(before, spent(100, 100)).is_empty());
        assert!(told(spent(100, 0), spent(2000, 0)).is_empty());
        assert_eq!(
            told(before, spent(21_000, 99)),
            [
                "cpu 2.1 times the last (10000 us), or the machine was busier",
                "memory 99, was 100"
            ]
        );
    }

    #[test]
    fn costs_are_kept_for_the_next_time_and_what_is_damaged_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, component) = (dir.path().join("cache"), dir.path().join("a.wasm"));
        let fixture = dir.path().join("a.json");
        std::fs::write(&fixture, "{}").unwrap();
        let open = || LastRuns::open(Some(&cache), &component);
        let (mut last, kept) = open();
        assert!(kept.is_ok() && last.of(&fixture).is_none());
        last.note(&fixture, spent(1, 2));
        last.note(&dir.path().join("gone.json"), spent(1, 2));
        last.save().unwrap();
        let (last, kept) = open();
        assert!(kept.is_ok());
        assert_eq!(last.of(&fixture), Some(&spent(1, 2)));
        assert_eq!(last.known.len(), 1);

        let (folder, name) = last.place.unwrap();
        folder.write(&name, b"{\"a\": ").unwrap();
        let (mut last, kept) = open();
        assert!(kept.is_err() && last.of(&fixture).is_none());
        last.note(&fixture, spent(3, 4));
        last.save().unwrap();
        assert_eq!(open().0.of(&fixture), Some(&spent(3, 4)));
    }
}
