//! The settings of tsc, which it does not list among the files that it read: a tsconfig.json and
//! what it extends.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::npm::Modules;

/// Most files of one chain. A longer one is a circle, which tsc refuses.
const MOST: usize = 50;

/// The file and all that it extends, those that are there. `modules` has what is extended by the
/// name of a package.
pub(super) fn chain(file: &Path, modules: &Modules) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut left = vec![file.to_owned()];
    while let Some(file) = left.pop() {
        if found.len() == MOST || found.contains(&file) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let settings: Value = serde_json::from_str(&plain(&text)).unwrap_or_default();
        let names = match &settings["extends"] {
            Value::Array(names) => names.iter().collect(),
            name => vec![name],
        };
        let names = names.into_iter().filter_map(Value::as_str);
        left.extend(names.filter_map(|name| resolve(&file, name, modules)));
        found.push(file);
    }
    found
}

/// The file that is meant by what a file extends: a path, with or without its end, or a file of a
/// package.
fn resolve(file: &Path, name: &str, modules: &Modules) -> Option<PathBuf> {
    let ends = ["", ".json", "/tsconfig.json"];
    let mut names = ends.iter().map(|end| format!("{name}{end}"));
    if name.starts_with('.') || name.starts_with('/') {
        let mut files = names.map(|name| file.parent().unwrap_or(Path::new("/")).join(name));
        return files.find(|file| file.is_file());
    }
    names.find_map(|name| modules.find(&name))
}

/// JSON as tsc reads it, without comments and commas before an end.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', _) => {
                plain.push(letter);
                while let Some(letter) = letters.next() {
                    plain.push(letter);
                    match letter {
                        '\\' => plain.extend(letters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            ('/', Some('/')) => while letters.next_if(|letter| *letter != '\n').is_some() {},
            ('/', Some('*')) => {
                let mut last = ' ';
                letters.next();
                for letter in letters.by_ref() {
                    if (last, letter) == ('*', '/') {
                        break;
                    }
                    last = letter;
                }
            }
            (']' | '}', _) => {
                let end = plain.trim_end().strip_suffix(',').map(str::len);
                plain.truncate(end.unwrap_or(plain.len()));
                plain.push(letter);
            }
            _ => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_are_left_out_and_texts_are_kept() {
        let text = "// first\n{ /* * / */ \"a\": \"//\\\"/*\", \"b\": [1, 2,\n], // x\n}";
        let value: Value = serde_json::from_str(&plain(text)).unwrap();
        assert_eq!(value, serde_json::json!({"a": "//\"/*", "b": [1, 2]}));
    }

    #[test]
    fn what_is_extended_is_found_by_path_and_by_package() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for (name, text) in [
            (
                "bff/tsconfig.json",
                r#"{"extends": ["../base", "@tailor/kit/tsconfig.json"],}"#,
            ),
            ("base.json", r#"{"extends": "./shared"} // all"#),
            (
                "shared/tsconfig.json",
                r#"{"extends": "../bff/tsconfig.json"}"#,
            ),
            ("node_modules/@tailor/kit/tsconfig.json", "{}"),
        ] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let folder = root.join("bff");
        let modules = Modules::seen_from(&folder);
        let mut found = chain(&folder.join("tsconfig.json"), &modules);
        found
            .iter_mut()
            .for_each(|file| *file = file.canonicalize().unwrap());
        found.sort();
        found.dedup();
        let root = root.canonicalize().unwrap();
        let expected = [
            "base.json",
            "bff/tsconfig.json",
            "node_modules/@tailor/kit/tsconfig.json",
            "shared/tsconfig.json",
        ];
        assert_eq!(found, expected.map(|name| root.join(name)));
        assert_eq!(chain(&root.join("none.json"), &modules), [] as [PathBuf; 0]);
    }
}
