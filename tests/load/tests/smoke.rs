//! The load test itself, in a fraction of a second: it must still start everything, get equal
//! answers and print its tables.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Held by a run: a free port that one has found could be taken by another before its server has
/// it.
static ALONE: Mutex<()> = Mutex::new(());

fn load(arguments: &str) -> anyhow::Result<String> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let output = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(arguments.split_whitespace())
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "load {arguments}\n{errors}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn a_run_measures_both_systems_in_both_loops() -> anyhow::Result<()> {
    let closed = load("--quick --rounds 1 --seconds 0.2 --warm-up 0.1 --protocol h1,h2")?;
    for scenario in ["noop", "watch", "dashboard"] {
        for protocol in ["HTTP/1.1", "HTTP/2"] {
            let title = format!("### {scenario}, {protocol}, 32 at a time\n");
            assert!(closed.contains(&title), "{title}:\n{closed}");
        }
    }
    assert_eq!(closed.matches("\n| native |").count(), 6, "{closed}");
    assert_eq!(closed.matches("\n| tailor |").count(), 6, "{closed}");

    let paced = "--connections 4 --protocol h1 --delay 1 --rate 50 --rounds 1 --seconds 0.2";
    let open = load(&format!("--scenario partner,mix {paced}"))?;
    let title = "### partner, HTTP/1.1, 4 at a time, services wait 1 ms, 50 requests/s offered\n";
    assert!(open.contains(title), "{open}");
    assert_eq!(open.matches("\n| tailor |").count(), 2, "{open}");

    // The programs that `--rivals` measures share code with the partner, which is built by now.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir()?;
    for program in ["node", "worker"] {
        tailor_load::systems::bundle(&root.canonicalize()?, folder.path(), program)?;
    }
    Ok(())
}

#[test]
fn a_scale_run_makes_each_thing_grow() -> anyhow::Result<()> {
    let text = load("scale --most 2 --seconds 0.1")?;
    for (title, rows) in [
        ("Idle connections", 1),
        ("Calls of a request", 3),
        ("Bytes of an answer", 5),
        ("Requests in flight, each waiting for a service", 1),
        ("BFFs", 1),
    ] {
        let (_, section) = text.split_once(&format!("## {title}\n")).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let lines = section.lines().filter(|line| line.starts_with("| "));
        assert_eq!(lines.count(), 1 + rows, "{title}:\n{section}");
    }
    Ok(())
}
