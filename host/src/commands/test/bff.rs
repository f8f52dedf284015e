//! The tests of one BFF.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Value, json};
use tailor::build::{BuildError, BuildOptions, build};
use tailor::config;
use tailor::suite::{
    Comparison, Coverage, Options, Outcome, Routes, Subject, UnitRun, compare, fixtures, run,
    settings_of, unit_tests,
};
use tailor::text::shorten;

use super::answers;
use super::context::Context;
use super::style::shown;
use crate::commands::last_runs::{last_runs, save};
use crate::commands::outcome;

/// What came of the tests of one BFF.
pub struct BffRun {
    /// Its folder, as it was named.
    pub folder: PathBuf,
    /// Its name; that of the folder where it is not known.
    pub name: String,
    /// The configuration whose limits held.
    pub config: Option<PathBuf>,
    /// Its own tests, if it has some.
    pub unit: Option<UnitRun>,
    /// Its fixtures.
    pub outcomes: Vec<Outcome>,
    /// How their answers compare with those that are kept, where all fixtures ran.
    pub answers: Option<Comparison>,
    /// What they cover.
    pub coverage: Coverage,
    /// Why the routes that the BFF tells are not taken.
    pub unlisted: Option<String>,
    /// Why something could not be run.
    pub problems: Vec<Problem>,
    /// How long the fixtures took.
    pub took: Duration,
}

/// Bytes of what compilers say that are kept.
const MAX_SAID: usize = 256 << 10;
/// The configuration of a BFF that is not built in its folder.
const FILE: &str = "tailor.toml";

/// Why something could not be run.
pub struct Problem {
    /// For people, who have read what compilers say.
    pub shown: String,
    /// With what they say.
    pub whole: String,
}

impl From<String> for Problem {
    fn from(shown: String) -> Self {
        Self {
            whole: shown.clone(),
            shown,
        }
    }
}

impl BffRun {
    /// Builds the BFF, then runs its own tests and its fixtures.
    pub fn of(folder: &Path, context: &Context) -> Self {
        let mut run = Self {
            folder: folder.to_owned(),
            name: name(folder),
            config: None,
            unit: None,
            outcomes: Vec::new(),
            answers: None,
            coverage: Coverage::default(),
            unlisted: None,
            problems: Vec::new(),
            took: Duration::ZERO,
        };
        if let Err(error) = run.run(context) {
            run.problems.push(format!("{error:#}").into());
        }
        run
    }

