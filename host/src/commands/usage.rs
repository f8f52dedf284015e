//! How a command is typed, in one line.

use clap::{Arg, Command};

/// The command with its arguments.
pub fn usage(command: &Command) -> String {
    let mut words = vec!["tailor".to_owned(), command.get_name().to_owned()];
    // Options first, as the program's own help has it.
    let shown = command.get_arguments().filter(|arg| !is_of_clap(arg));
    let (options, files): (Vec<&Arg>, Vec<&Arg>) = shown.partition(|arg| !arg.is_positional());
    words.extend(options.into_iter().chain(files).map(|arg| {
        if arg.is_required_set() {
            long(arg)
        } else {
            format!("[{}]", long(arg))
        }
    }));
    words.join(" ")
}

/// Whether each command has it.
fn is_of_clap(arg: &Arg) -> bool {
    ["help", "version"].contains(&arg.get_id().as_str())
}

/// An argument as it is written: `--config <FILE>`, `<FOLDER>`, `--strict`.
pub fn long(arg: &Arg) -> String {
    let mut words = Vec::new();
    words.extend(arg.get_long().map(|long| format!("--{long}")));
    if arg.get_action().takes_values()
        && let Some([value, ..]) = arg.get_value_names()
    {
        let several = arg
            .get_num_args()
            .is_some_and(|count| count.max_values() > 1);
        words.push(format!("<{value}>{}", if several { "..." } else { "" }));
    }
    words.join(" ")
}
