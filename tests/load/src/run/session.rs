//! The running services and systems of one run.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use super::{Cell, Options};
use crate::machine::said;
use crate::systems::{
    Mock, NATIVE, Programs, RIVALS, Running, TailorSpec, components, start_native, start_rival,
    start_tailor,
};

/// Everything that runs while it is measured. It ends when this is dropped.
pub struct Session {
    /// The services.
    pub mock: Mock,
    /// The systems, the first being what the others are compared with.
    pub systems: Vec<Running>,
    /// The versions of what is measured, for the report.
    pub versions: Vec<String>,
}

/// The repository's root.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

impl Session {
    /// Builds what is missing and starts it.
    ///
    /// # Errors
    ///
    /// When something does not build or start.
    pub fn start(options: &Options) -> anyhow::Result<Self> {
        let mut specs = options.tailor.clone();
        let programs = Programs::build(root(), specs.is_empty())?;
        let builder = specs.first().map_or(&programs.tailor, |spec| &spec.program);
        let noop = components(root(), builder)?;
        if specs.is_empty() {
            specs.push(TailorSpec {
                label: "tailor".to_owned(),
                program: programs.tailor.clone(),
                settings: Vec::new(),
            });
        }
        for setting in &options.set {
            let (label, setting) = setting
                .split_once(':')
                .with_context(|| format!("--set {setting}: is not LABEL:KEY=VALUE"))?;
            let spec = specs.iter_mut().find(|spec| spec.label == label);
            spec.with_context(|| format!("--set {label}: there is no host of this label"))?
                .settings
                .push(setting.to_owned());
        }
        let mut labels: Vec<&str> = specs.iter().map(|spec| spec.label.as_str()).collect();
        labels.sort_unstable();
        labels.dedup();
        ensure!(
            labels.len() == specs.len(),
            "--tailor: a label is there twice"
        );

        let mock = Mock::start(&programs.mock)?;
        let mut systems = Vec::new();
        let mut usual = vec![NATIVE, "tailor"];
        if options.rivals {
            usual.extend(RIVALS);
        }
        let wanted: Vec<&str> = if options.system.is_empty() {
            usual
        } else {
            options.system.iter().map(String::as_str).collect()
        };
        for name in wanted {
            match name {
                NATIVE => systems.push(start_native(&programs.native, &mock)?),
                "tailor" => {
                    for spec in &specs {
                        systems.push(start_tailor(spec, root(), &noop, &mock, options.log)?);
                    }
                }
                rival if RIVALS.contains(&rival) => {
                    match start_rival(rival, root(), &specs[0].program, &mock) {
                        Ok(running) => systems.push(running),
                        Err(error) => eprintln!("{rival} is left out: {error:#}"),
                    }
                }
                _ => bail!(
                    "--system {name}: there is none; there are native, tailor, {}",
                    RIVALS.join(", ")
                ),
            }
        }
        Ok(Self {
            mock,
            systems,
            versions: versions(),
        })
    }

    /// How many measurements these kinds of load take.
    pub fn measurements(&self, cells: &[Cell], options: &Options) -> usize {
        let takes = |cell: &Cell| self.systems.iter().filter(|it| it.takes(cell)).count();
        cells.iter().map(takes).sum::<usize>() * options.rounds()
    }
}

fn versions() -> Vec<String> {
    let rust = said("rustc", &["--version"], root());
    rust.into_iter().collect()
}
