//! The names that dashboards, alerts, clients and configurations rely on, in one list: a change of
//! words in the code must not change one of them unseen.

use std::collections::BTreeSet;

use tailor::server::problem::Code;

use super::{below, read};
use crate::golden;

#[test]
fn metrics_codes_keys_and_log_fields_have_the_names_of_the_list() {
    let mut list = String::new();
    let sections: [(&str, Vec<String>); 4] = [
        ("metrics: name, type, labels", metrics()),
        ("problem codes: code, status", codes()),
        ("configuration keys", keys()),
        ("log fields", log_fields().into_iter().collect()),
    ];
    for (title, names) in sections {
        assert!(names.len() > 20, "{title}: {names:?}");
        list += &format!("# {title}\n{}\n\n", names.join("\n"));
    }
    golden::check("names.txt", &list);
}

/// The metrics that a busy host has: another test compares this file with one.
fn metrics() -> Vec<String> {
    let text = read("tests/integration/golden/metrics.txt");
    let names = text.lines().filter(|line| !line.starts_with(' '));
    names.map(|line| line.trim_end().to_owned()).collect()
}

fn codes() -> Vec<String> {
    let codes = Code::ALL.iter();
    codes
        .map(|code| format!("{} {}", code.as_str(), code.status().as_u16()))
        .collect()
}

/// The keys of the file that has all of them, as a test of the configuration checks. `*` stands for
/// a name that the operator chose.
fn keys() -> Vec<String> {
    let text = read("host/src/config/golden/maximal.toml");
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_matches(['[', ']']);
            let parts: Vec<&str> = name.split('.').collect();
            section = match parts[..] {
                [kind, "ci", _, ..] => [&[kind, "ci", "*"], &parts[3..]].concat().join("."),
                [kind, _, ..] => [&[kind, "*"], &parts[2..]].concat().join("."),
                _ => name.to_owned(),
            };
        } else if let Some((key, _)) = line.split_once(" = ")
            && !section.ends_with(".config")
            && !section.ends_with(".headers")
        {
            keys.insert(format!("{section}.{key}"));
        }
    }
    keys.into_iter().collect()
}

/// The fields of the log that the code writes, in macros of `tracing` and in lines of the access
/// log, and the targets of lines.
fn log_fields() -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    for path in below("host/src", &[".rs"]) {
        let text = read(&path);
        let text = text.split("\n#[cfg(test)]").next().unwrap_or_default();
        for level in ["trace", "debug", "info", "warn", "error"] {
            let macro_call = format!("tracing::{level}!(");
            for call in text.split(&macro_call).skip(1) {
                fields.extend(arguments(call).iter().filter_map(|it| field(it)));
            }
        }
        if text.contains("access_log::write") {
            // `line.text("name", ..)`, and a name with its number in parentheses.
            fields.extend(text.split('(').skip(1).filter_map(written));
        }
    }
    fields
}

/// The first text of an argument list, where it is a name.
fn written(arguments: &str) -> Option<String> {
    let (name, rest) = arguments.trim_start().strip_prefix('"')?.split_once('"')?;
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    (rest.starts_with(',') && name.chars().all(is_name)).then(|| name.to_owned())
}

/// The arguments of a call, up to its closing parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut argument) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for letter in text.chars() {
        match letter {
            _ if quoted => {
                quoted = letter != '"' || escaped;
                escaped = letter == '\\' && !escaped;
            }
            '"' => quoted = true,
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut argument));
                continue;
            }
            _ => {}
        }
        argument.push(letter);
    }
    all.push(argument);
    all
}

/// The field that an argument of a macro sets, or the target; the message is none.
fn field(argument: &str) -> Option<String> {
    let argument = argument.trim();
    if let Some(target) = argument.strip_prefix("target: ") {
        return Some(format!("target {target}"));
    }
    let name = argument.split(" = ").next()?;
    let name = name.trim_start_matches(['%', '?']).rsplit('.').next()?;
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
}

#[test]
fn fields_of_a_line_are_its_names_without_its_message() {
    let call =
        r#"target: "access", bff, %error, why = cut.as_str(), x.path, "text, {bff}"); more("#;
    let arguments = arguments(call);
    let fields: Vec<String> = arguments.iter().filter_map(|it| field(it)).collect();
    assert_eq!(fields, ["target \"access\"", "bff", "error", "why", "path"]);
    assert_eq!(written("\n  \"a_b\", 1)").as_deref(), Some("a_b"));
    assert_eq!(written("\"a b\", 1)"), None);
}
