//! How a component puts its core modules together: which are instantiated, in which order, and
//! where each of their imports comes from. Components inside of it are followed, too.

use std::collections::BTreeMap;
use std::rc::Rc;

use wasmparser::{
    CanonicalFunction, ComponentInstance, ComponentTypeRef, Export, Instance, Parser, Payload,
};

use super::item::{CoreInstance, CoreItem, Lifted};
use super::module::always_traps;
use super::options::Options;
use super::scope::{Args, Func, Item, Nested, Scope, Type, Whole, at};
use super::wasi::{instead_of, is_kept};
use super::{FuseError, LOADER};

/// A core module with what it was instantiated with.
pub(super) struct ModuleInstance<'a> {
    pub(super) bytes: &'a [u8],
    args: BTreeMap<String, CoreInstance>,
}

impl ModuleInstance<'_> {
    /// Where an import comes from.
    pub(super) fn import(&self, module: &str, name: &str) -> CoreItem {
        match self.args.get(module) {
            Some(CoreInstance::Module(instance)) => CoreItem::Export {
                instance: *instance,
                name: name.to_owned(),
            },
            Some(CoreInstance::Bag(bag)) => bag
                .get(name)
                .cloned()
                .unwrap_or(CoreItem::Unsupported("a missing import")),
            None => CoreItem::Unsupported("a missing import"),
        }
    }
}

/// The whole.
pub(super) struct Wiring<'a> {
    pub(super) instances: Vec<ModuleInstance<'a>>,
    pub(super) exports: Vec<Lifted>,
}

/// What becomes of functions that do nothing but end the instance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stubs {
    /// They stay as they are.
    Trap,
    /// Those that stand for the engine's loader of modules are imported, as they were before.
    Loader,
}

/// Reads a component.
pub(super) fn read(component: &[u8], stubs: Stubs) -> Result<Wiring<'_>, FuseError> {
    let mut reader = Reader {
        bytes: component,
        stubs,
        instances: Vec::new(),
    };
    let all = reader.component(0..component.len(), &Args::Outermost, None)?;
    let mut exports = Vec::new();
    for (name, item) in all.iter() {
        lifted(name, item, &mut exports)?;
    }
    Ok(Wiring {
        instances: reader.instances,
        exports,
    })
}

