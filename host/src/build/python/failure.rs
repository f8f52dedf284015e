//! Why no component was made: what Python said, with the author's places.

use std::path::Path;

/// Begins what componentize-py says of a function of the host that was called.
const STUB: &str = "called trapping stub: ";
/// The line before the causes, of which the first is the exception.
const CAUSES: &str = "Caused by:";
/// What it says of an interpreter that ended, and of one whose memory it cannot keep.
const ENDED: &str = "error while executing at wasm backtrace";
const TOO_LARGE: &str = "component-init-get-memory";
/// What the entry says of a module without a handler.
const NO_HANDLER: &str = "has no `handler` with a method";
/// Calls that are shown of a stack.
const MOST_CALLS: usize = 8;

/// The reason in what was printed. `shown` are the folders of modules, by their numbers.
pub(super) fn reason(printed: &str, shown: &[&Path]) -> String {
    let mut lines = printed.lines();
    if let Some(stub) = lines.find_map(|line| line.split(STUB).nth(1)) {
        let function = stub.trim().rsplit(['#', '/']).next().unwrap_or(stub);
        return format!(
            "module-level code calls `{function}` of the host when the component is built, and there is \
             no host then: call it in a handler"
        );
    }
    let (before, causes) = match printed.rsplit_once(CAUSES) {
        Some((before, causes)) => (before, causes),
        None => (printed, ""),
    };
    let cause = causes.lines().map(str::trim).find(|line| !line.is_empty());
    let Some(cause) = cause.map(|line| line.trim_start_matches("0: ")) else {
        return format!("componentize-py failed: {}", last_line(printed));
    };
    if cause.starts_with(ENDED) {
        return "module-level code ended the interpreter when the component was built: look for \
                `sys.exit`, `os.abort` and data that is nested too deeply"
            .to_owned();
    }
    if cause.contains(TOO_LARGE) {
        return "module-level code left more in memory than a component can begin with: make less of \
                it, or make it in a handler"
            .to_owned();
    }
    let calls = calls(before, shown);
    if cause.contains(NO_HANDLER) {
        return cause.to_owned();
    }
    if calls.is_empty() {
        return format!("componentize-py failed: {cause}");
    }
    let cause = translated(cause, shown);
    format!("module-level code failed: {cause}\n{}", calls.join("\n"))
}

/// Whether what was printed is of a file that is no Python.
pub(super) fn is_of_syntax(printed: &str) -> bool {
    let kinds = ["SyntaxError", "IndentationError", "TabError"];
    let last = last_line(printed);
    kinds.iter().any(|kind| last.starts_with(kind))
}

fn last_line(printed: &str) -> &str {
    let lines = printed.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty());
    lines.next_back().unwrap_or("it printed nothing")
}

/// The calls of the author's, the innermost first: `    at week (src/main.py:14)`.
fn calls(printed: &str, shown: &[&Path]) -> Vec<String> {
    let calls = printed.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("File \"")?;
        let (file, rest) = rest.split_once("\", line ")?;
        let file = place(file, shown)?;
        let (line, function) = rest.split_once(", in ").unwrap_or((rest, "<module>"));
        Some(match function {
            "<module>" => format!("    at {file}:{line}"),
            function => format!("    at {function} ({file}:{line})"),
        })
    });
    let mut calls: Vec<String> = calls.collect();
    calls.reverse();
    calls.truncate(MOST_CALLS);
    calls
}

/// `src/main.py`, also of `/0/main.py`, if it is in one of the author's folders.
fn place(file: &str, shown: &[&Path]) -> Option<String> {
    if file.ends_with(".py") && !file.starts_with(['/', '<']) {
        return Some(file.to_owned());
    }
    let (number, rest) = file.strip_prefix('/')?.split_once('/')?;
    let folder = shown.get(number.parse::<usize>().ok()?)?;
    Some(folder.join(rest).display().to_string())
}

