//! What a component imports and exports, read from its bytes before anything is compiled, and
//! whether that is what a BFF may ask for.

use serde::Serialize;
use wasmparser::types::Types;
use wasmparser::{Encoding, Parser, Payload, ValidPayload, Validator, WasmFeatures};

use fault::{Fault, Faults};

use super::error::LoadError;

pub mod fault;
mod types;

/// The package of the contract.
pub const CONTRACT: &str = "tailor:bff";
/// The version of the contract that this host was built with. It serves all of the same `0.MINOR`
/// up to this one: a later patch only adds functions, and the engine links what a component imports
/// of an earlier one to them.
pub const CONTRACT_VERSION: &str = "0.1.1";
const LOCALE: &str = "tailor:bff/locale";
const HANDLER: &str = "tailor:bff/handler";
/// What a component of others exports, in a version 0.2.
pub const HTTP_HANDLER: &str = "wasi:http/incoming-handler";

/// Interfaces that a component may import: the contract, and of WASI 0.2 what [`super::wasi`]
/// links.
const ALLOWED: [&str; 20] = [
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "tailor:bff/downstream",
    LOCALE,
    "tailor:bff/runtime",
    "tailor:bff/types",
];

/// Interfaces that a component may import besides when it exports [`HTTP_HANDLER`]. Of these, only
/// `wasi:http` does anything: [`super::wasi`] has the others empty.
const ALLOWED_BY_HTTP: [&str; 13] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// What a component has to be linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// The contract alone.
    Contract,
    /// Also the supported part of WASI.
    Wasi,
    /// Also `wasi:http`, and all of WASI.
    WasiHttp,
}

/// By which contract a component answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// `tailor:bff/handler`, also where it exports the other one as well.
    Tailor,
    /// `wasi:http/incoming-handler`.
    WasiHttp,
}

/// What a component imports and exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Surface {
    /// Names of the imports, in the order of the file.
    pub imports: Vec<String>,
    /// Names of the exports, likewise.
    pub exports: Vec<String>,
    /// What of the contract's interfaces among them is not as in the contract.
    #[serde(skip)]
    unlike: Vec<Fault>,
}

impl Surface {
    /// Reads the names and their types. Code is not looked at.
    ///
    /// # Errors
    ///
    /// When the bytes are not a component.
    pub fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let broken = |error: wasmparser::BinaryReaderError| {
            LoadError::NotAComponent(format!("not valid: {error}"))
        };
        if !bytes.starts_with(b"\0asm") {
            return Err(LoadError::NotAComponent(
                "not a WebAssembly file".to_owned(),
            ));
        }
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        // What the engine has not, it refuses itself.
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let mut types = None;
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(broken)?;
            match &payload {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    return Err(LoadError::NotAComponent(
                        "a core module, not a component; `tailor build` makes a component of it"
                            .to_owned(),
                    ));
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section.clone() {
                        imports.push(import.map_err(broken)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section.clone() {
                        exports.push(export.map_err(broken)?.name.name.to_owned());
                    }
                }
                _ => {}
            }
            if let ValidPayload::End(ended) = validator.payload(&payload).map_err(broken)? {
                // The last to end is the component itself.
                types = Some(ended);
            }
        }
        let unlike = types.map_or_else(Vec::new, |types| unlike(&types, &imports, &exports));
        Ok(Self {
            imports,
            exports,
            unlike,
        })
    }

    /// What it has to be linked with.
    pub fn wants(&self) -> Wants {
        if self.exports_http() {
            return Wants::WasiHttp;
        }
        let mut imports = self.imports.iter();
        match imports.any(|import| import.starts_with("wasi:")) {
            true => Wants::Wasi,
            false => Wants::Contract,
        }
    }

    /// By which contract it answers.
    pub fn contract(&self) -> Contract {
        match self.exports_handler() {
            false if self.exports_http() => Contract::WasiHttp,
            _ => Contract::Tailor,
        }
    }

    fn exports_handler(&self) -> bool {
        let mut exports = self.exports.iter();
        exports.any(|export| split(export).0 == HANDLER)
    }

    fn exports_http(&self) -> bool {
        let mut exports = self.exports.iter().map(|export| split(export));
        exports.any(|(interface, version)| interface == HTTP_HANDLER && is_stable(version))
    }

    /// The interfaces that it imports and nobody gives. A component of others may import any, and
    /// ends where it calls one.
    pub fn unlinked(&self) -> Vec<&str> {
        let imports = self.imports.iter().map(String::as_str);
        imports.filter(|import| self.is_unlinked(import)).collect()
    }

    fn is_unlinked(&self, import: &str) -> bool {
        let interface = split(import).0;
        let is_foreign = interface.contains(':') && interface.split('/').next() != Some(CONTRACT);
        self.contract() == Contract::WasiHttp && is_foreign && !self.is_given(import)
    }

    /// Whether the host has an interface for it.
    fn is_given(&self, import: &str) -> bool {
        let (interface, version) = split(import);
        let by_http = self.exports_http() && ALLOWED_BY_HTTP.contains(&interface);
        let listed = by_http || ALLOWED.contains(&interface);
        listed && (interface.starts_with(CONTRACT) || is_stable(version))
    }

    fn forbidden(&self, import: &str) -> Option<Fault> {
        if self.is_given(import) || self.is_unlinked(import) {
            return None;
        }
        let (interface, version) = split(import);
        Some(Fault::Forbidden {
            import: import.to_owned(),
            why: why_forbidden(interface, version),
            unasked: interface.starts_with("wasi:"),
        })
    }

    /// Whether it asks for the interface `locale`.
    pub fn uses_locale(&self) -> bool {
        self.imports.iter().any(|import| import.starts_with(LOCALE))
    }

    /// Checks that it asks for no more than a BFF gets and offers what a BFF must, as the contract
    /// has it.
    ///
    /// # Errors
    ///
    /// All reasons against it, each with the way out.
    pub fn check(&self) -> Result<(), LoadError> {
        let mut faults = Vec::new();
        for name in self.imports.iter().chain(&self.exports) {
            if !is_served(name) {
                faults.push(Fault::OtherContract {
                    found: name.clone(),
                });
            }
        }
        // Against another version there is nothing to compare.
        if faults.is_empty() {
            let imports = self.imports.iter();
            let forbidden = imports.filter_map(|import| self.forbidden(import));
            faults.extend(forbidden);
            if !self.exports_handler() && !self.exports_http() {
                faults.push(Fault::NoHandler {
                    found: match self.exports.is_empty() {
                        true => "nothing".to_owned(),
                        false => self.exports.join(", "),
                    },
                });
            }
            faults.extend(self.unlike.iter().cloned());
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(LoadError::Unfit(Faults(faults))),
        }
    }
}

