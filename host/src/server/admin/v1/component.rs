//! Which component an order is about: one that is uploaded, or one in a registry.

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::mpsc;

use super::Pages;
use super::named::Name;
use super::order::said;
use super::problem::V1Problem;
use super::pulls::Pulling;
use super::upload;
use crate::config::{Config, Registry};
use crate::oci::{PullError, Reference};
use crate::registry::{self, COMPONENT, Pull, Pulled};
use crate::releases::{
    Caller, Order, OrderError, Part, Release, Scope, StoreError, Stored, TokenError, reach,
};

/// The largest part of a pulled component that is handed to the store at once, bytes.
const PART: usize = 256 << 10;

/// A component, as an order names it.
pub(super) enum Named {
    /// By its digest, or another name.
    Name(Name),
    /// By the manifest of a registry.
    Oci(Reference),
}

/// The component that was named.
pub(super) enum Found {
    /// It is there. What is pulled counts as under way until its order is executed.
    Digest(String, Option<Pulling>),
    /// The order was executed before, by this release.
    Begun(Box<Release>),
}

impl Named {
    /// The component of an order with one of the two members.
    ///
    /// # Errors
    ///
    /// When it has none or both, or one that is wrong.
    pub(super) fn of(digest: Option<String>, oci: Option<String>) -> Result<Self, V1Problem> {
        match (digest, oci) {
            (Some(name), None) => Ok(Self::Name(Name::new("digest", name)?)),
            (None, Some(text)) => {
                let text = said("oci", Some(text))?.unwrap_or_default();
                let reference = text.parse().map_err(PullError::Reference);
                Ok(Self::Oci(reference.map_err(OrderError::Pull)?))
            }
            _ => {
                let what = "the order has not one of digest and oci";
                let fix = "write the digest of an upload, or a reference to a registry";
                Err(V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix))
            }
        }
    }

    /// Where it comes from, as far as this says it.
    pub(super) fn source(&self) -> Option<String> {
        match self {
            Self::Name(_) => None,
            Self::Oci(reference) => Some(reference.to_string()),
        }
    }

    /// Has the component be there. What may refuse the order without a look at a registry comes
    /// first.
    ///
    /// # Errors
    ///
    /// When the order may not begin, or the component is not pulled.
    pub(super) async fn find(
        self,
        pages: &Pages,
        order: &Order,
        scope: Scope,
    ) -> Result<Found, V1Problem> {
        let reference = match self {
            Self::Name(name) => {
                let digest = name.digest(pages, &order.bff).await?;
                return Ok(Found::Digest(digest, None));
            }
            Self::Oci(reference) => reference,
        };
        check(&order.caller, Scope::Upload)?;
        match pages.orders.may_begin(order.clone(), None).await? {
            Some(release) => Ok(Found::Begun(Box::new(release))),
            None => pull(pages, &reference, order, scope).await,
        }
    }
}

/// Pulls a component, and stores it as if the caller had sent it.
async fn pull(
    pages: &Pages,
    reference: &Reference,
    order: &Order,
    scope: Scope,
) -> Result<Found, V1Problem> {
    let (config, caller) = (pages.shared.snapshot.load().config.clone(), &order.caller);
    let registry = allowed(&config, reference, caller)?;
    let pulling = pages.uploads.pulls.begin(order.key.as_ref())?;
    let place = pages.uploads.places.take(caller)?;
    let pull = Pull::begin(registry, reference, config.engine.max_component_size).await;
    let pull = pull.map_err(|error| shown(error, caller))?;
    reach("manifest-read");
    let digest = pull.digest().to_owned();
    // A component that is held is known by its digest alone.
    let begun = pages.orders.may_begin(order.clone(), Some(digest.clone()));
    if let Some(release) = begun.await? {
        return Ok(Found::Begun(Box::new(release)));
    }
    let Pulled { host, bytes } = pull.component().await.map_err(|it| shown(it, caller))?;
    check_again(pages, reference, order, scope).await?;
    let (parts, storing) = upload::store(pages, &digest, caller.clone(), place);
    send(bytes, parts).await;
    let stored = upload::stored(storing).await?;
    let Stored { size, is_new } = stored.map_err(|error| match error {
        OrderError::Store(StoreError::OtherDigest { found, .. }) => {
            OrderError::Pull(PullError::OtherBytes {
                reference: reference.to_string(),
                host,
                what: format!("bytes of the digest sha256:{found}"),
                wanted: COMPONENT,
            })
        }
        error => error,
    })?;
    // A disk may take its time, too.
    check_again(pages, reference, order, scope).await?;
    tracing::info!(%reference, digest, size, is_new, "a component is pulled");
    Ok(Found::Digest(digest, Some(pulling)))
}

/// Hands a component to the store in parts, as that of a client comes.
async fn send(mut bytes: Bytes, parts: mpsc::Sender<Part>) {
    // Why a part is not taken, the store says.
    while !bytes.is_empty() {
        let part = bytes.split_to(bytes.len().min(PART));
        let _ = parts.send(Part::Bytes(part)).await;
    }
    let _ = parts.send(Part::End).await;
}

/// The registry that a caller may pull this from.
fn allowed<'a>(
    config: &'a Config,
    reference: &Reference,
    caller: &Caller,
) -> Result<&'a Registry, V1Problem> {
    let registries = &config.releases.registries;
    let registry = registry::find(registries, reference, caller.team());
    Ok(registry.map_err(OrderError::Pull)?)
}

/// Refuses what is not allowed any more: a pull takes its time, in which a token is revoked or
/// ends, and a reload takes a registry away.
async fn check_again(
    pages: &Pages,
    reference: &Reference,
    order: &Order,
    scope: Scope,
) -> Result<(), V1Problem> {
    let config = pages.shared.snapshot.load().config.clone();
    let caller = match order.caller.token() {
        Some(id) => Caller::Token(pages.orders.token(id.to_owned()).await?),
        None => Caller::Local,
    };
    if caller.team() != order.caller.team() {
        return Err(OrderError::Token(TokenError::Unknown).into());
    }
    if !caller.knows(&order.bff) {
        return Err(OrderError::NoBff(order.bff.clone()).into());
    }
    check(&caller, scope)?;
    check(&caller, Scope::Upload)?;
    allowed(&config, reference, &caller).map(drop)
}

/// The failure as this caller gets it: the files of the operator are none of a team's business.
fn shown(error: PullError, caller: &Caller) -> OrderError {
    match error {
        PullError::Settings { registry, what } if !caller.is_operator() => {
            tracing::warn!("a component is not pulled: releases.registry.{registry}: {what}");
            let what = "a file of this section cannot be used; ask the operator, who finds the \
                        reason in the host's log"
                .to_owned();
            PullError::Settings { registry, what }.into()
        }
        error => error.into(),
    }
}

/// Refuses a caller without a scope.
fn check(caller: &Caller, scope: Scope) -> Result<(), V1Problem> {
    if caller.may(scope) {
        return Ok(());
    }
    let scope = scope.name();
    let what = format!("the token has no scope {scope}, which a component of a registry needs");
    let fix = "use one that has it; the operator makes tokens";
    Err(V1Problem::new(StatusCode::FORBIDDEN, "scope", what, fix))
}
