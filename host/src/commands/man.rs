//! `tailor man`: the manual page, in roff.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::roff::{Roff, bold, roman};

use super::usage::usage;
use super::{Cli, print};

#[derive(Args)]
pub struct Man {
    /// Write it, and one for each command, into this folder, which is made if it is missing
    /// [default: standard output, one page]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        // A page of the help would say what the pages say.
        let mut all = Cli::command().disable_help_subcommand(true);
        all.build();
        let Some(dir) = self.dir else {
            return print(page(&all, &all)?);
        };
        let shown = || dir.display().to_string();
        fs::create_dir_all(&dir).with_context(shown)?;
        let commands = all.get_subcommands().filter(|it| !it.is_hide_set());
        for command in commands.chain([&all]) {
            let path = dir.join(format!("{}.1", title(command)));
            fs::write(&path, page(command, &all)?).with_context(|| path.display().to_string())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `tailor-serve`, as the pages of commands are named.
fn title(command: &Command) -> String {
    match command.get_name() {
        "tailor" => "tailor".to_owned(),
        name => format!("tailor-{name}"),
    }
}

/// The codes of orders to a host.
const ORDER_EXIT: [(&str, &str); 7] = [
    (
        "0",
        "The component is live, or was until a newer one replaced it.",
    ),
    ("1", "Failed: standard error says what. Wrong usage, too."),
    (
        "2",
        "The component is refused: standard output says at which step.",
    ),
    ("3", "The component was live, and was rolled back."),
    ("4", "Not allowed: the host wants a token, or another one."),
    (
        "5",
        "Conflict: something else is live than --expect-live says.",
    ),
    (
        "6",
        "The release has no end yet when --timeout is over. It goes on.",
    ),
];

/// The codes of all other commands.
const EXIT: [(&str, &str); 6] = [
    ("0", "Done. For a host: it stopped in order."),
    (
        "1",
        "Failed: standard error says what, of tests standard output.",
    ),
    ("2", "Wrong usage."),
    (
        "4",
        "tailor releases and tailor status that may not read: the host wants a token, or another \
         one.",
    ),
    ("70", "A host that cannot go on after faults of its own."),
    ("130", "tailor test that a signal ended."),
];

const FILES: [(&str, &str); 3] = [
    (
        "tailor.toml",
        "The configuration; tailor schema config writes its schema for editors.",
    ),
    (
        "engine.data-dir",
        "The folder of a host for compiled code and the last good components; without the key, \
         $STATE_DIRECTORY, else a folder below $XDG_STATE_HOME/tailor or ~/.local/state/tailor.",
    ),
    (
        "~/.cache/tailor",
        "What builds, calls and tests keep; see TAILOR_CACHE.",
    ),
];

const VARIABLES: [(&str, &str); 7] = [
    (
        "TAILOR_URL",
        "The listener for operators of the host that orders go to; else http://127.0.0.1:8081.",
    ),
    (
        "TAILOR_TOKEN",
        "The token for that host. Over http, it is sent to this machine alone.",
    ),
    (
        "TAILOR_SIGN_PASSWORD",
        "The password of a key for tailor sign, where there is no terminal to ask at.",
    ),
    (
        "TAILOR_CACHE",
        "The folder for what is made once per machine; else $XDG_CACHE_HOME/tailor, else \
         ~/.cache/tailor.",
    ),
    ("NO_COLOR", "No colours."),
    (
        "CLICOLOR_FORCE",
        "Colours in what tailor test prints, also into a file.",
    ),
    (
        "LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES",
        "Sockets that systemd gives to a host.",
    ),
];

const SIGNALS: [(&str, &str); 2] = [
    (
        "SIGHUP",
        "A host reads its configuration and components again.",
    ),
    (
        "SIGTERM, SIGINT",
        "A host stops in order; at the second one, at once.",
    ),
];

/// What is typed most.
const EXAMPLES: [(&str, &str, &str); 10] = [
    (
        "serve",
        "tailor serve --config tailor.toml",
        "Run the host.",
    ),
    (
        "check",
        "tailor check --config tailor.toml",
        "Check the file and all its components.",
    ),
    ("build", "tailor build bffs/watch", "Build a BFF."),
    (
        "new",
        "tailor new watch --lang ts",
        "Make the folder of a BFF.",
    ),
    (
        "inspect",
        "tailor inspect watch.wasm --config tailor.toml --bff watch",
        "Show what a new version would be granted.",
    ),
    (
        "call",
        "tailor call watch.wasm --fixture f.json",
        "Run one request.",
    ),
    (
        "test",
        "tailor test bffs/watch --watch",
        "Run the tests of a BFF at each change.",
    ),
    (
        "deploy",
        "tailor deploy watch watch.wasm --expect-live live",
        "Release a component, unless somebody else releases another one meanwhile.",
    ),
    (
        "rollback",
        "tailor rollback watch",
        "Go back to the one before.",
    ),
    (
        "man",
        "tailor man --dir ~/.local/share/man/man1",
        "Write all pages.",
    ),
];

/// The page of a command.
fn page(command: &Command, all: &Command) -> io::Result<Vec<u8>> {
    let version = all.get_version().unwrap_or_default();
    let man = clap_mangen::Man::new(command.clone())
        .title(title(command))
        .source(format!("tailor {version}"))
        .manual("Manual of tailor");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    let is_whole = command.get_name() == all.get_name();
    let synopsis = match is_whole {
        true => "tailor <COMMAND>".to_owned(),
        false => usage(command),
    };
    section("SYNOPSIS")
        .text([roman(synopsis)])
        .to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if is_whole {
        man.render_subcommands_section(&mut page)?;
    }
    let of_host = ["tailor", "serve"].contains(&command.get_name());
    let exit: &[_] = match command.get_name() {
        "deploy" | "rollback" => &ORDER_EXIT,
        _ => &EXIT,
    };
    table("EXIT STATUS", exit).to_writer(&mut page)?;
    table("ENVIRONMENT", &VARIABLES).to_writer(&mut page)?;
    table("FILES", &FILES).to_writer(&mut page)?;
    if of_host {
        table("SIGNALS", &SIGNALS).to_writer(&mut page)?;
    }
    let examples = EXAMPLES
        .iter()
        .filter(|(name, ..)| is_whole || *name == command.get_name());
    let examples: Vec<(&str, &str)> = examples.map(|(_, typed, does)| (*typed, *does)).collect();
    if !examples.is_empty() {
        table("EXAMPLES", &examples).to_writer(&mut page)?;
    }
    let others = all.get_subcommands().filter(|it| !it.is_hide_set());
    let others = others
        .chain([all])
        .filter(|it| it.get_name() != command.get_name());
    let others: Vec<String> = others.map(|it| format!("{}(1)", title(it))).collect();
    section("SEE ALSO")
        .text([roman(others.join(", "))])
        .to_writer(&mut page)?;
    Ok(page)
}

fn section(name: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [name]);
    roff
}

fn table(name: &str, rows: &[(&str, &str)]) -> Roff {
    let mut roff = section(name);
    for (name, text) in rows {
        roff.control("TP", [])
            .text([bold(*name)])
            .text([roman(*text)]);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_what_manuals_have() {
        let mut all = Cli::command().disable_help_subcommand(true);
        all.build();
        let text = |command: &Command| String::from_utf8(page(command, &all).unwrap()).unwrap();
        let whole = text(&all);
        assert!(!whole.contains("tailor\\-help"), "{whole}");
        for name in [
            "NAME",
            "SYNOPSIS",
            "EXIT STATUS",
            "ENVIRONMENT",
            "FILES",
            "SIGNALS",
        ] {
            let quoted = format!("\n.SH \"{name}\"\n");
            assert!(
                whole.contains(&quoted) || whole.contains(&format!("\n.SH {name}\n")),
                "{name}: {whole}"
            );
        }
        let deploy = text(all.find_subcommand("deploy").unwrap());
        assert!(deploy.contains("was rolled back"), "{deploy}");
        let inspect = text(all.find_subcommand("inspect").unwrap());
        for part in [
            ".TH tailor-inspect 1",
            "\"tailor 0.1.0\"",
            "tailor inspect [\\-\\-config <FILE>] [\\-\\-bff <NAME>] [\\-\\-json] <COMPONENT>",
            "tailor\\-serve(1)",
        ] {
            assert!(inspect.contains(part), "{part}: {inspect}");
        }
    }
}
