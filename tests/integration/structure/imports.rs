//! Which file of a crate imports from which. A name is followed through re-exports to the file that
//! it is defined in, so that an import of one item of a module does not tie the importer to all
//! that is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::code::{self, Code, Use};

/// A module by its parts; that of a whole crate has none.
type Module = Vec<String>;

/// Re-exports of re-exports that are followed.
const MAX_HOPS: usize = 8;

/// The imports between the files of a crate.
pub struct Imports {
    files: BTreeMap<Module, Code>,
    /// What each file imports from each other one.
    found: BTreeMap<String, BTreeMap<String, Names>>,
}

#[derive(Debug, Default)]
struct Names {
    names: BTreeSet<String>,
    used: bool,
}

/// One file imports from another. Files are named by their path below `src`, without its ending.
#[derive(Debug)]
pub struct Import<'a> {
    /// The importing file.
    pub from: &'a str,
    /// The imported file.
    pub to: &'a str,
    /// Whether it is more than a file that calls into its child modules by name, without a `use`.
    pub used: bool,
    names: &'a BTreeSet<String>,
}

impl fmt::Display for Import<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from, to, names, ..
        } = self;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        write!(f, "{from} -> {to}: {}", names.join(", "))
    }
}

impl Imports {
    /// Reads the crate whose root is this file, `src/lib.rs` or `src/main.rs`.
    pub fn of(root: &Path) -> Self {
        let mut imports = Self {
            files: BTreeMap::new(),
            found: BTreeMap::new(),
        };
        read_module(root, Vec::new(), &mut imports.files);
        for (module, code) in &imports.files {
            let mut of_file = BTreeMap::<String, Names>::new();
            for (path, used) in imports.named_by(module, code) {
                let (file, name) = imports.defined_in(path);
                if file != *module {
                    let from = of_file.entry(file.join("/")).or_default();
                    from.names.insert(name);
                    from.used |= used;
                }
            }
            imports.found.insert(module.join("/"), of_file);
        }
        imports
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.found.keys().map(String::as_str)
    }

    /// All imports.
    pub fn all(&self) -> impl Iterator<Item = Import<'_>> {
        let files = self.found.iter();
        files.flat_map(|(from, of_file)| {
            let imports = of_file.iter();
            imports.map(|(to, Names { names, used })| Import {
                from,
                to,
                used: *used,
                names,
            })
        })
    }

    /// Those among these imports that are part of a circle: imports lead from the imported file
    /// back to the importing one.
    pub fn in_circles(&self, among: impl Fn(&Import<'_>) -> bool) -> Vec<Import<'_>> {
        let mut next = BTreeMap::<&str, Vec<&str>>::new();
        for import in self.all().filter(&among) {
            next.entry(import.from).or_default().push(import.to);
        }
        self.all()
            .filter(&among)
            .filter(|import| leads_to(&next, import.to, import.from))
            .collect()
    }

    /// The absolute paths that a file names in its crate, and whether that is by a `use` or leads
    /// out of what is below it.
    fn named_by(&self, module: &Module, code: &Code) -> Vec<(Module, bool)> {
        let mut named = Vec::new();
        let mut known = BTreeMap::new();
        for Use { parts, name } in &code.imports {
            if let Some(path) = self.absolute(module, parts) {
                if self.files.contains_key(&path) {
                    known.insert(name.as_str(), path.clone());
                }
                named.push((path, true));
            }
        }
        // What a module only offers of the modules below it is no import.
        for Use { parts, name } in &code.reexports {
            match self.absolute(module, parts) {
                Some(path) if path.starts_with(module) => known.insert(name, path),
                path => {
                    named.extend(path.map(|path| (path, true)));
                    None
                }
            };
        }
        for parts in &code.paths {
            match known.get(parts[0].as_str()) {
                Some(path) => named.push(([path, &parts[1..]].concat(), true)),
                None if parts.len() > 1 => {
                    let path = self.absolute(module, parts);
                    named.extend(path.map(|path| {
                        let above = !path.starts_with(module);
                        (path, above)
                    }));
                }
                None => {}
            }
        }
        named
    }

    /// The path from the root of the crate; `None` for one that leads out of the crate.
    fn absolute(&self, module: &Module, parts: &[String]) -> Option<Module> {
        let above = parts.iter().take_while(|part| *part == "super").count();
        if above > 0 {
            let parent = &module[..module.len().checked_sub(above)?];
            return Some([parent, &parts[above..]].concat());
        }
        match parts[0].as_str() {
            "crate" => Some(parts[1..].to_vec()),
            "self" => Some([module, &parts[1..]].concat()),
            first => {
                let child = [module, &[first.to_owned()][..]].concat();
                let ours = self.files.contains_key(&child);
                ours.then(|| [module, parts].concat())
            }
        }
    }

    /// The file that defines what a path leads to, and the name there.
    fn defined_in(&self, mut path: Module) -> (Module, String) {
        for _ in 0..MAX_HOPS {
            let (file, rest) = self.split(&path);
            let Some(name) = rest.first() else { break };
            let reexports = &self.files[&file].reexports;
            let Some(next) = reexports.iter().find(|it| it.name == *name) else {
                break;
            };
            let Some(next) = self.absolute(&file, &next.parts) else {
                break;
            };
            path = [next, rest[1..].to_vec()].concat();
        }
        let (file, rest) = self.split(&path);
        let name = rest.first().cloned();
        (file, name.unwrap_or_else(|| "the module".to_owned()))
    }

    /// Parts a path into the longest one that is a file, and the rest.
    fn split(&self, path: &[String]) -> (Module, Vec<String>) {
        let ours = |length: &usize| self.files.contains_key(&path[..*length]);
        // The root is always a file.
        let length = (0..=path.len()).rev().find(ours).unwrap_or(0);
        (path[..length].to_vec(), path[length..].to_vec())
    }
}

fn leads_to(next: &BTreeMap<&str, Vec<&str>>, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(file) = open.pop() {
        if file == to {
            return true;
        }
        if seen.insert(file) {
            open.extend(next.get(file).into_iter().flatten());
        }
    }
    false
}

fn read_module(file: &Path, module: Module, files: &mut BTreeMap<Module, Code>) {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let code = code::read(&text);
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let mut folder = file.parent().unwrap().to_owned();
    if !matches!(name.as_str(), "lib" | "main") {
        folder.push(name);
    }
    for child in &code.modules {
        let path = match &child.file {
            Some(named) => file.with_file_name(named),
            None => folder.join(format!("{}.rs", child.name)),
        };
        let child = [&module[..], std::slice::from_ref(&child.name)].concat();
        read_module(&path, child, files);
    }
    files.insert(module, code);
}
