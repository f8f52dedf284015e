//! What is known of requests: observes them in the host, takes the log lines that belong to them,
//! and hands both to the terminal and to the error page.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use tailor::contract::Request;
use tailor::development::{EndedRequest, Failure, Observer};
use tailor::suite::{Change, Spent};
use tailor::sync;
use tailor::text::{shorten, visible};
use tracing::field::{Field, Visit};
use tracing::{Event as LogEvent, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::event::{Call, Event, Finished, Note};
use super::fixtures::FixtureServices;
use super::page::Page;
use super::place::{Excerpt, Place};
use super::terminal::Terminal;

/// Requests of which lines are kept; those of further ones are shown at once.
const MAX_REQUESTS: usize = 1_000;
/// Lines that are kept of one request.
const MAX_LINES: usize = 100;
/// How the host begins to say that it takes no component.
const REFUSED: &str = "the component is refused";
/// Longest text of a line, bytes.
const MAX_TEXT: usize = 8 << 10;

/// The requests that are under way.
pub(super) struct Journal {
    terminal: Terminal,
    fixtures: Arc<FixtureServices>,
    folders: Vec<PathBuf>,
    notes: Mutex<HashMap<String, Vec<Note>>>,
    /// Why the newest build of a BFF does not serve.
    failed_builds: Mutex<HashMap<String, String>>,
    /// What requests cost, by method, path and query, the last time.
    costs: Mutex<HashMap<String, Spent>>,
    /// Where `tailor record` finds requests.
    admin: OnceLock<SocketAddr>,
}

impl Journal {
    /// A journal of BFFs in these folders.
    pub(super) fn new(
        terminal: Terminal,
        fixtures: Arc<FixtureServices>,
        folders: Vec<PathBuf>,
    ) -> Self {
        Self {
            terminal,
            fixtures,
            folders,
            notes: Mutex::default(),
            failed_builds: Mutex::default(),
            costs: Mutex::default(),
            admin: OnceLock::new(),
        }
    }

    /// Remembers how the last build of a BFF ended.
    pub(super) fn built(&self, bff: &str, error: Option<String>) {
        let mut failed = sync::lock(&self.failed_builds);
        match error {
            Some(error) => failed.insert(bff.to_owned(), error),
            None => failed.remove(bff),
        };
    }

    /// Whether the last build of a BFF failed.
    fn does_not_build(&self, bff: &str) -> bool {
        sync::lock(&self.failed_builds).contains_key(bff)
    }

    /// The host has begun to serve.
    pub(super) fn records_at(&self, admin: Option<SocketAddr>) {
        if let Some(admin) = admin {
            // It begins once.
            let _ = self.admin.set(admin);
        }
    }

    /// How the cost of a request differs from that of the last one like it.
    fn changes(&self, request: &EndedRequest<'_>) -> Vec<Change> {
        let Some(usage) = &request.usage else {
            return Vec::new();
        };
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        let calls = request.calls;
        let now = Spent {
            cpu_us: u64::try_from(usage.cpu.as_micros()).unwrap_or(u64::MAX),
            memory: number(usage.memory),
            calls: calls.iter().map(|call| u64::from(call.calls)).sum(),
            bytes_out: number(calls.iter().map(|call| call.sent).sum()),
            bytes_in: number(calls.iter().map(|call| call.bytes).sum()),
            response_bytes: number(request.bytes_out),
        };
        let key = format!("{} {}", request.method, shorten(request.target, MAX_TEXT));
        let mut costs = sync::lock(&self.costs);
        if costs.len() >= MAX_REQUESTS && !costs.contains_key(&key) {
            costs.clear();
        }
        let before = costs.insert(key, now);
        before.map_or(Vec::new(), |before| before.changes(&now))
    }

    /// Keeps a line until its request has ended.
    fn note(&self, request: &str, note: Note, of_guest: bool) {
        let mut notes = sync::lock(&self.notes);
        if notes.len() >= MAX_REQUESTS && !notes.contains_key(request) {
            drop(notes);
            self.terminal.show(Event::Note(note));
            return;
        }
        let lines = notes.entry(request.to_owned()).or_default();
        if lines.len() < MAX_LINES {
            // The engine's stack is of use where the BFF itself said nothing.
            let is_told = lines.iter().any(|line| line.level == Level::ERROR);
            let more = if is_told && !of_guest {
                Vec::new()
            } else {
                note.more
            };
            lines.push(Note { more, ..note });
        }
    }

    /// The place that notes name, with the lines around it. None where what was saved last does not
    /// build: the lines are those of the version that runs no more.
    fn excerpt(&self, bff: Option<&str>, notes: &[Note], backtrace: &str) -> Option<Excerpt> {
        if bff.is_some_and(|bff| self.does_not_build(bff)) {
            return None;
        }
        let texts = notes
            .iter()
            .filter(|note| note.level <= Level::WARN)
            .flat_map(|note| std::iter::once(&note.text).chain(&note.more))
            .map(String::as_str)
            .chain(std::iter::once(backtrace));
        let mut places = texts.flat_map(|text| self.folders.iter().map(move |it| (text, it)));
        places.find_map(|(text, folder)| Place::first(text, folder)?.excerpt(folder))
    }
}

impl Observer for Journal {
    fn begun(&self, request: &Request) {
        self.fixtures.begun(request);
    }

    fn ended(&self, request: &EndedRequest<'_>) {
        let notes = sync::lock(&self.notes)
            .remove(request.id)
            .unwrap_or_default();
        let (fixture, mut unanswered) = self.fixtures.ended(request.id);
        let denied = request
            .calls
            .iter()
            .filter(|call| call.outcome == Err("denied"));
        let denied = denied.map(|call| &call.service).collect::<BTreeSet<_>>();
        unanswered.extend(denied.into_iter().map(|service| {
            format!(
                "{service} is not granted: name it in `downstreams` of the BFF in tailor.toml; \
                 where there is none, a service is granted that a fixture has"
            )
        }));
        if request.log_dropped > 0 {
            unanswered.push(format!(
                "{} more log lines are past the limit of a request (limits.log-lines)",
                request.log_dropped
            ));
        }
        let has_failed = request.status >= 500 && !request.outcome.ends_with("xx");
        if let (Some(admin), 500.., Some(_)) = (self.admin.get(), request.status, &request.usage) {
            let id = visible(request.id);
            unanswered.push(format!("a test of it: tailor record {id} --admin {admin}"));
        }
        let bff = request.bff.map(|(bff, _)| bff);
        let excerpt = has_failed.then(|| self.excerpt(bff, &notes, "")).flatten();
        let calls = request.calls.iter().map(|call| Call {
            service: call.service.to_string(),
            target: (call.target.as_ref()).map_or(String::new(), ToString::to_string),
            outcome: match call.outcome {
                Ok(status) => status.to_string(),
                Err(kind) => kind.to_owned(),
            },
            failed: !matches!(call.outcome, Ok(..400)),
            from: call.started.saturating_duration_since(request.started),
            took: call.took,
            bytes: call.bytes,
            sent: call.sent,
            times: call.calls,
        });
        self.terminal.show(Event::Request(Box::new(Finished {
            method: request.method.to_owned(),
            target: visible(shorten(request.target, MAX_TEXT)).into_owned(),
            status: request.status,
            outcome: request.outcome.to_owned(),
            took: request.took,
            bytes_in: request.bytes_in,
            bytes_out: request.bytes_out,
            usage: request.usage,
            calls: calls.collect(),
            changes: self.changes(request),
            fixture,
            hints: unanswered,
            notes,
            excerpt,
        })));
    }

    fn page(&self, failure: &Failure<'_>) -> Option<String> {
        let notes = sync::lock(&self.notes)
            .get(failure.id)
            .cloned()
            .unwrap_or_default();
        let backtrace = failure
            .error
            .map(|error| error.backtrace())
            .unwrap_or_default();
        let mut messages: Vec<String> = notes
            .iter()
            .filter(|note| note.level <= Level::WARN)
            .map(|note| {
                let lines = std::iter::once(&note.text).chain(&note.more);
                lines.map(String::as_str).collect::<Vec<_>>().join("\n  ")
            })
            .collect();
        match failure.error {
            Some(error) => {
                let error = error.to_string();
                if !messages.iter().any(|message| message.starts_with(&error)) {
                    messages.push(error);
                }
            }
            None => {
                let failed = sync::lock(&self.failed_builds).get(failure.bff).cloned();
                messages.push(
                    failed.unwrap_or_else(|| "it is being built for the first time".to_owned()),
                );
            }
        }
        let excerpt = self.excerpt(Some(failure.bff), &notes, &backtrace);
        Some(
            Page {
                bff: failure.bff,
                request_id: failure.id,
                status: failure.status,
                code: failure.code,
                title: failure.title,
                messages: &messages,
                excerpt: excerpt.as_ref(),
                backtrace: &backtrace,
            }
            .html(),
        )
    }
}

/// Takes the log of the process from now on.
pub(super) fn listen(journal: &Arc<Journal>) -> anyhow::Result<()> {
    let layer = Lines(journal.clone());
    let filter = tracing_subscriber::EnvFilter::try_new("warn,guest=debug,tailor=warn")?;
    tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init()?;
    Ok(())
}

/// The events of the process's log.
struct Lines(Arc<Journal>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &LogEvent<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = *event.metadata().level();
        let is_guest = event.metadata().target() == "guest";
        // The host writes the line breaks of a guest as escapes.
        let message = match is_guest {
            true => fields.message.replace("\\n", "\n"),
            false => std::mem::take(&mut fields.message),
        };
        let mut lines = message.lines().map(|line| visible(shorten(line, MAX_TEXT)));
        let text = lines.next().unwrap_or_default().into_owned();
        let mut more: Vec<String> = lines.map(|line| line.into_owned()).collect();
        if is_guest {
            more.extend(guest_fields(fields.take("fields").as_deref()));
        } else if let Some(backtrace) = fields.take("backtrace") {
            let lines = backtrace.lines().map(|line| visible(line).into_owned());
            more.extend(lines);
        }
        let request = fields.take("request_id");
        let refused = fields.take("bff").filter(|_| text.starts_with(REFUSED));
        if refused.is_some_and(|bff| self.0.does_not_build(&bff)) {
            // Its compiler has told why there is none.
            return;
        }
        let note = Note { level, text, more };
        match request {
            Some(request) => self.0.note(&request, note, is_guest),
            None => self.0.terminal.show(Event::Note(note)),
        }
    }
}

/// The fields of a BFF's line, one a line; a stack has a line for each call.
fn guest_fields(fields: Option<&str>) -> Vec<String> {
    let fields = fields.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let Some(serde_json::Value::Object(fields)) = fields else {
        return Vec::new();
    };
    let (mut stack, mut others) = (Vec::new(), Vec::new());
    for (name, value) in &fields {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let text = visible(&text).into_owned();
        if name == "stack" {
            stack.extend(text.split(" < ").map(|call| format!("at {call}")));
        } else {
            others.push(format!("{}: {text}", visible(name)));
        }
    }
    // Its first place is the one that counts; that of the route is among the others.
    stack.append(&mut others);
    stack
}

/// The fields of an event, as texts.
#[derive(Default)]
struct Fields {
    message: String,
    others: HashMap<&'static str, String>,
}

impl Fields {
    fn take(&mut self, name: &str) -> Option<String> {
        self.others.remove(name)
    }

    fn put(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = text,
            name => drop(self.others.insert(name, text)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }
}
