//! Results for people: a line for each fixture, what failed at the end, and a closing line.

use std::fmt::Write as _;
use std::time::Duration;

use tailor::fixture::Difference;
use tailor::invoke::Cost;
use tailor::suite::{Called, Case, Ended, LogLine, Outcome, UnitRun, Verdict};
use tailor::text::visible;

use super::answers;
use super::bff::BffRun;
use super::fault::Fault;
use super::style::{Style, shown};

/// Lines of a log, of calls or of differences that are shown of one fixture.
const MAX_LINES: usize = 100;

/// The lines of one BFF, as soon as it has ended.
pub fn section(run: &BffRun, style: Style, all_coverage: bool) -> String {
    let mut out = String::new();
    if let Some(unit) = &run.unit {
        let verdict = style.verdict(unit.passed());
        let (what, took) = (own_tests(unit, run), time(unit.took));
        line(&mut out, format!("{verdict} {what} ({took})"));
    }
    for outcome in &run.outcomes {
        line(&mut out, fixture(outcome, style));
    }
    let (seen, all) = run.coverage.share();
    if all_coverage {
        coverage(&mut out, run);
    } else {
        let (covered, routes) = run.coverage.share_of_routes();
        let of_routes = format!("{covered} of {routes} routes");
        let of_services = format!("{seen} of {all} cases of its services");
        let covers = match (routes, all) {
            (0, 0) => None,
            (0, _) => Some(of_services),
            (_, 0) => Some(of_routes),
            _ => Some(format!("{of_routes} and {of_services}")),
        };
        if let Some(covers) = covers {
            let covers = format!(
                "     {} covers {covers} (--coverage names the others)",
                run.name
            );
            line(&mut out, style.aside(covers));
        }
    }
    if let Some(why) = &run.unlisted {
        let warning = format!("     the routes of {} are not known: {why}", run.name);
        line(&mut out, visible(&warning).into_owned());
    }
    if let Some(compared) = &run.answers {
        line(&mut out, answers::line(compared, style));
    }
    if !run.outcomes.is_empty() {
        let limits = match &run.config {
            Some(file) => format!("limits and grants of {}", shown(file)),
            None => "default limits, and a grant for each service of a fixture".to_owned(),
        };
        line(&mut out, style.aside(format!("     {limits}")));
    }
    out
}

/// The BFF's own tests, and how they ended where that is no matter of course.
fn own_tests(unit: &UnitRun, run: &BffRun) -> String {
    let what = format!("{} in {}", unit.command, shown(&run.folder));
    match unit.ended {
        Ended::Passed | Ended::Failed(_) => what,
        ended => format!("{what} {ended}"),
    }
}

/// One fixture in a line.
fn fixture(outcome: &Outcome, style: Style) -> String {
    let word = match outcome.is_updated() {
        true => style.good("new "),
        false => style.verdict(outcome.passed()),
    };
    let mut shown = format!("{word} {}", shown(&outcome.path));
    if let Some(run) = &outcome.run {
        let cost = format!("{}, {}", time(run.took), cost(&run.cost));
        let _ = write!(shown, "  {}", style.aside(cost));
        if !run.changes.is_empty() {
            let changes: Vec<String> = run.changes.iter().map(ToString::to_string).collect();
            let _ = write!(shown, "  ({})", changes.join(", "));
        }
    }
    shown
}

/// What a request cost, each with its limit.
fn cost(cost: &Cost) -> String {
    format!(
        "cpu {}/{}, memory {}/{}, calls {}/{}, bodies {}+{}/{}",
        ms(cost.cpu_us),
        ms(cost.cpu_limit_us),
        size(cost.memory),
        size(cost.memory_limit),
        cost.calls,
        cost.calls_limit,
        size(cost.bytes_out),
        size(cost.bytes_in),
        size(cost.bytes_limit),
    )
}

/// Milliseconds, with tenths below ten.
fn ms(us: u128) -> String {
    let (whole, part) = (us / 1000, us % 1000 / 100);
    match whole {
        0..10 => format!("{whole}.{part} ms"),
        _ => format!("{whole} ms"),
    }
}

