//! No files of a crate import from each other in circles, directly or through others: such files
//! can only be read and changed together.

use tailor_harness::components::root;

use super::imports::{Import, Imports};

/// The host, the mock services, the harness and the load test.
const CRATES: [&str; 6] = [
    "host/src/lib.rs",
    "host/src/main.rs",
    "downstream-mock/src/lib.rs",
    "downstream-mock/src/main.rs",
    "tests/src/lib.rs",
    "tests/load/src/lib.rs",
];
/// Modules of the host in which also a call by its path counts, from the file of a module into what
/// is below it.
const STRICT: [&str; 2] = ["calls", "downstream"];

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = String::new();
    for crate_root in CRATES {
        let imports = Imports::of(&root().join(crate_root));
        for import in imports.in_circles(|import| import.used || is_strict(import)) {
            found += &format!("{crate_root}: {import}\n");
        }
    }
    assert!(
        found.is_empty(),
        "these imports lead back to where they begin; move what is shared into a file below both:\n\
         {found}"
    );
}

fn is_strict(import: &Import<'_>) -> bool {
    let module = import.from.split('/').next();
    module.is_some_and(|module| STRICT.contains(&module))
}

fn line(import: &Import<'_>) -> String {
    format!("{} -> {}", import.from, import.to)
}

/// The imports of a small crate, and those of them that are part of circles.
fn of(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let imports = Imports::of(&dir.path().join("lib.rs"));
    let all = imports.all().map(|import| import.to_string()).collect();
    let in_circles = imports.in_circles(|_| true);
    (all, in_circles.iter().map(line).collect())
}

#[test]
fn an_import_is_of_the_file_that_defines_the_name() {
    let (imports, in_circles) = of(&[
        ("lib.rs", "pub mod high;\npub mod low;"),
        (
            "high.rs",
            "use crate::low::{self, Offered as Taken, inner::{Deep, deeper}};\n\
             fn f(_: super::low::Own) { low::again::call(); self::f(); Vec::new() }",
        ),
        (
            "low.rs",
            "mod again;\nmod inner;\npub use again::Offered;\npub(crate) struct Own;",
        ),
        ("low/again.rs", "pub use super::inner::Deep as Offered;"),
        ("low/inner.rs", "pub struct Deep;"),
    ]);
    assert_eq!(
        imports,
        [
            "high -> low: Own, the module",
            "high -> low/again: call",
            "high -> low/inner: Deep, deeper",
            "low/again -> low/inner: Deep",
        ]
    );
    assert_eq!(in_circles, Vec::<String>::new());
}

#[test]
fn a_circle_is_found_through_paths_and_other_files() {
    let (_, in_circles) = of(&[
        (
            "lib.rs",
            "mod a;\nmod b;\nmod c;\n#[path = \"elsewhere/there.rs\"]\nmod outside;",
        ),
        ("a.rs", "fn a() { crate::b::b() }"),
        ("b.rs", "pub(in crate::a) mod x;\npub fn b() { x::x() }"),
        ("b/x.rs", "use super::super::c::C;"),
        ("c.rs", "use super::a;\nuse crate::outside::Y;"),
        ("elsewhere/there.rs", "pub struct Y;"),
    ]);
    assert_eq!(in_circles, ["a -> b", "b -> b/x", "b/x -> c", "c -> a"]);
}

#[test]
fn tests_comments_and_texts_import_nothing() {
    let (imports, _) = of(&[
        ("lib.rs", "mod a;\nmod b;"),
        (
            "a.rs",
            r##"// crate::b::B
                /* use crate::b::B; */
                const TEXTS: [&str; 2] = ["crate::b::B \" crate::b::B", r#"" crate::b::B"#];
                fn quotes<'a>(_: &'a str) -> [char; 2] { ['"', '\''] }
                #[cfg(test)]
                mod inside { use crate::b::B; }
                #[cfg(test)]
                mod tests;"##,
        ),
        ("b.rs", "pub struct B;"),
    ]);
    assert_eq!(imports, Vec::<String>::new());
}
