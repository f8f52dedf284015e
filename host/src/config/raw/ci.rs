//! The sections `[releases.ci.<name>]`.

use std::time::Duration;

use toml::de::DeValue;

use crate::config::field::{Field, Located};
use crate::config::kind::{Formed, Kind, Text};
use crate::config::problem::{Fault, Location};
use crate::config::reader::Section;
use crate::config::units::{count, duration_within, long_duration, ms};
use crate::config::values::{choice, name, path, quote, text, words};
use crate::config::wire::token_url;
use crate::config::{CI_MAX_AGE, CI_MAX_LEEWAY, CiAlgorithm};

pub(in crate::config) struct RawCi {
    pub(in crate::config) name: String,
    pub(in crate::config) place: Location,
    pub(in crate::config) issuer: Field<String>,
    pub(in crate::config) audience: Field<String>,
    pub(in crate::config) keys_file: Field<String>,
    pub(in crate::config) keys_url: Field<(String, bool)>,
    pub(in crate::config) ca_file: Field<String>,
    pub(in crate::config) timeout: Field<Duration>,
    pub(in crate::config) algorithms: Field<Vec<Located<CiAlgorithm>>>,
    pub(in crate::config) lifetime: Field<Duration>,
    pub(in crate::config) leeway: Field<Duration>,
    pub(in crate::config) max_age: Field<Duration>,
    pub(in crate::config) max_tokens: Field<usize>,
    pub(in crate::config) fetch_interval: Field<Duration>,
    pub(in crate::config) keys_max_age: Field<Duration>,
    pub(in crate::config) keys_max_stale: Field<Duration>,
    pub(in crate::config) rules: Vec<RawCiRule>,
}

pub(in crate::config) struct RawCiRule {
    pub(in crate::config) place: Location,
    pub(in crate::config) claims: Field<Vec<Located<(String, String)>>>,
    pub(in crate::config) team: Field<String>,
    pub(in crate::config) bffs: Field<Vec<Located<String>>>,
    pub(in crate::config) scopes: Field<Vec<Located<&'static str>>>,
}

/// What a job may be allowed: each scope of a team.
pub(in crate::config) const CI_SCOPES: [(&str, &str); 6] = [
    ("read", "read"),
    ("upload", "upload"),
    ("release", "release"),
    ("rollback", "rollback"),
    ("promote", "promote"),
    ("preview", "preview"),
];

pub(super) fn ci(name: &str, s: &mut Section<'_>) -> RawCi {
    let algorithms = [CiAlgorithm::Rs256, CiAlgorithm::Es256].map(|it| (it.name(), it));
    RawCi {
        name: name.to_owned(),
        place: s.place.clone(),
        issuer: s.required("issuer", "write `iss` of its tokens", issuer()),
        audience: s.required("audience", "write the address of this host", words()),
        keys_file: s.read("keys-file", path()),
        keys_url: s.read("keys-url", token_url()),
        ca_file: s.read("ca-file", path()),
        timeout: s.read("timeout", duration_within(ms(1_000)..=ms(30_000))),
        algorithms: s.filled("algorithms", choice(&algorithms)),
        lifetime: s.read("lifetime", duration_within(ms(60_000)..=ms(3_600_000))),
        leeway: s.read("leeway", duration_within(ms(1_000)..=CI_MAX_LEEWAY)),
        max_age: s.read("max-age", duration_within(ms(60_000)..=CI_MAX_AGE)),
        max_tokens: s.read("max-tokens", count(1..=500)),
        fetch_interval: s.read("fetch-interval", duration_within(ms(1_000)..=ms(3_600_000))),
        keys_max_age: s.read("keys-max-age", duration_within(ms(1_000)..=ms(3_600_000))),
        keys_max_stale: s.read("keys-max-stale", long_duration()),
        rules: s.tables("rule", "releases.ci.*.rule", rule),
    }
}

fn rule(s: &mut Section<'_>) -> RawCiRule {
    RawCiRule {
        place: s.place.clone(),
        claims: s.map("claims", claim),
        team: s.required("team", "name the team, as in the history", name()),
        bffs: s.one_or_more("bffs", "name those that the team ships", name()),
        scopes: s.one_or_more(
            "scopes",
            "say what a job may do, such as [\"read\", \"upload\", \"release\"]",
            choice(&CI_SCOPES),
        ),
    }
}

/// Reads what a claim has to be.
fn claim(name: &str, value: &DeValue<'_>) -> Result<(String, String), Fault> {
    if name.is_empty() {
        return Err(Fault::new("a claim has no name", "name it"));
    }
    Ok((name.to_owned(), text(value)?.to_owned()))
}

/// Reads `iss`, which is compared as it stands.
fn issuer() -> impl Kind<String> {
    Formed::new(Text::Like(r"^https://[!-~]+$"), read_issuer)
}

fn read_issuer(value: &DeValue<'_>) -> Result<String, Fault> {
    let written = text(value)?;
    let rest = written.strip_prefix("https://");
    if rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic())) {
        return Ok(written.to_owned());
    }
    let what = format!("{} is not an https:// URL", quote(written));
    let way_out = "write `iss` of its tokens as it is there";
    Err(Fault::new(what, way_out))
}
