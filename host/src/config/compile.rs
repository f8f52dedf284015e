//! Limits of compiling a component, and what is kept of it.

use std::time::Duration;

/// The limits of one compile, and how many there may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Compile {
    /// Time of a processor. Counted in whole seconds, a part of one as a whole one.
    pub cpu: Duration,
    /// Address space of the process that compiles, bytes. That of its program is a part of it.
    pub memory: u64,
    /// Time by the wall clock, without the wait for its turn.
    pub timeout: Duration,
    /// Components that are compiled at once, of different BFFs.
    pub jobs: usize,
}

/// How much compiled code is kept that no BFF needs any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledCode {
    /// Time after which it is removed when it is not used.
    pub max_unused: Duration,
    /// Bytes of all compiled code. What was used longest ago is removed first.
    pub max_size: u64,
}

impl Default for CompiledCode {
    fn default() -> Self {
        Self {
            max_unused: Duration::from_secs(7 * 24 * 3600),
            max_size: 1 << 30,
        }
    }
}

impl Compile {
    /// [`cpu`](Self::cpu) as the kernel counts it.
    pub fn cpu_seconds(&self) -> u64 {
        let part = u64::from(self.cpu.subsec_nanos() > 0);
        self.cpu.as_secs().saturating_add(part)
    }
}

impl Default for Compile {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cpu: Duration::from_secs(30),
            // A component of Python, 17 MB, needs less than half.
            memory: 1 << 30,
            timeout: Duration::from_secs(300),
            jobs: (cores / 2).max(1),
        }
    }
}
