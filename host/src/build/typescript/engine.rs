//! The engine of JavaScript, kept running in this process for an author's loop.
//!
//! componentize-qjs starts Node, compiles the engine and links a component, each time. Here it does
//! so once, with a bundle that does nothing but import another one through the engine's own loader
//! of modules. What it made is linked and compiled; for each build a fresh instance of it evaluates
//! the bundle, and its memory becomes that of the component. Its code is the same in each.
//!
//! Where anything is other than expected, the caller makes the component in the usual way, which
//! tells what is wrong with module-level code.

use std::path::Path;

use wasmtime::{Caller, Linker, Module, OptLevel, Store, StoreLimits, StoreLimitsBuilder, Val};

use super::super::folder::Bounds;
use super::super::fuse::{self, LOADER, RETURNED, START, State};
use super::super::npm::Modules;
use super::super::project::Package;
use super::super::running::{self, RunError, memory};
use super::super::{BuildError, Report};
use super::componentize;
use super::world::World;

/// What the loader is asked for by the bundle that imports another one.
const IMPORTED: &str = "bundle";
/// That bundle. It gives its turns up for those of the other one, so that no call of its own is in a
/// stack.
const IMPORTING: &str = r#"export const turns = {
  start: () => import("bundle").then((module) => { Object.assign(turns, module.turns); }),
  turn() {},
  finish() {},
};
"#;

/// The engine, compiled.
pub(super) struct Engine {
    world: World,
    /// What componentize-qjs made.
    component: Vec<u8>,
    module: Module,
}

/// What an instance is given.
struct Given {
    /// The module's name and text.
    name: String,
    text: String,
    limits: StoreLimits,
}

impl Engine {
    /// Has componentize-qjs make the engine, and compiles it. `folder` is for files on the way.
    pub(super) fn start(
        package: &Package,
        modules: &Modules,
        wit: &Path,
        folder: &Path,
        say: Report<'_>,
    ) -> Result<Self, BuildError> {
        let unusable = |reason: String| BuildError::Component {
            name: package.name.clone(),
            reason: format!("the engine cannot be kept: {reason}"),
        };
        say("starting the JavaScript engine, which is kept from now on");
        let js = folder.join("engine.js");
        std::fs::write(&js, IMPORTING).map_err(BuildError::io("write", &js))?;
        let made = folder.join("engine.wasm");
        let world = World::read(wit).map_err(unusable)?;
        let mut tool = componentize::tool(modules, &world, wit, &js, &made)?;
        let finished = super::super::npm::compile(&mut tool)?;
        if !finished.ok {
            return Err(unusable(finished.reason()));
        }
        let component = std::fs::read(&made).map_err(BuildError::io("read", &made))?;
        let handler = world.handler().unwrap_or_default();
        let module = fuse::runnable(&component, &handler);
        let module = module.map_err(|error| unusable(error.to_string()))?;
        let module = running::compile(&module, OptLevel::Speed)
            .map_err(|error| unusable(format!("{error:#}")))?;
        Ok(Self {
            world,
            component,
            module,
        })
    }

    /// The component of a bundle. `name` is what the engine calls it in stacks.
    pub(super) fn component_of(
        &self,
        name: &str,
        bundle: &str,
        bounds: Bounds,
    ) -> Result<fuse::Fused, RunError> {
        let state = self.evaluate(name, bundle, bounds)?;
        let World { resolve, id } = &self.world;
        Ok(fuse::fuse_with(&self.component, resolve, *id, &state)?)
    }

    /// Evaluates a bundle in a fresh instance, and gives what it has left.
    fn evaluate(&self, name: &str, bundle: &str, bounds: Bounds) -> Result<State, RunError> {
        let memory = usize::try_from(bounds.memory).unwrap_or(usize::MAX);
        let given = Given {
            name: format!("/{name}.js"),
            text: bundle.to_owned(),
            limits: StoreLimitsBuilder::new().memory_size(memory).build(),
        };
        let engine = self.module.engine();
        let mut store = Store::new(engine, given);
        store.limiter(|given| &mut given.limits);
        store.set_epoch_deadline(1);
        let mut linker = Linker::new(engine);
        linker.func_wrap(LOADER, "resolve", resolve)?;
        linker.func_wrap(LOADER, "load", load)?;
        // The host is not there yet.
        linker.define_unknown_imports_as_traps(&self.module)?;
        let instance = linker.instantiate(&mut store, &self.module)?;
        let start = instance
            .get_func(&mut store, START)
            .ok_or(RunError::Lacks("start"))?;
        let ty = start.ty(&store);
        // A request of nothing: none of it is read.
        let params: Vec<Val> = ty
            .params()
            .filter_map(|ty| Val::default_for_ty(&ty))
            .collect();
        let mut results: Vec<Val> = ty
            .results()
            .filter_map(|ty| Val::default_for_ty(&ty))
            .collect();
        running::within(engine, bounds.time, || {
            start.call(&mut store, &params, &mut results)
        })?;
        let returned = instance.get_global(&mut store, RETURNED);
        let returned = returned.ok_or(RunError::Lacks("note of its end"))?;
        match returned.get(&mut store) {
            Val::I32(1) => running::state(&self.module, &instance, &mut store),
            _ => Err(RunError::Waits),
        }
    }
}

/// `resolve: func(referrer: string, specifier: string) -> result<string, string>`, with its texts and
/// the place of its result in memory.
fn resolve(
    mut caller: Caller<'_, Given>,
    _referrer: i32,
    _referrer_length: i32,
    specifier: i32,
    specifier_length: i32,
    result: i32,
) -> wasmtime::Result<()> {
    let specifier = text(&mut caller, specifier, specifier_length)?;
    if specifier != IMPORTED {
        return answer(
            caller,
            result,
            Err(format!("{specifier}: not in the bundle")),
        );
    }
    let name = caller.data().name.clone();
    answer(caller, result, Ok(name))
}

/// `load: func(path: string) -> result<string, string>`
fn load(
    mut caller: Caller<'_, Given>,
    _path: i32,
    _path_length: i32,
    result: i32,
) -> wasmtime::Result<()> {
    let text = std::mem::take(&mut caller.data_mut().text);
    answer(caller, result, Ok(text))
}

fn text(caller: &mut Caller<'_, Given>, at: i32, length: i32) -> wasmtime::Result<String> {
    let mut bytes = vec![0; length.cast_unsigned() as usize];
    memory(caller)?.read(caller, at.cast_unsigned() as usize, &mut bytes)?;
    Ok(String::from_utf8(bytes)?)
}

/// Writes the result of a function: which of the two it is, and the text's address and length.
fn answer(
    mut caller: Caller<'_, Given>,
    result: i32,
    given: Result<String, String>,
) -> wasmtime::Result<()> {
    let (kind, text) = match &given {
        Ok(text) => (0, text),
        Err(text) => (1_i32, text),
    };
    let at = running::place(&mut caller, text.as_bytes())?;
    let length = i32::try_from(text.len())?;
    let record = [kind, at, length].map(i32::to_le_bytes).concat();
    memory(&mut caller)?.write(&mut caller, result.cast_unsigned() as usize, &record)?;
    Ok(())
}
