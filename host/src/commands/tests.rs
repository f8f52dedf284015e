//! `docs/reference/cli.md` matches the program: its tables are made of the commands.

use std::collections::BTreeMap;

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;
use super::usage::{long, usage};
use crate::page;

#[test]
fn the_page_of_commands_is_what_the_program_takes() {
    let cli = Cli::command();
    let shown = || cli.get_subcommands().filter(|it| !it.is_hide_set());
    let mut parts: BTreeMap<String, String> = shown()
        .map(|command| (command.get_name().to_owned(), described(command)))
        .collect();
    let rows: Vec<Vec<String>> = shown().map(row).collect();
    let overview = page::table(&["command", "does"], &rows);
    parts.insert("commands".to_owned(), overview);
    page::check("cli.md", &parts);
}

fn row(command: &Command) -> Vec<String> {
    let name = command.get_name();
    let about = command.get_about().unwrap().to_string();
    vec![format!("[`tailor {name}`](#tailor-{name})"), about]
}

/// The usage of a command, and a table of its arguments.
fn described(command: &Command) -> String {
    let rows: Vec<Vec<String>> = command.get_arguments().map(option).collect();
    let table = page::table(&["option", "default", "meaning"], &rows);
    format!("```text\n{}\n```\n\n{table}", usage(command))
}

fn option(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("`-{short}`, "));
    let help = arg.get_help().unwrap().to_string();
    // Some defaults are words.
    let (meaning, default) = match help.split_once(" [default: ") {
        Some((meaning, default)) => (meaning.to_owned(), default.trim_end_matches(']').to_owned()),
        None => (help, default(arg)),
    };
    let name = format!("{}`{}`", short.unwrap_or_default(), long(arg));
    vec![name, default, meaning]
}

fn default(arg: &Arg) -> String {
    match arg.get_default_values() {
        _ if arg.is_required_set() => "required".to_owned(),
        [value] => format!("`{}`", value.to_string_lossy()),
        _ => String::new(),
    }
}
