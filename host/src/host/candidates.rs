//! Reads the components of a configuration, for a start and for a reload: loads each file and runs its
//! smoke request, if the operator wants that, and loads what is released.
//!
//! Each BFF is read under its own lock. Nothing is live at the end: the caller publishes it.
//! Meanwhile, compiles that the candidates make useless are ended.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::bff_locks::BffLocks;
use super::lacking::in_load;
use super::smoke::smoke;
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::bff::look::Look;
use crate::bff::mark::Mark;
use crate::bff::runtime::Runtime;
use crate::bff::swap::Bff;
use crate::releases::Releases;
use crate::snapshot::{Builder, Candidate, Draft, Refusal, Snapshot};

/// The longest pause between two looks at a file that may still be written.
const PAUSE: Duration = Duration::from_millis(500);

/// The context in which candidates are made.
pub(super) struct Candidates<'a> {
    /// The engine.
    pub(super) runtime: &'a Runtime,
    /// Loads components.
    pub(super) builder: &'a Arc<Builder>,
    /// Has what is released; none in a host that does not serve.
    pub(super) releases: Option<&'a Arc<Releases>>,
    /// The locks of the BFFs.
    pub(super) bff_locks: &'a BffLocks,
    /// What is live; `None` at a start.
    pub(super) live: Option<&'a Snapshot>,
    /// Whether smoke requests are made.
    pub(super) asks: bool,
}

/// The content of a file that some BFFs share.
struct LoadedFile {
    look: Option<Look>,
    loaded: Result<Arc<Loaded>, Refusal>,
    /// For each of the BFFs, whether this component was live before.
    was_live: Vec<bool>,
}