/// A message that has such a name of a file in it.
fn translated(text: &str, shown: &[&Path]) -> String {
    let words = text.split_inclusive([' ', '\'', '"', '(', ')']);
    let words = words.map(|word| {
        let end = word.trim_end_matches([' ', '\'', '"', '(', ')', ',']);
        match place(end, shown) {
            Some(place) => word.replacen(end, &place, 1),
            None => word.to_owned(),
        }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(printed: &str) -> String {
        reason(printed, &[Path::new("src"), Path::new("vendor/kit/src")])
    }

    #[test]
    fn an_exception_is_told_with_the_authors_calls() {
        let printed = "Traceback (most recent call last):\n  File \"/home/ada/bin/componentize-py\", line 8, in <module>\n\
            AssertionError: hello\nTraceback (most recent call last):\n  File \"/2/tailor_entry.py\", line 1, in <module>\n    \
            import main\n  File \"/0/main.py\", line 8, in <module>\n    deep()\n    ~~~~^^\n  \
            File \"/0/main.py\", line 7, in deep\n    raise ValueError(\"boom\")\nValueError: boom\n\n\n\
            Caused by:\n    ValueError: boom\n\nStack backtrace:\n   0: <anyhow::Error>::msg\n";
        assert_eq!(
            of(printed),
            "module-level code failed: ValueError: boom\n    at deep (src/main.py:7)\n    at src/main.py:8"
        );
    }

    #[test]
    fn a_file_that_does_not_parse_is_told_with_its_line() {
        let printed = "AssertionError: Traceback (most recent call last):\n  File \"/2/tailor_entry.py\", line 1, in <module>\n    \
            import main\n  File \"/0/main.py\", line 2\n    def f(:\n          ^\nSyntaxError: invalid syntax\n\n\n\
            Caused by:\n    SyntaxError: invalid syntax (main.py, line 2)\n";
        assert_eq!(
            of(printed),
            "module-level code failed: SyntaxError: invalid syntax (main.py, line 2)\n    at src/main.py:2"
        );
    }

    #[test]
    fn a_call_of_the_host_is_told_for_what_it_is() {
        let printed = "AssertionError: \n\nCaused by:\n    0: error while executing at wasm backtrace:\n           \
            0: 0xa0f4c8 - <unknown>!<wasm function 92>\n    1: called trapping stub: tailor:bff/runtime@0.1.1#log\n";
        assert_eq!(
            of(printed),
            "module-level code calls `log` of the host when the component is built, and there is no host \
             then: call it in a handler"
        );
    }

    #[test]
    fn an_interpreter_that_ended_and_a_module_without_a_handler_are_told() {
        let of = |cause: &str| of(&format!("AssertionError: \n\nCaused by:\n    0: {cause}\n"));
        let ended = of("error while executing at wasm backtrace:\n           0: 0xa0f4c8 - wasm");
        assert!(
            ended.starts_with("module-level code ended the interpreter"),
            "{ended}"
        );
        let large = of("retrieving memory with component-init-get-memory");
        assert!(
            large.contains("more in memory than a component can begin with"),
            "{large}"
        );
        let lacking = "TypeError: the module main has no `handler` with a method `handle(request)`";
        assert_eq!(of(lacking), lacking);
    }

    #[test]
    fn a_failure_of_the_tool_itself_is_told_in_its_words() {
        let printed = "AssertionError: no world\n\nCaused by:\n    0: world not found\n";
        assert_eq!(of(printed), "componentize-py failed: world not found");
        assert_eq!(of("Killed\n"), "componentize-py failed: Killed");
        let file =
            "ImportError: cannot import name 'x' from 'tailor_kit' (/1/tailor_kit/__init__.py)";
        let printed = format!("File \"/0/main.py\", line 1, in <module>\nCaused by:\n    {file}\n");
        assert_eq!(
            of(&printed),
            "module-level code failed: ImportError: cannot import name 'x' from 'tailor_kit' \
             (vendor/kit/src/tailor_kit/__init__.py)\n    at src/main.py:1"
        );
    }
}
