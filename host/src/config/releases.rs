//! Components that teams release to a running host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::ci::CiIssuer;
use crate::oci::RepositoryPattern;

/// How uploads and the history of releases are bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Releases {
    /// Releases that are kept of each BFF, with their components.
    pub keep: usize,
    /// How long the component that was live before stays linked.
    pub keep_linked: Duration,
    /// Uploads that run at once.
    pub uploads: usize,
    /// Time for a client to send a component.
    pub upload_timeout: Duration,
    /// Bytes of the components that a team has uploaded and no release is of.
    pub max_unreleased: u64,
    /// Streams of events that are open at once.
    pub event_streams: usize,
    /// What the shadows of releases may use.
    pub shadow: Shadow,
    /// Previews; `None` for none.
    pub preview: Option<Preview>,
    /// The registries that components are pulled from, by name.
    pub registries: Vec<Registry>,
    /// CI systems whose jobs get tokens, by name.
    pub ci: BTreeMap<String, CiIssuer>,
}

/// A registry that components are pulled from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// The name of its section.
    pub name: String,
    /// Its host, and its port if one is written, as references have them.
    pub host: String,
    /// Which of its repositories are pulled from, and by whom.
    pub repositories: Vec<RepositoryPattern>,
    /// The file with a user, a colon and a password.
    pub credentials: Option<PathBuf>,
    /// The authorities that certificates may be of; `None` for those of the system.
    pub ca_file: Option<PathBuf>,
    /// Whether it is asked without TLS, as are those of `also` that it names so.
    pub plain_http: bool,
    /// Other hosts that it may send the host to, for tokens and for components.
    pub also: Vec<String>,
    /// Time for a pull.
    pub timeout: Duration,
}

impl Registry {
    /// Time for a pull whose section does not say.
    pub const TIMEOUT: Duration = Duration::from_secs(60);
}

/// How a version is shown that is not live, to those who have a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Where previews have host names of their own; `None` for nowhere.
    pub site: Option<PreviewSite>,
    /// Whether they may make calls that change something.
    pub writes: bool,
    /// Requests that one version runs at once.
    pub concurrency: usize,
    /// Versions in memory.
    pub max_loaded: usize,
    /// How long one stays there that nobody asks.
    pub keep_loaded: Duration,
    /// How long a request waits for its version to be in memory.
    pub load_timeout: Duration,
    /// Names of one BFF.
    pub names: usize,
    /// How long a name lasts whose order does not say.
    pub lifetime: Duration,
    /// How long it lasts at most.
    pub max_lifetime: Duration,
}

/// The site below which each preview has a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewSite {
    /// Whether clients reach it over TLS, which a proxy ends.
    pub tls: bool,
    /// The end of its host names, in lower case.
    pub domain: String,
    /// Its port as clients see it.
    pub port: u16,
}

impl PreviewSite {
    /// The address of a preview.
    pub fn url(&self, host: &str) -> String {
        let (scheme, usual) = match self.tls {
            true => ("https", 443),
            false => ("http", 80),
        };
        let domain = &self.domain;
        match self.port {
            port if port == usual => format!("{scheme}://{host}.{domain}/"),
            port => format!("{scheme}://{host}.{domain}:{port}/"),
        }
    }
}

impl Default for Preview {
    fn default() -> Self {
        Self {
            site: None,
            writes: false,
            concurrency: 4,
            max_loaded: 20,
            keep_loaded: Duration::from_secs(3600),
            load_timeout: Duration::from_secs(60),
            names: 50,
            lifetime: Duration::from_secs(7 * 24 * 3600),
            max_lifetime: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// What the shadows of releases may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadow {
    /// Of 100 requests, how many are taken.
    pub sample: u8,
    /// CPU time of all runs, in percent of that of the workers.
    pub cpu: u32,
    /// Bytes of all records that wait.
    pub memory: usize,
    /// Bytes of one record.
    pub max_size: usize,
    /// How long one lasts at most.
    pub max_duration: Duration,
    /// Whether reports have values of answers.
    pub values: bool,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            keep: 20,
            keep_linked: Duration::from_secs(24 * 3600),
            uploads: 2,
            upload_timeout: Duration::from_secs(60),
            max_unreleased: 1 << 30,
            event_streams: 16,
            shadow: Shadow::default(),
            preview: None,
            registries: Vec::new(),
            ci: BTreeMap::new(),
        }
    }
}

impl Default for Shadow {
    fn default() -> Self {
        Self {
            sample: 100,
            cpu: 2,
            memory: 8 << 20,
            max_size: 512 << 10,
            max_duration: Duration::from_secs(3600),
            values: false,
        }
    }
}
