//! What a component keeps of WASI.
//!
//! An interpreter that was built for a whole system imports files, sockets and variables of the
//! environment, none of which a BFF has. The host grants clocks, random numbers and standard
//! output: these stay imports, and the rest is answered here. What lists something has nothing to
//! list, so that a file is not found and no program ends for it; a function of what nobody can have
//! ends the instance.

use wit_parser::{Resolve, WorldId};

use super::FuseError;
use super::item::CoreItem;

/// The interfaces that stay imports, whatever their version.
const GRANTED: [&str; 9] = [
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
];

/// Functions that find nothing: their result is a list or an option, eight bytes at the address that
/// they are given.
const EMPTY: [(&str, &str); 6] = [
    ("wasi:cli/environment", "get-arguments"),
    ("wasi:cli/environment", "get-environment"),
    ("wasi:cli/terminal-stderr", "get-terminal-stderr"),
    ("wasi:cli/terminal-stdin", "get-terminal-stdin"),
    ("wasi:cli/terminal-stdout", "get-terminal-stdout"),
    ("wasi:filesystem/preopens", "get-directories"),
];

/// The only function of the adapter of WASI's first version that an interpreter asks for. It does so
/// before it is a part of a component that answers requests.
pub(super) const ADAPTER_RESET: &str = "reset_adapter_state";

/// What stands for a function of an interface that is imported, if it does not stay an import.
pub(super) fn instead_of(interface: &str, function: &str) -> Option<CoreItem> {
    let (name, _) = interface.split_once('@').unwrap_or((interface, ""));
    if is_kept(interface) {
        return None;
    }
    let empty = EMPTY.contains(&(name, function));
    Some(if empty {
        CoreItem::Empty
    } else {
        CoreItem::Trap
    })
}

/// Whether an interface is none of WASI's, or one that the host grants.
pub(super) fn is_kept(interface: &str) -> bool {
    let (name, _) = interface.split_once('@').unwrap_or((interface, ""));
    !name.starts_with("wasi:") || GRANTED.contains(&name)
}

/// The world that a component has when [`super::fuse`] is done with it: `handler` is all that it
/// exports, and what is not kept is not imported.
///
/// # Errors
///
/// When it is no component.
pub(in crate::build) fn world_of(
    component: &[u8],
    handler: &str,
) -> Result<(Resolve, WorldId), FuseError> {
    let decoded = wit_component::decode(component).map_err(|error| super::invalid(&error))?;
    let wit_component::DecodedWasm::Component(mut resolve, id) = decoded else {
        return Err(FuseError::Unsupported("no component's world"));
    };
    let mut world = resolve.worlds[id].clone();
    world
        .imports
        .retain(|key, _| is_kept(&resolve.name_world_key(key)));
    world
        .exports
        .retain(|key, _| resolve.name_world_key(key).starts_with(handler));
    resolve.worlds[id] = world;
    Ok((resolve, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_output_stay_and_files_are_not_found() {
        for (interface, function, expected) in [
            ("wasi:clocks/wall-clock@0.2.9", "now", None),
            ("tailor:bff/runtime@0.1.1", "log", None),
            (
                "wasi:filesystem/preopens@0.2.0",
                "get-directories",
                Some(CoreItem::Empty),
            ),
            (
                "wasi:sockets/tcp@0.2.9",
                "[method]tcp-socket.accept",
                Some(CoreItem::Trap),
            ),
            ("wasi:cli/exit@0.2.9", "exit", Some(CoreItem::Trap)),
        ] {
            assert_eq!(instead_of(interface, function), expected, "{interface}");
        }
    }
}
