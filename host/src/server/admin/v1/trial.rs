//! Orders about a release on trial.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;

use super::order::{integer, take_or_default, text};
use super::problem::V1Problem;
use super::release::unrecorded;
use super::{Pages, document, json};
use crate::releases::{Begun, Caller, CanaryAct, CanaryOrder};
use crate::server::admin::AdminBody;

/// The body of an order, which may be empty.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default, deserialize_with = "integer")]
    release: Option<i64>,
    message: Option<String>,
}

/// The same of one to hold a share.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldBody {
    #[serde(default, deserialize_with = "integer")]
    release: Option<i64>,
    message: Option<String>,
    #[serde(default)]
    off: bool,
}

/// Has the candidate be live, or what is live serve all.
pub(super) async fn end(
    request: Request<Incoming>,
    pages: &Pages,
    bff: String,
    caller: Caller,
    act: CanaryAct,
) -> Result<Response<AdminBody>, V1Problem> {
    let what = match act {
        CanaryAct::Promote => format!("promote {bff}"),
        _ => format!("abort {bff}"),
    };
    let (body, key) = take_or_default::<Body>(request, &caller, &what).await?;
    let order = CanaryOrder {
        bff,
        act,
        release: body.release,
        message: text("message", body.message)?,
        key,
        caller,
    };
    execute(pages, order).await
}

/// Keeps the share as it is, or lets it grow again.
pub(super) async fn hold(
    request: Request<Incoming>,
    pages: &Pages,
    bff: String,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    let what = format!("hold {bff}");
    let (body, key) = take_or_default::<HoldBody>(request, &caller, &what).await?;
    let order = CanaryOrder {
        bff,
        act: match body.off {
            true => CanaryAct::Resume,
            false => CanaryAct::Hold,
        },
        release: body.release,
        message: text("message", body.message)?,
        key,
        caller,
    };
    execute(pages, order).await
}

async fn execute(pages: &Pages, order: CanaryOrder) -> Result<Response<AdminBody>, V1Problem> {
    match pages.orders.judge(order).await? {
        Begun::Recorded(release) => Ok(json(StatusCode::OK, &document::release(&release))),
        Begun::Unrecorded { bff, digest, why } => Ok(unrecorded(&bff, &digest, &why)),
    }
}
