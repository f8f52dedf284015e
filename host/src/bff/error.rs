//! Errors of a BFF: while it is loaded, and while it answers.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use wasmtime::Trap;

use super::compiler::error::CompileError;
use super::surface::fault::Faults;
use crate::releases::StoreError;
use crate::text::{cut, excerpt, shorten, visible};

/// Bytes of foreign text in a message.
const MAX_EXCERPT: usize = 1 << 10;
/// Functions of a stack in a message.
const MAX_FRAMES: usize = 32;
/// Bytes of a function's name in a message.
const MAX_NAME: usize = 200;

/// The engine could not be made.
#[derive(Debug, Error)]
pub enum EngineError {
    /// Configuration refused or address space missing.
    #[error(
        "engine: no room for {instances} instances: {source:#}; lower engine.instances (each reserves 4 GiB of address space)"
    )]
    Engine {
        /// The requested path.
        instances: u32,
        /// The error of the engine.
        source: wasmtime::Error,
    },
    /// The host's own functions could not be linked.
    #[error("engine: {0:#}")]
    Link(wasmtime::Error),
    /// The tick thread could not be started.
    #[error("engine: ticker thread: {0}")]
    Ticker(std::io::Error),
}

/// A component was refused.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("component {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("component {}: {size} bytes are more than engine.max-component-size ({limit})", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The file is not whole yet.
    #[error("component {}: is still being written; it is taken once it is whole", path.display())]
    Unsettled {
        /// The file.
        path: PathBuf,
    },
    /// Not a component.
    #[error("component: {}", excerpt(_0, MAX_EXCERPT))]
    NotAComponent(String),
    /// Its imports or exports are not those of a BFF.
    #[error("component: {0}")]
    Unfit(Faults),
    /// The compiler refused it.
    #[error("component: does not compile: {}", excerpt(&format!("{_0:#}"), MAX_EXCERPT))]
    Compile(wasmtime::Error),
    /// The compiler itself failed.
    #[error("component: the compiler failed on it")]
    CompilerPanic,
    /// It was not compiled, for lack of time, memory or a compiler.
    #[error(transparent)]
    Compiler(#[from] CompileError),
    /// It begins with more memory than it may have.
    #[error(
        "component: begins with {needs} bytes of memory, more than limits.memory ({limit}); raise \
         that, or give it less"
    )]
    Memory {
        /// Bytes.
        needs: u64,
        /// Bytes.
        limit: u64,
    },
    /// Does not fit the host's functions.
    #[error("component: does not fit the contract: {}", excerpt(&format!("{_0:#}"), MAX_EXCERPT))]
    Link(wasmtime::Error),
    /// The data directory cannot be used.
    #[error("engine.data-dir: {0}")]
    DataDir(String),
    /// What was released cannot be used.
    #[error(transparent)]
    Released(#[from] StoreError),
    /// The smoke request was not answered as it should.
    #[error("smoke request: {0}")]
    Smoke(String),
}

