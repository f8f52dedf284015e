use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::*;

/// Inputs that are derived from each one in the corpus.
const CHANGED: usize = 40;

/// The files of a target's corpus, in an order that is always the same.
fn corpus(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
    let files = fs::read_dir(root.join(name)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// Changes a few bytes: one for another, one more, one less, a part twice, or all that follows left
/// out.
fn change(input: &mut Vec<u8>, other: &[u8], random: &mut fastrand::Rng) {
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..=input.len());
        match random.u8(..7) {
            0 if at < input.len() => input[at] = random.u8(..),
            1 if at < input.len() => input[at] ^= 1 << random.u8(..8),
            2 if at < input.len() => drop(input.remove(at)),
            3 => input.insert(at, random.u8(..)),
            4 => {
                let part = input[at..input.len().min(at + random.usize(..20))].to_vec();
                input.splice(at..at, part);
            }
            5 => input.truncate(at.max(1)),
            // A part of another input.
            _ => {
                let from = random.usize(..=other.len());
                input.extend(&other[from..other.len().min(from + 40)]);
            }
        }
    }
}

#[test]
fn no_input_of_the_corpus_breaks_a_rule_nor_do_its_relatives() {
    let mut broken = Vec::new();
    for (name, target) in TARGETS {
        let files = corpus(name);
        assert!(files.len() >= 5, "{name}: {} inputs", files.len());
        let inputs: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        let mut random = fastrand::Rng::with_seed(7);
        for (file, input) in files.iter().zip(&inputs) {
            for number in 0..=CHANGED {
                let mut input = input.clone();
                if number > 0 {
                    let other = &inputs[random.usize(..inputs.len())];
                    change(&mut input, other, &mut random);
                }
                if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                    let shown = String::from_utf8_lossy(&input).into_owned();
                    broken.push(format!("{} changed {number}: {shown:?}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_target_has_a_program_and_a_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let program = fs::read_to_string(root.join(format!("targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("run(\"{name}\"")), "{program}");
    }
    let folders = fs::read_dir(root.join("corpus")).unwrap();
    assert_eq!(folders.count(), TARGETS.len());
}
