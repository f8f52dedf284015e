//! What the process of a compiler takes away from itself before it reads a component.
//!
//! Limits come first and have to be there. What closes the process off from files, sockets and other
//! processes depends on the kernel; what a kernel does not have is named, and the compiler goes on.

use std::collections::BTreeMap;
use std::io;

use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetError};
use landlock::{RulesetStatus, Scope};
use rustix::process::{Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Open files of a compiler, its standard ones included.
const FILES: u64 = 16;
/// How much a compiler stands back behind the threads of hosts.
const NICE: i32 = 10;

/// Takes effect on whatever follows, so it comes first. `cpu` is in seconds, `memory` in bytes of
/// address space.
///
/// # Errors
///
/// When a limit can't be set, such as one above what the process may have.
pub(super) fn limit(cpu: u64, memory: u64) -> io::Result<()> {
    for (resource, soft, hard) in [
        // Past the first the process gets a signal that ends it and names the reason; past the
        // second it is killed, whatever it made of that signal.
        (Resource::Cpu, cpu, cpu.saturating_add(1)),
        (Resource::As, memory, memory),
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, FILES, FILES),
        (Resource::Core, 0, 0),
    ] {
        // One that the process has already and that is tighter stays.
        let most = rustix::process::getrlimit(resource).maximum;
        let most = most.unwrap_or(u64::MAX);
        let limit = Rlimit {
            current: Some(soft.min(most)),
            maximum: Some(hard.min(most)),
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    touch_stack();
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // Neither is a limit: without them the compiler is only less polite.
    let _ = rustix::process::nice(NICE);
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    Ok(())
}

/// Has the stack grow to what compiling needs. Later, when there is no more address space, it could
/// not, and the process would end without a word.
#[inline(never)]
fn touch_stack() {
    std::hint::black_box([0_u8; 1 << 20]);
}

/// Closes the process off. Returns the names of what this kernel does not have.
///
/// # Errors
///
/// When the process can't even give up the right to gain rights.
pub(super) fn close_off() -> io::Result<Vec<&'static str>> {
    rustix::thread::set_no_new_privs(true)?;
    let mut missing = Vec::new();
    match no_files_no_network() {
        Ok(RulesetStatus::FullyEnforced) => {}
        Ok(RulesetStatus::PartiallyEnforced) => missing.push("landlock-in-part"),
        Ok(RulesetStatus::NotEnforced) | Err(_) => missing.push("landlock"),
    }
    if few_system_calls().is_err() {
        missing.push("seccomp");
    }
    Ok(missing)
}

/// No path may be opened, no port bound or connected to, no other process signalled.
fn no_files_no_network() -> Result<RulesetStatus, RulesetError> {
    let abi = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .restrict_self()?;
    Ok(status.ruleset)
}

/// What a compiler needs of the kernel once it runs: its pipes, memory, and an end. All else fails as
/// not permitted.
const CALLS: [libc::c_long; 20] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_exit_group,
];

fn few_system_calls() -> Result<(), seccompiler::Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        CALLS.iter().map(|call| (*call, Vec::new())).collect();
    // How a process aborts itself, and nobody else.
    let itself = u64::from(std::process::id());
    let itself =
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, itself)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![itself])?]);
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        SeccompAction::Allow,
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)
}
