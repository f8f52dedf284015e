//! Results as JUnit XML, which servers of pipelines read.

use std::fmt::Write as _;
use std::time::Duration;

use tailor::suite::{Outcome, Verdict};
use tailor::text::visible;

use super::answers;
use super::bff::BffRun;
use super::fault::Fault;
use super::people::log_line;
use super::style::shown;

/// A `testsuite` for each BFF, a `testcase` for each fixture, for its own tests and for what could
/// not be run.
pub fn document(runs: &[BffRun]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    for run in runs {
        suite(&mut out, run);
    }
    out.push_str("</testsuites>\n");
    out
}

/// One case: its name, how long it took, and what is wrong.
struct TestCase {
    name: String,
    took: Duration,
    wrong: Option<String>,
}

fn suite(out: &mut String, run: &BffRun) {
    let mut cases = Vec::new();
    cases.extend(run.unit.as_ref().map(|unit| TestCase {
        name: unit.command.to_owned(),
        took: unit.took,
        wrong:
            (!unit.passed()).then(|| format!("{} {}\n{}", unit.command, unit.ended, unit.output)),
    }));
    cases.extend(run.problems.iter().map(|problem| TestCase {
        name: shown(&run.folder),
        took: Duration::ZERO,
        wrong: Some(problem.whole.clone()),
    }));
    cases.extend(run.outcomes.iter().map(|outcome| TestCase {
        name: shown(&outcome.path),
        took: outcome.run.as_ref().map_or(Duration::ZERO, |run| run.took),
        wrong: wrong(outcome),
    }));
    cases.extend(run.answers.as_ref().map(|answers| TestCase {
        name: shown(&answers.file),
        took: Duration::ZERO,
        wrong: answers::wrong(answers),
    }));
    let failures = cases.iter().filter(|case| case.wrong.is_some()).count();
    let took: Duration = cases.iter().map(|case| case.took).sum();
    // Writing to a text does not fail.
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{:.3}\">",
        escaped(&run.name),
        cases.len(),
        took.as_secs_f64()
    );
    for case in cases {
        let _ = write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(&run.name),
            escaped(&case.name),
            case.took.as_secs_f64()
        );
        let _ = match case.wrong {
            None => writeln!(out, "/>"),
            Some(wrong) => {
                let first = escaped(wrong.lines().next().unwrap_or_default());
                let all: Vec<String> = wrong.lines().map(escaped).collect();
                let all = all.join("\n");
                writeln!(
                    out,
                    "><failure message=\"{first}\">{all}</failure></testcase>"
                )
            }
        };
    }
    out.push_str("  </testsuite>\n");
}

/// What is wrong with a fixture, one thing a line; nothing where it passed.
fn wrong(outcome: &Outcome) -> Option<String> {
    if outcome.passed() || outcome.is_updated() {
        return None;
    }
    let mut lines = match &outcome.verdict {
        Verdict::Passed => Vec::new(),
        Verdict::Failed(differences) => differences.iter().map(ToString::to_string).collect(),
        Verdict::NoAnswer { error, backtrace } => {
            let fault = outcome.run.as_ref().and_then(Fault::of);
            let fault = fault.map_or(Vec::new(), |fault| {
                [vec![fault.message], fault.more].concat()
            });
            [fault, vec![error.clone(), backtrace.clone()]].concat()
        }
        Verdict::Unusable(error) => vec![error.to_string()],
    };
    if let Some(run) = &outcome.run {
        if lines.is_empty() && !run.expects {
            lines.push("expects nothing, so that it cannot fail".to_owned());
        }
        lines.extend(run.warnings.iter().map(ToString::to_string));
        let calls = run.calls.iter().map(|call| match call.record.outcome {
            Ok(status) => format!("{call} -> {status}"),
            Err(kind) => format!("{call} -> {kind}"),
        });
        lines.extend(calls);
        lines.extend(run.log.iter().map(log_line));
    }
    if let Some(Err(error)) = &outcome.update {
        lines.push(format!("not written anew: {error}"));
    }
    Some(lines.join("\n"))
}

/// One line as XML, with the characters written out that do not show or that XML has no way to
/// write.
fn escaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for character in visible(line).chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_guest_ends_an_element() {
        let hostile = "\"/></testcase>]]>&amp;\u{1b}[2J\u{ffff}\u{0}";
        let wanted = "&quot;/&gt;&lt;/testcase&gt;]]&gt;&amp;amp;\\u{1b}[2J\\u{ffff}\\u{0}";
        assert_eq!(escaped(hostile), wanted);
    }
}
