//! What stands in the section of a registry.

use toml::de::DeValue;

use super::url::{authority, host_name};
use crate::config::kind::{Formed, Kind, Text};
use crate::config::problem::Fault;
use crate::config::values::{quote, text};
use crate::oci::RepositoryPattern;

/// What is near to a host, with or without a port.
const REGISTRY: &str = concat!(
    r"^(",
    host_name!(),
    r"|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\])(:[0-9]+)?$"
);
/// What is near to one component of a pattern.
macro_rules! component {
    () => {
        concat!(
            r"(\{team\}|[a-z0-9._*-]*\*[a-z0-9._*-]*",
            r"|[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)"
        )
    };
}
/// What is near to a pattern of repositories.
const REPOSITORIES: &str = concat!(r"^", component!(), r"(/", component!(), r")*$");

/// Reads the host of a registry, with its port if it is not that of https or http.
pub(in crate::config) fn registry_host() -> impl Kind<String> {
    Formed::new(Text::Like(REGISTRY), read_host)
}

fn read_host(value: &DeValue<'_>) -> Result<String, Fault> {
    let written = text(value)?;
    if authority(written) {
        return Ok(written.to_owned());
    }
    let what = format!("{} is no host of a registry", quote(written));
    let way_out = "write the name in small letters, with a port if it needs one, and nothing else: \
                   \"registry.example:5000\"";
    Err(Fault::new(what, way_out))
}

/// Reads a pattern of repositories.
pub(in crate::config) fn repositories() -> impl Kind<RepositoryPattern> {
    Formed::new(Text::Like(REPOSITORIES), read_repositories)
}

fn read_repositories(value: &DeValue<'_>) -> Result<RepositoryPattern, Fault> {
    let written = text(value)?;
    written.parse().map_err(|_| {
        let what = format!("{} is no pattern of repositories", quote(written));
        let way_out = "write names with * in them, such as \"shop/*\", \"{team}/*\" or \"shop/**\": \
                       {team} stands alone between slashes, and ** at the end";
        Fault::new(what, way_out)
    })
}