fn size(bytes: usize) -> String {
    let tenths = |unit: u32| {
        let tenths = bytes.saturating_mul(10) >> unit;
        (tenths / 10, tenths % 10)
    };
    let (shown, unit) = match bytes {
        0..1024 => return format!("{bytes} B"),
        1024..1_048_576 => (tenths(10), "KiB"),
        _ => (tenths(20), "MiB"),
    };
    match shown {
        (whole, 0) => format!("{whole} {unit}"),
        (whole, tenth) => format!("{whole}.{tenth} {unit}"),
    }
}

fn time(took: Duration) -> String {
    ms(took.as_micros())
}

fn coverage(out: &mut String, run: &BffRun) {
    line(out, format!("coverage of {}:", run.name));
    for (name, service) in &run.coverage.services {
        let missing = service.missing();
        if missing.is_empty() {
            line(out, format!("  {name}: all of {}", names(&Case::ALL)));
            continue;
        }
        let entries: Vec<String> = missing
            .iter()
            .map(|case| {
                format!(
                    "{{\"service\": \"{name}\", \"path\": \"*\", {}}}",
                    case.entry()
                )
            })
            .collect();
        line(
            out,
            format!(
                "  {name}: no fixture with {}; add {}",
                names(&missing),
                entries.join(", ")
            ),
        );
    }
    let routes = run.coverage.routes.iter();
    for (request, fixtures) in routes.chain(&run.coverage.requests) {
        let told = match fixtures {
            0 => "no fixture comes to this route".to_owned(),
            1 => "1 fixture".to_owned(),
            fixtures => format!("{fixtures} fixtures"),
        };
        line(out, format!("  {}: {told}", visible(request)));
    }
}

fn names(cases: &[Case]) -> String {
    let names: Vec<&str> = cases.iter().map(|case| case.name()).collect();
    names.join(", ")
}

/// What failed, and the counts.
pub fn end(runs: &[BffRun], problems: &[String], took: Duration, style: Style) -> String {
    let mut out = String::new();
    for run in runs {
        if let Some(unit) = run.unit.as_ref().filter(|unit| !unit.passed()) {
            let what = own_tests(unit, run);
            line(&mut out, format!("\n{} {what}", style.bad("FAIL")));
            for text in unit.output.lines() {
                line(&mut out, format!("  {}", visible(text)));
            }
        }
        for outcome in &run.outcomes {
            if !outcome.passed() && !outcome.is_updated() {
                failure(&mut out, outcome, style);
            }
        }
        if let Some(compared) = &run.answers {
            out.push_str(&answers::failure(compared, style));
        }
        for problem in &run.problems {
            let folder = shown(&run.folder);
            // Most errors name a file in it.
            let problem = match problem.shown.contains(&folder) {
                true => problem.shown.clone(),
                false => format!("{folder}: {}", problem.shown),
            };
            problem_of(&mut out, &problem, style);
        }
    }
    for problem in problems {
        problem_of(&mut out, problem, style);
    }
    let outcomes = || runs.iter().flat_map(|run| &run.outcomes);
    let updated = outcomes().filter(|it| it.is_updated()).count();
    let passed = outcomes().filter(|it| it.passed()).count();
    let failed = outcomes().count() - passed - updated;
    let mut counts = format!("{passed} passed, {failed} failed");
    if updated > 0 {
        let _ = write!(counts, ", {updated} written anew");
    }
    let units = runs.iter().filter_map(|run| run.unit.as_ref());
    let broken = units.filter(|unit| !unit.passed()).count();
    if broken > 0 {
        let _ = write!(counts, ", own tests of {broken} failed");
    }
    let answers = runs.iter().filter_map(|run| run.answers.as_ref());
    let changed = answers.filter(|it| !it.changes.is_empty()).count();
    if changed > 0 {
        let _ = write!(counts, ", answers of {changed} changed");
    }
    let stuck = problems.len() + runs.iter().map(|run| run.problems.len()).sum::<usize>();
    if stuck > 0 {
        let _ = write!(counts, ", {stuck} could not be run");
    }
    let is_good = failed == 0 && broken == 0 && changed == 0 && stuck == 0;
    let counts = if is_good {
        style.good(counts)
    } else {
        style.bad(counts)
    };
    if !out.is_empty() {
        out.push('\n');
    }
    line(&mut out, format!("{counts} in {:.2} s", took.as_secs_f64()));
    out
}

