//! Core modules that were linked when a component is instantiated, as one module that is linked
//! already.
//!
//! Offsets that were globals of another module become plain numbers, and with them the engine can
//! prepare memory and table when the component is compiled instead of for each instance.

use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementMode, ElementSection, Elements,
    EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, ImportSection,
    MemArg, MemorySection, NameMap, NameSection, TableSection, TypeSection,
};
use wasmparser::{DataKind, ElementItems, ElementKind, ExternalKind};

use super::FuseError;
use super::engine::{Engine, image};
use super::handle::Handle;
use super::image::Target;
use super::item::CoreItem;
use super::layout::{Layout, Made, kept, number};
use super::memory::{self, State};
use super::module::Module;
use super::places::{Places, encoded, known, place};
use super::wiring::Wiring;

/// Bytes of a page of memory.
const PAGE: u64 = 64 << 10;

/// The merged module, how many there were, and whether an engine was found in them.
pub(super) struct Merged {
    pub(super) module: wasm_encoder::Module,
    pub(super) modules: usize,
    pub(super) engine: bool,
}

/// What a module is made for.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// To become a component.
    Component,
    /// To be run here: what is still to be put into the engine is left out, and its state is
    /// exported with the first of the turns.
    Run,
    /// To become a component that goes on from a state.
    With(&'a State),
}

/// Makes one module of all that the component's exports need.
/// `handler` is the interface of the contract that an asynchronous handler is exported by.
pub(super) fn merge(
    wiring: &Wiring<'_>,
    handler: Option<&str>,
    purpose: Purpose<'_>,
) -> Result<Merged, FuseError> {
    let modules = wiring
        .instances
        .iter()
        .map(|instance| Module::read(instance.bytes))
        .collect::<Result<Vec<_>, _>>()?;
    let kept = kept(wiring, &modules);
    for &instance in &kept {
        if modules[instance].starts {
            return Err(FuseError::Unsupported("a start function"));
        }
    }
    let (module, engine) = Layout::new(wiring, &modules, &kept)?.encode(handler, purpose)?;
    Ok(Merged {
        module,
        modules: kept.len(),
        engine,
    })
}

