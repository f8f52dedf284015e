//! The manifest of a component: one layer, which is the component itself.

use serde::Deserialize;
use thiserror::Error;

use crate::digest::{hex, is_digest};
use crate::object::Object;
use crate::text::cut;

/// The types of manifests that are asked for: an index is none that is taken, and its refusal says
/// what is in it.
pub const ACCEPTED: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
/// The largest manifest, bytes: one layer and its annotations need far less.
pub const MAX_MANIFEST: usize = 256 << 10;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const WASM: &str = "application/wasm";
const SHA256: &str = "sha256:";
/// How many descriptors a message names.
const MAX_SHOWN: usize = 5;

/// What a manifest says of its component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// Its size, bytes.
    pub size: u64,
}

/// A manifest is none of a component.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The registry has sent another one.
    #[error("it has the digest sha256:{0}; look at who has sent it")]
    OtherBytes(String),
    /// It is too large to be that of a component.
    #[error(
        "the manifest has more than {0}; push the component alone, with few and short annotations"
    )]
    TooLarge(String),
    /// It cannot be read.
    #[error("the manifest is none of an image in version 2 ({0}); push the component again")]
    Unreadable(String),
    /// It is a list of manifests.
    #[error(
        "it is an index of {}; name the manifest of the component itself",
        counted(.0, "manifest", "manifests")
    )]
    Index(Vec<String>),
    /// It is of another type.
    #[error("the manifest has the type {0:?}; push the component as an image of OCI")]
    Type(String),
    /// It has no layer, several, or another one.
    #[error(
        "the manifest has {}; push the component alone, as one layer of {WASM}",
        counted(.0, "layer", "layers")
    )]
    Layers(Vec<String>),
    /// Its layer has a digest of another kind.
    #[error("the component has the digest {0:?}; push it with a digest of sha256")]
    Digest(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u64,
    media_type: Option<String>,
    layers: Option<Vec<Object<Descriptor>>>,
    manifests: Option<Vec<Object<Descriptor>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
}

impl Manifest {
    /// Reads a manifest, if it is that of this digest.
    ///
    /// # Errors
    ///
    /// Why it is none of a component.
    pub fn read(bytes: &[u8], digest: &str) -> Result<Self, ManifestError> {
        // Nothing is parsed but what the author has named.
        let found = hex(bytes);
        if found != digest {
            return Err(ManifestError::OtherBytes(found));
        }
        let unreadable = |why: &str| ManifestError::Unreadable(why.to_owned());
        let Object(document): Object<Document> = serde_json::from_slice(bytes)
            .map_err(|error| ManifestError::Unreadable(cut(&error.to_string())))?;
        if document.schema_version != 2 {
            return Err(unreadable("another schemaVersion"));
        }
        let kind = document.media_type.as_deref();
        match (document.layers, document.manifests) {
            (None, Some(manifests)) if kind.is_none_or(|it| it == INDEX) => {
                let shown = manifests.iter().map(|it| cut(&it.0.digest)).collect();
                Err(ManifestError::Index(shown))
            }
            (Some(layers), None) if kind.is_none_or(|it| it == IMAGE) => component(&layers),
            _ if kind.is_some_and(|it| ![IMAGE, INDEX].contains(&it)) => {
                Err(ManifestError::Type(cut(kind.unwrap_or_default())))
            }
            _ => Err(unreadable("no list of layers alone")),
        }
    }
}

fn component(layers: &[Object<Descriptor>]) -> Result<Manifest, ManifestError> {
    let [Object(layer)] = layers else {
        return Err(other(layers));
    };
    if layer.media_type != WASM {
        return Err(other(layers));
    }
    let digest = layer.digest.strip_prefix(SHA256).filter(|it| is_digest(it));
    let digest = digest.ok_or_else(|| ManifestError::Digest(cut(&layer.digest)))?;
    Ok(Manifest {
        digest: digest.to_owned(),
        size: layer.size,
    })
}

