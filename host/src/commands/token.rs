//! `tailor token`: tokens for the admin listener, made on the data directory by its owner.

use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use serde_json::json;
use tailor::config::{self, Config};
use tailor::releases::{Act, Releases, Rights, Token as Made, WrittenToken, token_id};
use tailor::text::visible;

use super::ConfigFile;
use super::order::told;
use super::output::Output;

#[derive(Args)]
pub struct Token {
    /// What is done: a token is made and printed, once, since only its hash is kept; all are listed
    /// without their secrets; or one is revoked, at once
    #[arg(value_name = "ACT")]
    act: TokenAct,
    /// The token to revoke: the eight characters after `tlr_`, or all of it
    #[arg(value_name = "ID", required_if_eq("act", "revoke"))]
    id: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
    /// Whose the new token is: a name for the history, other than operator, data-dir, local and
    /// gate, which it has for others. With list: whose tokens are listed, without it all [default:
    /// operator, of a token that allows everything]
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// The new token allows everything
    #[arg(long, conflicts_with_all = ["bff", "scope"])]
    operator: bool,
    /// A BFF that the team ships; may be repeated
    #[arg(long, value_name = "NAME")]
    bff: Vec<String>,
    /// What the team may do: read, upload, release, rollback, promote or preview; may be repeated.
    /// All of it without
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// How long the new token is valid, from 1m to 365d
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires: String,
    /// What the new token is for
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TokenAct {
    Create,
    List,
    Revoke,
}

impl Token {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let is_json = self.json;
        told(self.act(), is_json)
    }

    fn act(self) -> anyhow::Result<ExitCode> {
        if self.act != TokenAct::Revoke && self.id.is_some() {
            // What was named may be a whole token.
            anyhow::bail!("only revoke takes the id of a token");
        }
        let mut out = Output::default();
        match self.act {
            TokenAct::Create => self.create(&mut out)?,
            TokenAct::List => self.list(&mut out)?,
            TokenAct::Revoke => self.revoke(&mut out)?,
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }

    fn config(&self) -> anyhow::Result<Config> {
        Ok(config::load_but_components(&self.file.config)?)
    }

    /// The store of the host that has this configuration.
    fn releases(&self) -> anyhow::Result<Releases> {
        Ok(Releases::new(&self.config()?.engine.data_dir))
    }

    fn create(self, out: &mut Output) -> anyhow::Result<()> {
        let config = self.config()?;
        let releases = Releases::new(&config.engine.data_dir);
        let unknown = self.bff.iter().filter(|it| !config.bffs.contains_key(*it));
        let unknown: Vec<String> = unknown.cloned().collect();
        let some = |names: Vec<String>| (!names.is_empty()).then_some(names);
        let written = WrittenToken {
            team: self.team.unwrap_or_else(|| OPERATOR.to_owned()),
            operator: self.operator,
            bffs: some(self.bff),
            scopes: some(self.scope),
            note: self.note,
            lifetime: Some(self.expires),
        };
        let (token, secret) = releases.create_token(written.check()?)?;
        note(&releases, "create", &token.id)?;
        for name in unknown {
            // The BFF may come later.
            anstream::eprintln!(
                "tailor: {}: the configuration has no BFF of this name; the token is good for it \
                 when there is one",
                visible(&name)
            );
        }
        if self.json {
            let mut document = token.document();
            document["token"] = json!(secret);
            out.line(document);
        } else {
            out.line(secret);
        }
        Ok(())
    }

    fn list(self, out: &mut Output) -> anyhow::Result<()> {
        let tokens = self.releases()?.tokens()?;
        let is_wanted = |token: &Made| self.team.as_ref().is_none_or(|it| *it == token.team);
        for token in tokens.into_iter().filter(is_wanted) {
            if self.json {
                out.line(token.document());
                continue;
            }
            let what = match &token.rights {
                Rights::Operator => "everything".to_owned(),
                Rights::Team { bffs, scopes } => {
                    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
                    let bffs: Vec<&str> = bffs.iter().map(String::as_str).collect();
                    format!("{} of {}", scopes.join(", "), bffs.join(", "))
                }
            };
            let used = token
                .used
                .map_or("never used".to_owned(), |at| format!("used {}", day(at)));
            let note = token.note.as_deref().unwrap_or_default();
            out.line(format_args!(
                "{} {}: {what}; {}, {used} {}",
                token.id,
                token.team,
                end(&token),
                visible(note)
            ));
        }
        Ok(())
    }

    fn revoke(self, out: &mut Output) -> anyhow::Result<()> {
        let named = self.id.as_deref().unwrap_or_default();
        let Some(id) = token_id(named) else {
            // It may be a secret with a typo in it.
            anyhow::bail!(
                "token: what was named is no token; write the eight characters after tlr_, which \
                 tailor token list shows"
            );
        };
        let releases = self.releases()?;
        if !releases.revoke(id)? {
            anyhow::bail!(
                "token {:?}: none of this id is valid; look at tailor token list",
                id
            );
        }
        note(&releases, "revoke", id)?;
        match self.json {
            true => out.line(json!({"id": id, "revoked": true})),
            false => out.line(format_args!("{id}: revoked")),
        }
        Ok(())
    }
}

/// The name of whose token allows everything.
const OPERATOR: &str = "operator";

/// Records what the owner of the data directory did, beside what comes by the interface.
fn note(releases: &Releases, act: &str, id: &str) -> anyhow::Result<()> {
    releases.note(&Act {
        number: 0,
        at: SystemTime::now(),
        actor: "data-dir".to_owned(),
        token: None,
        what: format!("tailor token {act}"),
        status: 200,
        result: Some(id.to_owned()),
        request: "none".to_owned(),
    })?;
    Ok(())
}

fn end(token: &Made) -> String {
    match token.revoked {
        Some(at) => format!("revoked {}", second(at)),
        None if token.expires <= SystemTime::now() => format!("expired {}", second(token.expires)),
        None => format!("until {}", second(token.expires)),
    }
}

/// Those of CI systems are valid for minutes.
fn second(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

fn day(at: SystemTime) -> String {
    let text = second(at);
    text.split('T').next().unwrap_or_default().to_owned()
}
