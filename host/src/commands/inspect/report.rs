//! What there is to say of a component.

use serde::Serialize;
use tailor::bff::error::LoadError;
use tailor::bff::surface::{CONTRACT, Contract, HTTP_HANDLER, Surface};
use tailor::digest::hex;

use super::grant::Grant;

/// All of it. Its members are those of `inspect --json`.
#[derive(Serialize)]
pub struct Report {
    /// The first digits of `sha256`.
    pub version: String,
    pub sha256: String,
    /// Bytes.
    pub size: usize,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// The interface that it answers by.
    pub answers_by: String,
    pub may_be_loaded: bool,
    /// Why it may not be loaded.
    pub refused: Vec<String>,
    /// What it can reach, if it may be loaded.
    pub reaches: Vec<&'static str>,
    /// Interfaces that it imports and no BFF gets: a call of one ends its request.
    pub unlinked: Vec<String>,
    /// What a configuration grants to BFFs that are made of it, if one was named.
    pub grants: Option<Vec<Grant>>,
    /// How to name a BFF where none is made of it.
    #[serde(skip)]
    pub hint: String,
}

impl Report {
    /// Of a component, and why it is refused.
    pub fn new(bytes: &[u8], surface: Surface, refused: Option<LoadError>) -> Self {
        let sha256 = hex(bytes);
        let may_be_loaded = refused.is_none();
        Self {
            version: sha256[..12].to_owned(),
            sha256,
            size: bytes.len(),
            answers_by: match surface.contract() {
                Contract::Tailor => format!("{CONTRACT}/handler"),
                Contract::WasiHttp => HTTP_HANDLER.to_owned(),
            },
            may_be_loaded,
            refused: refused.as_ref().map_or_else(Vec::new, reasons),
            reaches: match may_be_loaded {
                true => reach(&surface),
                false => Vec::new(),
            },
            unlinked: surface.unlinked().into_iter().map(str::to_owned).collect(),
            imports: surface.imports,
            exports: surface.exports,
            grants: None,
            hint: String::new(),
        }
    }
}

fn reasons(error: &LoadError) -> Vec<String> {
    match error {
        LoadError::Unfit(faults) => faults.lines(),
        other => vec![other.to_string()],
    }
}

/// What an interface gives. One that has no row gives nothing, such as the standard input, which is
/// empty.
const REACH: [(&str, &str); 11] = [
    ("tailor:bff/downstream", "services"),
    ("wasi:http/outgoing-handler", "services"),
    ("tailor:bff/runtime", "runtime"),
    ("tailor:bff/locale", "locale"),
    ("wasi:clocks/monotonic-clock", "clocks"),
    ("wasi:clocks/wall-clock", "clocks"),
    ("wasi:random/insecure", "random"),
    ("wasi:random/insecure-seed", "random"),
    ("wasi:random/random", "random"),
    ("wasi:cli/stderr", "log"),
    ("wasi:cli/stdout", "log"),
];

/// What a component that may be loaded reaches: the host links all that it imports but what is
/// [`unlinked`](Surface::unlinked).
fn reach(surface: &Surface) -> Vec<&'static str> {
    let unlinked = surface.unlinked();
    let interfaces = || {
        let imports = surface.imports.iter();
        let imports = imports.filter(|import| !unlinked.contains(&import.as_str()));
        imports.map(|import| import.split_once('@').map_or(&**import, |(name, _)| name))
    };
    let mut reached = Vec::new();
    for (interface, what) in REACH {
        if !reached.contains(&what) && interfaces().any(|it| it == interface) {
            reached.push(what);
        }
    }
    reached
}