fn lifted(name: &str, item: &Item, into: &mut Vec<Lifted>) -> Result<(), FuseError> {
    match item {
        Item::Func(Func::Lift(lift)) => {
            let mut lift = (**lift).clone();
            name.clone_into(&mut lift.name);
            into.push(lift);
        }
        Item::Instance(Whole::Bag(bag)) => {
            for (member, item) in bag.iter() {
                if matches!(item, Item::Func(_)) {
                    lifted(&format!("{name}#{member}"), item, into)?;
                }
            }
        }
        _ => return Err(FuseError::Unsupported("an export that is no function")),
    }
    Ok(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    stubs: Stubs,
    instances: Vec<ModuleInstance<'a>>,
}

impl<'a> Reader<'a> {
    fn component(
        &mut self,
        range: std::ops::Range<usize>,
        args: &Args,
        outer: Option<Rc<Scope>>,
    ) -> Result<Rc<BTreeMap<String, Item>>, FuseError> {
        let mut scope = Scope {
            outer,
            ..Scope::default()
        };
        let mut exports = BTreeMap::new();
        // What is inside of modules and components is read when they are instantiated.
        let mut depth = 0;
        let bytes = self.bytes;
        for payload in Parser::new(range.start as u64).parse_all(&bytes[range]) {
            let payload = payload?;
            match &payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                    depth += 1;
                    if depth > 1 {
                        continue;
                    }
                }
                Payload::End(_) => {
                    depth -= 1;
                    continue;
                }
                _ if depth > 0 => continue,
                _ => {}
            }
            match payload {
                Payload::ModuleSection {
                    unchecked_range, ..
                } => scope.modules.push(unchecked_range),
                Payload::ComponentSection {
                    unchecked_range, ..
                } => {
                    let nested = Nested {
                        range: unchecked_range,
                        scope: Rc::new(scope.clone()),
                    };
                    scope.components.push(nested);
                }
                Payload::InstanceSection(section) => {
                    for instance in section {
                        let instance = self.core_instance(&scope, instance?)?;
                        scope.core_instances.push(instance);
                    }
                }
                Payload::ComponentInstanceSection(section) => {
                    for instance in section {
                        let instance = self.instance(&scope, instance?)?;
                        scope.instances.push(instance);
                    }
                }
                Payload::ComponentAliasSection(section) => {
                    for alias in section {
                        scope.alias(alias?)?;
                    }
                }
                Payload::ComponentTypeSection(section) => {
                    for _ in 0..section.count() {
                        scope.types.push(Type::Other);
                    }
                }
                Payload::ComponentCanonicalSection(section) => {
                    for function in section {
                        self.canonical(&mut scope, function?)?;
                    }
                }
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        let import = import?;
                        let name = import.name.name;
                        let item = match args {
                            Args::Given(given) => {
                                given.get(name).cloned().unwrap_or(Item::Unsupported)
                            }
                            Args::Outermost => match import.ty {
                                ComponentTypeRef::Instance(_) => {
                                    Item::Instance(Whole::Import(name.to_owned()))
                                }
                                _ => Item::Unsupported,
                            },
                        };
                        scope.push(item)?;
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let item = scope.item(export.kind, export.index)?;
                        // An export is an item of its own, too.
                        scope.push(item.clone())?;
                        exports.insert(export.name.name.to_owned(), item);
                    }
                }
                Payload::ComponentStartSection { .. } => {
                    return Err(FuseError::Unsupported("a component's start function"));
                }
                _ => {}
            }
        }
        Ok(Rc::new(exports))
    }

    fn core_instance(
        &mut self,
        scope: &Scope,
        instance: Instance<'_>,
    ) -> Result<CoreInstance, FuseError> {
        match instance {
            Instance::Instantiate { module_index, args } => {
                let args = args.iter().map(|arg| {
                    let from = at(&scope.core_instances, arg.index)?;
                    Ok((arg.name.to_owned(), from))
                });
                let args = args.collect::<Result<_, FuseError>>()?;
                let bytes = &self.bytes[at(&scope.modules, module_index)?];
                self.instances.push(ModuleInstance { bytes, args });
                Ok(CoreInstance::Module(self.instances.len() - 1))
            }
            Instance::FromExports(exports) => {
                let bag = exports.iter().map(|Export { name, kind, index }| {
                    let items = scope.core_items(*kind)?;
                    Ok(((*name).to_owned(), at(items, *index)?))
                });
                let bag = bag.collect::<Result<_, FuseError>>()?;
                Ok(CoreInstance::Bag(Rc::new(bag)))
            }
        }
    }

    fn instance(
        &mut self,
        scope: &Scope,
        instance: ComponentInstance<'_>,
    ) -> Result<Whole, FuseError> {
        let bag = match instance {
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                let nested = at(&scope.components, component_index)?;
                let given = args
                    .iter()
                    .map(|arg| Ok((arg.name.to_owned(), scope.item(arg.kind, arg.index)?)))
                    .collect::<Result<_, FuseError>>()?;
                self.component(nested.range, &Args::Given(given), Some(nested.scope))?
            }
            ComponentInstance::FromExports(exports) => {
                let bag = exports.iter().map(|export| {
                    let item = scope.item(export.kind, export.index)?;
                    Ok((export.name.name.to_owned(), item))
                });
                Rc::new(bag.collect::<Result<_, FuseError>>()?)
            }
        };
        Ok(Whole::Bag(bag))
    }

    fn canonical(&self, scope: &mut Scope, function: CanonicalFunction) -> Result<(), FuseError> {
        match function {
            CanonicalFunction::Lift {
                core_func_index,
                options,
                ..
            } => {
                let options = Options::read(scope, &options)?;
                let core = at(&scope.core_funcs, core_func_index)?;
                scope.funcs.push(Func::Lift(Rc::new(Lifted {
                    name: String::new(),
                    core: options.check(core),
                    realloc: options.realloc,
                    post_return: options.post_return,
                    is_async: options.is_async,
                })));
            }
            CanonicalFunction::Lower {
                func_index,
                options,
            } => {
                let options = Options::read(scope, &options)?;
                let item = match at(&scope.funcs, func_index)? {
                    _ if options.is_async => CoreItem::Unsupported("an async import"),
                    Func::Import { interface, name } => match instead_of(&interface, &name) {
                        Some(item) => item,
                        None => CoreItem::Host {
                            module: interface,
                            name,
                            realloc: options.realloc.clone().map(Box::new),
                        },
                    },
                    Func::Lift(lift) => self.stub(&lift.core, options.realloc.as_ref())?,
                };
                scope.core_funcs.push(options.check(item));
            }
            CanonicalFunction::ResourceDrop { resource } => {
                scope.core_funcs.push(match at(&scope.types, resource)? {
                    Type::Import { interface, name } if is_kept(&interface) => CoreItem::Host {
                        module: interface,
                        name: format!("[resource-drop]{name}"),
                        realloc: None,
                    },
                    // Of a resource that only stubs could make there is no handle to drop.
                    Type::Import { .. } | Type::Other => CoreItem::Trap,
                });
            }
            CanonicalFunction::TaskReturn { .. } => scope.core_funcs.push(CoreItem::TaskReturn),
            _ => scope.core_funcs.push(CoreItem::BuiltIn),
        }
        Ok(())
    }

    /// A function of another component inside. It takes its own memory, so only one that has
    /// nothing to do with it can be taken over.
    fn stub(&self, core: &CoreItem, realloc: Option<&CoreItem>) -> Result<CoreItem, FuseError> {
        let CoreItem::Export { instance, name } = core else {
            return Ok(CoreItem::Unsupported("a call between components"));
        };
        // Between interface and function is a sign, which depends on how names are mangled.
        let function = name.rsplit_once(['#', '|']);
        let function = function.filter(|(interface, _)| interface.ends_with(LOADER));
        if let Some((_, function)) = function.filter(|_| self.stubs == Stubs::Loader) {
            return Ok(CoreItem::Host {
                module: LOADER.to_owned(),
                name: function.to_owned(),
                realloc: realloc.cloned().map(Box::new),
            });
        }
        Ok(if always_traps(self.instances[*instance].bytes, name)? {
            CoreItem::Trap
        } else {
            CoreItem::Unsupported("a call between components")
        })
    }
}
