//! From a save to an answer of the new code: how long an author waits.
//!
//! `cargo run --example save_to_live -- FOLDER FILE TEXT FIXTURE [SAVES]` opens a session of builds
//! for the BFF in FOLDER, and writes FILE again and again, with the save's number behind TEXT. TEXT is
//! the end of a literal that is in the answer to the request of FIXTURE, in its body or a header, so
//! that the answer shows which code gave it. No service is granted. After each save it builds, loads
//! and asks, as `tailor dev` does. FILE is as it was in the end. It prints the median and the worst of
//! each part in milliseconds, and the first build apart.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tailor::bff::compiler::{CodeInMemory, CompileIn};
use tailor::bff::load::Loader;
use tailor::bff::run::Fixed;
use tailor::bff::runtime::Runtime;
use tailor::build::{BuildOptions, Session};
use tailor::config::{Bff, Compile, Config};
use tailor::fixture::Fixture;
use tailor::invoke::{detached, invoke};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, file, text, fixture, saves @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: save_to_live FOLDER FILE TEXT FIXTURE [SAVES]");
    };
    let saves = saves.first().map_or(Ok(30), |saves| saves.parse())?;
    let source = std::fs::read_to_string(file).with_context(|| file.clone())?;
    ensure!(source.contains(text), "{file}: has no {text:?}");
    let told = measure(Path::new(folder), file, (&source, text), fixture, saves);
    std::fs::write(file, source)?;
    println!("{}", told?);
    Ok(())
}

/// The parts of one save.
struct Parts {
    build: Duration,
    load: Duration,
    answer: Duration,
}

fn measure(
    folder: &Path,
    file: &str,
    (source, text): (&str, &str),
    fixture: &str,
    saves: usize,
) -> anyhow::Result<String> {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let runtime = Arc::new(Runtime::new(4)?);
    let code = Arc::new(CodeInMemory::new()?);
    let loader = Loader::new(runtime.clone(), None, Config::MAX_COMPONENT_SIZE)
        .compiling(CompileIn::ThisProcessAgain(code), &Compile::default());
    let session = Session::open(folder, BuildOptions::from_env())?;
    let fixture = Fixture::read(Path::new(fixture))?;
    let mut all = Vec::new();
    for save in 0..=saves {
        // Of another length each time, as what is written has.
        let mark = format!("-save-{save}-{}", "x".repeat(save * 37 % 101));
        std::fs::write(file, source.replace(text, &format!("{text}{mark}")))?;
        let saved = Instant::now();
        let built = session.build(&mut |line| eprintln!("{line}"))?;
        let build = saved.elapsed();
        let loaded = Arc::new(loader.load_bytes("bff", &std::fs::read(&built.component)?)?);
        let load = saved.elapsed() - build;
        let mut settings = Bff::with_defaults("bff", &built.component, &[]);
        settings.config.extend(fixture.config.clone());
        let version = detached(settings, loaded, |_| unreachable!("no service is granted"));
        let fixed = Fixed {
            now_ms: fixture.now_ms()?,
            seed: Some(fixture.seed),
            tap: None,
        };
        let request = fixture.request()?;
        let invoked = tokio.block_on(invoke(&runtime, &version, request, fixed, 0));
        let answer = saved.elapsed() - build - load;
        let given = invoked
            .result
            .map_err(|error| anyhow::anyhow!("{error}\n{}", error.backtrace()))?;
        let given = format!(
            "{:?} {}",
            given.headers,
            String::from_utf8_lossy(&given.body)
        );
        ensure!(given.contains(&mark), "the answer has no {mark}: {given}");
        all.push(Parts {
            build,
            load,
            answer,
        });
    }
    let first = all.remove(0);
    let row = |name: &str, part: fn(&Parts) -> Duration| {
        let mut times: Vec<f64> = all.iter().map(|it| part(it).as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        let first = part(&first).as_secs_f64() * 1e3;
        format!("| {name} | {median:.0} | {worst:.0} | {first:.0} |\n")
    };
    Ok([
        "| part, ms | median | worst | first |\n|---|--:|--:|--:|\n".to_owned(),
        row("build", |it| it.build),
        row("load", |it| it.load),
        row("answer", |it| it.answer),
        row("all", |it| it.build + it.load + it.answer),
    ]
    .concat())
}
