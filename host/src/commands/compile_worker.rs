//! `tailor compile-worker`: one component in, its machine code out, in a process that is good for
//! nothing else. For the host, not for people.

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