impl Layout<'_> {
    /// The module, and whether an engine was found.
    fn encode(
        mut self,
        handler: Option<&str>,
        purpose: Purpose<'_>,
    ) -> Result<(wasm_encoder::Module, bool), FuseError> {
        let state = match purpose {
            Purpose::With(state) => Some(state),
            Purpose::Component | Purpose::Run => None,
        };
        let mut free = self.free()?;
        let handle = match (self.turns, handler) {
            (Some(turns), Some(handler)) => Some(Handle::new(&self, turns, handler, &mut free)?),
            _ => None,
        };
        let mut exports = self.exports(handle.as_ref())?;
        let mut engine = match purpose {
            Purpose::Component => Engine::find(&image(&self)?, None, &self, &mut free)?,
            Purpose::With(state) => Engine::find(&state.memory, state.spare(), &self, &mut free)?,
            Purpose::Run => {
                self.export_state(handle.as_ref(), &mut exports)?;
                None
            }
        };
        let mut types = TypeSection::new();
        let mut imports = ImportSection::new();
        let mut functions = FunctionSection::new();
        let mut tables = TableSection::new();
        let mut memories = MemorySection::new();
        let mut globals = GlobalSection::new();
        let mut elements = ElementSection::new();
        let mut code = CodeSection::new();
        let mut data = DataSection::new();
        let mut names = NameMap::new();
        for (module, name, ty) in &self.hosts {
            imports.import(module, name, EntityType::Function(*ty));
        }
        let mut known = self.globals.clone();
        for (place, value) in state.iter().flat_map(|state| &state.globals) {
            if let Some(known) = known.get_mut(*place) {
                *known = value.known();
            }
        }
        let mut known = known.iter();
        for &instance in self.kept {
            let module = &self.modules[instance];
            for element in &module.elements {
                self.element(instance, element, &mut elements)?;
            }
            for segment in &module.data {
                self.segment(instance, segment, state.is_some(), &mut data)?;
            }
            let Some(places) = self.places.get_mut(&instance) else {
                continue;
            };
            for group in module.types.clone() {
                encoded(places.parse_recursive_type_group(types.ty(), group))?;
            }
            for ty in &module.functions {
                functions.function(places.types + ty);
            }
            for table in &module.tables {
                let mut table = table.clone();
                if let Some(engine) = &mut engine {
                    engine.extend(&mut table);
                }
                encoded(places.parse_table(&mut tables, table))?;
            }
            for memory in &module.memories {
                let mut memory = encoded(places.memory_type(*memory))?;
                if let Some(state) = state {
                    memory.minimum = (state.memory.len() as u64).div_ceil(PAGE);
                }
                memories.memory(memory);
            }
            for (global, known) in module.globals.iter().zip(known.by_ref()) {
                let ty = encoded(places.global_type(global.ty))?;
                globals.global(ty, &known.expression());
            }
            for body in &module.bodies {
                encoded(places.parse_function_body(&mut code, body.clone()))?;
            }
            let imported = number(module.imported(ExternalKind::Func))?;
            for (index, name) in module.names.iter().filter(|(index, _)| *index >= imported) {
                names.append(place(&places.funcs, *index)?, name);
            }
        }
        for (made, ty) in &self.made {
            functions.function(*ty);
            code.function(&match (made, &handle) {
                (Made::TaskReturn, Some(handle)) => handle.task_return(),
                (Made::Empty, _) => empty(),
                _ => trap(),
            });
        }
        if let Some(handle) = &handle {
            handle.add(&mut types, &mut functions, &mut globals, &mut code);
        }
        let mut memory = state.map(|state| state.memory.clone());
        if let Some(engine) = &engine {
            let mut target = match &mut memory {
                Some(memory) => Target::Memory(memory),
                None => Target::Segments(&mut data),
            };
            engine.set(&mut target, &mut elements);
            engine.add(&mut types, &mut functions, &mut globals, &mut code);
        }
        if let Some(memory) = &memory {
            memory::write(memory, &mut data);
        }
        let mut named = NameSection::new();
        named.functions(&names);
        let mut module = wasm_encoder::Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&tables)
            .section(&memories)
            .section(&globals)
            .section(&exports)
            .section(&elements)
            .section(&DataCountSection { count: data.len() })
            .section(&code)
            .section(&data)
            .section(&named);
        Ok((module, engine.is_some()))
    }

    /// Exports the first of the turns, whether it has returned, and the globals that may change.
    fn export_state(
        &self,
        handle: Option<&Handle>,
        exports: &mut ExportSection,
    ) -> Result<(), FuseError> {
        if let Some(handle) = handle {
            handle.export_start(exports);
        }
        let globals = self
            .kept
            .iter()
            .flat_map(|kept| &self.modules[*kept].globals);
        for (place, global) in globals.enumerate() {
            if global.ty.mutable {
                let name = memory::global(place);
                exports.export(&name, ExportKind::Global, number(place)?);
            }
        }
        Ok(())
    }

    fn exports(&self, handle: Option<&Handle>) -> Result<ExportSection, FuseError> {
        let mut exports = ExportSection::new();
        let mut reallocs = Vec::new();
        for (place, export) in self.wiring.exports.iter().enumerate() {
            reallocs.extend(export.realloc.clone());
            if handle.is_some() && self.turns.is_some_and(|turns| turns.has(place)) {
                continue;
            }
            if export.is_async {
                return Err(FuseError::Unsupported("an async export"));
            }
            let name = &export.name;
            exports.export(name, ExportKind::Func, self.func(&export.core)?);
            if let Some(post_return) = &export.post_return {
                let index = self.func(post_return)?;
                exports.export(&format!("cabi_post_{name}"), ExportKind::Func, index);
            }
        }
        if let Some(handle) = handle {
            handle.export(&mut exports);
        }
        for &instance in self.kept {
            for import in &self.modules[instance].imports {
                let item = self.wiring.instances[instance].import(import.module, import.name);
                if let CoreItem::Host {
                    realloc: Some(realloc),
                    ..
                } = item
                    && self.has(&realloc)
                {
                    reallocs.push(*realloc);
                }
            }
        }
        if let Some(realloc) = reallocs.first() {
            let index = self.func(realloc)?;
            exports.export("cabi_realloc", ExportKind::Func, index);
            for other in &reallocs {
                if self.func(other)? != index && !self.have_one_heap(realloc, other)? {
                    return Err(FuseError::Unsupported("several allocators"));
                }
            }
        }
        if self
            .kept
            .iter()
            .any(|&kept| !self.modules[kept].memories.is_empty())
        {
            exports.export("memory", ExportKind::Memory, 0);
        }
        Ok(exports)
    }

    fn element(
        &self,
        instance: usize,
        element: &wasmparser::Element<'_>,
        into: &mut ElementSection,
    ) -> Result<(), FuseError> {
        let places = &self.places[&instance];
        let offset;
        let mode = match &element.kind {
            ElementKind::Passive => ElementMode::Passive,
            ElementKind::Declared => ElementMode::Declared,
            ElementKind::Active {
                table_index,
                offset_expr,
            } => {
                offset = known(places, &self.globals, offset_expr)?.expression();
                let table = place(&places.tables, table_index.unwrap_or(0))?;
                ElementMode::Active {
                    table: (table != 0).then_some(table),
                    offset: &offset,
                }
            }
        };
        let elements = match element.items.clone() {
            ElementItems::Functions(functions) => {
                let functions = functions
                    .into_iter()
                    .map(|func| place(&places.funcs, func?));
                let functions = functions.collect::<Result<Vec<_>, FuseError>>()?;
                Elements::Functions(functions.into())
            }
            ElementItems::Expressions(ty, expressions) => {
                let ty = encoded(Places::default().ref_type(ty))?;
                let expressions = expressions
                    .into_iter()
                    .map(|expression| Ok(known(places, &self.globals, &expression?)?.expression()))
                    .collect::<Result<Vec<_>, FuseError>>()?;
                Elements::Expressions(ty, expressions.into())
            }
        };
        into.segment(wasm_encoder::ElementSegment { mode, elements });
        Ok(())
    }

    fn segment(
        &self,
        instance: usize,
        segment: &wasmparser::Data<'_>,
        is_replaced: bool,
        into: &mut DataSection,
    ) -> Result<(), FuseError> {
        let places = &self.places[&instance];
        match &segment.kind {
            // Its index may be used.
            DataKind::Active { .. } if is_replaced => into.active(0, &ConstExpr::i32_const(0), []),
            DataKind::Passive => into.passive(segment.data.iter().copied()),
            DataKind::Active { offset_expr, .. } => {
                let offset = known(places, &self.globals, offset_expr)?.expression();
                into.active(0, &offset, segment.data.iter().copied())
            }
        };
        Ok(())
    }
}

/// A function that writes an empty list to the address that it is given.
fn empty() -> Function {
    let place = MemArg {
        offset: 0,
        align: 2,
        memory_index: 0,
    };
    let mut body = Function::new([]);
    body.instructions()
        .local_get(0)
        .i64_const(0)
        .i64_store(place)
        .end();
    body
}

/// A function that ends the instance.
fn trap() -> Function {
    let mut body = Function::new([]);
    body.instructions().unreachable().end();
    body
}
