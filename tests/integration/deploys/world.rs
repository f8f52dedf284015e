//! A host with three BFFs, and what happens to it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::Value;
use tailor_harness::{Files, Process, TestHost};

use super::model::{ASKS, Action, BFFS, Model, State};
use crate::disk::Disk;
use crate::downstream::relay::relay;
use crate::modules::PATIENT;
use crate::swap::page::{body, page, page_with_status};
use crate::wire::{Wire, get, until};

/// Requests to each BFF after an action without an effect: for several looks of the watcher.
const LOOKS: usize = 12;
const PAUSE: Duration = Duration::from_millis(10);

const SETTINGS: &str = "deadline = \"60s\"\n[smoke]\npath = \"/probe\"";

pub struct World {
    process: Process,
    /// A connection that was there before files ran out.
    kept: Wire,
    path: PathBuf,
    text: String,
    files: Files,
    disk: Option<Disk>,
    status: Arc<AtomicU16>,
    _service: ScriptedService,
    /// Versions by the digests of their components.
    digests: HashMap<String, u32>,
    reloads: u32,
    /// No file can be opened, so that a call has no new connection to its service.
    starved: bool,
}

fn component(bff: usize, version: u32) -> Vec<u8> {
    let name = format!("v{version}");
    match bff {
        ASKS => relay(&name, None),
        _ => page(&name),
    }
}

