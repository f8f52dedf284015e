//! Whether the functions that a component exports and imports have the types of the contract.
//!
//! The engine looks at the types of imports when it links them, and at those of exports only when
//! one is called. Here both are compared with `wit/` before anything is compiled, and what differs
//! is named as an author knows it.

use std::sync::LazyLock;

use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentInstanceTypeId,
    ComponentValType, RecordType,
};
use wasmparser::types::TypesRef;
use wit_parser::{Function, Handle, Interface, Record, Resolve, Type, TypeDefKind};

use crate::text::cut;

/// The contract itself.
static CONTRACT: LazyLock<Resolve> = LazyLock::new(|| {
    let mut resolve = Resolve::new();
    resolve
        .push_str("tailor.wit", crate::contract::WIT)
        .expect("the host was built with this text");
    resolve
});

/// The contract's interface of a name: `runtime`.
fn interface(name: &str) -> Option<&'static Interface> {
    let found = CONTRACT.interfaces.iter();
    let mut found = found.map(|(_, interface)| interface);
    found.find(|interface| interface.name.as_deref() == Some(name))
}

/// What of the functions of an instance is not as in the contract's interface of this name. `must`
/// are functions that have to be there.
pub(super) fn unlike(
    types: TypesRef<'_>,
    entity: ComponentEntityType,
    name: &str,
    must: &[&str],
) -> Vec<String> {
    let Some(interface) = interface(name) else {
        return vec!["the contract has no such interface".to_owned()];
    };
    let ComponentEntityType::Instance(instance) = entity else {
        return vec!["it is no interface".to_owned()];
    };
    let mut unlike = Vec::new();
    for name in must {
        if !types[instance].exports.contains_key(*name) {
            unlike.push(format!("{name} is not there"));
        }
    }
    unlike.extend(functions(types, instance).filter_map(|(name, id)| {
        let Some(wanted) = interface.functions.get(name) else {
            let name = cut(name);
            return Some(format!(
                "{name}: the contract of this host has no such function"
            ));
        };
        let difference = function(types, id, wanted).err()?;
        Some(format!("{}{difference}", cut(name)))
    }));
    unlike
}

fn functions<'a>(
    types: TypesRef<'a>,
    instance: ComponentInstanceTypeId,
) -> impl Iterator<Item = (&'a str, ComponentFuncTypeId)> {
    let exports = types.get(instance).map(|instance| &instance.exports);
    let exports = exports.into_iter().flatten();
    exports.filter_map(|(name, item)| match item.ty {
        ComponentEntityType::Func(id) => Some((name.as_str(), id)),
        _ => None,
    })
}

/// What differs: ` takes 2 parameters, the contract has 1`, or further inside `.status is u8, ...`.
type Difference = String;

fn function(
    types: TypesRef<'_>,
    id: ComponentFuncTypeId,
    wanted: &Function,
) -> Result<(), Difference> {
    let found = &types[id];
    if found.async_ {
        return Err(" is async, the contract has a plain function".to_owned());
    }
    if found.params.len() != wanted.params.len() {
        let (found, wanted) = (found.params.len(), wanted.params.len());
        return Err(format!(
            " takes {found} parameters, the contract has {wanted}"
        ));
    }
    let compare = Compare { types };
    for ((_, found), wanted) in found.params.iter().zip(&wanted.params) {
        let inside = |difference| format!(".{}{difference}", wanted.name);
        compare.same(*found, wanted.ty).map_err(inside)?;
    }
    let inside = |difference| format!(".result{difference}");
    (compare.perhaps(found.result, wanted.result)).map_err(inside)
}

/// Compares types of a component with those of the contract. It goes as deep as the contract's
/// types do, which are finite.
#[derive(Clone, Copy)]
struct Compare<'a> {
    types: TypesRef<'a>,
}

