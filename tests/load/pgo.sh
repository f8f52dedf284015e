#!/usr/bin/env bash
# Builds the host with a profile of itself under load: target/pgo/release/tailor.
#
# The first build counts what its code does while the load test drives it, the second is compiled by these counts. Each
# compiles everything, the engine too; it takes about twenty minutes on two cores. Needs the component llvm-tools of rustup.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=$PWD/target/pgo
counts=$target/counts
host=$(rustc -vV | sed -n 's/^host: //p')
merge=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
[ -x "$merge" ] || rustup component add llvm-tools
rm -rf "$counts"

# Link-time optimisation would only make the counting slower to build: counts belong to functions as they are written.
RUSTFLAGS="-Cprofile-generate=$counts" CARGO_PROFILE_RELEASE_LTO=off \
    cargo build --release --locked --bin tailor --target-dir "$target/counting"
cargo load --system tailor --tailor "counting=$target/counting/release/tailor" \
    --scenario noop,watch,dashboard,partner --connections 32 --delay 0 --rounds 1 --seconds 3
"$merge" merge -o "$target/merged.profdata" "$counts"
RUSTFLAGS="-Cprofile-use=$target/merged.profdata" \
    cargo build --release --locked --bin tailor --target-dir "$target"
echo "built $target/release/tailor"
