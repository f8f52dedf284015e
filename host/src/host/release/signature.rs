//! The step `signature` of a release: what its order needs at once, and the proof.

use std::sync::Arc;

use super::live_in;
use super::refused::{Refused, host, store_step};
use crate::bff::swap::Bff;
use crate::host::change::{Changes, blocking};
use crate::releases::{Kind, NewRelease, Order, OrderError, Releases, Signing, Step, StoreError};
use crate::signature::{MAX_SIZE, SignatureError, Signed, Signer, prove};

/// Where a component is refused here.
const STEP: Step = Step::Signature;

impl Changes {
    /// Refuses an order at once that lacks a signature, or has one that nobody asks for.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(in crate::host) fn check_signing(&self, order: &Order) -> Result<(), OrderError> {
        let snapshot = self.shared.snapshot.load();
        // What was live was proven, and needs none for the way back.
        let bff = snapshot.bffs.get(&order.bff);
        let Some(bff) = bff.filter(|_| order.kind != Kind::Rollback) else {
            return Ok(());
        };
        let wanted = wanted(&order.bff, &order.signing, &bff.settings().signers);
        wanted.map(drop).map_err(|error| OrderError::Signature {
            bff: order.bff.clone(),
            error,
        })
    }

    /// Proves the signature of a component, where the BFF has signers, and that the component is no
    /// older one: the signature says nothing of that. Who signed is in the journal then.
    pub(super) async fn prove_signature(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        release: &NewRelease,
        settled: &Bff,
    ) -> Result<(), Refused> {
        if release.kind == Kind::Rollback {
            return Ok(());
        }
        let bff = release.bff.clone();
        let signers = &settled.settings().signers;
        let refused = |error: SignatureError| Refused::at(STEP, format!("bff.{bff}: {error}"));
        let Some(signature) = wanted(&bff, &release.signing, signers).map_err(refused)? else {
            return Ok(());
        };
        let (store, digest) = (releases.clone(), release.digest.clone());
        let (name, signature) = (release.bff.clone(), signature.to_owned());
        let (signers, max) = (signers.to_vec(), self.builder.loader.max_size());
        let proving = blocking(
            move || -> Result<Result<Signed, SignatureError>, StoreError> {
                let bytes = store.read(&digest, max)?;
                Ok(prove(&signature, &bytes, &name, &signers))
            },
        );
        let signed = proving.await.map_err(host)?.map_err(of_store)?;
        let signed = signed.map_err(refused)?;
        let running = settled.current();
        let is_live = running.is_some_and(|it| it.loaded().digest == release.digest);
        if !is_live && release.kind == Kind::Deploy && !release.signing.older {
            refuse_older(releases, release).await?;
        }
        let (signer, comment) = (&signed.signer, &signed.comment);
        tracing::info!(bff, release = number, signer, comment, "it is signed");
        let (store, signed) = (releases.clone(), signed.clone());
        let noting = blocking(move || store.signed(number, &signed)).await;
        noting.map_err(host)?.map_err(of_store)
    }
}

/// The signature that has to be proven; `None` where none is asked for.
fn wanted<'a>(
    bff: &str,
    signing: &'a Signing,
    signers: &[Signer],
) -> Result<Option<&'a str>, SignatureError> {
    match (&signing.signature, signers.is_empty()) {
        (None, true) => Ok(None),
        (None, false) => Err(SignatureError::Missing),
        (Some(_), true) => Err(SignatureError::NotAsked(bff.to_owned())),
        (Some(text), false) if text.len() > MAX_SIZE => Err(SignatureError::TooLong),
        (Some(text), false) => Ok(Some(text)),
    }
}

/// Refuses a component that was live before and is not now.
async fn refuse_older(releases: &Arc<Releases>, release: &NewRelease) -> Result<(), Refused> {
    let (bff, digest) = (&release.bff, &release.digest);
    if live_in(releases, bff).await?.as_ref() == Some(digest) {
        return Ok(());
    }
    let (store, asked) = (releases.clone(), (bff.clone(), digest.clone()));
    let reading = blocking(move || store.last_live(&asked.0, &asked.1)).await;
    match reading.map_err(host)?.map_err(of_store)? {
        None => Ok(()),
        Some(last) => Err(Refused::at(
            STEP,
            format!(
                "bff.{bff}: it was live before, last as release {last}, and is not now; go back \
                 with a rollback, or release it with \"older\": true, which is `tailor deploy \
                 --older`"
            ),
        )),
    }
}

fn of_store(error: StoreError) -> Refused {
    Refused::at(store_step(&error), error.to_string())
}
