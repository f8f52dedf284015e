//! What esbuild advises where its advice does not fit an engine without Node.

/// What esbuild prints, with our advice in place of its own. The kit's bundler has done that.
pub(super) fn fitting(printed: &str) -> String {
    let lines = printed.lines().filter_map(|line| match node_module(line) {
        Some(name) => Some(advice(name)),
        None if is_more(line) => None,
        None => Some(line.to_owned()),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The module of Node that a line of advice is about.
fn node_module(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("The package \"")?;
    let (name, _) = rest.split_once("\" wasn't found on the file system but is built into node")?;
    Some(name)
}

/// The second line of the advice, which is to bundle for Node.
fn is_more(line: &str) -> bool {
    line.contains("platform=node") || line.contains("platform: 'node'")
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
            bundle for node? You can use \"--platform=node\" to do that, which will remove this error.\n\n1 error";
        assert_eq!(
            fitting(printed),
            "Could not resolve \"util\"\n\n    a.js:1:7:\n\n  \"util\" is a part of Node, and the engine of a \
             component has nothing of it. Take another package or another version of this one: one that \
             is made for browsers or workers.\n\n1 error"
        );
    }
}
