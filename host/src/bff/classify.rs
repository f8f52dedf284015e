//! Which limit or trap ended a guest.

use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use super::error::BffError;
use super::meter::Stopped;
use super::state::StoreData;
use super::unlinked::Unlinked;
use super::version::Version;
use super::wasi_http::{TooLong, Unanswered};

/// Accesses this close to the end of a 32-bit memory's addresses, in bytes, are taken for a stack
/// that fell below address 0. The largest frame of a function is hardly larger.
const BELOW_ZERO: u64 = 1 << 20;

/// Maps a failure to the limit or trap. A guest that was refused memory fails in its own way
/// afterwards, so memory comes first.
pub(super) fn classify(source: wasmtime::Error, state: &StoreData, version: &Version) -> BffError {
    let limits = &version.settings().limits;
    if source.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        BffError::EngineFull
    } else if source.downcast_ref::<Stopped>().is_some() {
        BffError::Cpu {
            limit: limits.cpu,
            source: Some(source),
        }
    } else if state.limits.memory_refused {
        BffError::Memory {
            limit: limits.memory,
            source,
        }
    } else if state.limits.table_refused {
        BffError::Table {
            limit: limits.table_elements,
            source,
        }
    } else if state.is_cpu_spent() {
        // It was told so, and ended itself.
        BffError::Cpu {
            limit: limits.cpu,
            source: Some(source),
        }
    } else if let Some(unanswered) = source.downcast_ref::<Unanswered>() {
        match unanswered {
            Unanswered::TooLarge { size, limit } => BffError::ResponseTooLarge {
                size: *size,
                limit: *limit,
            },
            other => BffError::IllegalResponse(other.to_string()),
        }
    } else if is_stack_spent(&source) {
        BffError::StackSpent { source }
    } else if let Some(trap) = source.downcast_ref::<Trap>() {
        BffError::Trap {
            trap: *trap,
            source,
        }
    } else if let Some(TooLong { size }) = source.downcast_ref::<TooLong>() {
        BffError::TargetTooLong { size: *size }
    } else if has_ended_itself(&source) {
        BffError::Ended { source }
    } else {
        BffError::Boundary { source }
    }
}

/// Whether the guest ended by what WASI calls a trap and the engine does not.
fn has_ended_itself(source: &wasmtime::Error) -> bool {
    let has_children = matches!(
        source.downcast_ref::<ResourceTableError>(),
        Some(ResourceTableError::HasChildren)
    );
    let said = source.downcast_ref::<I32Exit>().is_some();
    said || has_children || source.downcast_ref::<Unlinked>().is_some()
}

/// Whether the guest trapped because its stack ran out. Linkers put the stack at the beginning of
/// the memory, so a stack pointer that falls below it wraps around to the end of the addresses.
fn is_stack_spent(source: &wasmtime::Error) -> bool {
    match source.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => true,
        Some(Trap::MemoryOutOfBounds) => {
            let address = source.chain().find_map(|cause| fault(&cause.to_string()));
            address.is_some_and(|address| address >= (1 << 32) - BELOW_ZERO)
        }
        _ => false,
    }
}

/// The address of a fault, as the engine words it; its type is private to the engine.
fn fault(cause: &str) -> Option<u64> {
    let (_, after) = cause.split_once("memory fault at wasm address 0x")?;
    let digits = after.split_once(' ').map_or(after, |(digits, _)| digits);
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_fault_is_read_as_the_engine_words_it() {
        let cause = "memory fault at wasm address 0xffffffe0 in linear memory of size 0x30000";
        assert_eq!(fault(cause), Some(0xffff_ffe0));
        assert_eq!(fault("wasm trap: out of bounds memory access"), None);
    }
}
