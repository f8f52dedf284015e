//! The pictures of `docs/write/dev.md`: a terminal of `tailor dev`, as SVG.
//!
//! `cargo run --example dev_picture` makes a BFF below a temporary folder, with the packages of
//! `bffs/partner`, asks it, breaks it, and writes `docs/write/dev.svg` and the page of its error,
//! `target/dev-error.html`. The picture of that one is what a browser makes of it:
//! `chromium --headless --window-size=1000,640 --screenshot=docs/write/dev-error.png
//! file://$PWD/target/dev-error.html`.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::Context as _;
use tailor_harness::Dev;
use tailor_harness::components::root;
use tailor_harness::dev::package;

const MAIN: &str = r#"import { bff, fetchAll, get, getJson, json, number, object, path } from "@tailor/kit";

const steps = object({ steps: number });
const sleep = object({ asleep_minutes: number });

export const handler = bff([
  get("/{user}", (_request, { user }) => {
    const [activity, night] = fetchAll(
      getJson("activity", path`/users/${user}/days/2026-01-15`, {}, steps),
      getJson("sleep", path`/users/${user}/nights/2026-01-15`, {}, sleep),
    );
    if (activity.kind !== "value") throw new Error("a face without steps");
    return json({ steps: activity.value.steps, sleep: night.kind === "value" ? night.value.asleep_minutes : null });
  }),
]);
"#;

const GOOD: &str = r#"{
  "request": {"path": "/ada"},
  "downstreams": [
    {"service": "activity", "path": "/users/ada/days/2026-01-15", "delay-ms": 3, "reply": {"json": {"steps": 8423}}},
    {"service": "sleep", "path": "/users/ada/nights/2026-01-15", "delay-ms": 6, "reply": {"json": {"asleep_minutes": 451}}}
  ]
}"#;

const FAILS: &str = r#"{
  "request": {"path": "/bob"},
  "downstreams": [
    {"service": "activity", "path": "/users/bob/days/2026-01-15", "failure": "timeout"},
    {"service": "sleep", "path": "/users/bob/nights/2026-01-15", "reply": {"json": {"asleep_minutes": 451}}}
  ]
}"#;

fn main() -> anyhow::Result<()> {
    let at = tempfile::tempdir()?;
    let fixtures = [("good-day.json", GOOD), ("no-steps.json", FAILS)];
    let folder = package(at.path(), MAIN, &fixtures)?;
    let mut dev = Dev::in_colours(&folder, &[])?;
    let address = dev.address()?;
    ask(address, "/ada", "*/*")?;
    dev.line("sleep")?;
    let main = folder.join("src/main.ts");
    std::fs::write(&main, MAIN.replace("json({ steps", "json({ day: 15, steps"))?;
    dev.line("is live")?;
    ask(address, "/ada", "*/*")?;
    dev.line("sleep")?;
    let page = ask(address, "/bob", "text/html")?;
    dev.line("15 |")?;
    std::fs::write(&main, MAIN.replace("json({ steps", "json(({ steps"))?;
    dev.line("does not build")?;
    let lines: Vec<String> = dev.seen.iter().map(|line| of_package(line)).collect();
    std::fs::write(root().join("docs/write/dev.svg"), svg(&lines))?;
    let (_, page) = page.split_once("\r\n\r\n").context("an answer")?;
    std::fs::write(root().join("target/dev-error.html"), of_package(page))?;
    Ok(())
}

/// A text as it is where the kit is a package of the BFF, three folders down.
fn of_package(text: &str) -> String {
    let kit = format!("../../..{}", root().join("bffs/kit-ts").display());
    text.replace(&kit, "node_modules/@tailor/kit")
}

fn ask(address: SocketAddr, path: &str, accept: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Size of a character, and of the space around all of them.
const WIDTH: f64 = 7.3;
const HEIGHT: f64 = 18.0;
const AROUND: f64 = 14.0;

/// Lines with their colours, as a picture.
fn svg(lines: &[String]) -> String {
    let columns = lines
        .iter()
        .map(|line| plain(line).chars().count())
        .max()
        .unwrap_or(0);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a picture of a few hundred lines"
    )]
    let (width, height) = (
        columns as f64 * WIDTH + 2.0 * AROUND,
        lines.len() as f64 * HEIGHT + 2.0 * AROUND,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"ui-monospace,monospace\" font-size=\"12\">\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n"
    );
    for (index, line) in lines.iter().enumerate() {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a picture of a few hundred lines"
        )]
        let y = AROUND + (index as f64 + 0.75) * HEIGHT;
        let _ = writeln!(
            svg,
            "<text x=\"{AROUND}\" y=\"{y:.1}\" fill=\"#d7dae0\" xml:space=\"preserve\">{}</text>",
            spans(line)
        );
    }
    svg + "</svg>\n"
}

/// The parts of a line, each with the style that its escape sequence sets.
fn spans(line: &str) -> String {
    let mut spans = String::new();
    for (index, part) in line.split("\u{1b}[").enumerate() {
        let (style, text) = match part.split_once('m') {
            Some((style, text)) if index > 0 => (style, text),
            _ => ("0", part),
        };
        if text.is_empty() {
            continue;
        }
        let style = match style {
            "1" => " font-weight=\"700\"",
            "2" => " fill=\"#8b93a1\"",
            "31" => " fill=\"#ff7b72\"",
            "32" => " fill=\"#7ee787\"",
            "33" => " fill=\"#e3b341\"",
            "36" => " fill=\"#56d4dd\"",
            _ => "",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(spans, "<tspan{style}>{text}</tspan>");
    }
    spans
}

fn plain(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}
