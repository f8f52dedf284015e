//! The machine's clock is set while the host runs, and before it starts.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use tailor_harness::Process;

use super::{admin, ends_well, publish, served, told, write};
use crate::wire::{Wire, get};

const DAY: i64 = 86_400;

/// A shim between a program and the system: its clock is that of the machine plus a number of
/// seconds more, which are in the file `SKEW`.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static const volatile long *skew;
__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SKEW");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(0, sizeof *skew, PROT_READ, MAP_SHARED, file, 0);
    skew = page == MAP_FAILED ? 0 : page;
    if (file >= 0) close(file);
}
int clock_gettime(clockid_t id, struct timespec *out) {
    int done = syscall(SYS_clock_gettime, id, out);
    if (done == 0 && skew && id == CLOCK_REALTIME) out->tv_sec += *skew;
    return done;
}
"#;

/// A clock that can be set.
struct Clock {
    skew: File,
    command: Command,
}

impl Clock {
    /// `None`, and a word of it, where there is no compiler of C.
    fn new(dir: &Path, skew: i64) -> Option<Self> {
        let (source, library) = (dir.join("shim.c"), dir.join("shim.so"));
        std::fs::write(&source, SHIM).unwrap();
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status();
        if !compiled.is_ok_and(|status| status.success()) {
            eprintln!("left out: there is no compiler of C");
            return None;
        }
        let path: PathBuf = dir.join("skew");
        let file = File::create(&path).unwrap();
        let mut command = Command::new(Process::program().unwrap());
        command.env("LD_PRELOAD", library).env("SKEW", path);
        let clock = Self {
            skew: file,
            command,
        };
        clock.set(skew);
        Some(clock)
    }

    fn set(&self, skew: i64) {
        self.skew.write_all_at(&skew.to_ne_bytes(), 0).unwrap();
    }
}

/// Seconds from the machine's clock to that of a field `date`.
fn ahead(date: &str) -> i64 {
    let told = Command::new("date").args(["-d", date, "+%s"]).output();
    let told = String::from_utf8(told.unwrap().stdout).unwrap();
    told.trim().parse::<i64>().unwrap() - now()
}

/// Seconds since 1970, by the machine's clock.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs() as i64
}

/// The offset that sets the machine's clock to 1969.
fn before_1970() -> i64 {
    -now() - DAY
}

#[tokio::test]
async fn a_clock_that_jumps_is_seen_in_dates_and_in_nothing_else() {
    let (path, dir) = write("");
    let Some(clock) = Clock::new(dir.path(), 0) else {
        return;
    };
    let Clock { skew, command } = clock;
    let mut process = Process::start(command, &path).unwrap();
    let mut kept = Wire::connect(process.address().unwrap()).await;
    for (number, jump) in [0, DAY, -DAY, 0, 30 * DAY, 0].into_iter().enumerate() {
        skew.write_all_at(&jump.to_ne_bytes(), 0).unwrap();
        publish(&process, dir.path(), &format!("v{}", number + 2)).await;
        kept.send(&get("/page/x", "")).await;
        let answer = kept.answer().await;
        assert_eq!(answer.status, 200);
        let ahead = ahead(answer.header("date"));
        assert!((ahead - jump).abs() < 60, "{ahead} s instead of {jump} s");
        for page in ["/livez", "/bffs", "/metrics"] {
            admin(&process, page).await;
        }
    }
    ends_well(&mut process);
}

#[tokio::test]
async fn a_clock_that_falls_before_1970_ends_no_request() {
    let (path, dir) = write("");
    let Some(clock) = Clock::new(dir.path(), 0) else {
        return;
    };
    let Clock { skew, command } = clock;
    let mut process = Process::start(command, &path).unwrap();
    for _ in 0..8 {
        served(&process).await;
    }
    admin(&process, "/livez").await;
    skew.write_all_at(&before_1970().to_ne_bytes(), 0).unwrap();
    let answer = Wire::ask(process.address().unwrap(), &get("/page/x", "")).await;
    assert_eq!((answer.status, answer.header("date")), (200, ""));
    publish(&process, dir.path(), "v2").await;
    let bffs = admin(&process, "/bffs").await;
    assert!(bffs.contains("1970-01-01T00:00:00Z"), "{bffs}");
    process.signal("HUP").unwrap();
    ends_well(&mut process);
    assert!(!told(&process, "\"timestamp\":\"1970-01-01T00:00:00.000000Z\"").is_empty());
}

#[test]
fn a_host_does_not_start_before_1970_and_says_what_to_do() {
    let (path, dir) = write("");
    let Some(mut clock) = Clock::new(dir.path(), before_1970()) else {
        return;
    };
    let output = clock
        .command
        .args(["serve", "--config"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["clock", "before 1970", "timedatectl set-time"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}
