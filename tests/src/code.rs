//! Compiled code that the hosts of tests share: an interpreter in a component takes seconds.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use tailor::digest::hex;
use tailor::file::OwnFolder;
use tailor::sync;

use crate::loading::{load_kept, runtime};

/// Where a data directory has compiled code.
const COMPILED: &str = "compiled";
/// Size of the code of a component, at most, bytes.
const MAX_CODE: u64 = 1 << 30;

/// Where compiled code is kept between runs of the tests.
fn folder() -> PathBuf {
    crate::components::root().join("bffs/target/code")
}

/// Puts the code of a component into a data directory, for a host that starts there. It is compiled
/// if no test has needed it yet.
///
/// # Errors
///
/// Why the host would refuse the component, or what the system says.
pub(crate) fn seed(component: &Path, data: &Path) -> anyhow::Result<()> {
    static COMPILING: Mutex<()> = Mutex::new(());
    let shared = folder();
    {
        let _one = sync::lock(&COMPILING);
        load_kept(&runtime()?, component, &shared)?;
    }
    let digest = hex(&std::fs::read(component)?);
    let (from, to) = (
        OwnFolder::open(&shared, COMPILED)?,
        OwnFolder::open(data, COMPILED)?,
    );
    for entry in from.list()? {
        if entry.name.starts_with(&digest) {
            let code = from.read(&entry.name, MAX_CODE);
            to.write(&entry.name, &code.context("the code of an example")?)?;
        }
    }
    Ok(())
}
