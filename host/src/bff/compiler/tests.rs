use std::process::Command;
use std::time::Duration;

use super::error::{CompileError, SignalName};
use super::parent::compile;
use super::*;
use crate::bff::engine::for_compiling;
use crate::bff::runtime::Runtime;

const ENGINE: &str = "0123456789abcdef";
const HELLO: &str = "echo 'tailor-compiler 0123456789abcdef '";

fn limits(timeout: Duration) -> Compile {
    Compile {
        timeout,
        ..Compile::default()
    }
}

/// A shell in place of the compiler, without a limit.
fn shell(script: &str, most: usize, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    shell_within(Duration::from_secs(600), script, most, wasm)
}

/// The same, for one that does not end by itself.
fn stuck(script: &str, wasm: &[u8]) -> LoadError {
    let limit = Duration::from_millis(300);
    shell_within(limit, script, 1 << 20, wasm).expect_err("it has no end")
}

fn shell_within(
    timeout: Duration,
    script: &str,
    most: usize,
    wasm: &[u8],
) -> Result<Vec<u8>, LoadError> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    compile(
        &mut command,
        &limits(timeout),
        &Job::new("page"),
        ENGINE,
        most,
        wasm,
    )
}

fn failure(result: Result<Vec<u8>, LoadError>) -> String {
    result.expect_err("no code").to_string()
}

#[test]
fn the_engine_that_compiles_makes_code_for_the_engine_that_runs() {
    let compiles = for_compiling().unwrap();
    let runs = Runtime::new(1).unwrap();
    assert_eq!(compatibility(&compiles), compatibility(runs.engine()));
}

#[test]
fn a_component_larger_than_any_pipe_goes_both_ways_at_once() {
    let wasm = vec![7; 8 << 20];
    let code = shell(&format!("{HELLO}; cat"), wasm.len(), &wasm).unwrap();
    assert!(code == wasm);
}

#[test]
fn code_without_an_end_is_cut_off() {
    let error = failure(shell(&format!("{HELLO}; yes"), 3 << 20, b""));
    assert_eq!(error, "compile: more than 3 MiB of machine code");
}

#[test]
fn a_compiler_that_takes_too_long_is_ended_whatever_it_does() {
    let wasm = vec![7; 8 << 20];
    for script in [
        "exec sleep 1000",
        "exec yes >&2",
        &format!("{HELLO}; exec sleep 1000"),
        &format!("{HELLO}; cat > /dev/null; exec sleep 1000"),
        &format!("{HELLO}; exec >&- 2>&-; while :; do :; done"),
    ] {
        let error = stuck(script, &wasm).to_string();
        assert_eq!(
            error, "compile: more than 0.3 s; engine.compile-timeout is the limit",
            "{script}"
        );
    }
}

#[test]
fn how_a_compiler_ended_is_told() {
    let named = |script: &str| failure(shell(&format!("{HELLO}; {script}"), 1 << 20, b"x"));
    assert_eq!(
        named("kill -KILL $$"),
        "compile: the compiler was ended by signal 9 (SIGKILL)"
    );
    assert_eq!(
        named("kill -XCPU $$"),
        "compile: more than 30 s of CPU; engine.compile-cpu is the limit"
    );
    let memory = "compile: more than 1 GiB of memory; engine.compile-memory is the limit";
    assert_eq!(
        named("echo memory allocation of 9 bytes failed >&2; kill -ABRT $$"),
        memory
    );
    assert_eq!(named("exit 4"), memory);
    assert_eq!(
        named("echo 'unknown type' >&2; exit 3"),
        "component: does not compile: unknown type"
    );
    assert_eq!(
        named("echo first >&2; echo last >&2; exit 101"),
        "compile: the compiler failed: last"
    );
    assert_eq!(
        named("exit 7"),
        "compile: the compiler failed: exit status: 7"
    );
    let killed = CompileError::Killed(SignalName(6)).to_string();
    assert_eq!(named("kill -ABRT $$"), killed);
}

#[test]
fn a_compiler_of_another_engine_is_given_nothing() {
    let other = "tailor-compiler fedcba9876543210 ";
    let error = failure(shell(&format!("echo '{other}'; cat"), 1 << 20, b"secret"));
    let wanted = "compile: the compiler's code does not fit this host (it says fedcba9876543210, \
                  the host is 0123456789abcdef); start the host again";
    assert_eq!(error, wanted);
    for script in ["echo usage", "yes | head -c 1000", "exit 0"] {
        let error = failure(shell(script, 1 << 20, b"secret"));
        assert!(
            error.contains("does not fit this host"),
            "{script}: {error}"
        );
    }
}

#[test]
fn a_compiler_that_can_not_be_started_says_so() {
    let mut command = Command::new("/nowhere/tailor");
    let limits = limits(Duration::from_secs(600));
    let error = failure(compile(
        &mut command,
        &limits,
        &Job::new("page"),
        ENGINE,
        1,
        b"",
    ));
    assert!(
        error.starts_with("compile: the compiler could not be run: No such file"),
        "{error}"
    );
}

#[test]
fn a_reason_is_not_kept_beyond_a_limit() {
    let script = format!("{HELLO}; yes | head -c 1000000 >&2; exit 3");
    let error = failure(shell(&script, 1 << 20, b""));
    assert!(error.len() < 17 << 10, "{}", error.len());
}
