//! Plain values: text, choices, names, addresses, the filter of the log.

use std::net::SocketAddr;

use toml::de::DeValue;

use super::kind::{Described, Formed, Kind, Text, Values};
use super::problem::Fault;
use crate::text::nearest;

/// A value as a message shows it: short, and never a whole table.
pub(super) fn show(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quote(text),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Text in quotes, cut after 60 characters so that a message stays one line.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(60) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}..", &text[..end]),
    }
}

pub(super) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, Fault> {
    match value {
        DeValue::String(text) => Ok(text),
        DeValue::Array(_) | DeValue::Table(_) => Err(Fault::new(
            format!("{} is not text", show(value)),
            "write one text in quotes",
        )),
        _ => {
            let way_out = format!("write it in quotes: \"{}\"", show(value));
            Err(Fault::new(format!("{} is not text", show(value)), way_out))
        }
    }
}

/// Reads any text.
pub(super) fn any_text() -> impl Kind<String> {
    Formed::new(Text::Any, read_any_text)
}

fn read_any_text(value: &DeValue<'_>) -> Result<String, Fault> {
    Ok(text(value)?.to_owned())
}

pub(super) fn boolean() -> impl Kind<bool> {
    let values = Values::OneOf(vec!["true".to_owned(), "false".to_owned()]);
    Described::new(values, |value: &DeValue<'_>| match value {
        DeValue::Boolean(boolean) => Ok(*boolean),
        _ => {
            let what = format!("{} is neither true nor false", show(value));
            Err(Fault::new(what, "write true or false, without quotes"))
        }
    })
}

/// One of a few words.
pub(super) fn choice<T: Copy>(choices: &[(&str, T)]) -> impl Kind<T> {
    let words: Vec<String> = choices
        .iter()
        .map(|(word, _)| format!("{word:?}"))
        .collect();
    let values = Values::OneOf(words.clone());
    Described::new(values, move |value: &DeValue<'_>| {
        let written = text(value)?;
        match choices.iter().find(|(word, _)| *word == written) {
            Some((_, chosen)) => Ok(*chosen),
            None => {
                let what = format!("{} is not known here", quote(written));
                Err(Fault::new(what, format!("write {}", words.join(" or "))))
            }
        }
    })
}

/// Reads the path of a file.
pub(super) fn path() -> impl Kind<String> {
    Formed::new(Text::NotEmpty, read_path)
}

fn read_path(value: &DeValue<'_>) -> Result<String, Fault> {
    match text(value)? {
        "" => Err(Fault::new("the path is empty", "name a file")),
        path => Ok(path.to_owned()),
    }
}

/// Reads the name of a BFF, a service or a kind of client.
pub(super) fn name() -> impl Kind<String> {
    Formed::new(Text::Like(NAME_PATTERN), read_name)
}

fn read_name(value: &DeValue<'_>) -> Result<String, Fault> {
    let name = text(value)?;
    check_name(name)?;
    Ok(name.to_owned())
}

/// What [`is_name`] takes.
pub(super) const NAME_PATTERN: &str = "^[a-z][a-z0-9-]{0,62}$";

/// What is near to an IP address and a port.
const IP_AND_PORT: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]+$";

/// A filter, but that it may have two general levels.
const LEVEL_PATTERN: &str = concat!(
    r"^\s*([A-Za-z0-9_:.-]+=)?(error|warn|info|debug|trace|off)\s*",
    r"(,\s*([A-Za-z0-9_:.-]+=)?(error|warn|info|debug|trace|off)\s*)*$"
);

/// What a name is made of, in the words of an error.
pub const NAME: &str = "1 to 63 of a-z, 0-9 and -, beginning with a letter";

/// Names are parts of metrics, headers and file names, so they are as narrow as a label of a host
/// name.
pub fn is_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    starts_well && name.len() <= 63 && name.bytes().all(legal)
}

pub(super) fn check_name(name: &str) -> Result<(), Fault> {
    if is_name(name) {
        return Ok(());
    }
    Err(Fault::new(
        format!("{} is not a legal name", quote(name)),
        format!("write {NAME}"),
    ))
}

