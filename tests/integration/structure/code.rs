//! The part of a Rust file that matters for its imports: declarations of modules, `use`, and paths.
//! Read from the text, without a parser of the language.

/// What a file declares and names.
#[derive(Debug, Default)]
pub struct Code {
    /// Modules in files of their own.
    pub modules: Vec<Module>,
    /// What `use` brings in.
    pub imports: Vec<Use>,
    /// What `pub use` brings in and offers to others.
    pub reexports: Vec<Use>,
    /// Paths and names elsewhere.
    pub paths: Vec<Vec<String>>,
}

/// A module in a file of its own.
#[derive(Debug, PartialEq)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// The file that `#[path]` names, from the folder of the file that declares it.
    pub file: Option<String>,
}

/// One path of a `use`.
#[derive(Debug, PartialEq)]
pub struct Use {
    /// Its parts; the last may be `*`.
    pub parts: Vec<String>,
    /// The name that it has here.
    pub name: String,
}

/// Reads a file. Code for tests only is ignored.
pub fn read(text: &str) -> Code {
    let mut tokens = tokens(text);
    drop_tests(&mut tokens);
    let mut code = Code::default();
    let mut at = 0;
    while at < tokens.len() {
        let (public, start) = visibility(&tokens, at);
        let word = |offset: usize| tokens.get(start + offset).map_or("", String::as_str);
        at = match word(0) {
            "mod" if word(2) == ";" => {
                let name = word(1).to_owned();
                let file = named_file(text, &name);
                code.modules.push(Module { name, file });
                start + 3
            }
            "use" => {
                let found = if public {
                    &mut code.reexports
                } else {
                    &mut code.imports
                };
                use_tree(&tokens, start + 1, &[], found)
            }
            _ if start > at => start,
            _ => path(&tokens, at, &mut code.paths),
        };
    }
    code
}

/// The file that `#[path]` names for a module. Looked for in the text, as quotes are no tokens.
fn named_file(text: &str, module: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let declared = lines
        .windows(2)
        .find(|pair| pair[1].ends_with(&format!("mod {module};")))?;
    let file = declared[0]
        .strip_prefix("#[path = \"")?
        .strip_suffix("\"]")?;
    Some(file.to_owned())
}

/// Whether a visibility is written here, and where it ends.
fn visibility(tokens: &[String], at: usize) -> (bool, usize) {
    if tokens[at] != "pub" {
        return (false, at);
    }
    if tokens.get(at + 1).is_none_or(|next| next != "(") {
        return (true, at + 1);
    }
    let rest = &tokens[at..];
    let end = rest.iter().position(|it| it == ")").unwrap_or(rest.len());
    (true, at + end + 1)
}

/// Takes a path, or the one token that is none. Returns where to go on.
fn path(tokens: &[String], start: usize, found: &mut Vec<Vec<String>>) -> usize {
    let mut parts = vec![tokens[start].clone()];
    let mut at = start + 1;
    while let [colons, next, ..] = &tokens[at..]
        && colons == "::"
        && is_name(next)
    {
        parts.push(next.clone());
        at += 2;
    }
    // A single name in small letters may also be a variable or a field; it counts where it is
    // called.
    let of_type = parts[0].starts_with(char::is_uppercase);
    let called = tokens.get(at).is_some_and(|next| next == "(");
    let method = start > 0 && matches!(tokens[start - 1].as_str(), "." | "fn");
    if is_name(&parts[0]) && (parts.len() > 1 || of_type || called && !method) {
        found.push(parts);
    }
    at
}

/// Takes the tree of a `use` apart, after the parts that it begins with. Returns where to go on.
fn use_tree(tokens: &[String], mut at: usize, before: &[String], found: &mut Vec<Use>) -> usize {
    let mut parts = before.to_vec();
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "{" => {
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    at = use_tree(tokens, at, &parts, found);
                    at += usize::from(tokens.get(at).is_some_and(|it| it == ","));
                }
                return at + 1;
            }
            "as" => {
                let name = tokens.get(at + 1).cloned().unwrap_or_default();
                found.push(Use { parts, name });
                return at + 2;
            }
            // `a::{self}` is `a`; at the beginning it stands for this module.
            "self" if !parts.is_empty() => {}
            name if is_name(name) || name == "*" => parts.push(name.to_owned()),
            _ => break,
        }
        at += 1;
    }
    if let Some(name) = parts.last().cloned() {
        found.push(Use { parts, name });
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Takes out each item below `#[cfg(test)]`.
fn drop_tests(tokens: &mut Vec<String>) {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    while let Some(start) = tokens
        .windows(attribute.len())
        .position(|window| window == attribute)
    {
        let end = item_end(tokens, start + attribute.len());
        tokens.drain(start..end);
    }
}

/// Where an item ends: behind its `;` or its braces.
fn item_end(tokens: &[String], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(token.as_str(), ";" | "}") {
            return at + 1;
        }
    }
    tokens.len()
}

/// Names, `::` and single signs. Comments and what stands in quotes is left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = first.is_whitespace() as usize * first.len_utf8()
            + comment(rest).or_else(|| quoted(rest)).unwrap_or(0);
        if skipped > 0 {
            rest = &rest[skipped..];
            continue;
        }
        let in_name = |it: char| it.is_alphanumeric() || it == '_';
        let length = match rest.find(|it| !in_name(it)).unwrap_or(rest.len()) {
            0 if rest.starts_with("::") => 2,
            0 => first.len_utf8(),
            name => name,
        };
        tokens.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    tokens
}

/// The length of a comment that begins here.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let inner = text.strip_prefix("/*")?;
    Some(inner.find("*/").map_or(text.len(), |end| end + 4))
}

/// The length of a string, a character or a lifetime that begins here.
fn quoted(text: &str) -> Option<usize> {
    let opened = text.strip_prefix('b').unwrap_or(text);
    let before = text.len() - opened.len();
    if let Some(raw) = opened.strip_prefix('r') {
        let quote = raw.find(|it| it != '#')?;
        let inner = raw[quote..].strip_prefix('"')?;
        let end = format!("\"{}", &raw[..quote]);
        let length = inner.find(&end).map_or(inner.len(), |it| it + end.len());
        return Some(text.len() - inner.len() + length);
    }
    let quote = opened
        .chars()
        .next()
        .filter(|it| matches!(it, '"' | '\''))?;
    let inner = &opened[1..];
    // A quote that is not closed behind one character begins a lifetime.
    let character = inner.starts_with('\\') || inner.chars().nth(1) == Some('\'');
    if quote == '\'' && !character {
        return Some(before + 1);
    }
    let mut escaped = false;
    let end = inner.find(|it| {
        let closing = it == quote && !escaped;
        escaped = it == '\\' && !escaped;
        closing
    });
    Some(before + 1 + end.map_or(inner.len(), |end| end + 1))
}
