//! The part of WASI 0.2 that components of full toolchains get: clocks, random numbers and standard
//! output, which becomes log lines. There are no files, sockets, environment variables or
//! arguments, and standard input is empty.
//!
//! Components of others, which are written for `wasi:http`, often import the interfaces of these
//! without a use for them. They get them empty: no folder is open, no socket is made, no name is
//! looked up, and no variable is set.

mod learned;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tracing::Level;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings::cli;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::guest_log::GuestLog;
use super::random::MAX_RANDOM;
use super::state::StoreData;
use crate::sync;

/// Bytes that may be written at once, and kept of an unfinished line.
const MAX_WRITE: usize = 4 << 10;

/// Links the supported part.
pub(super) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    // Input and output streams, stdin, stdout and stderr.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    learned::add_to_linker(linker)?;
    // Toolchains query whether the output is a terminal; it never is.
    cli::terminal_input::add_to_linker::<StoreData, WasiCli>(linker, StoreData::cli)?;
    cli::terminal_output::add_to_linker::<StoreData, WasiCli>(linker, StoreData::cli)?;
    cli::terminal_stdin::add_to_linker::<StoreData, WasiCli>(linker, StoreData::cli)?;
    cli::terminal_stdout::add_to_linker::<StoreData, WasiCli>(linker, StoreData::cli)?;
    cli::terminal_stderr::add_to_linker::<StoreData, WasiCli>(linker, StoreData::cli)?;
    Ok(())
}

/// Links all of WASI 0.2, of which the [`context`] leaves nothing but the supported part.
pub(super) fn add_all_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    learned::add_to_linker(linker)
}

/// The context of one request.
pub(super) fn context(log: &Arc<GuestLog>) -> WasiCtx {
    WasiCtx::builder()
        // The library's own bound of 64 MiB would hold up the neighbours for a good part of a
        // second.
        .max_random_size(MAX_RANDOM.into())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .stdout(LogStream {
            log: log.clone(),
            level: Level::INFO,
        })
        .stderr(LogStream {
            log: log.clone(),
            level: Level::WARN,
        })
        .build()
}

/// Standard output or error: each line becomes a line of the log.
struct LogStream {
    log: Arc<GuestLog>,
    level: Level,
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Called by WASI 0.3 only, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(LineStream {
            log: self.log.clone(),
            level: self.level,
            line: Mutex::default(),
        })
    }
}

struct LineStream {
    log: Arc<GuestLog>,
    level: Level,
    line: Mutex<Vec<u8>>,
}

impl LineStream {
    fn push(&self, bytes: &[u8]) {
        let mut line = sync::lock(&self.line);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if part.ends_with(b"\n") || line.len() >= MAX_WRITE {
                self.end_line(&mut line);
            }
        }
    }

    fn end_line(&self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if !text.is_empty() {
            self.log.write(self.level, text, Vec::new());
        }
        line.clear();
    }
}

impl Drop for LineStream {
    fn drop(&mut self) {
        let mut line = std::mem::take(&mut *sync::lock(&self.line));
        self.end_line(&mut line);
    }
}

impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {}
}
