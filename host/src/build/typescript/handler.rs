//! The `handler` that a bundle exports. The engine looks at it with the first request only, and
//! ends the instance without a word where it is of the wrong kind. So a statement at the bundle's
//! end looks at it when the component is built, as all code of modules runs then.

use std::path::Path;

/// Begins what the statement throws, after the entry's name.
const SUBJECT: &str = "`handler` is ";

/// The variable that a bundle exports as `handler`. esbuild lists what a module exports at its end:
/// `export { one as handler, two };`.
pub(super) fn exported(bundle: &str) -> Option<&str> {
    let (_, rest) = bundle.rsplit_once("\nexport {")?;
    let (names, _) = rest.split_once('}')?;
    let mut names = names.split(',').map(|item| {
        let item = item.trim();
        item.split_once(" as ").unwrap_or((item, item))
    });
    let (variable, _) = names.find(|(_, name)| *name == "handler")?;
    Some(variable)
}

/// The statement that looks at a variable of a bundle.
pub(super) fn check(variable: &str, entry: &Path) -> String {
    let entry = serde_json::Value::from(entry.to_string_lossy());
    format!(
        r#"((handler) => {{
  const kind = (value) =>
    value === null || value === undefined ? String(value)
    : Array.isArray(value) ? "an array"
    : typeof value?.then === "function" ? "a promise"
    : typeof value === "object" ? "an object"
    : `a ${{typeof value}}`;
  const found = () => {{
    if (kind(handler) !== "an object") return kind(handler);
    if (handler.handle === undefined) return "an object without `handle`";
    if (typeof handler.handle !== "function") return "an object whose `handle` is " + kind(handler.handle);
    const {{ name }} = handler.handle.constructor;
    return name === "Function" ? undefined : `an object whose \`handle\` is of the kind ${{name}}, which returns no answer`;
  }};
  const wrong = found();
  if (wrong !== undefined) throw new TypeError({entry} + ": {SUBJECT}" + wrong);
}})({variable});
"#
    )
}

/// What the statement said, in all that the componentizer printed.
pub(super) fn refusal(printed: &str) -> Option<String> {
    let mut lines = printed.lines().filter_map(|line| {
        let (before, found) = line.split_once(SUBJECT)?;
        let (_, entry) = before.strip_suffix(": ")?.rsplit_once("Error: ")?;
        Some(format!(
            "its entry {entry} exports a `handler` that is {found}; it has to be an object with a \
             function `handle`: `export const handler = bff([ ... ])`"
        ))
    });
    lines.next()
}
