//! What the host looks at in each proven token, whatever the rules say: for whom it is, and when.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::jwt::Claims;
use crate::config::{CI_MAX_AGE, CI_MAX_LEEWAY, CiIssuer};
use crate::text::excerpt;

/// Audiences of one token.
const MAX_AUDIENCES: usize = 8;
/// What is told of a claim, bytes.
const MAX_TOLD: usize = 120;
/// Seconds after which no clock shows a time.
const MAX_SECONDS: f64 = 1e11;

/// Until when a token can be exchanged.
pub(super) struct Life {
    /// Under the settings of now.
    pub(super) until: SystemTime,
    /// Under any, which a reload may bring.
    pub(super) known_until: SystemTime,
}

/// Checks a proven token of an issuer. Returns until when it can be exchanged.
///
/// # Errors
///
/// What is wrong, and the way out behind a semicolon. The token is that of the job that is told, and
/// proven, so that its own claims may be named.
pub(super) fn check(claims: &Claims, issuer: &CiIssuer, now: SystemTime) -> Result<Life, String> {
    check_audience(claims, &issuer.audience)?;
    let leeway = issuer.leeway;
    let expires = time(claims, "exp")?.ok_or("it has no exp; ask the CI system for a token")?;
    let made = time(claims, "iat")?.ok_or("it has no iat; ask the CI system for a token")?;
    let begins = time(claims, "nbf")?;
    let later = |at: SystemTime, by: Duration| at.checked_add(by).unwrap_or(at);
    let clocks = "ask the CI system for a new one, or compare the clocks";
    if later(expires, leeway) <= now {
        return Err(format!("it has expired ({}); {clocks}", shown(expires)));
    }
    if begins.is_some_and(|begins| begins > later(now, leeway)) {
        return Err(format!("its time has not begun (nbf); {clocks}"));
    }
    if made > later(now, leeway) {
        return Err(format!("it is made in the future (iat); {clocks}"));
    }
    let oldest = later(made, issuer.max_age);
    if later(oldest, leeway) <= now {
        let made = shown(made);
        return Err(format!("it is too old (iat is {made}); {clocks}"));
    }
    Ok(Life {
        until: later(expires.min(oldest), leeway),
        known_until: later(expires.min(later(made, CI_MAX_AGE)), CI_MAX_LEEWAY),
    })
}

fn check_audience(claims: &Claims, wanted: &str) -> Result<(), String> {
    let found = match claims.0.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(all)) if all.len() <= MAX_AUDIENCES => {
            let texts = all.iter().map(Value::as_str);
            let texts: Option<Vec<&str>> = texts.collect();
            texts.ok_or("aud has something that is no text; ask for a token with one audience")?
        }
        Some(Value::Array(_)) => {
            return Err(format!(
                "aud has more than {MAX_AUDIENCES} audiences; ask for a token with one"
            ));
        }
        _ => return Err("it has no aud; ask for a token with this host as audience".to_owned()),
    };
    if found.contains(&wanted) {
        return Ok(());
    }
    let found = excerpt(&found.join(", "), MAX_TOLD);
    Err(format!(
        "aud is {found:?}, not {wanted:?}; ask for a token with that audience, as TAILOR_AUDIENCE \
         says"
    ))
}

/// A time, which RFC 7519 lets have a fraction.
fn time(claims: &Claims, name: &str) -> Result<Option<SystemTime>, String> {
    let Some(value) = claims.0.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_f64().filter(|it| (0.0..MAX_SECONDS).contains(it));
    let after = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
    let at = after.and_then(|it| UNIX_EPOCH.checked_add(it));
    match at {
        Some(at) => Ok(Some(at)),
        None => Err(format!("{name} is no time; ask the CI system for a token")),
    }
}

fn shown(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

/// What a claim is in a message; `None` for what no rule could be about.
pub(super) fn told(value: &Value) -> Option<String> {
    Some(format!("{:?}", excerpt(&text_of(value)?, MAX_TOLD)))
}

/// A claim as rules compare it: a text, a number or a truth.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
