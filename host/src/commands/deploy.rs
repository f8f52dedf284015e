//! `tailor deploy`: a component into a running host, until it is live or refused.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use clap::{Args, ValueHint};
use serde_json::{Value, json};
use tailor::digest::hex;
use tailor::file;
use tailor::oci;
use tailor::preview;

use super::order::{
    Ended, Options, Order, OrderError, Patience, Report, body, follow, key_or_random,
};
use super::remote::{Bff, Previews, Reference, Remote, bff_name, resolve, short};
use super::sign::signature_of;

/// How long a release is waited for.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// The same of one that gets a share of the requests first.
const CANARY_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Largest component, bytes: what a host takes is less.
const MAX_COMPONENT: u64 = 1 << 30;

#[derive(Args)]
pub struct Deploy {
    /// The BFF, which has releases = true in the host's configuration
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: String,
    /// The component: a file, or oci://HOST[:PORT]/REPOSITORY@sha256:DIGEST, which the host pulls
    /// from a registry of its configuration
    // Parsed later: a refusal of clap quotes what it refuses, in which a password may be.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    component: PathBuf,
    /// Where it comes from, for the history, such as the address of a commit
    #[arg(long, value_name = "URL", value_parser = source)]
    source: Option<String>,
    /// What must be live: live (as the command finds it), previous, latest, a digest or its first
    /// digits, none or any
    #[arg(long, value_name = "NAME", default_value = "any")]
    expect_live: Expected,
    /// Give it a share of the requests first, and the plan of the BFF's canaries from there on; a
    /// percentage in place of the plan's first share
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, value_parser = clap::value_parser!(u8).range(1..=99))]
    canary: Option<Option<u8>>,
    /// Do not release it: prove it, and show it under this name to those who have a token of scope
    /// preview
    #[arg(long, value_name = "NAME", value_parser = preview_name,
          conflicts_with_all = ["expect_live", "canary", "again", "consent", "older"])]
    preview: Option<String>,
    /// How long the preview lasts, such as 12h [default: as the host's configuration says]
    #[arg(long, value_name = "TIME", requires = "preview")]
    expires: Option<String>,
    /// Try a component again that a rule has rolled back; the message has to say why
    #[arg(long, requires = "message")]
    again: bool,
    /// End as soon as the release has begun
    #[arg(long)]
    detach: bool,
    /// The digest of the difference that a refusal at consent names, for an operator who agrees
    #[arg(long, value_name = "DIGEST", value_parser = consent)]
    consent: Option<String>,
    /// The signature of the component, for a BFF with signers [default: the file beside the
    /// component with .minisig behind its name, if there is one and the BFF has signers]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Release a component that was live before, where the host proves signatures
    #[arg(long)]
    older: bool,
    #[command(flatten)]
    options: Options,
}

/// The component.
#[derive(Clone, Debug)]
enum Component {
    /// A file of this machine.
    File(PathBuf),
    /// In a registry.
    Oci(oci::Reference),
}

impl Component {
    fn named(path: PathBuf) -> Result<Self, oci::ReferenceError> {
        match path.to_str().filter(|text| oci::Reference::is_meant(text)) {
            Some(text) => Ok(Self::Oci(text.parse()?)),
            None => Ok(Self::File(path)),
        }
    }
}

/// A component as an order names it, and the signature that goes with it.
struct Sent {
    /// What is uploaded first, with its digest.
    upload: Option<(Bytes, String)>,
    /// What is pulled.
    oci: Option<String>,
    signature: Option<(PathBuf, String)>,
}

/// What must be live.
#[derive(Clone, Debug)]
enum Expected {
    Any,
    Nothing,
    Component(Reference),
}

impl std::str::FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self::Any),
            "none" => Ok(Self::Nothing),
            text => match text.parse() {
                Ok(name) => Ok(Self::Component(name)),
                Err(error) => Err(format!("{error}; or any, or none")),
            },
        }
    }
}

