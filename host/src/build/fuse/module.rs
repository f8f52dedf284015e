//! The parts of a core module, as they are in its file.

use std::collections::BTreeMap;

use wasmparser::{
    Data, Element, ExternalKind, FunctionBody, Global, Import, KnownCustom, MemoryType, Name,
    Operator, Parser, Payload, RecGroup, Table, TypeRef,
};

use super::FuseError;

/// A core module.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub(super) types: Vec<RecGroup>,
    pub(super) imports: Vec<Import<'a>>,
    /// Types of the functions, then their bodies.
    pub(super) functions: Vec<u32>,
    pub(super) bodies: Vec<FunctionBody<'a>>,
    pub(super) tables: Vec<Table<'a>>,
    pub(super) memories: Vec<MemoryType>,
    pub(super) globals: Vec<Global<'a>>,
    pub(super) exports: BTreeMap<&'a str, (ExternalKind, u32)>,
    pub(super) elements: Vec<Element<'a>>,
    pub(super) data: Vec<Data<'a>>,
    /// Whether something runs when it is instantiated.
    pub(super) starts: bool,
    /// Names of functions, for stacks in the log.
    pub(super) names: Vec<(u32, &'a str)>,
}

impl<'a> Module<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, FuseError> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => module.types = all(section)?,
                Payload::ImportSection(section) => {
                    module.imports = section.into_imports().collect::<Result<_, _>>()?;
                }
                Payload::FunctionSection(section) => module.functions = all(section)?,
                Payload::TableSection(section) => module.tables = all(section)?,
                Payload::MemorySection(section) => module.memories = all(section)?,
                Payload::GlobalSection(section) => module.globals = all(section)?,
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        module
                            .exports
                            .insert(export.name, (export.kind, export.index));
                    }
                }
                Payload::StartSection { .. } => module.starts = true,
                Payload::ElementSection(section) => module.elements = all(section)?,
                Payload::CodeSectionEntry(body) => module.bodies.push(body),
                Payload::DataSection(section) => module.data = all(section)?,
                Payload::TagSection(_) => {
                    return Err(FuseError::Unsupported("an exception tag"));
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        // Names are a help to readers: broken ones are left out.
                        for name in names.into_iter().flatten() {
                            if let Name::Function(map) = name {
                                let named = map.into_iter().flatten();
                                module.names = named.map(|name| (name.index, name.name)).collect();
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(module)
    }

    /// How many of a kind are imported; the module's own come behind them.
    pub(super) fn imported(&self, kind: ExternalKind) -> usize {
        let of_kind = |import: &&Import<'_>| kind_of(import.ty) == kind;
        self.imports.iter().filter(of_kind).count()
    }

    /// The import that has an index among those of its kind.
    pub(super) fn import(&self, kind: ExternalKind, index: u32) -> Option<&Import<'a>> {
        let of_kind = |import: &&Import<'_>| kind_of(import.ty) == kind;
        self.imports.iter().filter(of_kind).nth(index as usize)
    }

    /// How many types there are in its groups.
    pub(super) fn type_count(&self) -> u32 {
        let types = self.types.iter().map(|group| group.types().len());
        u32::try_from(types.sum::<usize>()).unwrap_or(u32::MAX)
    }
}

/// What kind of item an import is.
pub(super) fn kind_of(ty: TypeRef) -> ExternalKind {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => ExternalKind::Func,
        TypeRef::Table(_) => ExternalKind::Table,
        TypeRef::Memory(_) => ExternalKind::Memory,
        TypeRef::Global(_) => ExternalKind::Global,
        TypeRef::Tag(_) => ExternalKind::Tag,
    }
}

fn all<'a, T: wasmparser::FromReader<'a>>(
    section: wasmparser::SectionLimited<'a, T>,
) -> Result<Vec<T>, FuseError> {
    Ok(section.into_iter().collect::<Result<_, _>>()?)
}

/// Whether an exported function ends the instance first of all.
pub(super) fn always_traps(bytes: &[u8], name: &str) -> Result<bool, FuseError> {
    let module = Module::read(bytes)?;
    let Some((ExternalKind::Func, index)) = module.exports.get(name) else {
        return Ok(false);
    };
    let own = (*index as usize).checked_sub(module.imported(ExternalKind::Func));
    let Some(body) = own.and_then(|own| module.bodies.get(own)) else {
        return Ok(false);
    };
    let first = body.get_operators_reader()?.read()?;
    Ok(matches!(first, Operator::Unreachable))
}
