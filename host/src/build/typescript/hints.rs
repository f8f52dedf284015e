//! What esbuild advises where its advice does not fit an engine without Node.

/// What esbuild prints, with our advice in place of its own. The kit's bundler has done that.
pub(super) fn fitting(printed: &str) -> String {
    // Behind esbuild's messages stands what Node says of a program that failed.
    let own = printed
        .lines()
        .take_while(|line| !line.starts_with("node:"));
    let lines = own.filter_map(|line| match (node_module(line), missing(line)) {
        (Some(name), _) => Some(advice(name)),
        (_, Some(name)) => Some(format!(
            "  \"{name}\" is not installed where this file can see it: name it in the dependencies of \
             package.json and install it."
        )),
        _ if is_more(line) => None,
        _ => Some(line.to_owned()),
    });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// The package that a line says to leave to the program that runs the bundle.
fn missing(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("You can mark the path \"")?;
    rest.split_once('"').map(|(name, _)| name)
}

/// The module of Node that a line of advice is about.
fn node_module(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("The package \"")?;
    let (name, _) = rest.split_once("\" wasn't found on the file system but is built into node")?;
    Some(name)
}

/// A further line of an advice, which is to bundle for Node or to leave an import as it is.
fn is_more(line: &str) -> bool {
    let words = [
        "platform=node",
        "platform: 'node'",
        "this error and leave",
        "at run-time instead",
    ];
    words.iter().any(|words| line.contains(words))
}

fn advice(module: &str) -> String {
    format!(
        "  \"{module}\" is a part of Node, and the engine of a component has nothing of it. Take another \
         package or another version of this one: one that is made for browsers or workers."
    )
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn the_advice_to_bundle_for_node_is_not_passed_on() {
        let printed = "Could not resolve \"util\"\n\n    a.js:1:7:\n\n  \
            The package \"util\" wasn't found on the file system but is built into node. Are you trying to\n  \
            bundle for node? You can use \"--platform=node\" to do that, which will remove this error.\n\n1 error\nnode:child_process:930\n  at x";
        assert_eq!(
            fitting(printed),
            "Could not resolve \"util\"\n\n    a.js:1:7:\n\n  \"util\" is a part of Node, and the engine of a \
             component has nothing of it. Take another package or another version of this one: one that \
             is made for browsers or workers.\n\n1 error"
        );
    }
}
