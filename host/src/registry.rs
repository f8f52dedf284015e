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

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use self::client::{Client, Wanted};
use self::fault::{late, not_found};
use crate::config::{Registry, show_size};
use crate::downstream::trusting;
use crate::oci::{ACCEPTED, MAX_MANIFEST, Manifest, PullError, Reference};

/// The bytes that a registry has sent for a component. Nobody has compared them with its digest.
#[derive(Debug)]
pub struct Pulled {
    /// The digest of the component, as the manifest has it.
    pub digest: String,
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

/// Pulls a component of at most `most` bytes.
///
/// # Errors
///
/// Why it is not there.
pub async fn pull(
    registry: &Registry,
    reference: &Reference,
    most: u64,
) -> Result<Pulled, PullError> {
    let end = Instant::now() + registry.timeout;
    let pulling = async {
        let mut client = Client::new(registry, reference, end).await?;
        let manifest = manifest(&mut client, reference).await?;
        if manifest.size > most {
            return Err(PullError::TooLarge {
                reference: reference.to_string(),
                size: show_size(manifest.size),
                most: show_size(most),
            });
        }
        let bytes = blob(&mut client, reference, &manifest).await?;
        Ok(Pulled {
            digest: manifest.digest,
            bytes,
        })
    };
    let pulled = timeout_at(end, pulling).await;
    pulled.unwrap_or_else(|_| Err(late(registry)))
}

async fn manifest(client: &mut Client<'_>, reference: &Reference) -> Result<Manifest, PullError> {
    let path = format!("manifests/sha256:{}", reference.digest());
    let wanted = Wanted {
        path: &path,
        accept: ACCEPTED,
        most: MAX_MANIFEST,
    };
    let bytes = client.get(wanted).await?;
    Manifest::read(&bytes, reference.digest()).map_err(|source| PullError::Manifest {
        reference: reference.to_string(),
        source,
    })
}

async fn blob(
    client: &mut Client<'_>,
    reference: &Reference,
    manifest: &Manifest,
) -> Result<Bytes, PullError> {
    let path = format!("blobs/sha256:{}", manifest.digest);
    let other = |what: String| PullError::OtherBytes {
        reference: reference.to_string(),
        what,
    };
    let most = usize::try_from(manifest.size).map_err(|_| other("too much".to_owned()))?;
    let wanted = Wanted {
        path: &path,
        accept: "*/*",
        most,
    };
    let bytes = client.get(wanted).await?;
    match bytes.len() == most {
        true => Ok(bytes),
        false => Err(other(format!("{} of {most} bytes", bytes.len()))),
    }
}
