//! The host's credentials for a service: exactly one kind, and present.

use std::time::Duration;

use http::{HeaderName, header};

use crate::config::check::Context;
use crate::config::field::Field;
use crate::config::raw::{RawCredentials, RawDownstream, RawSecret};
use crate::config::units::ms;
use crate::config::{ClientAuthentication, Credentials, OAuth2, Proxy, Secret};

/// Authorization servers are slower than services, and are called rarely.
const TOKEN_TIMEOUT: Duration = ms(5_000);

const BEARER: &str = "bearer-file or bearer-env";
const HEADER: &str = "header with value-file or value-env";
const OAUTH2: &str = "oauth2-token-url with client-id and client-secret-file or client-secret-env";

/// The field that they set, if that is known.
pub(super) fn header(raw: &RawCredentials) -> Option<HeaderName> {
    raw.header.value().or_else(|| {
        let authorization = raw.bearer.is_there() || raw.token_url.is_there();
        authorization.then_some(header::AUTHORIZATION)
    })
}

/// `None` without the section, or if it is wrong.
pub(super) fn check(raw: &RawDownstream, cx: &mut Context<'_>) -> Option<Credentials> {
    let raw = raw.credentials.as_ref()?;
    let bearer = raw.bearer.is_there();
    let header = raw.header.is_there() || raw.value.is_there();
    let oauth2 = raw.token_url.is_there()
        || raw.client_id.is_there()
        || raw.client_secret.is_there()
        || raw.authentication.is_there()
        || raw.scopes.is_there()
        || raw.audience.is_there()
        || raw.parameters.is_there()
        || raw.token_timeout.is_there()
        || raw.ca_file.is_there();
    let kinds: Vec<&str> = [(bearer, BEARER), (header, HEADER), (oauth2, OAUTH2)]
        .into_iter()
        .filter_map(|(there, kind)| there.then_some(kind))
        .collect();
    match kinds[..] {
        [BEARER] => Some(Credentials::Header {
            name: header::AUTHORIZATION,
            prefix: "Bearer ",
            secret: secret(&raw.bearer, raw, ["bearer-file", "bearer-env"], cx)?,
        }),
        [HEADER] => {
            demand(
                &raw.header,
                "header",
                "name the header field: header = \"x-api-key\"",
                raw,
                cx,
            );
            let secret = secret(&raw.value, raw, ["value-file", "value-env"], cx);
            Some(Credentials::Header {
                name: raw.header.value()?,
                prefix: "",
                secret: secret?,
            })
        }
        [OAUTH2] => oauth2_credentials(raw, cx),
        [] => {
            let way_out = format!("write {BEARER}; {HEADER}; or {OAUTH2}");
            cx.report_at(&raw.place, "there are no credentials here", way_out);
            None
        }
        _ => {
            let what = format!(
                "there are several kinds of credentials: {}",
                kinds.join("; ")
            );
            cx.report_at(&raw.place, what, "keep one of them");
            None
        }
    }
}

fn oauth2_credentials(raw: &RawCredentials, cx: &mut Context<'_>) -> Option<Credentials> {
    let example =
        "write the URL of the token endpoint: oauth2-token-url = \"https://id.example.com/token\"";
    demand(&raw.token_url, "oauth2-token-url", example, raw, cx);
    demand(
        &raw.client_id,
        "client-id",
        "write who the host is to it: client-id = \"tailor\"",
        raw,
        cx,
    );
    let client_secret = secret(
        &raw.client_secret,
        raw,
        ["client-secret-file", "client-secret-env"],
        cx,
    );
    cx.check_distinct(&raw.scopes, Clone::clone);
    let ca_file = raw.ca_file.written().map(|at| cx.check_file(at));
    if let (Some(at), Some((_, false))) = (raw.ca_file.written(), raw.token_url.value()) {
        let what = "the token endpoint is spoken to without TLS";
        cx.report(
            at,
            what,
            "write https:// in oauth2-token-url, or leave it out",
        );
    }
    Some(Credentials::OAuth2(OAuth2 {
        token_url: raw.token_url.value()?.0,
        client_id: raw.client_id.value()?,
        client_secret: client_secret?,
        authentication: raw.authentication.or(ClientAuthentication::Basic),
        scopes: raw.scopes.values(),
        audience: raw.audience.value(),
        parameters: raw.parameters.values(),
        timeout: raw.token_timeout.or(TOKEN_TIMEOUT),
        ca_file,
    }))
}

/// Reports a key without which credentials of this kind are none.
fn demand<T>(
    field: &Field<T>,
    key: &str,
    way_out: &str,
    raw: &RawCredentials,
    cx: &mut Context<'_>,
) {
    if matches!(field, Field::Absent) {
        cx.report_missing(&raw.place, key, way_out);
    }
}

/// The one place of a secret; `keys` are those that name a file and a variable.
fn secret(
    raw: &RawSecret,
    section: &RawCredentials,
    keys: [&str; 2],
    cx: &mut Context<'_>,
) -> Option<Secret> {
    let [file_key, env_key] = keys;
    match (&raw.file, &raw.env) {
        (Field::Written(file), Field::Absent) => Some(Secret::File(cx.check_secret_file(file))),
        (Field::Absent, Field::Written(env)) => Some(Secret::Env(cx.check_secret_env(env))),
        (Field::Absent, Field::Absent) => {
            let way_out = format!("name the file that holds it, or the variable with {env_key}");
            cx.report_missing(&section.place, file_key, way_out);
            None
        }
        (Field::Written(file), Field::Written(_)) => {
            let what = format!("the secret is in a file, and with {env_key} in a variable");
            cx.report(file, what, "keep one of them");
            None
        }
        (Field::Bad, _) | (_, Field::Bad) => None,
    }
}

/// The proxy of a service, if it has one.
pub(super) fn proxy(raw: &RawDownstream, cx: &mut Context<'_>) -> Option<Proxy> {
    let secret = &raw.proxy_credentials;
    let credentials = match (&secret.file, &secret.env) {
        (Field::Written(file), Field::Written(_)) => {
            let what = "the secret is in a file, and with proxy-credentials-env in a variable";
            cx.report(file, what, "keep one of them");
            None
        }
        (Field::Written(file), _) => Some(Secret::File(cx.check_secret_file(file))),
        (_, Field::Written(env)) => Some(Secret::Env(cx.check_secret_env(env))),
        _ => None,
    };
    if matches!(raw.proxy, Field::Absent) {
        let what = "there is no proxy to be shown this";
        let way_out = "write proxy = \"http://proxy.internal:3128\", or leave it out";
        let fields = [&secret.file, &secret.env];
        for at in fields.into_iter().filter_map(Field::written) {
            cx.report(at, what, way_out);
        }
    }
    if raw.proxy.is_there() {
        let files = raw
            .url
            .items()
            .iter()
            .filter(|at| at.value.socket.is_some());
        for at in files {
            let what = "a socket file is not reached through a proxy";
            cx.report(at, what, "leave proxy out, or write an address");
        }
    }
    let (host, port) = raw.proxy.value()?;
    Some(Proxy {
        host,
        port,
        credentials,
    })
}

impl RawSecret {
    fn is_there(&self) -> bool {
        self.file.is_there() || self.env.is_there()
    }
}