    fn run(&mut self, context: &Context) -> anyhow::Result<()> {
        let test = &context.arguments;
        let mut said = String::new();
        let mut say = |line: &str| {
            eprintln!("{line}");
            said.push_str(shorten(line, MAX_SAID.saturating_sub(said.len())));
            said.push('\n');
        };
        let mut options = BuildOptions::from_env();
        options.color &= !test.is_for_programs();
        let (name, component) = match build(&self.folder, &options, &mut say) {
            Ok(built) => (built.name, built.component),
            Err(BuildError::NotABff(_)) if self.folder.join(FILE).is_file() => {
                ready_made(&self.folder)?
            }
            Err(error) => {
                self.problems.push(failed_build(&error, said.trim_end()));
                return Ok(());
            }
        };
        self.name = name;
        if !test.no_unit && test.filter.is_none() {
            match unit_tests(&self.folder, test.unit_limit(), &context.interrupt) {
                Ok(unit) => self.unit = unit,
                Err(error) => self.problems.push(error.to_string().into()),
            }
        }
        let mut files = fixtures(&self.folder)?;
        if let Some(filter) = &test.filter {
            files.retain(|file| shown(file).contains(filter.as_str()));
        }
        let settings = settings_of(&component, &self.folder, test.config.as_deref())?;
        self.config = settings.as_ref().map(|settings| settings.file.clone());
        let subject = Subject {
            loaded: context.code.load(&context.runtime, &component)?,
            runtime: context.runtime.clone(),
            component,
            settings: settings.map(|settings| settings.bff),
        };
        let options = Options {
            update: test.update,
            ..Options::default()
        };
        let mut last = last_runs(&subject.component);
        let started = Instant::now();
        self.outcomes = run(&subject, &files, options, &mut last)?;
        self.took = started.elapsed();
        let routes = subject.routes()?.unwrap_or_else(|error| {
            self.unlisted = Some(error.to_string());
            Routes::default()
        });
        self.coverage = Coverage::of(&self.outcomes, &routes);
        save(&mut last);
        if test.filter.is_none() {
            match compare(&self.folder, &self.outcomes, &routes, test.consent()) {
                Ok(answers) => self.answers = answers,
                Err(error) => self.problems.push(error.to_string().into()),
            }
        }
        Ok(())
    }

    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        let fixtures = (self.outcomes.iter()).all(|it| it.passed() || it.is_updated());
        let answers = self.answers.as_ref();
        let answers = answers.is_none_or(|answers| answers.changes.is_empty());
        fixtures
            && answers
            && self.problems.is_empty()
            && self.unit.as_ref().is_none_or(UnitRun::passed)
    }

    /// All of it, for programs.
    pub fn json(&self) -> Value {
        let fixtures: Vec<Value> = self
            .outcomes
            .iter()
            .map(|outcome| {
                let mut json = outcome::json(outcome);
                json["file"] = json!(shown(&outcome.path));
                json["passed"] = json!(outcome.passed() || outcome.is_updated());
                if let Some(run) = &outcome.run {
                    json["request"] = json!({"method": run.method, "path": run.path});
                    json["expects"] = json!(run.expects);
                }
                match &outcome.update {
                    Some(Ok(())) => json["updated"] = json!(true),
                    Some(Err(error)) => json["not_updated"] = json!(error.to_string()),
                    None => {}
                }
                json
            })
            .collect();
        let services = self.coverage.services.iter().map(|(name, service)| {
            let missing = service.missing();
            let missing: Vec<&str> = missing.iter().map(|case| case.name()).collect();
            (name.clone(), json!({"missing": missing}))
        });
        let services: serde_json::Map<String, Value> = services.collect();
        let unit = self.unit.as_ref().map(|unit| {
            json!({
                "command": unit.command,
                "passed": unit.passed(),
                "ended": unit.ended.to_string(),
                "output": unit.output,
            })
        });
        let problems = self.problems.iter().map(|problem| problem.whole.as_str());
        let problems: Vec<&str> = problems.collect();
        json!({
            "bff": self.name,
            "folder": shown(&self.folder),
            "config": self.config.as_deref().map(shown),
            "passed": self.passed(),
            "problems": problems,
            "unit": unit,
            "fixtures": fixtures,
            "answers": self.answers.as_ref().map(answers::json),
            "coverage": {
                "services": services,
                "routes": self.coverage.routes,
                "requests": self.coverage.requests,
                "unlisted": self.unlisted,
            },
        })
    }
}

/// The name and the component of the BFF that the configuration in a folder has: one that is built
/// elsewhere, such as a component of others.
fn ready_made(folder: &Path) -> anyhow::Result<(String, PathBuf)> {
    let file = folder.join(FILE);
    // What is released to a host is in no file here.
    let bffs = config::load_bffs(&file)?.bffs.into_iter();
    let mut bffs = bffs.filter_map(|(name, bff)| Some((name, bff.component?)));
    match (bffs.next(), bffs.next()) {
        (Some(found), None) => Ok(found),
        (None, _) => bail!("{}: no BFF is in it, and none is built here", shown(&file)),
        (Some((one, _)), Some((other, _))) => bail!(
            "{}: bff.{one} and bff.{other} are in it, and none is built here; name the folders \
             that they are built in, or a folder with a configuration of one of them",
            shown(&file)
        ),
    }
}

/// Why there is no component. What a compiler says of it, people have read above.
fn failed_build(error: &BuildError, said: &str) -> Problem {
    let shown = with_causes(error);
    let whole = match error {
        BuildError::Compile(names) => format!("{}: does not compile\n{said}", names.join(", ")),
        _ => shown.clone(),
    };
    Problem { shown, whole }
}

/// An error with its causes.
fn with_causes(error: &BuildError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn name(folder: &Path) -> String {
    let real = folder.canonicalize();
    let real = real.as_deref().unwrap_or(folder);
    real.file_name()
        .map_or_else(|| shown(folder), |name| shown(Path::new(name)))
}