/// What of the contract's interfaces is not as in the contract.
fn unlike(types: &Types, imports: &[String], exports: &[String]) -> Vec<Fault> {
    let types = types.as_ref();
    let imported = imports.iter().filter_map(|name| {
        let allowed = split(name).0.strip_prefix("tailor:bff/")?;
        let item = types.component_item_for_import(name)?;
        Some((name, types::unlike(types, item.ty, allowed, &[])))
    });
    let exported = exports.iter().filter_map(|name| {
        let item = types.component_item_for_export(name)?;
        let handler = split(name).0 == HANDLER;
        handler.then(|| (name, types::unlike(types, item.ty, "handler", &["handle"])))
    });
    let all = imported.chain(exported);
    let faults = all.flat_map(|(name, unlike)| {
        let interface = name.clone();
        unlike.into_iter().map(move |what| Fault::Unlike {
            interface: interface.clone(),
            what,
        })
    });
    faults.collect()
}

fn split(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

/// The rule of the contract: the same `0.MINOR`, and no later patch than the host's. Names of other
/// packages are none of its business.
fn is_served(name: &str) -> bool {
    let (interface, version) = split(name);
    if interface.split('/').next() != Some(CONTRACT) {
        return true;
    }
    let number = |version: &str| -> Option<[u64; 3]> {
        let mut parts = version.splitn(3, '.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    };
    match (number(version), number(CONTRACT_VERSION)) {
        (Some(built), Some(host)) => built[..2] == host[..2] && built[2] <= host[2],
        _ => false,
    }
}

/// Whether a version is one of WASI 0.2 that was released.
fn is_stable(version: &str) -> bool {
    let patch = version.strip_prefix("0.2.");
    patch.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

fn why_forbidden(interface: &str, version: &str) -> &'static str {
    let package = interface.split('/').next().unwrap_or_default();
    match package {
        "wasi:filesystem" => {
            "there are no files; ship data inside of the component or fetch it from a service"
        }
        "wasi:sockets" | "wasi:http" => {
            "there is no network; call a service by its name with tailor:bff/downstream"
        }
        "wasi:cli" if interface.ends_with("/environment") => {
            "there are no environment variables and arguments; use config of tailor:bff/runtime"
        }
        "wasi:cli" if interface.ends_with("/exit") => {
            "a BFF cannot end the process; return a response, or trap"
        }
        "tailor:bff" => "the contract has no such interface",
        _ if package.starts_with("wasi:") && !is_stable(version) => "only WASI 0.2 is served",
        "env" | "wasi_snapshot_preview1" => {
            "nobody gives it; find the package that wants it (cargo tree) and leave it out"
        }
        _ => "a BFF gets tailor:bff, and of WASI 0.2 clocks, random numbers and standard output",
    }
}

#[cfg(test)]
mod tests;