impl Compare<'_> {
    fn perhaps(
        self,
        found: Option<ComponentValType>,
        wanted: Option<Type>,
    ) -> Result<(), Difference> {
        match (found, wanted) {
            (None, None) => Ok(()),
            (Some(found), Some(wanted)) => self.same(found, wanted),
            (Some(_), None) => Err(" has a value, the contract has none".to_owned()),
            (None, Some(_)) => Err(" has no value, the contract has one".to_owned()),
        }
    }

    fn same(self, found: ComponentValType, wanted: Type) -> Result<(), Difference> {
        use ComponentDefinedType as Found;
        use TypeDefKind as Wanted;
        let wanted = unaliased(wanted);
        let unlike = || {
            Err(format!(
                " is {}, the contract has {}",
                self.name(found),
                name(wanted)
            ))
        };
        let (ComponentValType::Type(id), Type::Id(wanted_id)) = (found, wanted) else {
            return match self.name(found) == name(wanted) {
                true => Ok(()),
                false => unlike(),
            };
        };
        match (&self.types[id], &CONTRACT.types[wanted_id].kind) {
            (Found::Record(found), Wanted::Record(wanted)) => self.records(found, wanted),
            (Found::Variant(found), Wanted::Variant(wanted)) => {
                same_names(
                    found.cases.keys(),
                    wanted.cases.iter().map(|it| &*it.name),
                    "case",
                )?;
                for ((name, found), wanted) in found.cases.iter().zip(&wanted.cases) {
                    let inside = |difference| format!(".{name}{difference}");
                    self.perhaps(found.ty, wanted.ty).map_err(inside)?;
                }
                Ok(())
            }
            (Found::Enum(found), Wanted::Enum(wanted)) => same_names(
                found.iter(),
                wanted.cases.iter().map(|it| &*it.name),
                "case",
            ),
            (Found::List { element, .. }, Wanted::List(wanted)) => {
                let inside = |difference| format!(".element{difference}");
                self.same(*element, *wanted).map_err(inside)
            }
            (Found::Option { ty, .. }, Wanted::Option(wanted)) => {
                let inside = |difference| format!(".some{difference}");
                self.same(*ty, *wanted).map_err(inside)
            }
            (Found::Tuple(found), Wanted::Tuple(wanted))
                if found.types.len() == wanted.types.len() =>
            {
                for (place, (found, wanted)) in found.types.iter().zip(&wanted.types).enumerate() {
                    let inside = |difference| format!(".{place}{difference}");
                    self.same(*found, *wanted).map_err(inside)?;
                }
                Ok(())
            }
            (Found::Result { ok, err, .. }, Wanted::Result(wanted)) => {
                let inside = |difference| format!(".ok{difference}");
                self.perhaps(*ok, wanted.ok).map_err(inside)?;
                let inside = |difference| format!(".err{difference}");
                self.perhaps(*err, wanted.err).map_err(inside)
            }
            // There is one resource, and the engine compares which it is.
            (Found::Own(_), Wanted::Handle(Handle::Own(_)))
            | (Found::Borrow(_), Wanted::Handle(Handle::Borrow(_))) => Ok(()),
            _ => unlike(),
        }
    }

    fn records(self, found: &RecordType, wanted: &Record) -> Result<(), Difference> {
        let names = wanted.fields.iter().map(|field| &*field.name);
        same_names(found.fields.keys(), names, "field")?;
        for ((name, found), wanted) in found.fields.iter().zip(&wanted.fields) {
            let inside = |difference| format!(".{name}{difference}");
            self.same(*found, wanted.ty).map_err(inside)?;
        }
        Ok(())
    }

    /// What kind of type it is.
    fn name(self, found: ComponentValType) -> String {
        use ComponentDefinedType as Found;
        let id = match found {
            ComponentValType::Primitive(primitive) => return primitive.to_string(),
            ComponentValType::Type(id) => id,
        };
        let kind = match &self.types[id] {
            Found::Primitive(primitive) => return primitive.to_string(),
            Found::Record(_) => "record",
            Found::Variant(_) => "variant",
            Found::List { .. } => "list",
            Found::Map { .. } => "map",
            Found::FixedLengthList { .. } => "list of a fixed length",
            Found::Tuple(tuple) => return format!("tuple of {}", tuple.types.len()),
            Found::Flags(_) => "flags",
            Found::Enum(_) => "enum",
            Found::Option { .. } => "option",
            Found::Result { .. } => "result",
            Found::Own(_) => "handle",
            Found::Borrow(_) => "borrowed handle",
            Found::Future { .. } => "future",
            Found::Stream { .. } => "stream",
        };
        kind.to_owned()
    }
}

/// Whether two lists of names are the same, in the same order.
fn same_names<'a>(
    found: impl Iterator<Item = &'a wasmparser::names::KebabString>,
    wanted: impl Iterator<Item = &'a str>,
    what: &str,
) -> Result<(), Difference> {
    let found: Vec<&str> = found.map(|name| name.as_str()).collect();
    let wanted: Vec<&str> = wanted.collect();
    if let Some(lacks) = wanted.iter().find(|name| !found.contains(*name)) {
        return Err(format!(" lacks the {what} {lacks}"));
    }
    if let Some(more) = found.iter().find(|name| !wanted.contains(*name)) {
        return Err(format!(
            " has the {what} {}, which the contract has not",
            cut(more)
        ));
    }
    match found == wanted {
        true => Ok(()),
        false => Err(format!(" has the {what}s of the contract in another order")),
    }
}

/// What a type of the contract stands for, where it is a name for another one.
fn unaliased(mut wanted: Type) -> Type {
    while let Type::Id(id) = wanted
        && let TypeDefKind::Type(named) = CONTRACT.types[id].kind
    {
        wanted = named;
    }
    wanted
}

/// What kind of type it is, in the words of [`Compare::name`].
fn name(wanted: Type) -> String {
    let name = match wanted {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => match &CONTRACT.types[id].kind {
            TypeDefKind::Tuple(tuple) => return format!("tuple of {}", tuple.types.len()),
            TypeDefKind::Handle(Handle::Own(_)) => "handle",
            TypeDefKind::Handle(Handle::Borrow(_)) => "borrowed handle",
            kind => kind.as_str(),
        },
    };
    name.to_owned()
}
