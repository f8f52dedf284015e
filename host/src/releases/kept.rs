//! A copy of what is live, in a file that a person can read.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::error::StoreError;
use super::journal::{Live, LiveByBff};
use super::place::{FOLDER, folder, from_millis, to_millis};
use crate::digest::is_digest;
use crate::file::OwnFolder;

/// The file.
pub(super) const NAME: &str = "live.json";
/// A size that no copy reaches, bytes.
const MAX: u64 = 16 << 20;

/// The copy of a data directory.
pub(super) struct LiveFile {
    data_dir: PathBuf,
}

impl LiveFile {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
        }
    }

    /// Replaces the copy.
    pub(super) fn write(&self, live: &LiveByBff) -> Result<(), StoreError> {
        let is_damaged = live.values().any(Result::is_err);
        let before = is_damaged.then(|| self.read().ok()).flatten();
        let bffs: serde_json::Map<String, Value> = live
            .iter()
            .filter_map(|(bff, live)| {
                // Of a damaged row, the copy is all that is left.
                let before = || before.as_ref()?.get(bff)?.as_ref().ok();
                let live = live.as_ref().ok().or_else(before)?;
                let live = json!({
                    "release": live.release,
                    "digest": live.digest,
                    "previous": live.previous,
                    "since_ms": to_millis(live.since),
                });
                Some((bff.clone(), live))
            })
            .collect();
        let text = format!("{:#}\n", json!({"format": 1, "bffs": bffs}));
        let written = self.folder().and_then(|it| it.write(NAME, text.as_bytes()));
        written.map_err(|error| self.failed(&error))
    }

    /// What the copy says.
    pub(super) fn read(&self) -> Result<LiveByBff, StoreError> {
        let bytes = self.folder().and_then(|it| it.read(NAME, MAX));
        let bytes = bytes.map_err(|error| self.failed(&error))?;
        let damaged = |why: String| StoreError::Failed {
            place: self.path().display().to_string(),
            why,
        };
        let document: Value =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if document["format"] != 1 {
            return Err(damaged("not of this format".to_owned()));
        }
        let bffs = document["bffs"].as_object();
        let bffs = bffs.ok_or_else(|| damaged("it has no bffs".to_owned()))?;
        let live = bffs.iter().map(|(bff, live)| {
            let live = entry(live).ok_or_else(|| StoreError::DamagedRow {
                bff: bff.clone(),
                why: format!("its entry in {NAME} has no digest"),
            });
            (bff.clone(), live)
        });
        Ok(live.collect())
    }

    fn folder(&self) -> std::io::Result<OwnFolder> {
        OwnFolder::open(&self.data_dir, FOLDER)
    }

    fn path(&self) -> PathBuf {
        folder(&self.data_dir).join(NAME)
    }

    fn failed(&self, error: &std::io::Error) -> StoreError {
        StoreError::of_file(&self.path(), error)
    }
}

fn entry(live: &Value) -> Option<Live> {
    let digest = |key: &str| live[key].as_str().filter(|digest| is_digest(digest));
    Some(Live {
        release: live["release"].as_i64()?,
        digest: digest("digest")?.to_owned(),
        previous: digest("previous").map(str::to_owned),
        since: from_millis(live["since_ms"].as_i64()?),
        // Its gate would know nothing.
        canary: None,
        automation_off: None,
    })
}
