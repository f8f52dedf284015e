//! Pulls components from the registries that the operator has named, as the distribution
//! specification of the Open Container Initiative (1.1) has it: the manifest of a digest, then the
//! one layer that it names.
//!
//! A registry is as hostile as a client: it is believed nothing but bytes of the digest that the
//! author has named. The host goes to the hosts of the registry's section alone, whatever a realm
//! or a redirect says, and sends what is secret to no other than it is meant for.

mod address;
mod challenge;
mod client;
mod fault;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod login;
mod wanted;

use bytes::Bytes;
use tokio::time::Instant;

use self::client::Client;
use self::fault::not_found;
pub use self::wanted::COMPONENT;
use self::wanted::{Part, Wanted};
use crate::config::{Registry, show_size};
use crate::downstream::trusting;
use crate::oci::{ACCEPTED, MAX_MANIFEST, Manifest, ManifestError, PullError, Reference};

/// The pull of a component whose manifest is there.
pub struct Pull<'a> {
    client: Client<'a>,
    reference: &'a Reference,
    manifest: Manifest,
}

/// The bytes that were sent for a component. Nobody has compared them with its digest.
#[derive(Debug)]
pub struct Pulled {
    /// The host that has sent them: that of the registry, or one that a redirect led to.
    pub host: String,
    /// What was sent.
    pub bytes: Bytes,
}

/// The registry of a reference, where this team may pull from its repository. `None` for the
/// operator, who may pull what any team may.
///
/// # Errors
///
/// When there is no such registry or repository, or it is none of this team. The two are told in
/// the same words.
pub fn find<'a>(
    registries: &'a [Registry],
    reference: &Reference,
    team: Option<&str>,
) -> Result<&'a Registry, PullError> {
    let named = |it: &&Registry| it.host == reference.host();
    let registry = registries.iter().find(named);
    let registry = registry.ok_or_else(|| PullError::UnknownRegistry {
        host: reference.host().to_owned(),
    })?;
    let mut patterns = registry.repositories.iter();
    match patterns.any(|it| it.allows(reference.repository(), team)) {
        true => Ok(registry),
        false => Err(not_found(registry, reference)),
    }
}

/// The warnings about files of sections with which nothing could be pulled. Reads them, and blocks
/// for that.
pub fn unusable_files(registries: &[Registry]) -> Vec<String> {
    let mut told = Vec::new();
    for registry in registries {
        told.extend(login::basic(registry).err().map(|error| error.to_string()));
        let ca_file = registry.ca_file.as_deref();
        let authorities = ca_file.and_then(|path| trusting(Some(path)).err());
        told.extend(authorities.map(|error| {
            let name = &registry.name;
            let way_out = "correct ca-file, or the file that it names";
            format!("releases.registry.{name}: {error}; {way_out}")
        }));
    }
    told
}

impl<'a> Pull<'a> {
    /// Fetches the manifest of a component of at most `most` bytes. The time of the whole pull
    /// begins.
    ///
    /// # Errors
    ///
    /// Why it is not there, or is that of no such component.
    pub async fn begin(
        registry: &'a Registry,
        reference: &'a Reference,
        most: u64,
    ) -> Result<Self, PullError> {
        let end = Instant::now() + registry.timeout;
        let mut client = Client::new(registry, reference, end).await?;
        let path = format!("manifests/sha256:{}", reference.digest());
        let wanted = Wanted {
            part: Part::Manifest,
            path: &path,
            accept: ACCEPTED,
            most: MAX_MANIFEST,
        };
        let (bytes, host) = client.get(wanted).await?;
        let manifest = Manifest::read(&bytes, reference.digest()).map_err(|source| {
            let reference = reference.to_string();
            match source {
                ManifestError::OtherBytes(found) => PullError::OtherBytes {
                    reference,
                    host,
                    what: format!("a manifest of the digest sha256:{found}"),
                    wanted: Part::Manifest.name(),
                },
                source => PullError::Manifest { reference, source },
            }
        })?;
        if manifest.size > most {
            return Err(PullError::TooLarge {
                reference: reference.to_string(),
                size: show_size(manifest.size),
                most: show_size(most),
            });
        }
        Ok(Self {
            client,
            reference,
            manifest,
        })
    }

    /// The digest of the component, as the manifest has it.
    pub fn digest(&self) -> &str {
        &self.manifest.digest
    }

    /// Fetches the component.
    ///
    /// # Errors
    ///
    /// Why it is not there.
    pub async fn component(mut self) -> Result<Pulled, PullError> {
        let Manifest { digest, size } = &self.manifest;
        let path = format!("blobs/sha256:{digest}");
        // It is one that a component may have.
        let most = usize::try_from(*size).unwrap_or(usize::MAX);
        let wanted = Wanted {
            part: Part::Component { digest },
            path: &path,
            accept: "*/*",
            most,
        };
        let (bytes, host) = self.client.get(wanted).await?;
        match bytes.len() == most {
            true => Ok(Pulled { host, bytes }),
            false => Err(PullError::OtherBytes {
                reference: self.reference.to_string(),
                host,
                what: format!("{} of {most} bytes", bytes.len()),
                wanted: COMPONENT,
            }),
        }
    }
}
