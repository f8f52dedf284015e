//! `tailor compile-worker`: one component in, its machine code out, in a process of its own. The
//! host runs it; users do not.

use std::process::ExitCode;

use clap::Args;
use tailor::bff::compiler::child;

#[derive(Args)]
pub struct CompileWorker {
    /// CPU time, seconds
    #[arg(long)]
    cpu: u64,
    /// Address space, bytes
    #[arg(long)]
    memory: u64,
}

impl CompileWorker {
    pub fn run(self) -> ExitCode {
        child::run(self.cpu, self.memory)
    }
}
