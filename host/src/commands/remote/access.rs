//! The options of each command that reaches a host.

use std::path::PathBuf;
use std::str::FromStr as _;

use anyhow::Context as _;
use clap::Args;

use super::address::Address;
use super::client::Remote;
use super::job::JobToken;
use super::token;

/// The variable with the address.
const VARIABLE: &str = "TAILOR_URL";
/// The address where nothing names one, which is where a host listens by default.
const DEFAULT: &str = "http://127.0.0.1:8081";

#[derive(Args)]
pub struct Access {
    /// The host's listener for operators [default: TAILOR_URL, else http://127.0.0.1:8081]
    #[arg(long, value_name = "URL")]
    url: Option<Address>,
    /// A file with the token [default: the token in TAILOR_TOKEN, else that of the CI job]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Certificates (PEM) of the authorities to trust for https [default: those of the system]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Access {
    /// Reads the token and the certificates. Without a token, that of a CI job is exchanged for one.
    ///
    /// # Errors
    ///
    /// When one of them cannot be used.
    pub async fn open(self) -> anyhow::Result<Remote> {
        // Files may be slow.
        let (remote, job) = tokio::task::spawn_blocking(move || self.read()).await??;
        match job {
            Some(job) => job.exchange(remote).await,
            None => Ok(remote),
        }
    }

    fn read(self) -> anyhow::Result<(Remote, Option<JobToken>)> {
        let address = match (self.url, std::env::var(VARIABLE)) {
            (Some(address), _) => address,
            (None, Ok(text)) if !text.is_empty() => {
                let address = Address::from_str(&text).map_err(anyhow::Error::msg);
                address.context(VARIABLE)?
            }
            (None, _) => Address::from_str(DEFAULT).map_err(anyhow::Error::msg)?,
        };
        let authorization = token::authorization(self.token_file.as_deref())?;
        let job = match authorization {
            Some(_) => None,
            None => JobToken::of_environment(),
        };
        let remote = Remote::new(address, authorization, self.ca.as_deref())?;
        Ok((remote, job))
    }
}
