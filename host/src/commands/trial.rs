//! `tailor promote`, `tailor abort` and `tailor hold`: orders about a release on trial.

use std::process::ExitCode;

use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};

use super::order::{Options, OrderError, Patience, Report, key_or_random};
use super::remote::{Begun, Bff, Canary, Release, bff_name, short};

#[derive(Args)]
pub struct Trial {
    /// The BFF
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: String,
    /// Only if this release is the one on trial [default: the one that the command finds]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    release: Option<i64>,
    #[command(flatten)]
    options: Options,
}

#[derive(Args)]
pub struct Hold {
    /// Let the share grow again; without a release on trial, have the next ones grow by themselves
    /// again, where two rollbacks in a short time have ended that
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    trial: Trial,
}

/// What is to be done.
#[derive(Clone, Copy)]
enum Act {
    Promote,
    Abort,
    Hold { off: bool },
}

impl Act {
    /// The last part of the order's path.
    fn path(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Abort => "abort",
            Self::Hold { .. } => "hold",
        }
    }

    /// What has become of a release.
    fn done(self, release: &Release) -> String {
        let (number, digest) = (release.number, short(&release.digest));
        match self {
            Self::Promote => format!("release {number} of {digest} is live"),
            Self::Abort => format!("release {number} of {digest} gets no more requests"),
            Self::Hold { off: false } => {
                format!("release {number} of {digest} keeps its share")
            }
            Self::Hold { off: true } if release.state == "canary" => {
                format!("the share of release {number} grows again")
            }
            Self::Hold { off: true } => {
                format!("canaries grow by themselves again; release {number} is live")
            }
        }
    }
}

impl Trial {
    /// Makes the candidate live.
    pub async fn promote(self) -> anyhow::Result<ExitCode> {
        self.run(Act::Promote).await
    }

    /// Ends the trial.
    pub async fn abort(self) -> anyhow::Result<ExitCode> {
        self.run(Act::Abort).await
    }

    async fn run(self, act: Act) -> anyhow::Result<ExitCode> {
        let mut report = self.options.report(&self.bff);
        let ended = self.order(act, &mut report).await;
        report.end(ended).map(ExitCode::from)
    }

    async fn order(self, act: Act, report: &mut Report) -> anyhow::Result<u8> {
        let mut patience = Patience::new(self.options.short_timeout());
        let remote = self.options.access.open().await?;
        let status = format!("/v1/bffs/{}", self.bff);
        let asked = patience.ask(report, async |left| remote.get(&status, left).await);
        let bff: Bff = asked.await.map_err(OrderError::from)?;
        // The very release that the command found. With a key, it may have ended by this order.
        let found = bff.canary.as_ref().map(|it| it.release);
        let found = found.filter(|_| self.options.key.is_none());
        let release = self.release.or(found);
        let mut body = json!({});
        for (name, value) in [
            ("release", json!(release)),
            ("message", json!(self.options.message)),
        ] {
            if !value.is_null() {
                body[name] = value;
            }
        }
        if let Act::Hold { off: true } = act {
            body["off"] = json!(true);
        }
        let key = key_or_random(self.options.key)?;
        send(&remote, &self.bff, act, &body, &key, &mut patience, report).await?;
        Ok(0)
    }
}

impl Hold {
    /// Keeps the share, or lets it grow.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let act = Act::Hold { off: self.off };
        self.trial.run(act).await
    }
}

/// Ends the trial that a rollback finds.
pub(super) async fn end(
    remote: &super::remote::Remote,
    canary: &Canary,
    bff: &str,
    message: Option<&String>,
    key: &str,
    patience: &mut Patience,
    report: &mut Report,
) -> Result<(), OrderError> {
    let mut body = json!({"release": canary.release});
    if let Some(message) = message {
        body["message"] = json!(message);
    }
    send(remote, bff, Act::Abort, &body, key, patience, report).await
}

async fn send(
    remote: &super::remote::Remote,
    bff: &str,
    act: Act,
    body: &Value,
    key: &str,
    patience: &mut Patience,
    report: &mut Report,
) -> Result<(), OrderError> {
    let path = format!("/v1/bffs/{bff}/{}", act.path());
    let body = Bytes::from(body.to_string());
    let sent = patience.ask(report, async |left| {
        remote.post(&path, body.clone(), key, left).await
    });
    match sent.await? {
        Begun::Recorded(release) => report.release(&act.done(&release), &release),
        Begun::Unrecorded { digest, unrecorded } => {
            let sentence = format!(
                "{} serves all requests, which a restart of the host forgets until it is recorded: \
                 {unrecorded}",
                short(&digest)
            );
            let members = json!({"digest": digest, "reason": unrecorded});
            report.step("unrecorded", &sentence, members);
        }
    }
    Ok(())
}
