//! Tokens, and what was done with them.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;

use super::order::{parse, read};
use super::problem::V1Problem;
use super::release::page_of;
use super::{Pages, document, json};
use crate::releases::{Token, WrittenToken, parted, token_id};
use crate::server::admin::AdminBody;

/// The id of what is no token, and may be one with a typo.
const UNKNOWN: &str = "…";
/// No other part of a path behind it is as long.
const LONGEST: usize = 8;
/// Where tokens are revoked.
const TOKENS: &str = "/v1/tokens/";

/// A path as the log and the audit have it: the secret of a token that was written whole is not in
/// it.
pub(super) fn shown(path: &str) -> String {
    match path.strip_prefix(TOKENS) {
        Some(id) if id.len() > LONGEST => {
            let id = token_id(id).unwrap_or(UNKNOWN);
            format!("{TOKENS}{id}")
        }
        _ => path.to_owned(),
    }
}

/// The body of an order for a token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    team: String,
    #[serde(default)]
    operator: bool,
    bffs: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    expires_in: Option<String>,
    note: Option<String>,
}

/// Makes a token. The answer is the only place that has it.
pub(super) async fn create(
    request: Request<Incoming>,
    pages: &Pages,
) -> Result<Response<AdminBody>, V1Problem> {
    let (bytes, _) = read(request).await?;
    let body: TokenBody = parse(&bytes)?;
    let written = WrittenToken {
        team: body.team,
        operator: body.operator,
        bffs: body.bffs,
        scopes: body.scopes,
        note: body.note,
        lifetime: body.expires_in,
    };
    let new = written.check().map_err(|error| {
        let text = error.to_string();
        let (what, fix) = parted(&text);
        V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix)
    })?;
    let (token, secret) = pages.orders.create_token(new).await?;
    tracing::info!(id = token.id, team = token.team, "a token is made");
    let mut document = token.document();
    document["token"] = json!(secret);
    Ok(json(StatusCode::CREATED, &document))
}

/// All tokens, without their secrets.
pub(super) async fn list(pages: &Pages) -> Result<Response<AdminBody>, V1Problem> {
    let tokens = pages.orders.tokens().await?;
    let tokens: Vec<_> = tokens.iter().map(Token::document).collect();
    Ok(json(StatusCode::OK, &json!({"tokens": tokens})))
}

/// Revokes a token, at once.
pub(super) async fn revoke(pages: &Pages, id: String) -> Result<Response<AdminBody>, V1Problem> {
    // Of a token that was written whole, the secret is nowhere.
    let id = token_id(&id).unwrap_or(UNKNOWN).to_owned();
    let revoked = pages.orders.revoke(id.clone()).await?;
    if !revoked {
        let what = format!("there is no valid token {id:?}");
        let fix = "look at /v1/tokens";
        return Err(V1Problem::new(StatusCode::NOT_FOUND, "token", what, fix));
    }
    tracing::info!(id, "a token is revoked");
    Ok(json(StatusCode::OK, &json!({"id": id, "revoked": true})))
}

/// What was done, the newest first.
pub(super) async fn audit(
    request: &Request<Incoming>,
    pages: &Pages,
) -> Result<Response<AdminBody>, V1Problem> {
    let (before, limit) = page_of(request)?;
    let acts = pages.orders.acts(before, limit).await?;
    let acts: Vec<_> = acts.iter().map(document::act).collect();
    Ok(json(StatusCode::OK, &json!({"acts": acts})))
}
