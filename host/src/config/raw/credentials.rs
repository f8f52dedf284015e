//! The sections that name secrets, and the answers of last resort.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use toml::de::DeValue;

use super::policy::status;
use crate::config::field::{Field, Located};
use crate::config::kind::{Formed, Kind, Text};
use crate::config::problem::{Fault, Location};
use crate::config::reader::Section;
use crate::config::units::duration;
use crate::config::values::{any_text, path, quote, text};
use crate::config::wire::{call_pattern, header_name, header_value, token_url};
use crate::config::{CallPattern, ClientAuthentication};

pub(in crate::config) struct RawCredentials {
    pub(in crate::config) place: Location,
    pub(in crate::config) bearer: RawSecret,
    pub(in crate::config) header: Field<HeaderName>,
    pub(in crate::config) value: RawSecret,
    pub(in crate::config) token_url: Field<(String, bool)>,
    pub(in crate::config) client_id: Field<String>,
    pub(in crate::config) client_secret: RawSecret,
    pub(in crate::config) authentication: Field<ClientAuthentication>,
    pub(in crate::config) scopes: Field<Vec<Located<String>>>,
    pub(in crate::config) audience: Field<String>,
    pub(in crate::config) parameters: Field<Vec<Located<(String, String)>>>,
    pub(in crate::config) token_timeout: Field<Duration>,
    pub(in crate::config) ca_file: Field<String>,
}

/// Parameters of a request for a token that have a key of their own, or none because the host
/// decides.
const OWN_PARAMETERS: [(&str, &str); 7] = [
    ("grant_type", "it is always client_credentials"),
    ("client_id", "write client-id"),
    (
        "client_secret",
        "write client-secret-file or client-secret-env",
    ),
    ("client_assertion", "the host does not sign assertions"),
    ("client_assertion_type", "the host does not sign assertions"),
    ("scope", "write scopes"),
    ("audience", "write audience"),
];

/// Where a secret is: one of the two.
pub(in crate::config) struct RawSecret {
    pub(in crate::config) file: Field<String>,
    pub(in crate::config) env: Field<String>,
}

pub(in crate::config) struct RawDefault {
    pub(in crate::config) place: Location,
    pub(in crate::config) call: Field<CallPattern>,
    pub(in crate::config) status: Field<StatusCode>,
    pub(in crate::config) content_type: Field<HeaderValue>,
    pub(in crate::config) body: Field<String>,
    pub(in crate::config) body_file: Field<String>,
}

pub(super) fn credentials(s: &mut Section<'_>) -> RawCredentials {
    RawCredentials {
        place: s.place.clone(),
        bearer: secret(s, "bearer-file", "bearer-env"),
        header: s.read("header", header_name()),
        value: secret(s, "value-file", "value-env"),
        token_url: s.read("oauth2-token-url", token_url()),
        client_id: s.read("client-id", visible(" ")),
        client_secret: secret(s, "client-secret-file", "client-secret-env"),
        authentication: s.read("client-authentication", authentication()),
        scopes: s.list("scopes", visible("")),
        audience: s.read("audience", filled()),
        parameters: s.map("token-parameters", parameter),
        token_timeout: s.read("token-timeout", duration()),
        ca_file: s.read("ca-file", path()),
    }
}

/// Reads how the host authenticates to a token endpoint.
fn authentication() -> impl Kind<ClientAuthentication> {
    Formed::new(
        Text::OneOf(vec![
            "client_secret_basic".to_owned(),
            "client_secret_post".to_owned(),
        ]),
        read_authentication,
    )
}

fn read_authentication(value: &DeValue<'_>) -> Result<ClientAuthentication, Fault> {
    match text(value)? {
        "client_secret_basic" => Ok(ClientAuthentication::Basic),
        "client_secret_post" => Ok(ClientAuthentication::Post),
        "private_key_jwt" => Err(Fault::new(
            "the host does not sign assertions",
            "have another program keep the token in a file, and name that with bearer-file",
        )),
        other => Err(Fault::new(
            format!("{} is not known", quote(other)),
            "write \"client_secret_basic\" or \"client_secret_post\"",
        )),
    }
}

/// Reads a further parameter of a request for a token.
fn parameter(name: &str, value: &DeValue<'_>) -> Result<(String, String), Fault> {
    if name.is_empty() {
        return Err(Fault::new("a parameter has no name", "name it"));
    }
    if let Some((_, key)) = OWN_PARAMETERS.iter().find(|(own, _)| *own == name) {
        let what = format!("the host sets {} itself", quote(name));
        return Err(Fault::new(what, format!("leave it out: {key}")));
    }
    Ok((name.to_owned(), text(value)?.to_owned()))
}

/// A text that is not empty.
fn filled() -> impl Kind<String> {
    Formed::new(Text::NotEmpty, read_filled)
}

fn read_filled(value: &DeValue<'_>) -> Result<String, Fault> {
    match text(value)? {
        "" => Err(Fault::new("this is empty", "write a text, or leave it out")),
        written => Ok(written.to_owned()),
    }
}

/// Reads where a secret is.
pub(super) fn secret(s: &mut Section<'_>, file: &'static str, env: &'static str) -> RawSecret {
    RawSecret {
        file: s.read(file, path()),
        env: s.read(env, variable()),
    }
}

/// Reads the name of a variable of the environment. No message shows what is no name: it may be the
/// secret itself.
fn variable() -> impl Kind<String> {
    Formed::new(Text::Like(r"^[A-Za-z_][A-Za-z0-9_]*$"), read_variable)
}

fn read_variable(value: &DeValue<'_>) -> Result<String, Fault> {
    let way_out = "write the name of a variable, such as \"ACTIVITY_TOKEN\"";
    let fault = || Fault::new("this is not the name of a variable", way_out);
    let DeValue::String(name) = value else {
        return Err(fault());
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts_well && name.bytes().all(legal) {
        return Ok(name.to_string());
    }
    Err(fault())
}

/// Reads what an authorization server takes for an identifier or a scope (RFC 6749 appendix A),
/// where `more` is legal besides visible characters.
fn visible(more: &'static str) -> impl Kind<String> {
    let form = match more {
        "" => Text::Like(r"^[!#-\[\]-~]+$"),
        _ => Text::Like(r"^[ !#-\[\]-~]+$"),
    };
    Formed::new(form, move |value: &DeValue<'_>| {
        let written = text(value)?;
        let legal = |c: char| (c.is_ascii_graphic() && !"\"\\".contains(c)) || more.contains(c);
        if !written.is_empty() && written.chars().all(legal) {
            return Ok(written.to_owned());
        }
        let what = format!("{} is empty or has illegal characters", quote(written));
        let way_out = "write visible ASCII characters without quotes and backslashes";
        Err(Fault::new(what, way_out))
    })
}

pub(super) fn default(s: &mut Section<'_>) -> RawDefault {
    RawDefault {
        place: s.place.clone(),
        call: s.required(
            "call",
            "say which calls it answers: call = \"GET /users/*/goals\"",
            call_pattern(),
        ),
        status: s.read("status", status(200)),
        content_type: s.read("content-type", header_value()),
        body: s.read("body", any_text()),
        body_file: s.read("body-file", path()),
    }
}
