//! What the process of a compiler can still do.

use std::process::{Command, Stdio};

use tailor_harness::Process;

use super::bombs;

/// A compiler as its host starts it, or another program that starts one.
fn clean(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("MIMALLOC_ARENA_RESERVE", "0");
    command
}

/// Whether a program is installed.
fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("-V")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// The system calls of a compiler, one per line, from the first byte of its component on.
fn calls(component: &[u8], settings: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (trace, input) = (folder.path().join("trace"), folder.path().join("input"));
    std::fs::write(&input, component).unwrap();
    let status = clean("strace")
        .args(["-f", "-o"])
        .arg(&trace)
        .arg(Process::program().unwrap())
        .arg("compile-worker")
        .args(settings)
        .stdin(std::fs::File::open(&input).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.unwrap();
    let trace = std::fs::read_to_string(trace).unwrap();
    let all: Vec<String> = trace
        .lines()
        .filter_map(|line| Some(line.split_once(' ')?.1.trim().to_owned()))
        .collect();
    let first = all.iter().position(|call| call.starts_with("read(0,"));
    all[first.expect("it reads its component")..].to_vec()
}

#[test]
fn a_compiler_opens_nothing_and_starts_nothing_once_it_reads() {
    if !has("strace") {
        eprintln!("skipped: strace is not installed");
        return;
    }
    let settings = ["--cpu", "20", "--memory", "2147483648"];
    let component = crate::swap::page::page("v1");
    let calls = calls(&component, &settings);
    let ended = calls.iter().any(|call| call.contains("exited with 0"));
    assert!(ended, "it compiles: {calls:#?}");
    let allowed = [
        "read(0,",
        "write(1,",
        "mmap(",
        "munmap(",
        "mremap(",
        "mprotect(",
        "madvise(",
        "brk(",
        "futex(",
        "getrandom(",
        "sigaltstack(",
        "exit_group(",
        "sched_yield(",
        "+++ exited",
        "rt_sig",
        "clock_gettime(",
        // A name for memory that the allocator would like to give, and may not.
        "prctl(PR_SET_VMA",
    ];
    let others: Vec<&String> = calls
        .iter()
        .filter(|call| !allowed.iter().any(|start| call.starts_with(start)))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_compiler_has_its_limits_before_it_reads() {
    let mut compiler = clean(Process::program().unwrap())
        .args(["compile-worker", "--cpu", "7", "--memory", "1073741824"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    // It has said what it is, so it is about to read, and waits for the first byte.
    let mut said = String::new();
    let stdout = compiler.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut said).unwrap();
    let of =
        |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", compiler.id())).unwrap();
    let (limits, status) = (of("limits"), of("status"));
    let oom = of("oom_score_adj");
    drop(compiler.stdin.take());
    compiler.wait().unwrap();

    assert!(said.starts_with("tailor-compiler "), "{said}");
    let values = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        let mut words = line.unwrap_or_default().split_whitespace();
        (
            words.next().unwrap_or_default().to_owned(),
            words.next().unwrap_or_default().to_owned(),
        )
    };
    let pair = |soft: &str, hard: &str| (soft.to_owned(), hard.to_owned());
    assert_eq!(values("Max cpu time"), pair("7", "8"));
    assert_eq!(
        values("Max address space"),
        pair("1073741824", "1073741824")
    );
    assert_eq!(values("Max file size"), pair("0", "0"));
    assert_eq!(values("Max open files"), pair("16", "16"));
    assert_eq!(values("Max core file size"), pair("0", "0"));
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert_eq!(oom.trim(), "1000");
    if !said.contains("seccomp") {
        assert!(status.contains("Seccomp:\t2"), "{status}");
    }
}

#[test]
fn what_ends_a_compiler_by_hand_is_no_riddle() {
    let settings = ["--cpu", "1", "--memory", "2147483648"];
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    std::fs::write(&input, bombs::loops(300, 300)).unwrap();
    let output = clean(Process::program().unwrap())
        .arg("compile-worker")
        .args(settings)
        .stdin(std::fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!(signal, Some(24), "SIGXCPU");
}