impl Candidates<'_> {
    /// Gets the candidates of a draft. Equal files are loaded only once, and several at once, since
    /// each compiles on one thread.
    pub(super) async fn get(&self, draft: &mut Draft) {
        let mut files: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for (name, bff) in &draft.config.bffs {
            if let Some(component) = &bff.component {
                let users = files.entry(component.clone()).or_default();
                users.push(name.clone());
            }
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let permits = Semaphore::new(threads);
        let all = files.iter();
        let all = all.map(async |(path, users)| {
            tokio::select! {
                candidates = self.of_file(draft, &permits, path, users) => candidates,
                never = self.end_useless(draft, path, users) => match never {},
            }
        });
        let bffs = draft.config.bffs.iter();
        let released = bffs.filter(|(_, bff)| bff.component.is_none());
        let released = released.map(async |(name, _)| {
            let candidate = self.released(&permits, name).await;
            (name.clone(), candidate)
        });
        let (of_files, released) = tokio::join!(join_all(all), join_all(released));
        draft.candidates = of_files.into_iter().flatten().chain(released).collect();
    }

    /// What is live of a BFF that is released to. It was proven before it was live.
    async fn released(&self, permits: &Semaphore, name: &str) -> Candidate {
        // A reload keeps what runs, and waits for no release: those that end meanwhile are taken
        // over, and what another host released is followed.
        let running = self
            .bff(name)
            .filter(|bff| bff.settings().component.is_none());
        if let Some(bff) = running
            && let Some(current) = bff.current()
        {
            let is_carried = bff.is_carried();
            return Candidate {
                look: None,
                attempts: bff.attempts(),
                file: Ok((!is_carried).then(|| current.loaded().clone())),
                last_good: None,
            };
        }
        // Before the lock, as for a file.
        let permit = permits.acquire().await;
        let _lock = self.bff_locks.take(name).await;
        let live = self.bff(name);
        let known = live.and_then(|bff| bff.current());
        let known = known.map(|known| known.loaded().clone());
        let file = match self.releases {
            None => Ok(None),
            Some(releases) => {
                let (releases, builder) = (releases.clone(), self.builder.clone());
                let name = name.to_owned();
                let loading = spawn_blocking(move || {
                    let live = releases.live()?.remove(&name).transpose()?;
                    live.map(|live| load_released(&releases, &builder, &name, &live.digest, known))
                        .transpose()
                });
                let loaded = loading.await.unwrap_or(Err(LoadError::CompilerPanic));
                loaded.map_err(refusal)
            }
        };
        drop(permit);
        let last_good = match &file {
            // It had a file before.
            Ok(None) if live.is_none() => self.last_good(permits, name).await,
            _ => None,
        };
        Candidate {
            look: None,
            attempts: live.map_or(0, |bff| bff.attempts()),
            file,
            last_good,
        }
    }

    async fn of_file(
        &self,
        draft: &Draft,
        permits: &Semaphore,
        path: &Path,
        users: &[String],
    ) -> Vec<(String, Candidate)> {
        let settled = self.settles(path, users, draft).await;
        // Before the locks: a wait for a permit delays no change.
        let permit = permits.acquire().await;
        let bff_locks = self.bff_locks.take_all(users).await;
        let found = if settled {
            self.load(path, users).await
        } else {
            LoadedFile::unsettled(path)
        };
        drop(permit);
        let all = users.iter().zip(&bff_locks).enumerate();
        let all = all.map(async |(index, (name, _turn))| {
            let mut file = found.loaded.clone();
            if let Ok(loaded) = &file
                && !found.was_live.get(index).is_some_and(|was_live| *was_live)
                && let Err(refusal) = self.ask(draft, name, loaded).await
            {
                file = Err(refusal);
            }
            let candidate = Candidate {
                look: found.look.clone(),
                attempts: self.bff(name).map_or(0, |bff| bff.attempts()),
                last_good: match &file {
                    Err(_) => self.last_good(permits, name).await,
                    Ok(_) => None,
                },
                file: file.map(Some),
            };
            (name.clone(), candidate)
        });
        join_all(all).await
    }

    /// Ends compiles of these BFFs for another file, which hold their locks, and those of this file
    /// as soon as it has another content. The watcher looks only at what is live.
    async fn end_useless(&self, draft: &Draft, path: &Path, users: &[String]) -> Infallible {
        let loader = &self.builder.loader;
        let is_user = |bff: &str| users.iter().any(|name| name == bff);
        let mut last = None;
        loop {
            loader.withdraw(|bff, file| file == path || !is_user(bff));
            // A look takes a thread for a moment, and there may be hundreds of files.
            let now = match loader.compiles(path) {
                true => mark(path).await,
                false => None,
            };
            if let Some(settled) = now.filter(|_| now == last) {
                for name in users {
                    loader.supersede(name, path, &settled);
                }
            }
            last = now;
            tokio::time::sleep(draft.config.engine.watch_interval).await;
        }
    }

    fn bff(&self, name: &str) -> Option<&Arc<Bff>> {
        self.live?.bffs.get(name)
    }

    /// Whether a file is no longer being written. At a start, it is tried in any case.
    async fn settles(&self, path: &Path, users: &[String], draft: &Draft) -> bool {
        if self.live.is_none() {
            return true;
        }
        let mark = mark(path).await;
        let known = |name| {
            let look = self.bff(name)?.looked()?;
            Some(look.mark)
        };
        let is_new = users.iter().any(|name| known(name) != Some(mark));
        if !is_new || !mark.is_some_and(|mark| mark.is_doubtful(SystemTime::now())) {
            return true;
        }
        tokio::time::sleep(draft.config.engine.watch_interval.min(PAUSE)).await;
        self::mark(path).await == mark
    }

    async fn load(&self, path: &Path, users: &[String]) -> LoadedFile {
        let before = users.iter().find_map(|name| self.bff(name));
        let known = before.and_then(|bff| bff.current());
        let looked = before.and_then(|bff| bff.looked());
        let (builder, path) = (self.builder.clone(), path.to_owned());
        let users = users.to_vec();
        // A start is no change: it uses what was live before.
        let starts = self.live.is_none();
        let found = spawn_blocking(move || {
            let loader = &builder.loader;
            let known = known.as_ref().map(|known| known.loaded());
            let (look, loaded) = loader.attempt(&users[0], &path, known, looked.as_ref());
            let was_live = match &loaded {
                Ok(loaded) if starts => {
                    let users = users.iter();
                    let was_live = users.map(|name| loader.was_live(name, &loaded.digest));
                    was_live.collect()
                }
                _ => Vec::new(),
            };
            LoadedFile {
                look: Some(look),
                loaded: loaded.map_err(refusal),
                was_live,
            }
        });
        found.await.unwrap_or_else(|_| LoadedFile::failed())
    }

    /// Makes the smoke request to a component that is not live.
    async fn ask(&self, draft: &Draft, name: &str, loaded: &Arc<Loaded>) -> Result<(), Refusal> {
        let before = self.bff(name).and_then(|bff| bff.current());
        let before = before.as_deref();
        let Some(settings) = draft.config.bffs.get(name) else {
            return Ok(());
        };
        let is_live = before.is_some_and(|before| before.loaded().digest == loaded.digest);
        if !self.asks || settings.smoke.is_none() || is_live {
            return Ok(());
        }
        let settings = Arc::new(settings.clone());
        let (builder, services) = (self.builder, &draft.services);
        let metrics = Arc::default();
        let version = builder.version(&settings, loaded.clone(), services, before, &metrics);
        let caller = builder.callers - 1;
        let passed = smoke(self.runtime, &Arc::new(version), services, caller).await;
        passed.map(drop)
    }

    /// The fallback for a refused component.
    async fn last_good(&self, permits: &Semaphore, name: &str) -> Option<Arc<Loaded>> {
        if self.bff(name).is_some_and(|bff| bff.current().is_some()) {
            return None;
        }
        let _permit = permits.acquire().await;
        let (builder, name) = (self.builder.clone(), name.to_owned());
        let last_good = spawn_blocking(move || builder.loader.last_good(&name));
        last_good.await.ok().flatten()
    }
}

impl LoadedFile {
    fn unsettled(path: &Path) -> Self {
        let path = path.to_owned();
        Self {
            look: None,
            loaded: Err(refusal(LoadError::Unsettled { path })),
            was_live: Vec::new(),
        }
    }

    fn failed() -> Self {
        Self {
            look: None,
            loaded: Err(refusal(LoadError::CompilerPanic)),
            was_live: Vec::new(),
        }
    }
}

/// Loads a released component; `known` is taken again if it is the same. Blocks for as long as
/// compiling takes.
pub(super) fn load_released(
    releases: &Releases,
    builder: &Builder,
    bff: &str,
    digest: &str,
    known: Option<Arc<Loaded>>,
) -> Result<Arc<Loaded>, LoadError> {
    if let Some(known) = known.filter(|known| known.digest == digest) {
        return Ok(known);
    }
    let loader = &builder.loader;
    let bytes = releases.read(digest, loader.max_size())?;
    Ok(Arc::new(loader.load_bytes(bff, &bytes)?))
}

fn refusal(error: LoadError) -> Refusal {
    Refusal {
        again: in_load(&error),
        error: Arc::new(error),
    }
}

async fn mark(path: &Path) -> Option<Mark> {
    let path = path.to_owned();
    spawn_blocking(move || Mark::of(&path)).await.ok().flatten()
}
