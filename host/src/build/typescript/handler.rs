//! What a bundle exports: `handler`, or in the web's way an object with `fetch` as the default. A
//! statement at the bundle's end looks at it when the component is built, as all code of modules
//! runs then, and exports the functions of `engine.wit` around it. The engine itself would look
//! with the first request only, and end the instance without a word.

use std::path::Path;

/// Begins what the statement throws, after the entry's name.
const SUBJECT: &str = "it exports ";

/// The variable that a bundle exports by a name. esbuild lists what a module exports at its end:
/// `export { one as handler, two };`.
fn exported<'a>(bundle: &'a str, wanted: &str) -> Option<&'a str> {
    let (_, rest) = bundle.rsplit_once("\nexport {")?;
    let (names, _) = rest.split_once('}')?;
    let mut names = names.split(',').map(|item| {
        let item = item.trim();
        item.split_once(" as ").unwrap_or((item, item))
    });
    let (variable, _) = names.find(|(_, name)| *name == wanted)?;
    Some(variable)
}

/// The statement for a bundle; `None` when it exports neither of the two.
pub(super) fn statement(bundle: &str, entry: &Path) -> Option<String> {
    let found = ["handler", "default"].map(|name| exported(bundle, name));
    if found == [None, None] {
        return None;
    }
    let [handler, app] = found.map(|variable| variable.unwrap_or("undefined"));
    let entry = serde_json::Value::from(entry.to_string_lossy());
    Some(format!(
        r#"export const turns = ((handler, app, kit) => {{
  delete globalThis.tailorTurns;
  const kind = (value) =>
    value === null || value === undefined ? String(value)
    : Array.isArray(value) ? "an array"
    : typeof value?.then === "function" ? "a promise"
    : typeof value === "object" ? "an object"
    : `a ${{typeof value}}`;
  const refuse = (found) => {{
    throw new TypeError({entry} + ": {SUBJECT}" + found);
  }};
  const look = (name, value, method) => {{
    if (kind(value) !== "an object") refuse(`${{name}} that is ${{kind(value)}}`);
    if (value[method] === undefined) refuse(`${{name}} that is an object without \`${{method}}\``);
    const found = `${{name}} that is an object whose \`${{method}}\` is `;
    if (typeof value[method] !== "function") refuse(found + kind(value[method]));
    const {{ name: kindOf }} = value[method].constructor;
    if (kindOf.includes("Generator")) refuse(`${{found}}of the kind ${{kindOf}}, which returns no answer`);
  }};
  if (handler !== undefined && app !== undefined) refuse("both a `handler` and a default");
  if (app !== undefined) {{
    if (kit === undefined) refuse("a default, which needs @tailor/kit");
    look("a default", app, "fetch");
  }} else {{
    look("a `handler`", handler, "handle");
  }}
  if (kit !== undefined) return kit(handler, app);
  let answer;
  return {{
    start: (request) => {{
      const given = handler.handle(request);
      const returned = (it) => {{ answer = it; }};
      if (typeof given?.then === "function") return given.then(returned);
      returned(given);
      return {{ then: (done) => done() }};
    }},
    turn: () => {{
      throw new Error("the handler waits for a promise that nothing settles");
    }},
    finish: () => answer,
  }};
}})({handler}, {app}, globalThis.tailorTurns);
"#
    ))
}

/// What the statement said, in all that the componentizer printed.
pub(super) fn refusal(printed: &str) -> Option<String> {
    let mut lines = printed.lines().filter_map(|line| {
        let (before, found) = line.split_once(SUBJECT)?;
        let (_, entry) = before.strip_suffix(": ")?.rsplit_once("Error: ")?;
        Some(format!(
            "its entry {entry} exports {found}; it has to be an object with a function `handle`, \
             `export const handler = bff([ ... ])`, or one with a function `fetch`, \
             `export default {{ fetch }}`"
        ))
    });
    lines.next()
}