impl World {
    pub async fn start() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let says = status.clone();
        let service = ScriptedService::start(move |request| match &*request.target {
            "/probe" => Response::new(says.load(Ordering::Relaxed)),
            _ => Response::new(200),
        });
        let service = service.unwrap();
        let mut builder = TestHost::builder()
            .unwrap()
            .config("log.format = \"json\"\nengine.max-retry-wait = \"1s\"")
            .service_at("smoke", &[service.url()])
            // Clients are answered through it while its smoke requests fail.
            .settings("smoke", &format!("{PATIENT}\n[breaker]\nenabled = false"));
        for (number, name) in BFFS.iter().enumerate() {
            let first = component(number, 1);
            builder = builder.bff(name, &first, SETTINGS).route(&format!(
                "bff = {name:?}\nclient = \"smoke\"\npath = \"/{name}\""
            ));
        }
        let (path, files) = builder.write().unwrap();
        let disk = Disk::at(&files.path().join("data"), 8192);
        let process = start(disk.as_ref(), &path);
        Self {
            kept: Wire::connect(process.address().unwrap()).await,
            process,
            text: std::fs::read_to_string(&path).unwrap(),
            path,
            files,
            disk,
            status,
            _service: service,
            digests: HashMap::new(),
            reloads: 0,
            starved: false,
        }
    }

    /// Executes the action.
    pub async fn make(&mut self, action: Action, model: &mut Model) {
        match action {
            Action::Good(bff) => self.good(bff, model),
            Action::Nonsense(bff) => self.bad(bff, b"nonsense", model),
            Action::Failing(bff) => self.bad(bff, &page_with_status("v0", 404), model),
            Action::Half(bff) => {
                let whole = component(bff, model.next());
                model.bffs[bff].file = None;
                std::fs::write(self.file(bff), &whole[..whole.len() / 2]).unwrap();
            }
            Action::Slow(bff, pieces) => self.slow(bff, pieces, model).await,
            Action::Smoke => {
                model.service_fails = !model.service_fails;
                let status = if model.service_fails { 503 } else { 200 };
                self.status.store(status, Ordering::Relaxed);
            }
            Action::Reload => self.reload(model).await,
            Action::BadReload => self.bad_reload().await,
            Action::Disk => self.turn_disk(model),
            Action::NoFiles(bff) => self.no_files(bff, model).await,
            Action::Kill => {
                self.note(model).await;
                self.process.signal("KILL").unwrap();
                self.process.wait().unwrap();
                self.restart().await;
            }
            Action::Stop => {
                self.stop().await;
                self.note_from_disk(model);
                self.restart().await;
            }
        }
    }

    /// Sends requests to all BFFs until each has its version, and checks every answer with the
    /// model.
    pub async fn hold(&mut self, model: &mut Model) {
        for look in 0.. {
            self.ask(model).await;
            let come = (0..BFFS.len()).all(|bff| {
                let target = model.target(bff);
                target.is_none_or(|target| target == model.bffs[bff].live)
            });
            if come && look >= LOOKS {
                break;
            }
            assert!(
                look < 3000,
                "not all BFFs came to their versions: {model:?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
        let bffs = self.bffs().await;
        for (bff, name) in BFFS.iter().enumerate() {
            let digest = bffs[name]["sha256"].as_str().unwrap();
            self.digests.insert(digest.to_owned(), model.bffs[bff].live);
        }
    }

    /// SIGTERM, as at the end of each run.
    pub async fn end(mut self) {
        self.stop().await;
    }

    /// Sends one request to each BFF, on the kept connection.
    async fn ask(&mut self, model: &mut Model) {
        for (bff, name) in BFFS.iter().enumerate() {
            if self.starved && bff == ASKS {
                continue;
            }
            self.kept.send(&get(&format!("/{name}/x"), "")).await;
            let answer = self.kept.answer().await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}\n{model:?}");
            let version = answer.header("x-version");
            if bff != ASKS {
                assert_eq!(answer.body, body(version));
            }
            let version = version[1..].parse().unwrap();
            assert!(model.allows(bff, version), "{name}: v{version}\n{model:?}");
            let state = &mut model.bffs[bff];
            (state.live, state.restarted) = (version, false);
        }
    }

    fn file(&self, bff: usize) -> PathBuf {
        self.files.path().join(format!("{}.wasm", BFFS[bff]))
    }

    fn good(&self, bff: usize, model: &mut Model) {
        let version = model.next();
        replace(&self.file(bff), &component(bff, version));
        model.bffs[bff].file = Some(version);
    }

    fn bad(&self, bff: usize, content: &[u8], model: &mut Model) {
        model.bffs[bff].file = None;
        replace(&self.file(bff), content);
    }

    async fn slow(&mut self, bff: usize, pieces: usize, model: &mut Model) {
        let version = model.next();
        let whole = component(bff, version);
        for piece in 1..pieces {
            model.bffs[bff].file = None;
            std::fs::write(self.file(bff), &whole[..whole.len() * piece / pieces]).unwrap();
            for _ in 0..5 {
                self.ask(model).await;
                tokio::time::sleep(PAUSE).await;
            }
        }
        model.bffs[bff].file = Some(version);
        std::fs::write(self.file(bff), &whole).unwrap();
    }

    async fn reload(&mut self, model: &mut Model) {
        self.reloads += 1;
        let deadline = u64::from(59_000 - self.reloads);
        let text = format!("deadline = \"{deadline}ms\"");
        let text = self.text.replace("deadline = \"60s\"", &text);
        replace(&self.path, text.as_bytes());
        self.process.signal("HUP").unwrap();
        loop {
            self.ask(model).await;
            if self.bffs().await["one"]["deadline_ms"] == deadline {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn bad_reload(&mut self) {
        let before = std::fs::read(&self.path).unwrap();
        let failed = self.failed_reloads().await;
        replace(&self.path, b"nonsense");
        self.process.signal("HUP").unwrap();
        until(async || (self.failed_reloads().await > failed).then_some(())).await;
        replace(&self.path, &before);
    }

    fn turn_disk(&self, model: &mut Model) {
        let Some(disk) = &self.disk else {
            return;
        };
        model.disk_full = !model.disk_full;
        match model.disk_full {
            true => disk.fill_but(0),
            false => disk.empty(),
        }
    }

    async fn no_files(&mut self, bff: usize, model: &mut Model) {
        let proc = PathBuf::from(format!("/proc/{}", self.process.id()));
        let limits = std::fs::read_to_string(proc.join("limits")).unwrap();
        let all = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"));
        let all = all.unwrap().split_whitespace().next().unwrap().to_owned();
        let open = std::fs::read_dir(proc.join("fd")).unwrap();
        let open: Vec<String> = open
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let free = (0..).map(|number: u32| number.to_string());
        let free = free.into_iter().find(|number| !open.contains(number));
        if !limit(&self.process, &free.unwrap()) {
            return self.good(bff, model);
        }
        self.good(bff, model);
        self.starved = true;
        for _ in 0..2 * LOOKS {
            self.ask(model).await;
            tokio::time::sleep(PAUSE).await;
        }
        assert!(limit(&self.process, &all));
        self.starved = false;
    }

    async fn bffs(&self) -> Value {
        let answer = Wire::ask(self.process.admin_address().unwrap(), &get("/bffs", "")).await;
        let mut all: Value = serde_json::from_str(&answer.body).unwrap();
        all["bffs"].take()
    }

    async fn failed_reloads(&self) -> u32 {
        let admin = self.process.admin_address().unwrap();
        let metrics = Wire::ask(admin, &get("/metrics", "")).await.body;
        let name = "tailor_reloads_total{result=\"failed\"} ";
        let count = metrics.lines().find_map(|line| line.strip_prefix(name));
        count.map_or(0, |count| count.parse().unwrap())
    }

    /// The content of the disk after a crash. One with room has the newest versions soon.
    async fn note(&self, model: &mut Model) {
        for wait in 0.. {
            self.note_from_disk(model);
            let kept = |state: &State| state.noted == state.live;
            if model.disk_full || model.bffs.iter().all(kept) {
                break;
            }
            assert!(wait < 1500, "not all versions are kept: {model:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn note_from_disk(&self, model: &mut Model) {
        for (bff, name) in BFFS.iter().enumerate() {
            let path = format!("live/{name}");
            let path = match &self.disk {
                Some(disk) => disk.path(&path),
                None => self.files.path().join("data").join(path),
            };
            let noted = std::fs::read_to_string(path).unwrap();
            let newest = noted.lines().next().unwrap();
            let state = &mut model.bffs[bff];
            state.noted = self.digests[newest];
            state.restarted = true;
        }
    }

    async fn stop(&mut self) {
        self.process.signal("TERM").unwrap();
        let process = &mut self.process;
        let mut code = None;
        for _ in 0..1500 {
            code = process.try_wait().unwrap();
            if code.is_some() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let code = code.expect("SIGTERM ends a host within 15 s");
        assert_eq!(code.code(), Some(0));
        let lines = self.process.lines();
        assert!(!lines.iter().any(|line| line.contains("panicked")));
    }

    async fn restart(&mut self) {
        self.process = start(self.disk.as_ref(), &self.path);
        self.kept = Wire::connect(self.process.address().unwrap()).await;
    }
}

fn start(disk: Option<&Disk>, path: &Path) -> Process {
    let process = match disk {
        Some(disk) => Process::start(disk.host(), path),
        None => Process::serve(path),
    };
    process.unwrap()
}

/// Sets how many files a running host may open; `false` where nothing can.
fn limit(process: &Process, files: &str) -> bool {
    let status = Command::new("prlimit")
        .arg(format!("--pid={}", process.id()))
        .arg(format!("--nofile={files}:"))
        .status();
    status.is_ok_and(|status| status.success())
}

fn replace(path: &Path, content: &[u8]) {
    let next = path.with_extension("next");
    std::fs::write(&next, content).unwrap();
    std::fs::rename(next, path).unwrap();
}
