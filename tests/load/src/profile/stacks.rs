//! Which part of a request a sample belongs to.

use std::collections::HashMap;
use std::fmt::Write as _;

/// The parts, and words in the names of functions by which they are known. A sample belongs to the
/// first of its functions, from the innermost outwards, that any of these words is in; shared
/// functions (memory, formatting, futures) are in none, and count for their caller. Within one
/// function the order of this table decides.
const PARTS: [(&str, &[&str]); 14] = [
    (
        "kernel: writing to sockets",
        &["do_writev", "writev", "tcp_sendmsg"],
    ),
    (
        "kernel: reading from sockets",
        &["recvfrom", "__libc_recv", "sock_read_iter"],
    ),
    (
        "kernel: waiting, waking, switching",
        &["schedule", "epoll", "futex", "asm_sysvec", "nanosleep"],
    ),
    (
        "clearing the instance",
        &[
            "clear_and_remain_ready",
            "deallocate_module",
            "deallocate_memory",
            "deallocate_table",
            "DecommitQueue",
        ],
    ),
    (
        "store and instance",
        &[
            "StoreInner",
            "StoreOpaque",
            "Store<",
            "Instantiator",
            "InstancePre",
            "ModuleRegistry",
            "fresh_store",
            "MemoryImageSlot",
            "InstanceAllocator",
        ],
    ),
    ("`select`", &["calls::select"]),
    (
        "values across the boundary",
        &[
            "component::func",
            "cabi_realloc",
            "Lift",
            "Lower",
            "component-trampolines",
        ],
    ),
    ("guest code", &["wasm["]),
    (
        "entering and leaving the guest",
        &["fiber", "traphandlers", "bff::meter", "bff::run"],
    ),
    (
        "access log and metrics",
        &["access", "commands::log", "telemetry", "tracing"],
    ),
    (
        "calls: checks, pool, timers",
        &["tailor::calls", "downstream::", "tailor::contract"],
    ),
    (
        "HTTP to services",
        &["hyper::client", "h1::role::Client", "transport::pool"],
    ),
    (
        "HTTP to the client",
        &["hyper::server", "h1::role::Server", "tailor::server"],
    ),
    ("event loop", &["tokio::"]),
];

const REST: &str = "the rest";

/// How many samples each part has.
#[derive(Debug, Default)]
pub(super) struct Parts {
    counts: HashMap<&'static str, u64>,
    samples: u64,
}

impl Parts {
    /// Reads what `perf script -F ip,sym` prints: a line for each function, innermost first, and an
    /// empty line behind each sample.
    pub(super) fn of(script: &str) -> Self {
        let mut parts = Self::default();
        for sample in script.split("\n\n") {
            let functions = sample
                .lines()
                .filter_map(|line| line.trim().split_once(' ').map(|(_, name)| name));
            let mut functions = functions.peekable();
            if functions.peek().is_some() {
                *parts.counts.entry(part_of(functions)).or_default() += 1;
                parts.samples += 1;
            }
        }
        parts
    }

    /// How many samples there are.
    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    /// The parts, the largest first, as a table of Markdown.
    pub(super) fn table(&self, cpu_us: f64) -> String {
        let mut rows: Vec<_> = self.counts.iter().collect();
        rows.sort_by_key(|(name, count)| (u64::MAX - **count, **name));
        let mut table = "| part | share | us |\n|---|--:|--:|\n".to_owned();
        for (name, count) in rows {
            #[expect(clippy::cast_precision_loss, reason = "some thousands")]
            let share = *count as f64 / self.samples.max(1) as f64;
            // Writing to a String does not fail.
            let _ = writeln!(
                table,
                "| {name} | {:.1} % | {:.1} |",
                share * 100.0,
                share * cpu_us
            );
        }
        table
    }
}

fn part_of<'a>(functions: impl Iterator<Item = &'a str>) -> &'static str {
    for function in functions {
        let known = PARTS
            .iter()
            .find(|(_, words)| words.iter().any(|word| function.contains(word)));
        if let Some((name, _)) = known {
            return name;
        }
    }
    REST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_belongs_to_its_innermost_known_function() {
        let script = "\
            ffff __memset_avx512_unaligned_erms\n\
            1 wasmtime::runtime::vm::cow::MemoryImageSlot::clear_and_remain_ready\n\
            2 <wasmtime::runtime::store::StoreOpaque as core::ops::drop::Drop>::drop\n\
            \n\
            3 _mi_page_malloc_zero\n\
            4 tailor::calls::check::check\n\
            5 tailor::server::handle::handle::{{closure}}\n\
            \n\
            6 [unknown]\n\
            \n";
        let parts = Parts::of(script);
        assert_eq!(parts.samples(), 3);
        assert_eq!(
            parts.table(90.0),
            "| part | share | us |\n|---|--:|--:|\n\
             | calls: checks, pool, timers | 33.3 % | 30.0 |\n\
             | clearing the instance | 33.3 % | 30.0 |\n\
             | the rest | 33.3 % | 30.0 |\n"
        );
    }
}
