//! The layout: the index spaces of all modules, laid end to end.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{ExternalKind, TypeRef};

use super::FuseError;
use super::free::Free;
use super::item::CoreItem;
use super::module::{Module, kind_of};
use super::places::{Known, Places, known, place};
use super::turns::Turns;
use super::wiring::Wiring;

/// The function of C by which memory is allocated.
const MALLOC: &str = "malloc";

/// The instances that the exports need, in their order: those whose items are used, and those that
/// fill a table or memory of theirs.
pub(super) fn kept(wiring: &Wiring<'_>, modules: &[Module<'_>]) -> Vec<usize> {
    let of = |item: &CoreItem| match item {
        CoreItem::Export { instance, .. } => Some(*instance),
        _ => None,
    };
    let mut wanted: Vec<usize> = Vec::new();
    for export in &wiring.exports {
        let items = [
            Some(&export.core),
            export.realloc.as_ref(),
            export.post_return.as_ref(),
        ];
        wanted.extend(items.into_iter().flatten().filter_map(of));
    }
    let mut kept = BTreeSet::new();
    loop {
        while let Some(instance) = wanted.pop() {
            if !kept.insert(instance) {
                continue;
            }
            for import in &modules[instance].imports {
                let item = wiring.instances[instance].import(import.module, import.name);
                wanted.extend(of(&item));
            }
        }
        for (instance, module) in modules.iter().enumerate() {
            if module.elements.is_empty() && module.data.is_empty() {
                continue;
            }
            let fills = module.imports.iter().any(|import| {
                let shared = matches!(
                    kind_of(import.ty),
                    ExternalKind::Table | ExternalKind::Memory
                );
                let item = wiring.instances[instance].import(import.module, import.name);
                shared && of(&item).is_some_and(|from| kept.contains(&from))
            });
            if fills && !kept.contains(&instance) {
                wanted.push(instance);
            }
        }
        if wanted.is_empty() {
            return kept.into_iter().collect();
        }
    }
}

/// An item after all imports were followed.
enum Origin {
    Own { instance: usize, index: usize },
    Host { module: String, name: String },
    Made(Made),
}

/// A function that is written here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Made {
    /// It ends the instance.
    Trap,
    /// It gives an empty list.
    Empty,
    /// It notes that the handler has returned.
    TaskReturn,
}

