//! BFFs in Rust: which settings of cargo count, and where components end up.

use std::fs;
use std::path::Path;

use tailor_harness::components::{example, root};
use wit_component::{StringEncoding, metadata};
use wit_parser::Resolve;

use super::repository::{Said, copy, tailor, write};

/// A BFF without packages, which is compiled in a moment. It wants the flags of its folder, and
/// none of the environment.
const CODE: &str = r#"
#[cfg(not(own))]
compile_error!("its own flags are lost");
#[cfg(other)]
compile_error!("it has flags of the environment");

#[used]
#[unsafe(link_section = "component-type:bff")]
pub static TYPES: [u8; include_bytes!("types").len()] = *include_bytes!("types");

#[unsafe(export_name = "tailor:bff/handler@0.1.1#handle")]
#[rustfmt::skip]
pub extern "C" fn handle(
    _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32,
    _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32,
) -> i32 {
    std::process::abort()
}

#[unsafe(export_name = "cabi_realloc")]
pub extern "C" fn realloc(_: i32, _: i32, _: i32, _: i32) -> i32 {
    std::process::abort()
}
"#;

const MANIFEST: &str = "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [lib]\ncrate-type = [\"cdylib\"]\n[package.metadata.component]\n\
                        [lints.rust]\nunexpected_cfgs = \"allow\"\n";

/// The contract, as a section of a module.
pub fn types() -> Vec<u8> {
    let mut resolve = Resolve::new();
    let (package, _) = resolve.push_dir(root().join("wit")).unwrap();
    let world = resolve.select_world(&[package], Some("bff")).unwrap();
    metadata::encode(&resolve, world, StringEncoding::UTF8, None).unwrap()
}

pub(super) fn tiny(folder: &Path) {
    write(folder, &[("Cargo.toml", MANIFEST), ("src/lib.rs", CODE)]);
    fs::write(folder.join("src/types"), types()).unwrap();
}

/// The component of a build, which is in the one place for it.
fn is_built(said: &Said, root: &Path) {
    let component = root
        .canonicalize()
        .unwrap()
        .join("target/components/tiny.wasm");
    assert!(said.good, "{}", said.errors);
    assert_eq!(said.printed, format!("{}\n", component.display()));
    assert!(component.is_file());
}

#[test]
fn a_component_is_in_one_place_whatever_folder_cargo_is_told() {
    let at = tempfile::tempdir().unwrap();
    tiny(at.path());
    let config = "[build]\ntarget-dir = \"elsewhere\"\nrustflags = [\"--cfg=own\"]\n";
    write(at.path(), &[(".cargo/config.toml", config)]);
    is_built(&tailor(at.path(), &["build", "."], &[]), at.path());
    assert!(at.path().join("elsewhere/wasm32-unknown-unknown").is_dir());

    let other = at.path().join("other").display().to_string();
    let variables = [("CARGO_TARGET_DIR", other.as_str())];
    let said = tailor(at.path(), &["build", "."], &variables);
    is_built(&said, at.path());
    assert_eq!(said.errors, "");

    // A copy is built anew, elsewhere, and is the same.
    let copied = tempfile::tempdir().unwrap();
    let copied = copied.path().join("a/copy");
    copy(at.path(), &copied);
    fs::remove_dir_all(copied.join("elsewhere")).unwrap();
    let copy = tailor(&copied, &["build", "."], &[]);
    is_built(&copy, &copied);
    assert_eq!(copy.component(), said.component());
}

#[test]
fn settings_of_a_bffs_folder_count_and_flags_of_the_environment_are_left_out_with_a_word() {
    let at = tempfile::tempdir().unwrap();
    let folder = at.path().join("tiny");
    tiny(&folder);
    write(
        at.path(),
        &[
            (
                "Cargo.toml",
                "[workspace]\nresolver = \"3\"\nmembers = [\"tiny\"]\n",
            ),
            (
                "tiny/.cargo/config.toml",
                "[build]\nrustflags = \"--cfg=own\"\n",
            ),
        ],
    );
    let variables = [("RUSTFLAGS", "--cfg=other")];
    for arguments in [["build", "tiny"].as_slice(), &["build", "--all", "."]] {
        let said = tailor(at.path(), arguments, &variables);
        is_built(&said, at.path());
        let word = "RUSTFLAGS is set, and is not used for components: write their flags into \
                    .cargo/config.toml, as target.wasm32-unknown-unknown.rustflags\n";
        assert!(said.errors.starts_with(word), "{}", said.errors);
    }
    // A compiler of the folder's own, which is not installed.
    write(
        &folder,
        &[(
            "rust-toolchain.toml",
            "[toolchain]\nchannel = \"none-such\"\n",
        )],
    );
    for arguments in [["build", "tiny"].as_slice(), &["build", "--all", "."]] {
        let said = tailor(at.path(), arguments, &[]);
        assert!(
            !said.good && said.errors.contains("none-such"),
            "{}",
            said.errors
        );
    }
}

#[test]
fn what_asks_for_a_browser_is_refused_with_the_crates_that_brought_it() {
    let at = tempfile::tempdir().unwrap();
    tiny(at.path());
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.4.0\"\nedition = \"2024\"\n")
    };
    let dependency = |name: &str| format!("[dependencies]\n{name} = {{ path = \"../{name}\" }}\n");
    let glue = "#[link(wasm_import_module = \"__wbindgen_placeholder__\")]\n\
                unsafe extern \"C\" { fn __wbindgen_describe(of: i32); }\n\
                pub fn describe() { unsafe { __wbindgen_describe(1) } }\n";
    let manifest = MANIFEST.replace(
        "[lib]",
        "[dependencies]\nchrono = { path = \"chrono\" }\n[lib]",
    );
    let code = CODE.replacen("std::process", "chrono::now();\n    std::process", 1);
    write(
        at.path(),
        &[
            ("Cargo.toml", &manifest),
            ("src/lib.rs", &code),
            (".cargo/config.toml", "[build]\nrustflags = \"--cfg=own\"\n"),
            (
                "chrono/Cargo.toml",
                &(package("chrono") + &dependency("wasm-bindgen")),
            ),
            (
                "chrono/src/lib.rs",
                "pub fn now() { wasm_bindgen::describe() }\n",
            ),
            ("wasm-bindgen/Cargo.toml", &package("wasm-bindgen")),
            ("wasm-bindgen/src/lib.rs", glue),
        ],
    );
    let said = tailor(at.path(), &["build", "."], &[]);
    assert!(!said.good);
    for part in [
        "tiny: not a component of a BFF: its code asks for 1 function of the module \
         `__wbindgen_placeholder__`, such as `__wbindgen_describe`, which only a browser has",
        "wasm-bindgen v0.4.0",
        "── chrono v0.4.0",
        "chrono: default-features = false",
        "utc_now() of tailor-kit's feature `chrono`",
    ] {
        assert!(said.errors.contains(part), "{part}: {}", said.errors);
    }
    assert!(!at.path().join("target/components/tiny.wasm").exists());
}

#[test]
fn no_component_tells_the_folder_of_cargos_packages() {
    for name in ["watch", "dashboard"] {
        let component = fs::read(example(name).unwrap()).unwrap();
        let text = String::from_utf8_lossy(&component);
        assert!(
            !text.contains("registry/src") || text.contains("/cargo/registry/src"),
            "{name}"
        );
        assert!(!text.contains(root().to_str().unwrap()), "{name}");
    }
}
