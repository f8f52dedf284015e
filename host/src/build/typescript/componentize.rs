//! The last step: the bundle and the engine as a component. The code of modules runs in it, once.

use std::path::Path;
use std::process::Command;

use super::super::bounds::{Ended, run_within};
use super::super::folder::Bounds;
use super::super::fuse::{Fused, fuse};
use super::super::npm::{Modules, TOOLS, compile};
use super::super::project::Package;
use super::super::{BuildError, Report, component};
use super::bundle::Bundle;
use super::handler;
use super::world::{self, World};

/// The kit's tool that finds the places of a stack in that table.
const KIT_TRACER: &str = "@tailor/kit/tools/trace.mjs";

/// The kit's tool that finds out where module-level code is when it does not end, and the
/// milliseconds after which it looks.
const KIT_WATCHER: &str = "@tailor/kit/tools/where.mjs";
const LOOK_AFTER_MS: &str = "1000";
/// What that tool may use.
const WATCHER: Bounds = Bounds {
    time: std::time::Duration::from_secs(30),
    memory: 2 << 30,
};

/// Makes the component.
pub(super) fn componentize(
    package: &Package,
    modules: &Modules,
    wit: &Path,
    bundle: &Bundle,
    say: Report<'_>,
) -> Result<Vec<u8>, BuildError> {
    let made = bundle.file("wasm");
    let world = World::read(wit).map_err(|error| BuildError::Component {
        name: package.name.clone(),
        reason: format!("the contract in {} cannot be read: {error}", wit.display()),
    })?;
    let mut tool = tool(modules, &world, wit, &bundle.file("js"), &made)?;
    let finished = match run_within(&mut tool, TOOLS, package.modules)? {
        Ended::Finished(finished) => finished,
        Ended::Time => {
            let seconds = package.modules.time.as_secs();
            let found = format!("ran for more than {seconds}s");
            return Err(endless(package, modules, bundle, &found, "module-seconds"));
        }
        Ended::Memory => {
            let mib = package.modules.memory >> 20;
            let found = format!("took more than {mib} MiB of memory");
            return Err(endless(package, modules, bundle, &found, "module-mib"));
        }
    };
    if !finished.ok {
        // The code of modules runs now, once: what it throws ends up here, with a stack.
        let printed = finished.stderr.trim();
        let reason = match handler::refusal(printed) {
            Some(refusal) => refusal,
            None => format!(
                "componentize-qjs failed: {}",
                trace(bundle, modules, printed)?
            ),
        };
        return Err(BuildError::Component {
            name: package.name.clone(),
            reason,
        });
    }
    let bytes = std::fs::read(&made).map_err(BuildError::io("read", &made))?;
    let linked = fuse(&bytes, &world.resolve, world.id);
    let linked = linked.map_err(|error| BuildError::Component {
        name: package.name.clone(),
        reason: format!(
            "what componentize-qjs made cannot be linked: {error}; install the version that the \
             kit is made for"
        ),
    })?;
    checked(package, linked, say)
}

/// The command that makes a component of a module of JavaScript. Files on the way lie beside the
/// component.
pub(super) fn tool(
    modules: &Modules,
    world: &World,
    wit: &Path,
    js: &Path,
    made: &Path,
) -> Result<Command, BuildError> {
    let mut tool = modules.tool("componentize-qjs", "componentize-qjs")?;
    let engine = made.with_extension("wit");
    let engine = world
        .write_engine(wit, &engine)
        .map_err(BuildError::io("write", &engine))?;
    // Without WASI: the engine then has no clock and no output of its own, and the component
    // imports the contract only.
    tool.args(["--stub-wasi", "--world", world::ENGINE, "--wit"])
        .arg(&engine)
        .arg("--module-root")
        .arg(js.parent().unwrap_or(js))
        .arg("--js")
        .arg(js)
        .arg("--output")
        .arg(made);
    Ok(tool)
}

/// The bytes of a component; says what about it may not be meant.
pub(super) fn checked(
    package: &Package,
    linked: Fused,
    say: Report<'_>,
) -> Result<Vec<u8>, BuildError> {
    let wasi = component::check(&package.name, &linked.bytes)?;
    if !wasi.is_empty() {
        say(&format!(
            "{}: imports {} although WASI was to be left out; the host may refuse it",
            package.name,
            wasi.join(", ")
        ));
    }
    if !linked.engine {
        say(&format!(
            "{}: its JavaScript engine is none that this version of tailor knows: endless recursion \
             and loops will be logged without your line; take the componentize-qjs of the documents",
            package.name
        ));
    }
    Ok(linked.bytes)
}

/// What was printed, with the author's places in its stacks.
fn trace(bundle: &Bundle, modules: &Modules, printed: &str) -> Result<String, BuildError> {
    if let Some(script) = modules.find(KIT_TRACER) {
        let file = bundle.file("txt");
        std::fs::write(&file, printed).map_err(BuildError::io("write", &file))?;
        let mut node = modules.script(&script);
        let traced = compile(node.arg(bundle.file("js")).arg(&file))?;
        if traced.ok {
            return Ok(traced.stdout.trim_end().to_owned());
        }
    }
    let script = format!("{}.js", bundle.name);
    Ok(bundle.map()?.translate(printed, &script))
}

/// Module-level code that went past what it may use: which limit, and where it was.
fn endless(
    package: &Package,
    modules: &Modules,
    bundle: &Bundle,
    found: &str,
    setting: &str,
) -> BuildError {
    let entry = package.entry.display();
    let place = place(modules, bundle).map_or_else(
        || format!("of {entry} or of what it imports"),
        |place| format!("of {entry}, in {place},"),
    );
    BuildError::Component {
        name: package.name.clone(),
        reason: format!(
            "module-level code {place} {found} when the component was built; it runs once, then: \
             look for a loop, or raise \"{setting}\" of the key \"tailor\" in package.json"
        ),
    }
}

/// Where module-level code is after a while in Node, the innermost call first.
fn place(modules: &Modules, bundle: &Bundle) -> Option<String> {
    let script = modules.find(KIT_WATCHER)?;
    let mut node = modules.script(&script);
    node.arg(bundle.file("js")).arg(LOOK_AFTER_MS);
    let Ok(Ended::Finished(watched)) = run_within(&mut node, TOOLS, WATCHER) else {
        return None;
    };
    let place = watched.stdout.trim();
    (!place.is_empty()).then(|| place.to_owned())
}
