//! Memory and tables of one instance: refuses growth past the BFF's limits and remembers that it
//! did.
//!
//! A guest that is refused memory usually aborts with a plain trap. The mark left here is how the
//! host knows which limit it was.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::meter::Usage;

/// The limiter that the engine calls before an instance grows.
#[derive(Debug)]
pub(super) struct GuestLimits {
    max_memory: usize,
    max_elements: usize,
    pub(super) usage: Arc<Usage>,
    elements: usize,
    pub(super) memory_refused: bool,
    pub(super) table_refused: bool,
}

impl GuestLimits {
    pub(super) fn new(max_memory: usize, max_elements: usize, usage: Arc<Usage>) -> Self {
        Self {
            max_memory,
            max_elements,
            usage,
            elements: 0,
            memory_refused: false,
            table_refused: false,
        }
    }
}

impl ResourceLimiter for GuestLimits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The module's own limit refuses this, and nothing grows.
            return Ok(true);
        }
        let total = self
            .usage
            .memory()
            .saturating_add(desired.saturating_sub(current));
        if total > self.max_memory {
            self.memory_refused = true;
            return Ok(false);
        }
        self.usage.set_memory(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .elements
            .saturating_add(desired.saturating_sub(current));
        if total > self.max_elements {
            self.table_refused = true;
            return Ok(false);
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        super::engine::MAX_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        super::engine::MAX_TABLES as usize
    }

    fn memories(&self) -> usize {
        super::engine::MAX_MEMORIES as usize
    }
}