/// Reads any text that is not empty.
pub(super) fn words() -> impl Kind<String> {
    Formed::new(Text::NotEmpty, read_words)
}

fn read_words(value: &DeValue<'_>) -> Result<String, Fault> {
    match text(value)? {
        "" => Err(Fault::new("an empty text", "leave it out")),
        text => Ok(text.to_owned()),
    }
}

/// Reads a JSON pointer (RFC 6901) to a part of a document.
pub(super) fn pointer() -> impl Kind<String> {
    Formed::new(Text::Like(r"^(/[\s\S]+)?$"), read_pointer)
}

fn read_pointer(value: &DeValue<'_>) -> Result<String, Fault> {
    let written = text(value)?;
    if written.is_empty() || (written.len() > 1 && written.starts_with('/')) {
        return Ok(written.to_owned());
    }
    let what = format!("{} is not a JSON pointer", quote(written));
    let way_out = "write \"/\" before each name, such as \"/user/email\" or \"/days/*/place\", or nothing for a whole body";
    Err(Fault::new(what, way_out))
}

/// Reads an address to listen on.
pub(super) fn address() -> impl Kind<SocketAddr> {
    Formed::new(Text::Like(IP_AND_PORT), read_address)
}

fn read_address(value: &DeValue<'_>) -> Result<SocketAddr, Fault> {
    ip_and_port(value, "an address to listen on", "8080")
}

/// Reads the address of a DNS server.
pub(super) fn dns_server() -> impl Kind<SocketAddr> {
    Formed::new(Text::Like(IP_AND_PORT), read_dns_server)
}

fn read_dns_server(value: &DeValue<'_>) -> Result<SocketAddr, Fault> {
    let address = ip_and_port(value, "the address of a DNS server", "53")?;
    if address.port() == 0 {
        let what = format!("\"{address}\" has a port that is none");
        return Err(Fault::new(what, "write one from 1 to 65535"));
    }
    Ok(address)
}

fn ip_and_port(value: &DeValue<'_>, kind: &str, usual_port: &str) -> Result<SocketAddr, Fault> {
    let written = text(value)?;
    written.parse().map_err(|_| {
        let port = written
            .rsplit(':')
            .next()
            .filter(|port| port.parse::<u16>().is_ok());
        let port = port.unwrap_or(usual_port);
        let way_out = format!("write an IP address and a port, such as \"127.0.0.1:{port}\"");
        Fault::new(format!("{} is not {kind}", quote(written)), way_out)
    })
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Reads a log filter: `info`, or `warn,tailor=debug`.
///
/// The filter of `tracing` takes a misspelt level for the name of a target and then shows
/// everything of it, so a word alone has to be a level here.
pub(super) fn level() -> impl Kind<String> {
    Formed::new(Text::Like(LEVEL_PATTERN), read_level)
}

fn read_level(value: &DeValue<'_>) -> Result<String, Fault> {
    let filter = text(value)?;
    let mut general = None;
    for directive in filter.split(',').map(str::trim) {
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (Some(target), level),
            None => (None, directive),
        };
        if !LEVELS.contains(&level) {
            let way_out = match nearest(level, LEVELS) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => format!("write one of {}", LEVELS.join(", ")),
            };
            return Err(Fault::new(
                format!("{} is not a log level", quote(level)),
                way_out,
            ));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || "_-:.".contains(c);
        match target {
            Some(target) if target.is_empty() || !target.chars().all(legal) => {
                let what = format!("{} is not a log target", quote(target));
                return Err(Fault::new(
                    what,
                    "write target=level, such as \"tailor=debug\"",
                ));
            }
            Some(_) => {}
            None => {
                if let Some(first) = general.replace(level) {
                    let what = format!("{} has two general levels", quote(filter));
                    let way_out = format!("keep one of \"{first}\" and \"{level}\"");
                    return Err(Fault::new(what, way_out));
                }
            }
        }
    }
    Ok(filter.to_owned())
}