impl Deploy {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut report = self.options.report(&self.bff);
        let ended = self.deploy(&mut report).await;
        report.end(ended).map(ExitCode::from)
    }

    async fn deploy(self, report: &mut Report) -> anyhow::Result<u8> {
        let timeout = self.options.timeout.unwrap_or(match self.canary {
            Some(_) => CANARY_TIMEOUT,
            None => TIMEOUT,
        });
        let mut patience = Patience::new(timeout);
        let component = Component::named(self.component.clone())?;
        let named = self.signature.clone();
        let reading = tokio::task::spawn_blocking(move || sent(component, named));
        let Sent {
            upload: bytes,
            oci,
            signature,
        } = reading.await??;
        let remote = self.options.access.open().await?;
        let status = format!("/v1/bffs/{}", self.bff);
        let asked = patience.ask(report, async |left| remote.get(&status, left).await);
        let bff: Bff = asked.await.map_err(OrderError::from)?;
        if !bff.releases {
            return Err(OrderError::FromFile(self.bff).into());
        }
        let expect_live = match &self.expect_live {
            Expected::Any => "any".to_owned(),
            Expected::Nothing => "none".to_owned(),
            Expected::Component(name) => {
                let resolved = resolve(&remote, &bff, name, patience.left()).await;
                resolved.map_err(OrderError::NotLive)?
            }
        };
        let digest = match bytes {
            Some((component, digest)) => {
                upload(&remote, component, &digest, &mut patience, report).await?;
                Some(digest)
            }
            None => None,
        };
        if let Some(reference) = &oci {
            let sentence = format!("the host pulls {reference}");
            report.step("pull", &sentence, json!({"oci": reference}));
        }
        // One that is only beside the component is for the hosts that want one.
        let is_wanted = self.signature.is_some() || !bff.signers.is_empty();
        let (path, signature) = signature.filter(|_| is_wanted).unzip();
        if let Some(path) = path {
            let sentence = format!("{} is sent as its signature", path.display());
            report.step("signature", &sentence, json!({"file": path}));
        }
        let mut body = body(&[
            ("digest", digest.as_ref()),
            ("oci", oci.as_ref()),
            ("message", self.options.message.as_ref()),
            ("source", self.source.as_ref()),
            ("signature", signature.as_ref()),
            ("expires_in", self.expires.as_ref()),
            ("consent", self.consent.as_ref()),
        ]);
        match &self.preview {
            Some(name) => body["name"] = json!(name),
            None => body["expect_live"] = json!(expect_live),
        }
        if let Some(first) = self.canary {
            body["strategy"] = json!("canary");
            if let Some(percent) = first {
                body["share"] = json!(percent);
            }
        }
        if self.again {
            body["again"] = json!(true);
        }
        if self.older {
            body["older"] = json!(true);
        }
        let order = Order {
            remote: &remote,
            bff: &self.bff,
            kind: match self.preview {
                Some(_) => "previews",
                None => "releases",
            },
            body,
            key: key_or_random(self.options.key)?,
            timeout,
        };
        let until = match self.detach {
            true => Ended::Detached,
            false => Ended::Awaited,
        };
        let exit = follow(&order, until, &mut patience, report).await?;
        if let Some(name) = self.preview.filter(|_| exit == 0) {
            show_place(&remote, &self.bff, &name, &mut patience, report).await?;
        }
        Ok(exit)
    }
}

/// An address of the web. The host looks at the rest of it.
fn source(text: &str) -> Result<String, String> {
    let is_of_web = text.starts_with("https://") || text.starts_with("http://");
    match is_of_web {
        true => Ok(text.to_owned()),
        false => Err("write an address of http or https".to_owned()),
    }
}

/// A name that a preview may have.
fn preview_name(text: &str) -> Result<String, String> {
    match preview::check_name(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(fault) => Err(format!("it {fault}; write {}", preview::NAME)),
    }
}

/// Says where a preview is shown.
async fn show_place(
    remote: &Remote,
    bff: &str,
    name: &str,
    patience: &mut Patience,
    report: &mut Report,
) -> Result<(), OrderError> {
    let path = format!("/v1/bffs/{bff}/previews");
    let asked = patience.ask(report, async |left| {
        remote.get::<Previews>(&path, left).await
    });
    let found = asked.await?.previews;
    if let Some(preview) = found.into_iter().find(|it| it.name == name) {
        let sentence = match &preview.url {
            Some(url) => format!("{url} shows it until {}", preview.until),
            None => format!(
                "tailor-version: {name} shows it on any route of {bff}, until {}",
                preview.until
            ),
        };
        report.step("preview", &sentence, json!({"preview": preview}));
    }
    Ok(())
}

/// The digest of a difference, which is written whole: a part of it is no consent.
fn consent(text: &str) -> Result<String, String> {
    match text.parse() {
        Ok(Reference::Digest(digest)) => Ok(digest),
        _ => Err("write the 64 digits that the refusal names".to_owned()),
    }
}

/// Reads what is sent.
fn sent(component: Component, signature: Option<PathBuf>) -> anyhow::Result<Sent> {
    Ok(match component {
        Component::File(file) => Sent {
            upload: Some(read(&file)?),
            oci: None,
            signature: signature_of(&file, signature)?,
        },
        Component::Oci(reference) => Sent {
            upload: None,
            oci: Some(reference.to_string()),
            // Nothing lies beside it that could be one.
            signature: match signature {
                Some(file) => signature_of(&file, Some(file.clone()))?,
                None => None,
            },
        },
    })
}

/// A component and its digest.
fn read(path: &Path) -> anyhow::Result<(Bytes, String)> {
    let content = file::read(path, MAX_COMPONENT);
    let content = content.with_context(|| path.display().to_string())?;
    let digest = hex(&content.bytes);
    Ok((content.bytes.into(), digest))
}

/// Uploads a component, unless it is there.
async fn upload(
    remote: &Remote,
    component: Bytes,
    digest: &str,
    patience: &mut Patience,
    report: &mut Report,
) -> Result<(), OrderError> {
    let path = format!("/v1/components/{digest}");
    let size = component.len();
    let asked = patience.ask(report, async |left| remote.has(&path, left).await);
    let is_there = asked.await?;
    if !is_there {
        let put = patience.ask(report, async |left| {
            remote.put(&path, component.clone(), left).await
        });
        put.await?;
    }
    let (event, what) = match is_there {
        true => ("known", "is there already"),
        false => ("uploaded", "is uploaded"),
    };
    let sentence = format!("{} ({size} bytes) {what}", short(digest));
    let members: Value = json!({"digest": digest, "size": size});
    report.step(event, &sentence, members);
    Ok(())
}
