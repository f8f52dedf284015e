//! The last step of every language: a component that is checked and written whole.

use std::io::Write;
use std::path::Path;

use wit_component::{ComponentEncoder, DecodedWasm};

use super::{BuildError, Built};

/// Part of every stamp: another way of making components makes all of them stale.
pub(super) const RECIPE: &str = "4";

/// The interface that makes a component a BFF, whatever its version: the host compares versions
/// when it loads it.
const HANDLER: &str = "tailor:bff/handler@";

/// Turns a core module with embedded bindings into a component. Function names are kept, so that
/// backtraces are readable.
pub(super) fn encode(name: &str, module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let encode = || {
        ComponentEncoder::default()
            .validate(true)
            .module(module)?
            .encode()
    };
    // `{:#}` prints the whole chain of causes on one line.
    encode().map_err(|cause| unsuitable(name, format!("{cause:#}")))
}

/// Checks that the component exports the contract's handler; gives the names of the WASI interfaces
/// that it imports.
pub(super) fn check(name: &str, component: &[u8]) -> Result<Vec<String>, BuildError> {
    let decoded =
        wit_component::decode(component).map_err(|cause| unsuitable(name, format!("{cause:#}")))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        let reason = "it is a WIT package, not a component";
        return Err(unsuitable(name, reason.to_owned()));
    };
    let world = &resolve.worlds[world];
    let handles = |key: &_| resolve.name_world_key(key).starts_with(HANDLER);
    if !world.exports.keys().any(handles) {
        let reason = "it does not export the interface tailor:bff/handler (Rust: is `export!` called? \
                      TypeScript: does the entry module `export const handler`? Python: has the entry \
                      module a `handler`?)";
        return Err(unsuitable(name, reason.to_owned()));
    }
    let imports = world.imports.keys().map(|key| resolve.name_world_key(key));
    Ok(imports.filter(|name| name.starts_with("wasi:")).collect())
}

fn unsuitable(name: &str, reason: String) -> BuildError {
    BuildError::Component {
        name: name.to_owned(),
        reason,
    }
}

/// Writes a file so that a reader, or a crash, finds either the old bytes or the new ones.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = || BuildError::io("write", path);
    std::fs::create_dir_all(folder).map_err(failed())?;
    let mut builder = tempfile::Builder::new();
    // Temporary files are private to their owner unless told otherwise, and the name stays out of
    // `*.wasm`, which a running host may be watching.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder
        .prefix(".tailor-")
        .tempfile_in(folder)
        .map_err(failed())?;
    file.write_all(bytes).map_err(failed())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    Ok(())
}

/// Writes the component to the caller's path, and beside it the source map if there is one. Equal
/// bytes are left alone, so that a host that watches the file sees no change.
pub(super) fn copy_to(built: Built, output: &Path) -> Result<Built, BuildError> {
    let read = |path: &Path| std::fs::read(path).map_err(BuildError::io("read", path));
    let bytes = read(&built.component)?;
    let fresh = std::fs::read(output).is_ok_and(|old| old == bytes);
    if !fresh {
        write_whole(output, &bytes)?;
    }
    let map = built.component.with_extension("js.map");
    if map.is_file() {
        write_whole(&output.with_extension("js.map"), &read(&map)?)?;
    }
    Ok(Built {
        component: output.to_owned(),
        fresh,
        ..built
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest core module: magic number and version.
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_module_without_the_handler_is_refused_with_the_way_out() {
        let component = encode("watch", EMPTY_MODULE).unwrap();
        let error = check("watch", &component).unwrap_err().to_string();
        assert!(
            error.starts_with("watch: not a component of a BFF"),
            "{error}"
        );
        assert!(error.contains("tailor:bff/handler"), "{error}");
    }

    #[test]
    fn what_is_no_module_is_refused_by_name() {
        let error = encode("watch", b"not wasm").unwrap_err().to_string();
        assert!(
            error.starts_with("watch: not a component of a BFF"),
            "{error}"
        );
        let error = check("watch", b"not wasm").unwrap_err().to_string();
        assert!(
            error.starts_with("watch: not a component of a BFF"),
            "{error}"
        );
    }

    #[test]
    fn a_copy_is_written_once_and_takes_the_source_map_along() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("components/partner.wasm");
        write_whole(&made, b"component").unwrap();
        write_whole(&made.with_extension("js.map"), b"{}").unwrap();
        let built = Built {
            name: "partner".to_owned(),
            component: made,
            language: crate::build::Language::TypeScript,
            size: 9,
            fresh: true,
        };
        let output = folder.path().join("out/p.wasm");
        let first = copy_to(built.clone(), &output).unwrap();
        assert!(!first.fresh);
        assert_eq!(std::fs::read(&output).unwrap(), b"component");
        assert_eq!(
            std::fs::read(folder.path().join("out/p.js.map")).unwrap(),
            b"{}"
        );
        assert!(copy_to(built, &output).unwrap().fresh);
    }
}
