//! How events look.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use tailor::text::{shorten, visible};
use tracing::Level;

use super::event::{Call, Event, Finished, Note, Route};
use super::place::Excerpt;

/// Width of the picture of calls, characters.
const WIDTH: usize = 30;
/// Longest target of a call, bytes.
const MAX_TARGET: usize = 60;

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const CALL: Style = AnsiColor::Cyan.on_default();

/// The lines of an event, each with its end.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Serving { address, routes } => serving(address, routes),
        Event::Built {
            bff,
            size,
            fresh,
            took,
        } => {
            let how = if *fresh { "is up to date" } else { "built" };
            let size = bytes(usize::try_from(*size).unwrap_or(usize::MAX));
            styled(GOOD, &format!("{bff} {how} in {}, {size}", time(*took))) + "\n"
        }
        Event::BuildFailed {
            bff,
            took,
            has_last,
        } => {
            let meanwhile = match has_last {
                true => "what was built last goes on",
                false => "there is no earlier build to serve",
            };
            let took = time(*took);
            styled(BAD, &format!("{bff} does not build ({took}); {meanwhile}")) + "\n"
        }
        Event::Said(said) => said.lines().map(|line| colours(line) + "\n").collect(),
        Event::WrongTypes(bff) => {
            styled(
                WARN,
                &format!("{bff} has wrong types; it serves all the same"),
            ) + "\n"
        }
        Event::RightTypes(bff) => styled(GOOD, &format!("the types of {bff} are right")) + "\n",
        Event::Live { bff, version, took } => match version {
            Some(version) => {
                styled(
                    GOOD,
                    &format!("{bff} {version} is live, {} after the save", time(*took)),
                ) + "\n"
            }
            None => styled(QUIET, &format!("{bff} is what served before")) + "\n",
        },
        Event::Reloaded { needs_restart } => {
            let mut text = styled(GOOD, "the configuration was read again") + "\n";
            for key in needs_restart {
                let what = format!("{key}: takes effect when `tailor dev` is started again");
                text += &(styled(WARN, &what) + "\n");
            }
            text
        }
        Event::Request(finished) => request(finished),
        Event::Note(it) => note(it, ""),
        Event::Problem(problem) => {
            let lines = problem
                .lines()
                .map(|line| styled(WARN, &visible(line)) + "\n");
            lines.collect()
        }
    }
}

fn serving(address: &std::net::SocketAddr, routes: &[Route]) -> String {
    let mut text = String::from("\n");
    for route in routes {
        let headers: String = route
            .headers
            .iter()
            .map(|(name, value)| format!(" -H {}", quoted(&format!("{name}: {value}"))))
            .collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{} curl -i{headers} {}",
            styled(BOLD, &format!("{:12}", route.bff)),
            quoted(&format!("http://{address}{}", route.example))
        );
    }
    text + &styled(QUIET, "save a source to have it built; Ctrl-C stops") + "\n\n"
}

fn request(it: &Finished) -> String {
    let style = match it.status {
        ..400 => GOOD,
        400..500 => WARN,
        _ => BAD,
    };
    let mut text = format!(
        "{} {} {} {}",
        styled(BOLD, &it.method),
        it.target,
        styled(style, &it.status.to_string()),
        time(it.took)
    );
    if !it.outcome.ends_with("xx") {
        text += &format!(" {}", styled(style, &it.outcome));
    }
    let mut cost = vec![format!("out {}", bytes(it.bytes_out))];
    if it.bytes_in > 0 {
        cost.insert(0, format!("in {}", bytes(it.bytes_in)));
    }
    if let Some(usage) = &it.usage {
        let calls: u32 = it.calls.iter().map(|call| call.times).sum();
        cost.push(format!(
            "CPU {} of {}",
            time(usage.cpu),
            time(usage.cpu_limit)
        ));
        cost.push(format!(
            "memory {} of {}",
            bytes(usage.memory),
            bytes(usage.memory_limit)
        ));
        cost.push(format!("calls {calls} of {}", usage.calls_limit));
        let bodies = it.calls.iter().map(|call| call.bytes + call.sent).sum();
        cost.push(format!(
            "their bodies {} of {}",
            bytes(bodies),
            bytes(usage.bytes_limit)
        ));
    }
    if let Some(fixture) = &it.fixture {
        cost.push(format!("answers of {}", visible(fixture)));
    }
    text += &format!("\n  {}\n", styled(QUIET, &cost.join(", ")));
    if !it.changes.is_empty() {
        let changes: Vec<String> = it.changes.iter().map(ToString::to_string).collect();
        text += &format!("  {}\n", styled(WARN, &changes.join(", ")));
    }
    let width = it
        .calls
        .iter()
        .map(|call| call.service.len())
        .max()
        .unwrap_or(0);
    for call in &it.calls {
        text += &waterfall(call, it.took, width.min(20));
    }
    for hint in &it.hints {
        text += &format!("  {}\n", styled(WARN, &visible(hint)));
    }
    for line in &it.notes {
        text += &note(line, "  ");
    }
    if let Some(excerpt) = &it.excerpt {
        text += &source(excerpt);
    }
    text
}

