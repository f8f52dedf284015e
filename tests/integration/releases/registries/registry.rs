//! A registry with one component, which does on request what a host must withstand.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use downstream_mock::scripted::{Request, Response, ScriptedService};
use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::super::api::{Answer, Api, digest};
use super::super::builder;

/// The type of a component.
pub const WASM: &str = "application/wasm";
/// The repository of the component.
pub const REPOSITORY: &str = "shop/page";

/// A component and its manifest, as bytes.
#[derive(Clone)]
pub struct Pushed {
    pub component: Vec<u8>,
    pub manifest: Vec<u8>,
}

/// A layer of these bytes.
pub fn layer(kind: &str, bytes: &[u8]) -> Value {
    json!({
        "mediaType": kind,
        "digest": format!("sha256:{}", digest(bytes)),
        "size": bytes.len(),
    })
}

/// A manifest with these layers, as `oras` makes it.
pub fn manifest(layers: &Value) -> Vec<u8> {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": layer("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": layers,
    })
    .to_string()
    .into_bytes()
}

impl Pushed {
    pub fn new(component: &[u8]) -> Self {
        Self {
            component: component.to_vec(),
            manifest: manifest(&json!([layer(WASM, component)])),
        }
    }

    /// Its reference in this registry.
    pub fn reference(&self, host: &str) -> String {
        format!(
            "oci://{host}/{REPOSITORY}@sha256:{}",
            digest(&self.manifest)
        )
    }

    pub fn manifest_path(&self) -> String {
        format!(
            "/v2/{REPOSITORY}/manifests/sha256:{}",
            digest(&self.manifest)
        )
    }

    pub fn blob_path(&self) -> String {
        format!("/v2/{REPOSITORY}/blobs/sha256:{}", digest(&self.component))
    }

    /// What a registry answers that has it.
    pub fn answer(&self, request: &Request) -> Response {
        match request.path() {
            path if path == self.manifest_path() => Response::text(self.manifest.clone())
                .header("content-type", "application/vnd.oci.image.manifest.v1+json"),
            path if path == self.blob_path() => Response::text(self.component.clone()),
            _ => Response::new(404).body(r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#),
        }
    }

    /// A registry that has it, and nothing else.
    pub fn registry(&self) -> ScriptedService {
        let pushed = self.clone();
        ScriptedService::start(move |request| pushed.answer(&request)).unwrap()
    }
}

/// The section of a registry, and more of it.
pub fn section(registry: &ScriptedService, more: &str) -> String {
    let host = registry.address();
    let plain = registry.url().starts_with("http:");
    format!(
        "[releases.registry.shop]\nhost = \"{host}\"\nrepositories = [\"shop/*\"]\n\
         plain-http = {plain}\n{more}\n"
    )
}

/// A host with a BFF `page` that pulls from this registry.
pub async fn host(registry: &ScriptedService, more: &str) -> (TestHost, Api) {
    let host = builder("").config(&section(registry, more));
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

/// Writes a file of credentials that only its owner reads.
pub fn secret(dir: &Path, text: &str, mode: u32) {
    let path = dir.join("registry.secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Orders a release of what a reference names.
pub async fn order(api: &Api, reference: &str) -> Answer {
    let body = json!({"oci": reference});
    api.post("/v1/bffs/page/releases", &body).await
}

/// An order is refused at the step `pull`, with a status and a reason or way out that has a text.
/// Returns both.
pub fn refused(answer: &Answer, status: u16, text: &str) -> String {
    let part = |name: &str| answer.json[name].as_str().unwrap_or_default().to_owned();
    let said = format!("{}; {}", part("reason"), part("fix"));
    assert_eq!(
        (answer.status, &*part("step")),
        (status, "pull"),
        "{answer:?}"
    );
    assert!(said.contains(text), "{said}");
    said
}
