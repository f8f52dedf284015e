//! Compares the models of `tailor_harness::readers` with the programs themselves: nginx, Node,
//! Python and Tomcat read the table of hostile paths and random ones, and must read each as its
//! model does.
//!
//! `cargo run --example path_readers` with a number of random paths (2000 unless given). It needs
//! the programs: `apt-get install nginx-light tomcat10 nodejs python3` on Debian. One that is not
//! there is an error.

mod programs;
#[path = "../../integration/paths/random.rs"]
mod random;
#[path = "../../integration/paths/table.rs"]
mod table;

use anyhow::Context as _;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tailor_harness::readers::Reader;

use programs::Program;

fn main() -> anyhow::Result<()> {
    let count = match std::env::args().nth(1) {
        Some(count) => count.parse().context("the number of random paths")?,
        None => 2_000,
    };
    let mut paths: Vec<String> = table::rows().map(|(path, _)| path.to_owned()).collect();
    let mut runner = TestRunner::default();
    for _ in 0..count {
        let tree = any_path().new_tree(&mut runner);
        let tree = tree.map_err(|why| anyhow::anyhow!("{why}"))?;
        paths.push(tree.current());
    }
    let mut wrong = 0;
    for reader in Reader::ALL {
        let name = format!("{reader:?}").to_lowercase();
        let mut program = Program::start(reader).with_context(|| name.clone())?;
        let version = program.version().to_owned();
        let mut refused = 0;
        for path in &paths {
            let theirs = program
                .read(path)
                .with_context(|| format!("{name}: {path}"))?;
            let ours = reader.read(path);
            refused += usize::from(theirs.is_none());
            if reader.may_leave(path) && theirs.as_deref() == Some(path.as_bytes()) {
                continue;
            }
            if theirs.as_deref().map(comparable) != ours.as_deref().map(comparable) {
                wrong += 1;
                eprintln!(
                    "{name}: {path}: it reads {}, its model {}",
                    shown(theirs),
                    shown(ours)
                );
            }
        }
        println!(
            "{name} ({version}): {} paths, {refused} of them refused",
            paths.len()
        );
    }
    anyhow::ensure!(wrong == 0, "{wrong} paths were read differently");
    println!("each was read as its model reads it");
    Ok(())
}

/// A path as the tests draw it, or one with an illegal start.
fn any_path() -> impl Strategy<Value = String> {
    let parts = proptest::sample::select(&random::PARTS[..]);
    let parts = proptest::collection::vec(parts, 0..9);
    prop_oneof![
        2 => parts.prop_map(|parts| format!("/{}", parts.concat())),
        3 => random::path(),
    ]
}

/// Normalises how programs show bytes that they cannot decode.
fn comparable(read: &[u8]) -> String {
    let mut text = String::with_capacity(read.len());
    for byte in read {
        match byte {
            0x80.. if text.ends_with('\u{fffd}') => {}
            0x80.. => text.push('\u{fffd}'),
            _ => text.push(char::from(*byte)),
        }
    }
    text
}

fn shown(read: Option<Vec<u8>>) -> String {
    read.map_or("nothing".to_owned(), |read| {
        format!("{:?}", String::from_utf8_lossy(&read))
    })
}
