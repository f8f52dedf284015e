//! The index spaces of a component, and what they hold.

use std::collections::BTreeMap;
use std::rc::Rc;

use wasmparser::{ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind, ExternalKind};

use super::FuseError;
use super::item::{CoreInstance, CoreItem, Lifted};
use super::wasi::ADAPTER_RESET;

/// Something that a component can import or export.
#[derive(Clone)]
pub(super) enum Item {
    Func(Func),
    Instance(Whole),
    Component(Nested),
    Type(Type),
    Unsupported,
}

#[derive(Clone)]
pub(super) enum Func {
    /// Of an imported interface.
    Import {
        interface: String,
        name: String,
    },
    Lift(Rc<Lifted>),
}

/// An instance of a component.
#[derive(Clone)]
pub(super) enum Whole {
    Import(String),
    Bag(Rc<BTreeMap<String, Item>>),
}

#[derive(Clone)]
pub(super) enum Type {
    /// A type of an imported interface; it may be a resource.
    Import {
        interface: String,
        name: String,
    },
    Other,
}

#[derive(Clone)]
pub(super) struct Nested {
    pub(super) range: std::ops::Range<usize>,
    pub(super) scope: Rc<Scope>,
}

/// What the outermost component is given is the host's.
pub(super) enum Args {
    Outermost,
    Given(BTreeMap<String, Item>),
}

/// The index spaces of a component.
#[derive(Clone, Default)]
pub(super) struct Scope {
    pub(super) modules: Vec<std::ops::Range<usize>>,
    pub(super) core_funcs: Vec<CoreItem>,
    pub(super) core_tables: Vec<CoreItem>,
    pub(super) core_memories: Vec<CoreItem>,
    pub(super) core_globals: Vec<CoreItem>,
    pub(super) core_instances: Vec<CoreInstance>,
    pub(super) funcs: Vec<Func>,
    pub(super) instances: Vec<Whole>,
    pub(super) components: Vec<Nested>,
    pub(super) types: Vec<Type>,
    pub(super) outer: Option<Rc<Scope>>,
}

/// An index that the file itself holds.
pub(super) fn at<T: Clone>(items: &[T], index: u32) -> Result<T, FuseError> {
    let found = items.get(index as usize).cloned();
    found.ok_or(FuseError::Unsupported("an index that names nothing"))
}

impl Scope {
    pub(super) fn core_items(&self, kind: ExternalKind) -> Result<&[CoreItem], FuseError> {
        Ok(match kind {
            ExternalKind::Func => &self.core_funcs,
            ExternalKind::Table => &self.core_tables,
            ExternalKind::Memory => &self.core_memories,
            ExternalKind::Global => &self.core_globals,
            _ => return Err(FuseError::Unsupported("an exception tag")),
        })
    }

    pub(super) fn item(&self, kind: ComponentExternalKind, index: u32) -> Result<Item, FuseError> {
        Ok(match kind {
            ComponentExternalKind::Func => Item::Func(at(&self.funcs, index)?),
            ComponentExternalKind::Instance => Item::Instance(at(&self.instances, index)?),
            ComponentExternalKind::Component => Item::Component(at(&self.components, index)?),
            ComponentExternalKind::Type => Item::Type(at(&self.types, index)?),
            _ => Item::Unsupported,
        })
    }

    pub(super) fn push(&mut self, item: Item) -> Result<(), FuseError> {
        match item {
            Item::Func(func) => self.funcs.push(func),
            Item::Instance(instance) => self.instances.push(instance),
            Item::Component(component) => self.components.push(component),
            Item::Type(ty) => self.types.push(ty),
            Item::Unsupported => return Err(FuseError::Unsupported("an import of this kind")),
        }
        Ok(())
    }

    pub(super) fn alias(&mut self, alias: ComponentAlias<'_>) -> Result<(), FuseError> {
        match alias {
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } => {
                let item = match at(&self.instances, instance_index)? {
                    Whole::Import(interface) => match kind {
                        ComponentExternalKind::Func => Item::Func(Func::Import {
                            interface,
                            name: name.to_owned(),
                        }),
                        ComponentExternalKind::Type => Item::Type(Type::Import {
                            interface,
                            name: name.to_owned(),
                        }),
                        _ => Item::Unsupported,
                    },
                    Whole::Bag(bag) => bag.get(name).cloned().unwrap_or(Item::Unsupported),
                };
                self.push(item)
            }
            ComponentAlias::CoreInstanceExport {
                kind,
                instance_index,
                name,
            } => {
                let item = match at(&self.core_instances, instance_index)? {
                    CoreInstance::Module(_) if name == ADAPTER_RESET => CoreItem::Trap,
                    CoreInstance::Module(instance) => CoreItem::Export {
                        instance,
                        name: name.to_owned(),
                    },
                    CoreInstance::Bag(bag) => bag
                        .get(name)
                        .cloned()
                        .unwrap_or(CoreItem::Unsupported("a missing export")),
                };
                match kind {
                    ExternalKind::Func => self.core_funcs.push(item),
                    ExternalKind::Table => self.core_tables.push(item),
                    ExternalKind::Memory => self.core_memories.push(item),
                    ExternalKind::Global => self.core_globals.push(item),
                    _ => return Err(FuseError::Unsupported("an exception tag")),
                }
                Ok(())
            }
            ComponentAlias::Outer { kind, count, index } => {
                let mut scope = &*self;
                for _ in 0..count {
                    let outer = scope.outer.as_deref();
                    scope = outer.ok_or(FuseError::Unsupported("an index that names nothing"))?;
                }
                match kind {
                    ComponentOuterAliasKind::Type => {
                        let ty = at(&scope.types, index)?;
                        self.types.push(ty);
                    }
                    ComponentOuterAliasKind::Component => {
                        let component = at(&scope.components, index)?;
                        self.components.push(component);
                    }
                    ComponentOuterAliasKind::CoreModule => {
                        let module = at(&scope.modules, index)?;
                        self.modules.push(module);
                    }
                    ComponentOuterAliasKind::CoreType => {}
                }
                Ok(())
            }
        }
    }
}
