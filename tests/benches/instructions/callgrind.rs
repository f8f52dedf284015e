//! Counting the instructions of one turn of a case, with valgrind's callgrind.
//!
//! The case runs in a process of its own, twice marked: callgrind sets its counters to zero where
//! [`case_begins`] is entered and writes them down where [`case_ends`] is. What came before
//! (compiling the guest, turns that warm up) does not count. Marking by entering, rather than by
//! what is called from where (`--toggle-collect`), is what works here: a guest runs on a stack of
//! its own, and callgrind takes a switch of stacks for the return of functions, so most of a
//! request is lost.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::cases::Turn;

/// The flag by which this program runs one case.
pub const ONCE: &str = "--once";

/// Runs a turn between the marks.
pub fn once(turn: Turn) -> anyhow::Result<()> {
    case_begins();
    let result = black_box(turn());
    case_ends();
    result
}

/// Its name is on valgrind's command line.
#[inline(never)]
fn case_begins() {
    black_box(());
}

/// Likewise; with another body, or the linker would make the two into one.
#[inline(never)]
fn case_ends() {
    black_box(1);
}

/// The number of the system call `prctl` on x86-64, the order `PR_GET_AUXV` of it, and "invalid
/// argument".
const PRCTL: i64 = 157;
const GET_AUXV: u64 = 0x4155_5856;
const INVALID: u32 = 22;

/// Makes the kernel refuse `PR_GET_AUXV` to this process and those that it starts.
///
/// Valgrind hides the kernel's own functions (the vDSO) from a program, but lets this newer order
/// through, which says where they are. rustix believes it, looks there, and crashes. Refused, it
/// reads `/proc/self/auxv`, which valgrind does amend.
///
/// # Errors
///
/// On another processor than x86-64, whose counts would be others anyway, and where filters are not
/// allowed.
pub fn hide_vdso() -> anyhow::Result<()> {
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "the accepted counts are those of Linux on x86-64; count there"
    );
    let get_auxv = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, GET_AUXV)?;
    let filter = SeccompFilter::new(
        [(PRCTL, vec![SeccompRule::new(vec![get_auxv])?])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(INVALID),
        TargetArch::x86_64,
    )?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program).context("a seccomp filter is not allowed here")
}

/// Instructions of one turn of a case, after [`hide_vdso`].
///
/// # Errors
///
/// When valgrind is missing, or when the case fails.
pub fn count(name: &str) -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    let program = std::env::current_exe().context("the path of this program")?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--zero-before=*case_begins*"])
        .arg("--dump-before=*case_ends*")
        .arg(format!(
            "--callgrind-out-file={}/out",
            folder.path().display()
        ))
        .arg(program)
        .args([ONCE, name])
        // The guest is compiled before the marks. Threads that have just done so would still look
        // for work behind them.
        .env("RAYON_NUM_THREADS", "1")
        // Otherwise the C library clears and copies with one instruction that callgrind counts once
        // for each byte: the reset of a guest's memory would be four fifths of a count, and hide
        // the rest.
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-ERMS")
        .output()
        .context("valgrind does not start; install it: apt-get install valgrind")?;
    ensure!(
        output.status.success(),
        "under valgrind it failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    total(&folder.path().join("out.1"))
}

/// The sum in what callgrind wrote: `summary: 12345`.
fn total(path: &Path) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: callgrind did not meet the marks", path.display()))?;
    let sum = text
        .lines()
        .find_map(|line| line.strip_prefix("summary: "))
        .with_context(|| format!("{}: it has no sum", path.display()))?;
    Ok(sum.trim().parse()?)
}
