//! Memory: taking more than there is, and looking for what an earlier request left behind.

use core::arch::wasm32::{memory_grow, memory_size};
use std::sync::atomic::{AtomicU32, Ordering};

use tailor_kit::Response;

const PAGE: usize = 64 << 10;
/// More than what the host clears by hand of a slot, so that both ways of clearing are seen.
const PAGES: usize = 64;

/// What a request leaves in static memory.
static MARK: AtomicU32 = AtomicU32::new(0);

/// Pages that could be had.
pub(crate) fn pages_until_refused() -> usize {
    let mut pages = 0;
    while memory_grow(0, 16) != usize::MAX {
        pages += 16;
    }
    pages
}

/// Gives up when there is no more.
pub(crate) fn grow_until_refused() -> Response {
    pages_until_refused();
    core::arch::wasm32::unreachable()
}

/// Answers with what is found of earlier requests, `clean` if nothing, and leaves `mark` behind
/// wherever it can.
pub(crate) fn look_and_mark(mark: usize) -> Response {
    let mut found = Vec::new();
    let earlier = MARK.swap(mark as u32, Ordering::Relaxed);
    if earlier != 0 {
        found.push(format!("static {earlier}"));
    }
    let start = memory_grow(0, PAGES);
    let words = PAGES * PAGE / size_of::<u32>();
    // SAFETY: these pages were added a moment ago, and the allocator asks for its own, so nothing
    // else is in them.
    let new = unsafe { core::slice::from_raw_parts_mut((start * PAGE) as *mut u32, words) };
    if let Some(word) = new.iter().find(|word| **word != 0) {
        found.push(format!("new page {word}"));
    }
    new.fill(mark as u32);
    core::hint::black_box(&new);
    if memory_size(0) != start + PAGES {
        found.push("another size".to_owned());
    }
    let heap = vec![mark as u32; PAGE];
    core::hint::black_box(&heap);
    if found.is_empty() {
        found.push("clean".to_owned());
    }
    super::text(&found.join(", "))
}
