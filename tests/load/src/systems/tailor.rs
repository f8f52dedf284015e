//! The host, as it is shipped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context as _, bail};

use super::config::{Places, text};
use super::process::log_file;
use super::{Mock, Running, free_port, target_dir};

/// A build of the host to measure, with settings of its own.
#[derive(Clone, Debug)]
pub struct TailorSpec {
    /// The name in reports.
    pub label: String,
    /// The program.
    pub program: PathBuf,
    /// Keys of the configuration, such as `engine.instances=1000`.
    pub settings: Vec<String>,
}

impl FromStr for TailorSpec {
    type Err = anyhow::Error;

    /// Reads `LABEL=PATH`, or `PATH` alone.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (label, program) = text.split_once('=').unwrap_or(("tailor", text));
        let program = PathBuf::from(program);
        if !program.is_file() {
            bail!("{}: no such program", program.display());
        }
        Ok(Self {
            label: label.to_owned(),
            program: program.canonicalize()?,
            settings: Vec::new(),
        })
    }
}

/// Where the host's log goes, the access log included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// Written to `/dev/null`: all that a log costs but the disk.
    Null,
    /// Written to a file below the folder of the build.
    File,
    /// No access log.
    Off,
}

impl LogTo {
    /// In a sentence of a report.
    pub fn said(self) -> &'static str {
        match self {
            Self::Null => "access log on, written to /dev/null",
            Self::File => "access log on, written to a file",
            Self::Off => "access log off",
        }
    }
}

impl FromStr for LogTo {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "null" => Ok(Self::Null),
            "file" => Ok(Self::File),
            "off" => Ok(Self::Off),
            _ => bail!("the log goes to null, to a file, or is off"),
        }
    }
}

/// Starts a host with the configuration of the demo.
///
/// # Errors
///
/// When it does not serve.
pub fn start_tailor(
    spec: &TailorSpec,
    root: &Path,
    noop: &Path,
    mock: &Mock,
    log: LogTo,
) -> anyhow::Result<Running> {
    let folder = target_dir()?.join("load").join(&spec.label);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let places = Places {
        root,
        noop,
        data: folder.join("data"),
        port: free_port()?,
        admin_port: free_port()?,
    };
    let mut settings = spec.settings.clone();
    if log == LogTo::Off {
        settings.push("log.access=false".to_owned());
    }
    let config = folder.join("tailor.toml");
    std::fs::write(&config, text(&places, mock, &settings)?)
        .with_context(|| config.display().to_string())?;
    let mut command = Command::new(&spec.program);
    command
        .args(["serve", "--config"])
        .arg(&config)
        .stdin(Stdio::null());
    if log == LogTo::Null {
        command.stderr(Stdio::null());
    } else {
        command.stderr(File::create(log_file(&spec.label)?)?);
    }
    Running::spawn(&spec.label, command, places.port).with_context(|| {
        format!(
            "{} serve --config {}",
            spec.program.display(),
            config.display()
        )
    })
}
