//! The allocator: an arena whose cursor is OPA's heap pointer.
//!
//! OPA writes an input at the heap pointer itself, without `opa_malloc`, and tells in `opa_eval` where the heap begins behind it; the other SDKs set the pointer back
//! to where it was after the data. So an evaluation owns all memory from there up, and the next one takes it all again: nothing is ever leaked,
//! and nothing allocated lives from one evaluation to the next.

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32,
    ptr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

const PAGE: usize = 1 << 16;

/// Memory grows by this many pages at least: each growth is a call into the host.
const GROWTH: usize = 16;

/// What may follow any block: the alignment that C promises for `malloc`.
const ALIGNMENT: usize = 16;

/// The module's only static that changes, besides those of the standard library. There are no threads: atomics are how a static is written to
/// without `unsafe`, and cost nothing here.
#[global_allocator]
pub(super) static ARENA: Arena = Arena { next: AtomicUsize::new(0) };

pub(super) struct Arena {
    /// The heap pointer; 0 before it has moved from the base.
    next: AtomicUsize,
}

unsafe extern "C" {
    /// The first address after the statics; set by the linker.
    static __heap_base: u8;
}

impl Arena {
    /// The heap pointer.
    pub(super) fn next(&self) -> usize {
        match self.next.load(Relaxed) {
            0 => (&raw const __heap_base).addr().next_multiple_of(ALIGNMENT),
            next => next,
        }
    }

    /// Moves the heap pointer: everything from there up is free.
    pub(super) fn set_next(&self, next: usize) {
        self.next.store(next, Relaxed);
    }

    /// Takes a block, or ends the evaluation where there is no more memory.
    pub(super) fn take(&self, size: usize, alignment: usize) -> usize {
        let block = self.next().checked_next_multiple_of(alignment);
        let Some((block, end)) = block.and_then(|block| Some((block, block.checked_add(size)?))) else {
            out_of_memory()
        };
        reach(end);
        self.set_next(end);
        block
    }
}

/// Makes all memory below this address usable.
pub(super) fn reach(end: usize) {
    let missing = end.div_ceil(PAGE).saturating_sub(wasm32::memory_size(0));
    if missing > 0 && !grow(missing.max(GROWTH)) && !grow(missing) {
        out_of_memory();
    }
}

fn grow(pages: usize) -> bool {
    wasm32::memory_grow(0, pages) != usize::MAX
}

fn out_of_memory() -> ! {
    super::abort(c"image-integrity: out of memory")
}

// SAFETY: `take` gives blocks of the size and alignment asked for that overlap no other block in use, because the cursor only moves back over the
// block that was taken last, when it is given back or shrinks, or at the host's word between evaluations. It never unwinds.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ptr::with_exposed_provenance_mut(self.take(layout.size(), layout.align()))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block.addr() + layout.size() == self.next() {
            self.set_next(block.addr());
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if block.addr() + layout.size() == self.next() {
            self.set_next(block.addr());
            // Takes the same block again, for its alignment is unchanged.
            return ptr::with_exposed_provenance_mut(self.take(size, layout.align()));
        }
        if size <= layout.size() {
            return block;
        }
        let larger = ptr::with_exposed_provenance_mut(self.take(size, layout.align()));
        // SAFETY: the old block is readable for its size, the new one, larger and elsewhere, is writable.
        unsafe { ptr::copy_nonoverlapping(block, larger, layout.size()) };
        larger
    }
}
