//! The compiler's process: reads one component from standard input, writes its machine code to
//! standard output, and if there is none, the reason to standard error.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use rustix::io::Errno;

use super::confine;
use super::hello::{Hello, NO_MEMORY, REFUSED, UNFIT};
use crate::bff::engine;

/// Why there is no machine code.
enum Failure {
    Unfit(String),
    Refused(wasmtime::Error),
}

/// Compiles one component, with at most `cpu` seconds of CPU time and `memory` bytes of address
/// space. The process can do nothing else afterwards.
pub fn run(cpu: u64, memory: u64) -> ExitCode {
    let (code, why) = match work(cpu, memory) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Refused(error)) if lacks_memory(&error) => (NO_MEMORY, format!("{error:#}")),
        Err(Failure::Refused(error)) => (REFUSED, format!("{error:#}")),
        Err(Failure::Unfit(why)) => (UNFIT, why),
    };
    // A failure has no reader.
    let _ = io::stderr().write_all(why.as_bytes());
    ExitCode::from(code)
}

fn work(cpu: u64, memory: u64) -> Result<(), Failure> {
    let unfit = |error: &dyn Error| Failure::Unfit(error.to_string());
    confine::limit(cpu, memory).map_err(|error| unfit(&error))?;
    let engine = engine::for_compiling().map_err(|error| unfit(&error))?;
    let missing = confine::close_off().map_err(|error| unfit(&error))?;

    let mut out = io::stdout().lock();
    let mut say = |bytes: &[u8]| {
        let said = out.write_all(bytes).and_then(|()| out.flush());
        said.map_err(|error| unfit(&error))
    };
    say(Hello::new(&engine, &missing).line().as_bytes())?;
    let mut component = Vec::new();
    let mut input = io::stdin().lock();
    input
        .read_to_end(&mut component)
        .map_err(|error| unfit(&error))?;
    let code = engine
        .precompile_component(&component)
        .map_err(Failure::Refused)?;
    say(&code)
}

fn lacks_memory(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| {
        let errno = cause.downcast_ref::<io::Error>().map(Errno::from_io_error);
        errno.flatten().or(cause.downcast_ref::<Errno>().copied()) == Some(Errno::NOMEM)
    })
}
