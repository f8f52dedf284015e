//! Previews: versions that have a name for a while, and are not live.

use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use super::component::Named;
use super::order::{said, source, take, text};
use super::problem::V1Problem;
use super::release::execute_of;
use super::{Pages, document, json};
use crate::config::PreviewSite;
use crate::preview::{self, PreviewHost};
use crate::releases::{Caller, Expected, Kind, Order, Preview, Scope, Signing, WantedPreview};
use crate::server::admin::AdminBody;

/// The body of an order for a preview.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewBody {
    name: String,
    digest: Option<String>,
    oci: Option<String>,
    expires_in: Option<String>,
    message: Option<String>,
    source: Option<String>,
    signature: Option<String>,
}

/// Begins a preview.
pub(super) async fn begin(
    request: Request<Incoming>,
    pages: &Pages,
    bff: String,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    let what = format!("preview {bff}");
    let (body, key) = take::<PreviewBody>(request, &caller, &what).await?;
    let named = Named::of(body.digest, body.oci)?;
    preview::check_name(&body.name).map_err(|fault| {
        let (what, fix) = (format!("name {fault}"), format!("write {}", preview::NAME));
        V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix)
    })?;
    let lifetime = body.expires_in.as_deref().map(lifetime).transpose()?;
    let message = text("message", body.message)?;
    let source = source(body.source)?.or_else(|| named.source());
    let signature = said("signature", body.signature)?;
    let order = Order {
        bff,
        kind: Kind::Preview,
        message,
        source,
        expect_live: Expected::Any,
        key,
        caller,
        consent: None,
        canary: None,
        again: false,
        signing: Signing {
            signature,
            older: false,
        },
        preview: Some(WantedPreview {
            name: body.name,
            lifetime,
        }),
    };
    execute_of(pages, named, order, Scope::Preview).await
}

fn lifetime(text: &str) -> Result<Duration, V1Problem> {
    let parsed = humantime::parse_duration(text).ok();
    parsed.filter(|it| !it.is_zero()).ok_or_else(|| {
        let what = "expires_in (`--expires`) is no time";
        let fix = "write a number and a unit, such as 12h or 7d";
        V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix)
    })
}

/// The previews of a BFF that last, by name.
pub(super) async fn list(pages: &Pages, bff: String) -> Result<Response<AdminBody>, V1Problem> {
    let previews = pages.orders.previews(bff.clone()).await?;
    let snapshot = pages.shared.snapshot.load_full();
    let settings = snapshot.config.releases.preview.as_ref();
    let site = settings.and_then(|it| it.site.as_ref());
    let shown = |it: &Preview| shown(it, &bff, site);
    let previews: Vec<Value> = previews.names.iter().map(shown).collect();
    let document = json!({"served": settings.is_some(), "previews": previews});
    Ok(json(StatusCode::OK, &document))
}

fn shown(preview: &Preview, bff: &str, site: Option<&PreviewSite>) -> Value {
    let name = &preview.name;
    let label = PreviewHost { name, bff }.label();
    let url = site.zip(label).map(|(site, label)| site.url(&label));
    json!({
        "name": name,
        "release": preview.release,
        "digest": preview.digest,
        "until": document::time(preview.until),
        "url": url,
    })
}

/// Ends a preview.
pub(super) async fn end(
    pages: &Pages,
    bff: String,
    name: String,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    let release = pages.orders.end_preview(bff, name, caller).await?;
    Ok(json(StatusCode::OK, &document::release(&release)))
}