fn problem_of(out: &mut String, problem: &str, style: Style) {
    let mut lines = problem.lines();
    let first = lines.next().unwrap_or_default();
    line(out, format!("\n{} {}", style.bad("FAIL"), visible(first)));
    for text in lines {
        line(out, format!("  {}", visible(text)));
    }
}

fn failure(out: &mut String, outcome: &Outcome, style: Style) {
    let asked = outcome.run.as_ref();
    let asked = asked.map_or(String::new(), |run| {
        format!("  {} {}", run.method, visible(&run.path))
    });
    line(
        out,
        format!("\n{} {}{asked}", style.bad("FAIL"), shown(&outcome.path)),
    );
    match &outcome.verdict {
        Verdict::Passed => {}
        Verdict::Failed(differences) => {
            for difference in differences.iter().take(MAX_LINES) {
                differs(out, difference, style);
            }
            if differences.len() >= Difference::MOST {
                line(
                    out,
                    "  and perhaps more: no others are looked for".to_owned(),
                );
            }
        }
        Verdict::NoAnswer { error, backtrace } => {
            let fault = outcome.run.as_ref().and_then(Fault::of);
            if let Some(fault) = fault {
                line(out, format!("  {}", style.bad(fault.message)));
                for more in fault.more {
                    line(out, format!("    {more}"));
                }
            }
            line(out, format!("  {}", style.bad(visible(error))));
            for frame in backtrace.lines() {
                line(out, format!("    at {frame}"));
            }
        }
        Verdict::Unusable(error) => line(out, format!("  {}", visible(&error.to_string()))),
    }
    if let Some(Err(error)) = &outcome.update {
        line(
            out,
            format!("  not written anew: {}", visible(&error.to_string())),
        );
    }
    let Some(run) = &outcome.run else { return };
    if !run.expects && matches!(outcome.verdict, Verdict::Passed) {
        line(
            out,
            "  expects nothing, so that it cannot fail; --update writes what came".to_owned(),
        );
    }
    for warning in &run.warnings {
        line(out, format!("  {warning}"));
    }
    if !run.calls.is_empty() {
        line(out, "  calls:".to_owned());
    }
    for called in run.calls.iter().take(MAX_LINES) {
        line(out, format!("    {}", call(called)));
    }
    if !run.log.is_empty() {
        line(out, "  log:".to_owned());
    }
    for entry in run.log.iter().take(MAX_LINES) {
        line(out, format!("    {}", log_line(entry)));
    }
    if run.log_dropped > 0 {
        line(
            out,
            format!("    {} lines more than the limit", run.log_dropped),
        );
    }
}

/// A line of a guest's log with its fields.
pub fn log_line(entry: &LogLine) -> String {
    let mut text = format!("{} {}", entry.level, visible(&entry.message));
    for (name, value) in &entry.fields {
        let _ = write!(text, " {}={}", visible(name), visible(value));
    }
    text
}

fn differs(out: &mut String, difference: &Difference, style: Style) {
    line(out, format!("  {}", difference.pointer));
    let value = |value: &Option<String>| value.clone().unwrap_or("(nothing)".to_owned());
    line(
        out,
        style.bad(format!("    - {}", value(&difference.expected))),
    );
    line(
        out,
        style.good(format!("    + {}", value(&difference.found))),
    );
}

fn call(called: &Called) -> String {
    let record = &called.record;
    let outcome = match record.outcome {
        Ok(status) => format!("{status}, {} bytes", record.bytes),
        Err(kind) => kind.to_owned(),
    };
    let entry = match called.entry {
        Some(index) => format!("downstreams[{index}]"),
        None => "no entry".to_owned(),
    };
    let times = match record.calls {
        1 => String::new(),
        times => format!(", {times} such calls"),
    };
    format!(
        "{called} -> {outcome} in {} ({entry}){times}",
        time(record.took)
    )
}

fn line(out: &mut String, text: String) {
    out.push_str(&text);
    out.push('\n');
}
