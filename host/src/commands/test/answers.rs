//! How the answers of a BFF compare with those that are kept: for people and for programs.

use serde_json::{Value, json};
use tailor::suite::Comparison;

use super::style::{Style, shown};

/// In a line.
pub fn line(compared: &Comparison, style: Style) -> String {
    let file = shown(&compared.file);
    if compared.is_written {
        return format!("{} {file}", style.good("new "));
    }
    match compared.changes.len() {
        0 if compared.has_more => style.aside(format!(
            "     answers have more than {file} keeps; --update adds it"
        )),
        0 if compared.is_kept => format!("{} {file}", style.verdict(true)),
        0 => style.aside(format!(
            "     no {file} keeps the shapes of answers; --accept makes one"
        )),
        1 => format!(
            "{} {file}  1 change may break clients",
            style.verdict(false)
        ),
        many => format!(
            "{} {file}  {many} changes may break clients",
            style.verdict(false)
        ),
    }
}

/// What may break clients, and the way out; nothing where nothing may.
pub fn failure(compared: &Comparison, style: Style) -> String {
    let Some(changes) = wrong(compared) else {
        return String::new();
    };
    let changes = changes.replace('\n', "\n  ");
    let file = shown(&compared.file);
    let fail = style.bad("FAIL");
    format!(
        "\n{fail} {file}\n  {changes}\n  Clients that were made for the old answers may break. \
         --accept keeps the new ones.\n"
    )
}

/// What may break clients, one change a line.
pub fn wrong(compared: &Comparison) -> Option<String> {
    let changes = compared.changes.iter().map(ToString::to_string);
    let changes: Vec<String> = changes.collect();
    (!changes.is_empty()).then(|| changes.join("\n"))
}

/// For programs.
pub fn json(compared: &Comparison) -> Value {
    let changes = compared.changes.iter().map(|change| {
        json!({
            "request": change.request,
            "answer": change.answer,
            "pointer": change.pointer,
            "change": change.what.to_string(),
        })
    });
    json!({
        "file": shown(&compared.file),
        "kept": compared.is_kept,
        "changes": changes.collect::<Vec<_>>(),
        "more": compared.has_more,
        "written": compared.is_written,
    })
}
