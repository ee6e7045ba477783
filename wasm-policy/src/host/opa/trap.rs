//! Deliberate ends of an evaluation, for the tests of what comes after one. Only with the feature `trap`, never in a module that is used.

use core::{
    hint::black_box,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// Statics that an aborted evaluation leaves changed, one for each kind of memory that holds them.
static ZERO: AtomicU32 = AtomicU32::new(0);
static SEVEN: AtomicU32 = AtomicU32::new(7);

/// Ends the evaluation where the input is one of these strings, and where a static has not its first value.
pub(super) fn spring(input: &[u8]) {
    let statics = [ZERO.swap(1, Relaxed), SEVEN.swap(8, Relaxed)];
    assert_eq!(statics, [0, 7], "an evaluation met the statics of another");
    match input {
        b"\"panic\"" => deep(false),
        b"\"trap\"" => deep(true),
        // More than there are addresses, without touching any of it.
        b"\"memory\"" => drop(black_box([0; 2].map(|_: u8| Vec::<u8>::with_capacity(isize::MAX as usize)))),
        b"\"stack\"" => overflow(0),
        _ => {}
    }
}

/// Ends in a frame that takes a good part of the stack.
#[inline(never)]
fn deep(trap: bool) {
    let frame = black_box([0_u8; 8192]);
    if trap {
        core::arch::wasm32::unreachable()
    }
    assert_eq!(frame[black_box(0)], 1, "told to panic");
}

#[inline(never)]
#[allow(unconditional_recursion, reason = "it is to end in a trap")]
fn overflow(depth: usize) {
    let frame = black_box([depth; 64]);
    overflow(frame[0] + 1);
    black_box(frame);
}
