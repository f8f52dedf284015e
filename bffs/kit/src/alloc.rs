//! The memory of a component: an arena for the usual request, std's allocator for what is larger.
//!
//! An instance answers one request and is thrown away, so giving memory back piece by piece is
//! mostly work for nothing. Blocks are cut from the memory that the instance starts with, between
//! the end of its data and the end of its first pages (`--initial-heap` in `.cargo/config.toml`);
//! only the newest piece can grow in place or be given back. A request that needs more gets it from
//! std's allocator, which reuses what is freed, so a long one does not run out. That costs the host
//! a change of the instance's mapping, which the arena saves to all others.

#![allow(
    unsafe_code,
    reason = "an allocator hands out raw memory; each block says why it is sound"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Arena = Arena {
    next: Cell::new(0),
    end: Cell::new(0),
};

/// Bytes of a page of WebAssembly memory.
const PAGE: usize = 64 << 10;

unsafe extern "C" {
    /// Where the linker ends stack and data.
    static __heap_base: u8;
}

struct Arena {
    /// Address of the first free byte; 0 before the first use.
    next: Cell<usize>,
    /// Address after the last byte.
    end: Cell<usize>,
}

// SAFETY: a component has one thread.
unsafe impl Sync for Arena {}

impl Arena {
    #[cold]
    fn begin(&self) {
        self.next.set(&raw const __heap_base as usize);
        self.end.set(core::arch::wasm32::memory_size(0) * PAGE);
    }

    /// The address of `size` free bytes, if the arena has them.
    fn cut(&self, size: usize, align: usize) -> Option<usize> {
        if self.next.get() == 0 {
            self.begin();
        }
        let start = self.next.get().next_multiple_of(align);
        let end = start.checked_add(size)?;
        (end <= self.end.get()).then(|| {
            self.next.set(end);
            start
        })
    }

    fn holds(&self, block: *mut u8) -> bool {
        // std's allocator requests pages of its own from the engine, which lie after the arena.
        (block as usize) < self.end.get()
    }

    fn is_newest(&self, block: *mut u8, size: usize) -> bool {
        block as usize + size == self.next.get()
    }
}

// SAFETY: a block is cut from bytes that no other block has, or comes from std's allocator and goes
// back there. Nothing before `next` is handed out twice unless it was the newest block and was
// given back.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.cut(layout.size(), layout.align()) {
            Some(start) => start as *mut u8,
            // SAFETY: the caller's promise is passed on.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on; a block of the arena is as long as its layout
        // says. A block that was given back is not zero any more, so all are written.
        unsafe {
            match self.cut(layout.size(), layout.align()) {
                Some(start) => {
                    let block = start as *mut u8;
                    block.write_bytes(0, layout.size());
                    block
                }
                None => System.alloc_zeroed(layout),
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !self.holds(block) {
            // SAFETY: what the arena does not hold came from there.
            unsafe { System.dealloc(block, layout) };
        } else if self.is_newest(block, layout.size()) {
            self.next.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !self.holds(block) {
            // SAFETY: what the arena does not hold came from there.
            return unsafe { System.realloc(block, layout, size) };
        }
        if size <= layout.size() {
            // A piece in the middle keeps its place, and the rest of it is lost.
            if self.is_newest(block, layout.size()) {
                self.next.set(block as usize + size);
            }
            return block;
        }
        if self.is_newest(block, layout.size()) && size <= self.end.get() - block as usize {
            self.next.set(block as usize + size);
            return block;
        }
        // SAFETY: the alignment is that of a legal layout and the caller promises that `size` is
        // legal with it. The new block is another one and is larger than what is copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size());
            }
            new
        }
    }
}
