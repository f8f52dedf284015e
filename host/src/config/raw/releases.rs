//! The sections `[releases]`, `[releases.preview]`, `[releases.registry.*]` and `[releases.shadow]`,
//! and where `[releases.ci.<name>]` are.

use std::time::Duration;

use super::ci::{RawCi, ci};
use crate::config::PreviewSite;
use crate::config::field::{Field, Located};
use crate::config::reader::Section;
use crate::config::units::{GIB, KIB, MIB, count, duration, long_duration, size};
use crate::config::values::{boolean, path};
use crate::config::wire::{registry_host, repositories, site};
use crate::oci::RepositoryPattern;

pub(in crate::config) struct RawReleases {
    pub(in crate::config) keep: Field<usize>,
    pub(in crate::config) keep_linked: Field<Duration>,
    pub(in crate::config) uploads: Field<usize>,
    pub(in crate::config) upload_timeout: Field<Duration>,
    pub(in crate::config) max_unreleased: Field<u64>,
    pub(in crate::config) event_streams: Field<usize>,
    pub(in crate::config) shadow: RawShadow,
    pub(in crate::config) preview: Option<RawPreview>,
    pub(in crate::config) registries: Vec<RawRegistry>,
    pub(in crate::config) ci: Vec<RawCi>,
}

/// A section `[releases.registry.*]`.
pub(in crate::config) struct RawRegistry {
    pub(in crate::config) name: String,
    pub(in crate::config) host: Field<String>,
    pub(in crate::config) repositories: Field<Vec<Located<RepositoryPattern>>>,
    pub(in crate::config) credentials: Field<String>,
    pub(in crate::config) ca_file: Field<String>,
    pub(in crate::config) plain_http: Field<bool>,
    pub(in crate::config) also: Field<Vec<Located<String>>>,
    pub(in crate::config) timeout: Field<Duration>,
}

/// The section `[releases.preview]`.
pub(in crate::config) struct RawPreview {
    pub(in crate::config) url: Field<PreviewSite>,
    pub(in crate::config) writes: Field<bool>,
    pub(in crate::config) concurrency: Field<usize>,
    pub(in crate::config) max_loaded: Field<usize>,
    pub(in crate::config) keep_loaded: Field<Duration>,
    pub(in crate::config) load_timeout: Field<Duration>,
    pub(in crate::config) names: Field<usize>,
    pub(in crate::config) lifetime: Field<Duration>,
    pub(in crate::config) max_lifetime: Field<Duration>,
}

/// The section `[releases.shadow]`.
pub(in crate::config) struct RawShadow {
    pub(in crate::config) sample: Field<u8>,
    pub(in crate::config) cpu: Field<u32>,
    pub(in crate::config) memory: Field<usize>,
    pub(in crate::config) max_size: Field<usize>,
    pub(in crate::config) max_duration: Field<Duration>,
    pub(in crate::config) values: Field<bool>,
}

pub(super) fn releases(s: &mut Section<'_>) -> RawReleases {
    RawReleases {
        // The live one and the one before it.
        keep: s.read("keep", count(2..=1000)),
        keep_linked: s.read("keep-linked", long_duration()),
        uploads: s.read("uploads", count(1..=64)),
        upload_timeout: s.read("upload-timeout", duration()),
        max_unreleased: s.read("max-unreleased", size(MIB..=1024 * GIB)),
        event_streams: s.read("event-streams", count(1..=1000)),
        shadow: s.section("shadow", "releases.shadow", shadow),
        preview: s
            .has("preview")
            .then(|| s.section("preview", "releases.preview", preview)),
        registries: s.named("registry", "releases.registry.*", registry),
        ci: s.named("ci", "releases.ci.*", ci),
    }
}

fn registry(name: &str, s: &mut Section<'_>) -> RawRegistry {
    let way_out = "name those that may be pulled from: repositories = [\"shop/*\"]";
    RawRegistry {
        name: name.to_owned(),
        host: s.required(
            "host",
            "write the host as references have it: host = \"registry.example\"",
            registry_host(),
        ),
        repositories: s.one_or_more("repositories", way_out, repositories()),
        credentials: s.read("credentials", path()),
        ca_file: s.read("ca-file", path()),
        plain_http: s.read("plain-http", boolean()),
        also: s.list("also", registry_host()),
        timeout: s.read("timeout", duration()),
    }
}

fn preview(s: &mut Section<'_>) -> RawPreview {
    RawPreview {
        url: s.read("url", site()),
        writes: s.read("writes", boolean()),
        concurrency: s.read("concurrency", count(1..=1000)),
        max_loaded: s.read("max-loaded", count(1..=1000)),
        keep_loaded: s.read("keep-loaded", duration()),
        load_timeout: s.read("load-timeout", duration()),
        names: s.read("names", count(1..=1000)),
        lifetime: s.read("lifetime", long_duration()),
        max_lifetime: s.read("max-lifetime", long_duration()),
    }
}

fn shadow(s: &mut Section<'_>) -> RawShadow {
    RawShadow {
        sample: s.read("sample", count(1..=100)),
        cpu: s.read("cpu", count(1..=100)),
        memory: s.read("memory", size(64 * KIB..=GIB)),
        max_size: s.read("max-size", size(KIB..=GIB)),
        max_duration: s.read("max-duration", long_duration()),
        values: s.read("values", boolean()),
    }
}
