//! `tailor sign`: the signature of a component for one BFF, with a key of minisign.

mod key;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::Args;
use tailor::digest::hex;
use tailor::file;
use tailor::signature::{BFF_WORD, MAX_SIZE, Signer, check_comment, prove};

use super::output::Output;
use super::remote::bff_name;

/// Largest component, bytes: what a host takes is less.
const MAX_COMPONENT: u64 = 1 << 30;
/// Size of the author's words, bytes: they fit into a signature.
const MAX_COMMENT: usize = 1000;
/// What the name of a signature has behind that of its component.
const SUFFIX: &str = ".minisig";

#[derive(Args)]
pub struct Sign {
    /// The component file
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,
    /// The BFF that it may be released as
    #[arg(long, value_name = "NAME", value_parser = bff_name)]
    bff: String,
    /// The secret key, made by `minisign -G`. Its password is asked for at a terminal; without one,
    /// it is TAILOR_SIGN_PASSWORD
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Words for the history, such as commit=abc; they are signed, too
    #[arg(long, value_name = "TEXT", value_parser = words)]
    comment: Option<String>,
    /// Where the signature is written [default: beside the component, with .minisig behind its
    /// name]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Sign {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let content = file::read(&self.component, MAX_COMPONENT);
        let component = content.with_context(|| self.component.display().to_string())?;
        let component = component.bytes;
        let mut comment = format!("{BFF_WORD}{} digest={}", self.bff, hex(&component));
        if let Some(words) = &self.comment {
            comment.push(' ');
            comment.push_str(words);
        }
        check_comment(&comment, &self.bff).map_err(|error| anyhow!("--comment: {error}"))?;
        let secret = key::read(&self.key)?;
        let place = || self.key.display().to_string();
        let public = minisign::PublicKey::from_secret_key(&secret).with_context(place)?;
        let signer = Signer::new(&public.to_base64()).with_context(place)?;
        let untrusted = format!("signature of tailor, by the key {}", signer.id());
        let signature = minisign::sign(
            Some(&public),
            &secret,
            &*component,
            Some(&comment),
            Some(&untrusted),
        );
        let text = signature.with_context(place)?.into_string();
        // As a host proves it. A damaged key makes signatures that are none.
        let signers = [signer];
        let signed = prove(&text, &component, &self.bff, &signers);
        let signed = signed.map_err(|error| anyhow!("{}: {error}", place()))?;
        let out = self.out.unwrap_or_else(|| beside(&self.component));
        std::fs::write(&out, text).with_context(|| out.display().to_string())?;
        let mut told = Output::default();
        told.line(format_args!(
            "{}: signed for {} by the key {}",
            out.display(),
            self.bff,
            signed.signer
        ));
        told.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Words of a comment.
fn words(text: &str) -> Result<String, String> {
    match text.len() <= MAX_COMMENT {
        true => Ok(text.to_owned()),
        false => Err(format!("write at most {MAX_COMMENT} bytes")),
    }
}

/// Where the signature of a component is.
fn beside(component: &Path) -> PathBuf {
    let mut name = OsString::from(component);
    name.push(SUFFIX);
    name.into()
}

/// The signature to send with a component, and its file: the named one, else the one beside the
/// component, if there is one.
///
/// # Errors
///
/// When it cannot be read.
pub fn signature_of(
    component: &Path,
    named: Option<PathBuf>,
) -> anyhow::Result<Option<(PathBuf, String)>> {
    let is_named = named.is_some();
    let path = named.unwrap_or_else(|| beside(component));
    let most = u64::try_from(MAX_SIZE)?;
    match file::read_text(&path, most) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == ErrorKind::NotFound && !is_named => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}
