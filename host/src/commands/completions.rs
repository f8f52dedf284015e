//! `tailor completions`: what a shell offers behind `tailor`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::ValueHint;
use clap::{Arg, Args, Command, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, print};

#[derive(Args)]
pub struct Completions {
    /// The shell
    #[arg(
        value_name = "bash|elvish|fish|powershell|zsh",
        hide_possible_values = true
    )]
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        print(script(self.shell)?)
    }
}

/// The script of a shell.
fn script(shell: Shell) -> anyhow::Result<String> {
    let command = offered();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command.clone(), "tailor", &mut script);
    let script = String::from_utf8(script).context("completions")?;
    Ok(match shell {
        Shell::Bash => files_in_bash(&script, &command),
        Shell::Fish => script + &words_in_fish(&command),
        _ => script,
    })
}

/// The commands that people type, each argument with what belongs there.
fn offered() -> Command {
    let all = Cli::command();
    let shown = all.get_subcommands().filter(|it| !it.is_hide_set());
    let hinted = shown.map(|command| {
        let hinted = |arg: Arg| match arg.get_action().takes_values() {
            true => {
                let hint = hint(&arg);
                arg.value_hint(hint)
            }
            false => arg,
        };
        command.clone().mut_args(hinted)
    });
    Command::new("tailor")
        .version(env!("CARGO_PKG_VERSION"))
        .about(all.get_about().cloned().unwrap_or_default())
        .subcommands(hinted.collect::<Vec<_>>())
}

/// What belongs into an argument, by the name of its value.
fn hint(arg: &Arg) -> ValueHint {
    let names = arg.get_value_names().unwrap_or_default();
    match names.first().map_or("", |name| name.as_str()) {
        "COMPONENT" | "FILE" | "RECORDING" => ValueHint::FilePath,
        "DIR" | "FOLDER" => ValueHint::DirPath,
        _ => ValueHint::Other,
    }
}

/// Files or folders, where a positional argument of a command takes them.
fn takes_path(command: &Command) -> Option<ValueHint> {
    let hints = command.get_positionals().map(Arg::get_value_hint);
    let mut paths = hints.filter(|hint| matches!(hint, ValueHint::FilePath | ValueHint::DirPath));
    paths.next()
}

/// The script of bash with files where they belong: what is generated offers only options until a
/// letter of a file's name is typed.
fn files_in_bash(script: &str, command: &Command) -> String {
    const OPTIONS: &str = "COMPREPLY=( $(compgen -W \"${opts}\" -- \"${cur}\") )";
    let mut done = script.to_owned();
    for command in command.get_subcommands() {
        let Some(path) = takes_path(command) else {
            continue;
        };
        let label = format!("        tailor__subcmd__{})\n", command.get_name());
        let Some((before, rest)) = done.split_once(&label) else {
            continue;
        };
        let end = format!("{OPTIONS}\n            return 0\n            ;;\n");
        let Some((body, after)) = rest.split_once(&end) else {
            continue;
        };
        let body = body.replace(" || ${COMP_CWORD} -eq 2 ]]", " ]]");
        let kind = if path == ValueHint::DirPath {
            "-d"
        } else {
            "-f"
        };
        let files = format!(
            "compopt -o filenames\n            local IFS=$'\\n'\n            \
             COMPREPLY=( $(compgen {kind} -- \"${{cur}}\") )\n            return 0\n            ;;\n"
        );
        done = format!("{before}{label}{body}{files}{after}");
    }
    done
}

/// What is generated for fish lacks the words of positional arguments, and offers files in their
/// place.
fn words_in_fish(command: &Command) -> String {
    let mut lines = String::new();
    let shown = command
        .get_subcommands()
        .filter(|it| takes_path(it).is_none());
    for command in shown {
        let words = command.get_positionals().flat_map(Arg::get_possible_values);
        let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
        let offer = match words.is_empty() {
            true => String::new(),
            false => format!(" -a \"{}\"", words.join(" ")),
        };
        let name = command.get_name();
        // Writing to a string does not fail.
        let _ = writeln!(
            lines,
            "complete -c tailor -n \"__fish_tailor_using_subcommand {name}\" -f{offer}"
        );
    }
    lines + "complete -c tailor -n \"__fish_tailor_using_subcommand help\" -f\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_a_file_a_folder_or_neither() {
        let command = offered();
        assert!(command.find_subcommand("compile-worker").is_none());
        let hint = |name: &str, id: &str| {
            let command = command.find_subcommand(name).unwrap();
            let arg = command.get_arguments().find(|arg| arg.get_id() == id);
            arg.unwrap().get_value_hint()
        };
        for (name, id, wanted) in [
            ("inspect", "component", ValueHint::FilePath),
            ("inspect", "bff", ValueHint::Other),
            ("call", "fixture", ValueHint::FilePath),
            ("replay", "recordings", ValueHint::FilePath),
            ("record", "out", ValueHint::DirPath),
            ("record", "admin", ValueHint::Other),
            ("kit", "npm", ValueHint::DirPath),
            ("man", "dir", ValueHint::DirPath),
            ("test", "filter", ValueHint::Other),
            ("test", "folders", ValueHint::DirPath),
        ] {
            assert_eq!(hint(name, id), wanted, "{name} {id}");
        }
    }

    #[test]
    fn bash_offers_files_where_they_belong() {
        let script = script(Shell::Bash).unwrap();
        for command in offered().get_subcommands() {
            let name = command.get_name();
            let label = format!("        tailor__subcmd__{name})\n");
            let section = script.split_once(&label).unwrap().1;
            let (section, _) = section.split_once("\n            ;;\n").unwrap();
            let last = section.lines().rev().nth(1).unwrap();
            let wanted = match takes_path(command) {
                Some(ValueHint::DirPath) => "compgen -d ",
                Some(_) => "compgen -f ",
                None => "compgen -W ",
            };
            assert!(last.contains(wanted), "{name}: {section}");
            assert_eq!(
                section.contains("-eq 2"),
                takes_path(command).is_none(),
                "{name}: {section}"
            );
        }
    }

    #[test]
    fn fish_offers_words_where_they_belong_and_no_files() {
        let script = script(Shell::Fish).unwrap();
        for line in [
            "_using_subcommand schema\" -f -a \"config fixture\"\n",
            "_using_subcommand completions\" -f -a \"bash elvish fish powershell zsh\"\n",
            "_using_subcommand help\" -f\n",
        ] {
            assert!(script.contains(line), "{line}");
        }
        assert!(!script.contains("_using_subcommand inspect\" -f\n"));
    }
}
