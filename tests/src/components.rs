//! The components that tests run: the example BFFs, built on first use, and components written as
//! text.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context as _;
use tailor::build::{BuildOptions, build, build_all};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The component file of an example BFF: `watch`, `dashboard`, `partner`, `phone` or `coach`.
///
/// The first call of a process builds all of them; with nothing changed that is a fraction of a
/// second.
///
/// # Errors
///
/// When they do not build or there is none of the name.
pub fn example(name: &str) -> anyhow::Result<PathBuf> {
    static BUILT: OnceLock<Result<Vec<(String, PathBuf)>, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let options = BuildOptions::from_env();
        build_all(&root().join("bffs"), &options, &mut |line| {
            eprintln!("{line}")
        })
        .map(|built| {
            built
                .into_iter()
                .map(|built| (built.name, built.component))
                .collect()
        })
        .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    });
    let built = built.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
    let found = built.iter().find(|(built, _)| built == name);
    found
        .map(|(_, path)| path.clone())
        .with_context(|| format!("there is no example BFF {name:?}"))
}

/// The component file of `tests/guests/hostile`, which attacks the host on request.
///
/// The first call of a process builds it; with nothing changed that is a fraction of a second.
///
/// # Errors
///
/// When it does not build.
pub fn hostile() -> anyhow::Result<PathBuf> {
    static BUILT: Guest = OnceLock::new();
    guest("hostile", &BUILT)
}

/// The component file of `tests/guests/bench`, which does as little as possible of each measured
/// operation.
///
/// Built as [`hostile`] is.
///
/// # Errors
///
/// When it does not build.
pub fn bench() -> anyhow::Result<PathBuf> {
    static BUILT: Guest = OnceLock::new();
    guest("bench", &BUILT)
}

/// The component file of `tests/guests/crates`, whose crates want random numbers and times.
///
/// Built as [`hostile`] is.
///
/// # Errors
///
/// When it does not build.
pub fn crates() -> anyhow::Result<PathBuf> {
    static BUILT: Guest = OnceLock::new();
    guest("crates", &BUILT)
}

/// The component file of `tests/guests/locale`, which writes texts in the language of its path.
///
/// Built as [`hostile`] is.
///
/// # Errors
///
/// When it does not build.
pub fn locale() -> anyhow::Result<PathBuf> {
    static BUILT: Guest = OnceLock::new();
    guest("locale", &BUILT)
}

/// A component of `tests/guests`, once it was used.
type Guest = OnceLock<Result<PathBuf, String>>;

fn guest(name: &str, built: &Guest) -> anyhow::Result<PathBuf> {
    let built = built.get_or_init(|| {
        let folder = root().join("tests/guests").join(name);
        build(&folder, &BuildOptions::from_env(), &mut |line| {
            eprintln!("{line}")
        })
        .map(|built| built.component)
        .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    });
    built.clone().map_err(anyhow::Error::msg)
}

/// A component of a core module in text form, which implements the world `bff` of the contract.
///
/// The module's imports and exports have the names of the canonical ABI, for example
/// `(import "tailor:bff/runtime@0.1.1" "now-ms" ...)` and
/// `(export "tailor:bff/handler@0.1.1#handle")`.
///
/// # Errors
///
/// When the text does not parse or does not fit the world.
pub fn from_module(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::new();
    let (package, _) = resolve.push_dir(root().join("wit"))?;
    encode(text, &resolve, package, "bff")
}

/// The same for another text of the contract, `wit`, in whatever version.
///
/// # Errors
///
/// When one of the texts does not parse, or when the module does not fit the world.
pub fn from_module_of(text: &str, wit: &str) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::new();
    let package = resolve.push_str("tailor.wit", wit)?;
    encode(text, &resolve, package, "bff")
}

/// The same for a world of the package in `wit`, which may refer to the contract as
/// `tailor:bff@0.1.1`.
///
/// # Errors
///
/// When one of the texts does not parse, or when the module does not fit the world.
pub fn from_module_in(text: &str, wit: &str, world: &str) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::new();
    resolve.push_dir(root().join("wit"))?;
    let package = resolve.push_str("world.wit", wit)?;
    encode(text, &resolve, package, world)
}

fn encode(
    text: &str,
    resolve: &Resolve,
    package: PackageId,
    world: &str,
) -> anyhow::Result<Vec<u8>> {
    let mut module = wat::parse_str(text)?;
    let world = resolve.select_world(&[package], Some(world))?;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .encode()
}