/// A request of a BFF got no answer from it.
#[derive(Debug, Error)]
pub enum BffError {
    /// Too many requests run and wait.
    #[error("more than {running} requests of this BFF at once, and {waiting} that wait for {}ms", wait.as_millis())]
    Overloaded {
        /// Requests that may run.
        running: usize,
        /// Requests that may wait.
        waiting: usize,
        /// How long they may.
        wait: Duration,
    },
    /// All instances of the host are in use.
    #[error("all instances of the host are in use")]
    EngineFull,
    /// The host itself failed on this request.
    #[error("the host failed on this request")]
    HostPanic,
    /// The deadline passed.
    #[error("no answer within {}ms", after.as_millis())]
    Deadline {
        /// The BFF's deadline.
        after: Duration,
    },
    /// The guest used its CPU time.
    #[error("more than {}ms of CPU time (limits.cpu)", limit.as_millis())]
    Cpu {
        /// The limit.
        limit: Duration,
        /// Where it was, if it was stopped at a tick of the engine.
        source: Option<wasmtime::Error>,
    },
    /// The request waited too long for the CPU: its BFF had used up its share.
    #[error("waited for the CPU for more than {}ms", limit.as_millis())]
    CpuShare {
        /// The limit.
        limit: Duration,
    },
    /// The guest failed after it was refused more memory.
    #[error("more than {limit} bytes of memory (limits.memory)")]
    Memory {
        /// The limit.
        limit: usize,
        /// Where it failed.
        source: wasmtime::Error,
    },
    /// The guest failed after it was refused a larger table.
    #[error("more than {limit} table elements (limits.table-elements)")]
    Table {
        /// The limit.
        limit: usize,
        /// Where it failed.
        source: wasmtime::Error,
    },
    /// The guest trapped.
    #[error("{trap}")]
    Trap {
        /// Which trap.
        trap: Trap,
        /// Where.
        source: wasmtime::Error,
    },
    /// The guest ended itself: it said so, gave back a resource that others need, or called what no
    /// BFF gets.
    #[error("ended itself: {}", excerpt(&source.root_cause().to_string(), MAX_EXCERPT))]
    Ended {
        /// How, and where.
        source: wasmtime::Error,
    },
    /// The request is larger than a component of others can be given.
    #[error("the target of {size} bytes is more than a component of others can be given")]
    TargetTooLong {
        /// Bytes of its path with its query, as they would be written for the guest.
        size: usize,
    },
    /// The guest used up its stack: the one in its own memory, or that of the engine.
    #[error(
        "the stack ran out: a recursion without an end, or data that is nested too deeply for one \
         (the stack of a Rust BFF is set by -zstack-size in .cargo/config.toml)"
    )]
    StackSpent {
        /// Where.
        source: wasmtime::Error,
    },
    /// What crossed the boundary broke a rule: more bytes in one call than allowed, too many
    /// handles, text that is not UTF-8.
    #[error("broke a rule of the boundary: {}", excerpt(&source.root_cause().to_string(), MAX_EXCERPT))]
    Boundary {
        /// Which rule, and where.
        source: wasmtime::Error,
    },
    /// The answer is not one that may be passed on.
    #[error("illegal response: {}", excerpt(_0, MAX_EXCERPT))]
    IllegalResponse(String),
    /// The answer is too large.
    #[error("a response of {size} bytes is more than {limit}")]
    ResponseTooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
}

impl BffError {
    /// The Wasm stack where it happened, innermost first, one function a line; empty where there is
    /// none.
    pub fn backtrace(&self) -> String {
        let source = match self {
            Self::Cpu {
                source: Some(source),
                ..
            } => source,
            Self::Memory { source, .. }
            | Self::Table { source, .. }
            | Self::Trap { source, .. }
            | Self::StackSpent { source }
            | Self::Ended { source }
            | Self::Boundary { source } => source,
            Self::Overloaded { .. }
            | Self::EngineFull
            | Self::HostPanic
            | Self::Deadline { .. }
            | Self::Cpu { source: None, .. }
            | Self::CpuShare { .. }
            | Self::TargetTooLong { .. }
            | Self::IllegalResponse(_)
            | Self::ResponseTooLarge { .. } => return String::new(),
        };
        let Some(backtrace) = source.downcast_ref::<wasmtime::WasmBacktrace>() else {
            return String::new();
        };
        let frames = backtrace.frames();
        let mut lines: Vec<String> = frames.iter().take(MAX_FRAMES).map(in_line).collect();
        if frames.len() > MAX_FRAMES {
            lines.push(format!("{} more", frames.len() - MAX_FRAMES));
        }
        lines.join("\n")
    }
}

/// A function of a stack. Both names are the component's own text.
fn in_line(frame: &wasmtime::FrameInfo) -> String {
    let name = frame
        .func_name()
        .map_or_else(|| format!("function {}", frame.func_index()), demangle);
    let module = cut(frame.module().name().unwrap_or("?"));
    let short = shorten(&name, MAX_NAME);
    let dots = if short.len() < name.len() { "..." } else { "" };
    format!("{module}!{}{dots}", visible(short))
}

/// The readable form of a symbol, as `rustc` mangles them.
fn demangle(name: &str) -> String {
    let Ok(readable) = rustc_demangle::try_demangle(name) else {
        return shorten(name, MAX_NAME + 1).to_owned();
    };
    // A short symbol can stand for a name of a megabyte.
    let mut name = Short(String::new());
    let _ = write!(name, "{readable:#}");
    name.0
}

/// Collects text up to the length of a name.
struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(shorten(text, MAX_NAME));
        if self.0.len() > MAX_NAME {
            return Err(fmt::Error);
        }
        Ok(())
    }
}