fn other(layers: &[Object<Descriptor>]) -> ManifestError {
    ManifestError::Layers(layers.iter().map(|it| cut(&it.0.media_type)).collect())
}

/// How many there are, and the first of them.
fn counted(names: &[String], one: &str, more: &str) -> String {
    let what = match names.len() {
        1 => one,
        _ => more,
    };
    let count = names.len();
    match names.get(..count.min(MAX_SHOWN)).unwrap_or_default() {
        [] => format!("no {what}"),
        shown => {
            let rest = if count > MAX_SHOWN { ", .." } else { "" };
            format!("{count} {what}: {}{rest}", shown.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(document: &Value) -> Result<Manifest, ManifestError> {
        let bytes = document.to_string().into_bytes();
        Manifest::read(&bytes, &hex(&bytes))
    }

    fn layer(kind: &str) -> Value {
        json!({"mediaType": kind, "digest": format!("sha256:{}", "0a".repeat(32)), "size": 7})
    }

    #[test]
    fn a_manifest_has_one_layer_which_is_the_component() {
        let component = Manifest {
            digest: "0a".repeat(32),
            size: 7,
        };
        // As `oras` and `wkg` make them, and with the type left out.
        for kind in [json!(IMAGE), Value::Null] {
            let manifest = json!({
                "schemaVersion": 2,
                "mediaType": kind,
                "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2},
                "layers": [layer(WASM)],
                "annotations": {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
            });
            assert_eq!(read(&manifest), Ok(component.clone()));
        }
        let bytes = b"{}";
        let other = Manifest::read(bytes, &"0a".repeat(32));
        assert_eq!(other, Err(ManifestError::OtherBytes(hex(bytes))));
    }

    #[test]
    fn what_is_no_component_is_told_by_name() {
        let image = |layers: Value| json!({"schemaVersion": 2, "layers": layers});
        let mut sha512 = layer(WASM);
        sha512["digest"] = json!(format!("sha512:{}", "0a".repeat(64)));
        let mut path = layer(WASM);
        path["digest"] = json!("sha256:../../x");
        let many: Vec<Value> = (0..9).map(|_| layer(WASM)).collect();
        for (document, text) in [
            (image(json!([])), "no layers"),
            (
                image(json!([layer(WASM), layer("text/plain")])),
                "2 layers: application/wasm, text/plain",
            ),
            (
                image(json!([layer("application/x-tar")])),
                "1 layer: application/x-tar",
            ),
            (image(json!(many)), "application/wasm, .."),
            (image(json!([sha512])), "sha512:"),
            (image(json!([path])), "sha256:../../x"),
            (
                json!({"schemaVersion": 2, "manifests": [layer(IMAGE)]}),
                "index of 1 manifest: sha256:0a",
            ),
            (
                json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}),
                "index of no manifests",
            ),
            (
                json!({"schemaVersion": 2, "mediaType": INDEX, "layers": [layer(WASM)]}),
                "no list of layers",
            ),
            (
                json!({"schemaVersion": 2, "layers": [layer(WASM)], "manifests": [layer(IMAGE)]}),
                "no list of layers",
            ),
            (
                json!({"schemaVersion": 1, "layers": [layer(WASM)]}),
                "schemaVersion",
            ),
            (
                json!({"schemaVersion": 2, "mediaType": "text/plain", "layers": []}),
                "text/plain",
            ),
            (
                json!({"schemaVersion": 2, "layers": [{"mediaType": WASM}]}),
                "missing field",
            ),
            (json!([]), "version 2"),
            (json!([2, IMAGE, [layer(WASM)], null]), "expected an object"),
            (
                image(json!([[WASM, format!("sha256:{}", "0a".repeat(32)), 7]])),
                "expected an object",
            ),
        ] {
            let error = read(&document).unwrap_err().to_string();
            assert!(error.contains(text), "{document}: {error}");
        }
    }
}
