//! What came of a fixture, as JSON: for `tailor call` and `tailor test --json`.

use serde_json::{Map, Value, json};
use tailor::bff::response::CheckedResponse;
use tailor::fixture::Difference;
use tailor::suite::{Called, Outcome, Verdict};
use tailor::text::is_hidden;

/// A document as text, in which no character is left that a terminal acts on.
pub fn text(document: &Value) -> String {
    plain(&format!("{document:#}"))
}

/// The same on one line.
pub fn line(document: &Value) -> String {
    plain(&document.to_string())
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && is_hidden(character) {
            // It is part of a text, and of the first plane of Unicode.
            plain.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Answer or error, log, calls, cost, and what is to be said of them.
pub fn json(outcome: &Outcome) -> Value {
    let mut shown = Map::new();
    let mut add = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    match &outcome.verdict {
        Verdict::Passed => {}
        Verdict::Failed(differences) => {
            add("differences", json!(differences));
            if differences.len() >= Difference::MOST {
                add("differences_cut", json!(true));
            }
        }
        Verdict::NoAnswer { error, backtrace } => {
            add("error", json!(error));
            add("backtrace", json!(backtrace.lines().collect::<Vec<_>>()));
        }
        Verdict::Unusable(error) => drop(add("error", json!(error.to_string()))),
    }
    let Some(run) = &outcome.run else {
        return Value::Object(shown);
    };
    if let Some(answer) = &run.response {
        add("response", response(answer));
    }
    add("log", json!(run.log));
    if run.log_dropped > 0 {
        add("log_dropped", json!(run.log_dropped));
    }
    add("calls", run.calls.iter().map(called).collect());
    let mut cost = json!(run.cost);
    if !run.changes.is_empty() {
        let before = run
            .changes
            .iter()
            .map(|it| (it.name.to_owned(), json!(it.before)));
        cost["before"] = Value::Object(before.collect());
    }
    add("cost", cost);
    if !run.warnings.is_empty() {
        let warnings = run.warnings.iter().map(ToString::to_string);
        add("warnings", warnings.collect());
    }
    Value::Object(shown)
}

fn response(answer: &CheckedResponse) -> Value {
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
    let headers: Vec<Value> = headers.collect();
    let body = serde_json::from_slice::<Value>(&answer.body)
        .unwrap_or_else(|_| json!(String::from_utf8_lossy(&answer.body)));
    json!({"status": answer.status.as_u16(), "headers": headers, "body": body, "bytes": answer.body.len()})
}

fn called(call: &Called) -> Value {
    let record = &call.record;
    let took = u64::try_from(record.took.as_micros()).unwrap_or(u64::MAX);
    let mut shown = json!({"service": *record.service, "took_us": took});
    match record.outcome {
        Ok(status) => {
            shown["status"] = json!(status);
            shown["bytes"] = json!(record.bytes);
        }
        Err(kind) => shown["failure"] = json!(kind),
    }
    if let Some(target) = &record.target {
        shown["method"] = json!(target.method.as_str());
        shown["path"] = json!(target.path);
    }
    if record.sent > 0 {
        shown["sent"] = json!(record.sent);
    }
    if let Some(entry) = call.entry {
        shown["entry"] = json!(entry);
    }
    if record.calls > 1 {
        shown["calls"] = json!(record.calls);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left_and_nothing_is_lost() {
        let hostile = json!({"a\u{9b}": ["\u{1b}[2J\n", "\u{202e}é\u{7f}"]});
        let text = text(&hostile);
        assert!(!text.contains(|it| it != '\n' && is_hidden(it)), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), hostile);
    }
}