/// A call, with a picture of when it was under way.
fn waterfall(call: &Call, total: Duration, width: usize) -> String {
    let at = |time: Duration| {
        let share = time.as_secs_f64() / total.as_secs_f64().max(1e-9);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "between 0 and the width, which is small"
        )]
        let place = (share.clamp(0.0, 1.0) * WIDTH as f64).round() as usize;
        place.min(WIDTH)
    };
    let from = at(call.from).min(WIDTH - 1);
    let to = at(call.from + call.took).max(from + 1);
    let style = if call.failed { BAD } else { CALL };
    let times = match call.times {
        1 => String::new(),
        times => format!(" x{times}"),
    };
    let target = visible(shorten(&call.target, MAX_TARGET)).into_owned();
    format!(
        "  {}{}{} {:>7}  {} {} {}{times}\n",
        " ".repeat(from),
        styled(style, &"\u{2501}".repeat(to - from)),
        " ".repeat(WIDTH - to),
        time(call.took),
        styled(style, &format!("{:7}", call.outcome)),
        format_args!("{:width$}", visible(&call.service)),
        styled(QUIET, &format!("{target} {}", bytes(call.bytes))),
    )
}

fn note(note: &Note, indent: &str) -> String {
    let style = match note.level {
        Level::ERROR => BAD,
        Level::WARN => WARN,
        _ => QUIET,
    };
    let level = note.level.as_str().to_lowercase();
    let mut text = format!("{indent}{} {}\n", styled(style, &level), note.text);
    for line in &note.more {
        text += &format!("{indent}      {}\n", styled(QUIET, line));
    }
    text
}

fn source(excerpt: &Excerpt) -> String {
    let place = &excerpt.place;
    let mut text = format!(
        "  {}\n",
        styled(BOLD, &format!("{}:{}", place.file.display(), place.line))
    );
    for (number, line) in &excerpt.lines {
        let line = visible(line);
        let shown = if *number == place.line {
            styled(BAD, &format!("> {number:5} | {line}"))
        } else {
            format!("  {number:5} | {line}")
        };
        text += &format!("  {shown}\n");
    }
    text
}

/// A line of a compiler with its colours, and no other sequence that a terminal acts on: packages of
/// others may write what they like.
fn colours(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('\u{1b}') {
        text += &visible(&rest[..start]);
        let after = &rest[start + 1..];
        let is_code = |c: char| c.is_ascii_digit() || c == ';';
        let code = after.strip_prefix('[').unwrap_or_default();
        let length = code.find(|c| !is_code(c)).unwrap_or(code.len());
        if code[length..].starts_with('m') {
            text += &format!("\u{1b}[{}m", &code[..length]);
            rest = &code[length + 1..];
        } else {
            text += "\\u{1b}";
            rest = after;
        }
    }
    text + &visible(rest)
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", visible(word).replace('\'', "'\\''"))
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn time(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        1.0..100.0 => format!("{ms:.1} ms"),
        100.0..10_000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1e3),
    }
}

fn bytes(bytes: usize) -> String {
    match bytes {
        ..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} KB", bytes / 1_000, bytes / 100 % 10),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_compilers_say_only_colours_reach_the_terminal() {
        for (said, expected) in [
            ("\u{1b}[31merror\u{1b}[0m: x", "\u{1b}[31merror\u{1b}[0m: x"),
            ("\u{1b}[1;38;5;9mx", "\u{1b}[1;38;5;9mx"),
            ("\u{1b}]0;owned\u{7}", "\\u{1b}]0;owned\\u{7}"),
            ("\u{1b}[2Jx", "\\u{1b}[2Jx"),
            ("\u{1b}[", "\\u{1b}["),
            ("\u{1b}", "\\u{1b}"),
            ("a\rb", "a\\rb"),
        ] {
            assert_eq!(colours(said), expected);
        }
    }

    #[test]
    fn a_word_of_a_shell_is_one_word() {
        assert_eq!(quoted("/a?x='$(id)"), "'/a?x='\\''$(id)'");
    }
}
