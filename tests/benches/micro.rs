//! How long each case takes: `cargo bench --bench micro`, and `-- noop` for those with this in
//! their name.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

mod cases;

use cases::{CASES, Case};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

#[divan::bench(args = CASES)]
fn micro(bencher: divan::Bencher<'_, '_>, case: &str) {
    let case = Case::prepare(case).unwrap();
    bencher
        .with_inputs(|| case.turn())
        .bench_local_values(|turn| turn().unwrap());
}
