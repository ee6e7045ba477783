//! What OPA's ABI calls a value: here the text of one, for the verdict is computed from text.
//!
//! A handle is the address of a length, the text's bytes and a NUL. It holds no address: OPA copies the handle of its data from one instance into
//! the next ones, byte for byte.

use core::{ffi::CStr, mem::offset_of, ptr, slice};

use super::arena::ARENA;

/// A handle that is part of the module.
#[repr(C)]
pub(super) struct Fixed<const N: usize> {
    length: usize,
    text: [u8; N],
}

const TEXT: usize = offset_of!(Fixed<0>, text);

impl<const N: usize> Fixed<N> {
    /// The handle of a text that ends with a NUL.
    pub(super) const fn new(text: [u8; N]) -> Self {
        Self { length: N - 1, text }
    }

    pub(super) fn address(&'static self) -> usize {
        ptr::from_ref(self).expose_provenance()
    }
}

/// A handle of the text that the host has written at that address.
///
/// Some hosts count a trailing NUL in the length; others give 0 for a text that ends with one.
pub(super) fn parse(address: usize, length: usize) -> usize {
    let text = match length {
        // SAFETY: the host promises a text that ends with a NUL.
        0 => unsafe { CStr::from_ptr(ptr::with_exposed_provenance(address)) }.to_bytes(),
        // SAFETY: the host has written so many bytes there.
        _ => unsafe { host_bytes(address, length) },
    };
    new(text.strip_suffix(b"\0").unwrap_or(text))
}

/// A handle with a copy of the text.
pub(super) fn new(text: &[u8]) -> usize {
    let handle = ARENA.take(TEXT + text.len() + 1, align_of::<usize>());
    // SAFETY: the block was just taken, aligned, for a length, the text and a NUL.
    unsafe {
        ptr::with_exposed_provenance_mut::<usize>(handle).write(text.len());
        let copy: *mut u8 = ptr::with_exposed_provenance_mut(handle + TEXT);
        copy.copy_from(text.as_ptr(), text.len());
        copy.add(text.len()).write(0);
    }
    handle
}

/// The text of a handle.
pub(super) fn text(handle: usize) -> &'static [u8] {
    // SAFETY: the host gives only handles that it got from this module since it last set the heap pointer below them.
    unsafe { host_bytes(handle + TEXT, ptr::with_exposed_provenance::<usize>(handle).read()) }
}

/// The address of a handle's text, which ends with a NUL.
pub(super) fn text_address(handle: usize) -> usize {
    handle + TEXT
}

/// Bytes that the host has written.
///
/// # Safety
/// There are so many of them at that address, and nothing writes to them before the evaluation is over.
pub(super) unsafe fn host_bytes(address: usize, length: usize) -> &'static [u8] {
    // SAFETY: as the caller promises.
    unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(address), length) }
}
