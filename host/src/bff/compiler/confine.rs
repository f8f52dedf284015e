//! How the compiler's process confines itself before it reads a component.
//!
//! Its limits come first and are mandatory. Whether it can be cut off from files, sockets and other
//! processes depends on the kernel: what the kernel lacks is reported, and the compiler continues.

use std::collections::BTreeMap;
use std::io;

use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetError};
use landlock::{RulesetStatus, Scope};
use rustix::process::{Resource, Rlimit, Signal};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Open files of a compiler, its standard ones included.
const FILES: u64 = 16;
/// The nice value of a compiler.
const NICE: i32 = 10;

/// Applies to all later steps, so it comes first. `cpu` is in seconds, `memory` in bytes of address
/// space.
///
/// # Errors
///
/// When a limit cannot be set, such as one above what the process may have.
pub(super) fn limit(cpu: u64, memory: u64) -> io::Result<()> {
    for (resource, soft, hard) in [
        // Past the first the process gets a signal that ends it and names the reason; past the
        // second it is killed, even if it handles that signal.
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
    // Neither is a limit: without them the compiler only competes more with others.
    let _ = rustix::process::nice(NICE);
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    Ok(())
}

/// Has the stack grow to what compiling needs. Later, without address space, it could not, and the
/// process would end without a message.
#[inline(never)]
fn touch_stack() {
    std::hint::black_box([0_u8; 1 << 20]);
}

/// Restricts the process. Returns the names of restrictions that this kernel lacks.
///
/// # Errors
///
/// When the process cannot even give up the right to gain rights.
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

/// The system calls of a running compiler: memory and exit. All others fail as not permitted,
/// except those that [`rules`] adds.
const CALLS: [libc::c_long; 18] = [
    libc::SYS_close,
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
    libc::SYS_exit,
    libc::SYS_exit_group,
];

fn few_system_calls() -> Result<(), seccompiler::Error> {
    let filter = SeccompFilter::new(
        rules()?,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        SeccompAction::Allow,
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)
}

fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let only = |argument, value| {
        let equal = SeccompCmpOp::Eq;
        let is = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, equal, value)?;
        SeccompRule::new(vec![is])
    };
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        CALLS.iter().map(|call| (*call, Vec::new())).collect();
    // Its three pipes, whatever other files the host was started with and handed on.
    rules.insert(libc::SYS_read, vec![only(0, 0)?]);
    rules.insert(libc::SYS_write, vec![only(0, 1)?, only(0, 2)?]);
    // Memory of no file, which is number -1.
    rules.insert(libc::SYS_mmap, vec![only(4, u64::from(u32::MAX))?]);
    // A process aborts itself with this call; it must not signal others.
    let itself = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![only(0, itself)?]);
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    use super::*;

    /// What a thread may still do that is closed off by `close`: both work on a thread alone.
    fn refused<T: Send + 'static>(
        close: impl FnOnce() -> T + Send + 'static,
        more: impl FnOnce() -> Vec<io::Result<()>> + Send + 'static,
    ) -> (T, Vec<Option<ErrorKind>>) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let closed = close();
            let mut tried = vec![
                File::open("/dev/null").map(drop),
                File::create("/tmp/tailor-compiler-test").map(drop),
                std::fs::read_dir("/").map(drop),
                TcpStream::connect(address).map(drop),
                TcpListener::bind("127.0.0.1:0").map(drop),
            ];
            tried.extend(more());
            let kinds = tried.into_iter().map(|it| it.err().map(|it| it.kind()));
            (closed, kinds.collect())
        });
        thread.join().unwrap()
    }

    #[test]
    fn no_file_and_no_socket_is_opened_by_the_rules_of_landlock_alone() {
        let (status, refused) = refused(|| no_files_no_network().unwrap(), Vec::new);
        if status != RulesetStatus::FullyEnforced {
            eprintln!("skipped: this kernel has not all of landlock");
            return;
        }
        assert_eq!(refused, [Some(ErrorKind::PermissionDenied); 5]);
    }

    #[test]
    fn nothing_is_opened_started_or_read_but_the_three_pipes() {
        let mut zeros = File::open("/dev/zero").unwrap();
        let mut sink = File::options().write(true).open("/dev/null").unwrap();
        let more = move || {
            vec![
                Command::new("/bin/true").status().map(drop),
                zeros.read(&mut [0]).map(drop),
                sink.write(&[0]).map(drop),
                rustix::process::test_kill_process(rustix::process::getpid())
                    .map_err(io::Error::from),
            ]
        };
        let (missing, refused) = refused(|| close_off().unwrap(), more);
        if missing.contains(&"seccomp") {
            eprintln!("skipped: this kernel has no seccomp");
            return;
        }
        assert_eq!(refused, [Some(ErrorKind::PermissionDenied); 9]);
    }
}