pub(super) struct Layout<'a> {
    pub(super) wiring: &'a Wiring<'a>,
    pub(super) modules: &'a [Module<'a>],
    pub(super) kept: &'a [usize],
    pub(super) places: BTreeMap<usize, Places>,
    /// Functions of the component's imports: names and type.
    pub(super) hosts: Vec<(String, String, u32)>,
    /// The functions that are written here, behind those of the modules, and their types.
    pub(super) made: Vec<(Made, u32)>,
    /// The exports that an asynchronous handler has.
    pub(super) turns: Option<Turns>,
    /// What the globals begin with.
    pub(super) globals: Vec<Known>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(
        wiring: &'a Wiring<'a>,
        modules: &'a [Module<'a>],
        kept: &'a [usize],
    ) -> Result<Self, FuseError> {
        let mut layout = Self {
            wiring,
            modules,
            kept,
            places: BTreeMap::new(),
            hosts: Vec::new(),
            made: Vec::new(),
            turns: Turns::find(&wiring.exports),
            globals: Vec::new(),
        };
        layout.find_hosts()?;
        layout.place_all()?;
        layout.know_globals()?;
        Ok(layout)
    }

    fn know_globals(&mut self) -> Result<(), FuseError> {
        for &instance in self.kept {
            let places = &self.places[&instance];
            for global in &self.modules[instance].globals {
                let known = known(places, &self.globals, &global.init_expr)?;
                self.globals.push(known);
            }
        }
        Ok(())
    }

    /// Where an import of an instance comes from in the end.
    fn origin(&self, item: &CoreItem, kind: ExternalKind) -> Result<Origin, FuseError> {
        let mut item = item.clone();
        loop {
            let (instance, name) = match item {
                CoreItem::Export { instance, name } => (instance, name),
                CoreItem::Host { module, name, .. } => return Ok(Origin::Host { module, name }),
                CoreItem::Trap => return Ok(Origin::Made(Made::Trap)),
                CoreItem::Empty => return Ok(Origin::Made(Made::Empty)),
                CoreItem::TaskReturn if self.turns.is_some() => {
                    return Ok(Origin::Made(Made::TaskReturn));
                }
                CoreItem::BuiltIn if self.turns.is_some() => {
                    return Ok(Origin::Made(Made::Trap));
                }
                CoreItem::TaskReturn | CoreItem::BuiltIn => {
                    return Err(FuseError::Unsupported(
                        "a built-in function of the canonical ABI",
                    ));
                }
                CoreItem::Unsupported(what) => return Err(FuseError::Unsupported(what)),
            };
            let module = &self.modules[instance];
            let Some((found, index)) = module.exports.get(name.as_str()) else {
                return Err(FuseError::Unsupported("a missing export"));
            };
            if *found != kind {
                return Err(FuseError::Unsupported("an export of another kind"));
            }
            match module.import(kind, *index) {
                Some(import) => {
                    item = self.wiring.instances[instance].import(import.module, import.name);
                }
                None => {
                    let index = *index as usize - module.imported(kind);
                    return Ok(Origin::Own { instance, index });
                }
            }
        }
    }

    fn origins(
        &self,
        instance: usize,
        kind: ExternalKind,
    ) -> impl Iterator<Item = Result<(Origin, TypeRef), FuseError>> {
        let of_kind = self.modules[instance].imports.iter();
        of_kind
            .filter(move |import| kind_of(import.ty) == kind)
            .map(move |import| {
                let item = self.wiring.instances[instance].import(import.module, import.name);
                Ok((self.origin(&item, kind)?, import.ty))
            })
    }

    fn find_hosts(&mut self) -> Result<(), FuseError> {
        let mut types = 0;
        for &instance in self.kept {
            let mut found = Vec::new();
            for origin in self.origins(instance, ExternalKind::Func) {
                if let (Origin::Host { module, name }, TypeRef::Func(ty)) = origin? {
                    found.push((module, name, types + ty));
                }
            }
            for host in found {
                let known = |known: &(String, String, u32)| known.0 == host.0 && known.1 == host.1;
                if !self.hosts.iter().any(known) {
                    self.hosts.push(host);
                }
            }
            types += self.modules[instance].type_count();
        }
        Ok(())
    }

    fn place_all(&mut self) -> Result<(), FuseError> {
        // Where each instance's own items begin.
        let mut next = [count(&self.hosts)?, 0, 0, 0, 0, 0, 0];
        let mut begins = BTreeMap::new();
        for &instance in self.kept {
            begins.insert(instance, next);
            let module = &self.modules[instance];
            let own = [
                count(&module.functions)?,
                count(&module.tables)?,
                count(&module.memories)?,
                count(&module.globals)?,
                module.type_count(),
                count(&module.data)?,
                count(&module.elements)?,
            ];
            for (next, own) in next.iter_mut().zip(own) {
                *next += own;
            }
        }
        if next[2] > 1 {
            return Err(FuseError::Unsupported("several memories"));
        }
        let mut made = next[0];
        for &instance in self.kept {
            let begin = begins[&instance];
            let mut places = Places {
                types: begin[4],
                data: begin[5],
                elements: begin[6],
                ..Places::default()
            };
            let module = &self.modules[instance];
            let kinds = [
                (ExternalKind::Func, module.functions.len()),
                (ExternalKind::Table, module.tables.len()),
                (ExternalKind::Memory, module.memories.len()),
                (ExternalKind::Global, module.globals.len()),
            ];
            for (space, (kind, own)) in kinds.into_iter().enumerate() {
                let mut all = Vec::new();
                let origins: Vec<_> = self.origins(instance, kind).collect::<Result<_, _>>()?;
                for (origin, ty) in origins {
                    all.push(match (origin, ty) {
                        (Origin::Own { instance, index }, _) => {
                            let begin = begins.get(&instance);
                            let begin = begin
                                .ok_or(FuseError::Unsupported("an index that names nothing"))?;
                            begin[space] + number(index)?
                        }
                        (Origin::Host { module, name }, _) => {
                            let known =
                                |host: &(String, String, u32)| host.0 == module && host.1 == name;
                            let host = self.hosts.iter().position(known);
                            number(host.ok_or(FuseError::Unsupported("a missing import"))?)?
                        }
                        (Origin::Made(what), TypeRef::Func(ty)) => {
                            self.made.push((what, places.types + ty));
                            made += 1;
                            made - 1
                        }
                        (Origin::Made(_), _) => {
                            return Err(FuseError::Unsupported("a missing import"));
                        }
                    });
                }
                let begin = begin[space];
                all.extend(begin..begin + number(own)?);
                match kind {
                    ExternalKind::Func => places.funcs = all,
                    ExternalKind::Table => places.tables = all,
                    ExternalKind::Memory => places.memories = all,
                    _ => places.globals = all,
                }
            }
            self.places.insert(instance, places);
        }
        Ok(())
    }

    /// What is free behind the items of all modules.
    pub(super) fn free(&self) -> Result<Free, FuseError> {
        let modules = || self.kept.iter().map(|kept| &self.modules[*kept]);
        let functions: usize = modules().map(|module| module.functions.len()).sum();
        Ok(Free::behind(
            number(self.hosts.len() + functions + self.made.len())?,
            modules().map(Module::type_count).sum(),
            number(self.globals.len())?,
        ))
    }

    /// The types of a function's parameters.
    pub(super) fn params(&self, item: &CoreItem) -> Result<Vec<wasmparser::ValType>, FuseError> {
        let none = FuseError::Unsupported("an export that is no function of a module");
        let Origin::Own { instance, index } = self.origin(item, ExternalKind::Func)? else {
            return Err(none);
        };
        let module = &self.modules[instance];
        let mut types = module.types.iter().flat_map(wasmparser::RecGroup::types);
        let ty = module.functions.get(index).copied();
        let ty = ty.and_then(|ty| types.nth(ty as usize));
        match ty.map(|ty| &ty.composite_type.inner) {
            Some(wasmparser::CompositeInnerType::Func(ty)) => Ok(ty.params().to_vec()),
            _ => Err(none),
        }
    }

    /// Whether an item is one of the instances that are kept. An allocator of another one is for
    /// calls that only that one makes.
    pub(super) fn has(&self, item: &CoreItem) -> bool {
        !matches!(item, CoreItem::Export { instance, .. } if !self.kept.contains(instance))
    }

    /// Whether two allocators, each in the way of its own language, take their memory from the same
    /// `malloc`: what one of them has allocated, the other's module can free.
    pub(super) fn have_one_heap(&self, a: &CoreItem, b: &CoreItem) -> Result<bool, FuseError> {
        let heap = self.malloc_of(a)?;
        Ok(heap.is_some() && heap == self.malloc_of(b)?)
    }

    /// The instance that has the `malloc` of the instance that an allocator is in.
    fn malloc_of(&self, allocator: &CoreItem) -> Result<Option<usize>, FuseError> {
        let Origin::Own { instance, .. } = self.origin(allocator, ExternalKind::Func)? else {
            return Ok(None);
        };
        let module = &self.modules[instance];
        if module.exports.contains_key(MALLOC) {
            return Ok(Some(instance));
        }
        let Some(import) = module.imports.iter().find(|import| import.name == MALLOC) else {
            return Ok(None);
        };
        let item = self.wiring.instances[instance].import(import.module, import.name);
        Ok(match self.origin(&item, ExternalKind::Func)? {
            Origin::Own { instance, .. } => Some(instance),
            _ => None,
        })
    }

    pub(super) fn func(&self, item: &CoreItem) -> Result<u32, FuseError> {
        match self.origin(item, ExternalKind::Func)? {
            Origin::Own { instance, index } => {
                let imported = self.modules[instance].imported(ExternalKind::Func);
                let places = self.places.get(&instance);
                let places = places.ok_or(FuseError::Unsupported("a missing export"))?;
                place(&places.funcs, number(imported + index)?)
            }
            _ => Err(FuseError::Unsupported("an import that is exported")),
        }
    }
}

pub(super) fn number(count: usize) -> Result<u32, FuseError> {
    u32::try_from(count).map_err(|_| FuseError::Unsupported("this many items"))
}

fn count<T>(items: &[T]) -> Result<u32, FuseError> {
    number(items.len())
}
