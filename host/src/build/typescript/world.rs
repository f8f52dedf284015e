//! The world of a component before its modules are linked: that of the contract, with an
//! asynchronous handler in three exports (see `fuse::turns`).

use std::fmt::Write;
use std::path::{Path, PathBuf};

use wit_parser::{Resolve, WorldId};

/// Its name, and the contract's.
pub(super) const ENGINE: &str = "engine";
const CONTRACT: &str = "bff";
/// The interface of the contract with the records of request and answer.
const TYPES: &str = "types";

/// The contract of a BFF, read.
pub(super) struct World {
    pub(super) resolve: Resolve,
    pub(super) id: WorldId,
}

impl World {
    /// Reads the contract in a folder. The error says what is wrong with it.
    pub(super) fn read(wit: &Path) -> Result<Self, String> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve
            .push_path(wit)
            .map_err(|error| format!("{error:#}"))?;
        let id = resolve
            .select_world(&[package], Some(CONTRACT))
            .map_err(|error| format!("{error:#}"))?;
        Ok(Self { resolve, id })
    }

    /// The interface that the contract's handler is exported by, with its version.
    pub(super) fn handler(&self) -> Option<String> {
        let mut exports = self.resolve.worlds[self.id].exports.keys();
        exports.next().map(|key| self.resolve.name_world_key(key))
    }

    /// Writes `engine.wit` and the contract that it names into a folder.
    pub(super) fn write_engine(&self, wit: &Path, into: &Path) -> std::io::Result<PathBuf> {
        let contract = into.join("deps/contract");
        std::fs::create_dir_all(&contract)?;
        for entry in std::fs::read_dir(wit)? {
            let file = entry?.path();
            if let Some(name) = file.file_name()
                && file.extension().is_some_and(|end| end == "wit")
            {
                std::fs::copy(&file, contract.join(name))?;
            }
        }
        std::fs::write(into.join("engine.wit"), self.engine())?;
        Ok(into.to_owned())
    }

    fn engine(&self) -> String {
        let world = &self.resolve.worlds[self.id];
        let types = world
            .package
            .map(|package| self.resolve.id_of_name(package, TYPES));
        let types = types.unwrap_or_default();
        let mut text = format!(
            "package tailor:engine;

interface turns {{
    use {types}.{{request, response}};
    /// Calls the handler. Returns when the handler does.
    start: async func(r: request);
    /// Goes on with what waits.
    turn: async func();
    /// The answer.
    finish: func() -> response;
}}

world {ENGINE} {{
    export turns;
"
        );
        for import in world.imports.keys() {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "    import {};", self.resolve.name_world_key(import));
        }
        text.push_str("}\n");
        text
    }
}
