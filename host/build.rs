//! Puts the sources of the kits with the contract, and the templates of BFFs, into the program,
//! which writes them out with `tailor kit`, `tailor new` and `tailor init`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The name of a list, its folder from the repository's root, and what of it is put in.
type List = (&'static str, &'static str, &'static [&'static str]);

const KITS: [List; 4] = [
    (
        "NPM",
        "bffs/kit-ts",
        &[
            "globals.d.ts",
            "package.json",
            "src",
            "testing",
            "tools",
            "tsconfig.json",
            "web.d.ts",
        ],
    ),
    ("CRATE", "bffs/kit", &["Cargo.toml", "src"]),
    ("PYTHON", "bffs/kit-py", &["pyproject.toml", "src"]),
    ("SHARED", "", &["LICENSE", "bffs/Cargo.toml", "wit"]),
];

/// Whole folders.
const TEMPLATES: [List; 6] = [
    ("NPM", "host/templates/npm", &[""]),
    ("TS", "host/templates/ts", &[""]),
    ("HONO", "host/templates/hono", &[""]),
    ("RUST", "host/templates/rust", &[""]),
    ("PY", "host/templates/py", &[""]),
    ("OWN", "host/templates/own", &[""]),
];

fn main() -> io::Result<()> {
    write("kits.rs", &KITS)?;
    write("templates.rs", &TEMPLATES)
}

/// Writes a file of the program that has the lists.
fn write(name: &str, lists: &[List]) -> io::Result<()> {
    let host = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = host.parent().unwrap_or(&host);
    let mut code = String::new();
    for (list, folder, parts) in lists {
        let folder = root.join(folder);
        let mut files = Vec::new();
        for part in *parts {
            let path = folder.join(part);
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &mut files)?;
        }
        files.sort();
        code += &format!("pub(super) const {list}: &[(&str, &str)] = &[\n");
        for file in files {
            let shown = file.strip_prefix(&folder).unwrap_or(&file).display();
            let line = writeln!(code, "(\"{shown}\", include_str!({:?})),", file);
            line.map_err(io::Error::other)?;
        }
        code += "];\n";
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join(name), code)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    // Python writes what it compiles beside what it imports.
    if path.ends_with("__pycache__") {
        return Ok(());
    }
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
