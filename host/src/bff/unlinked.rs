//! Interfaces that a component of others imports and nobody gives: those of Spin, of wasmCloud, of
//! later WASI. Toolchains import all that they know, used or not. A call of one ends its guest.

use thiserror::Error;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};

use super::state::StoreData;
use crate::text::cut;

/// A guest called what is not there.
#[derive(Debug, Error)]
#[error("called {} of {}, which no BFF gets", cut(function), cut(interface))]
pub(super) struct Unlinked {
    interface: String,
    function: String,
}

/// What a component is linked with, and functions that end their guest for the interfaces `names`
/// of its imports.
///
/// # Errors
///
/// When one has another kind of item than functions, types and resources.
pub(super) fn linker(
    known: &Linker<StoreData>,
    component: &Component,
    names: &[&str],
) -> wasmtime::Result<Linker<StoreData>> {
    let mut linker = known.clone();
    for (name, item) in component.component_type().imports(component.engine()) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            continue;
        };
        if !names.contains(&name) {
            continue;
        }
        let mut instance = linker.instance(name)?;
        for (item, kind) in interface.exports(component.engine()) {
            define(&mut instance, name, item, &kind.ty)?;
        }
    }
    Ok(linker)
}

fn define(
    instance: &mut LinkerInstance<'_, StoreData>,
    interface: &str,
    name: &str,
    kind: &ComponentItem,
) -> wasmtime::Result<()> {
    match kind {
        ComponentItem::ComponentFunc(_) => {
            let (interface, function) = (interface.to_owned(), name.to_owned());
            instance.func_new(name, move |_, _, _, _| {
                let (interface, function) = (interface.clone(), function.clone());
                Err(Unlinked {
                    interface,
                    function,
                }
                .into())
            })
        }
        ComponentItem::Resource(_) => {
            instance.resource(name, ResourceType::host::<Unlinked>(), |_, _| Ok(()))
        }
        // Types need no definition, and what else there is does not link.
        _ => Ok(()),
    }
}
