//! The host OPA: its WebAssembly ABI 1.3, so that stock OPA and its SDKs load the module as a compiled policy.
//!
//! <https://www.openpolicyagent.org/docs/wasm>. The build adds what the linker cannot (`xtask module`): the two globals with the ABI's version,
//! and around `opa_eval` and `eval` a wrapper that gives each evaluation a fresh stack and fresh statics, since a panic or trap leaves both as
//! they were.
//!
//! The only code with `unsafe`: the host and the module talk in addresses.

#![allow(unsafe_code, reason = "an ABI of addresses in a shared memory")]

mod arena;
mod handle;
#[cfg(feature = "trap")]
mod trap;

use core::ptr;
use std::ffi::{CStr, CString, c_char};

use crate::{
    code::{Code, Failure},
    limits::Limits,
    text::{self, Notation, Value},
};

use arena::ARENA;
use handle::Fixed;

/// How much memory `opa_heap_ptr_get` makes usable: PyPI's opa-wasm writes inputs there and never grows the memory itself.
const INPUT_SLACK: usize = 4 << 20;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// Ends the evaluation with a message that ends with a NUL. Does not return.
    fn opa_abort(message: *const c_char);
}

fn abort(message: &CStr) -> ! {
    // SAFETY: the message ends with a NUL; the host reads no further.
    unsafe { opa_abort(message.as_ptr()) };
    core::arch::wasm32::unreachable()
}

/// Evaluates in one call: how OPA itself does, with format 1, and newer SDKs with format 0.
#[unsafe(no_mangle)]
extern "C" fn opa_eval(
    _reserved: i32,
    entrypoint: i32,
    _data: usize,
    input: usize,
    input_length: usize,
    heap: usize,
    format: i32,
) -> usize {
    ARENA.set_next(heap);
    // SAFETY: the host has written the input, below the heap pointer that it gave.
    let input = (input != 0).then(|| unsafe { handle::host_bytes(input, input_length) });
    let result = match format {
        0 => result(entrypoint, input, ["[{\"result\":", "}]\0"]),
        _ => result(entrypoint, input, ["{{\"result\":", "}}\0"]),
    };
    result.leak().as_ptr().expose_provenance()
}

/// What older hosts fill in step by step before they call `eval`.
struct Context {
    entrypoint: i32,
    /// The handle of the input; 0 is none.
    input: usize,
    /// The handle of the result; 0 is none.
    result: usize,
}

#[unsafe(no_mangle)]
extern "C" fn opa_eval_ctx_new() -> usize {
    ptr::from_mut(Box::leak(Box::new(Context { entrypoint: 0, input: 0, result: 0 }))).expose_provenance()
}

fn context(address: usize) -> &'static mut Context {
    // SAFETY: the host gives only contexts that it got from this module for this evaluation, and makes one call at a time.
    unsafe { &mut *ptr::with_exposed_provenance_mut(address) }
}

#[unsafe(no_mangle)]
extern "C" fn opa_eval_ctx_set_entrypoint(context: usize, entrypoint: i32) {
    self::context(context).entrypoint = entrypoint;
}

#[unsafe(no_mangle)]
extern "C" fn opa_eval_ctx_set_input(context: usize, input: usize) {
    self::context(context).input = input;
}

/// Does nothing: a verdict depends on the input alone.
#[unsafe(no_mangle)]
extern "C" fn opa_eval_ctx_set_data(_context: usize, _data: usize) {}

#[unsafe(no_mangle)]
extern "C" fn eval(context: usize) -> i32 {
    let context = self::context(context);
    let input = (context.input != 0).then(|| handle::text(context.input));
    context.result = handle::new(&result(context.entrypoint, input, ["[{\"result\":", "}]"]));
    0
}

#[unsafe(no_mangle)]
extern "C" fn opa_eval_ctx_get_result(context: usize) -> usize {
    self::context(context).result
}

/// The result set as text: the verdict between these two.
///
/// It is never undefined: where there is no input, or none that can be read, the verdict says so.
fn result(entrypoint: i32, input: Option<&[u8]>, [before, after]: [&str; 2]) -> Vec<u8> {
    // Set for each evaluation, because the statics are fresh; a panic is an error of ours, and OPA must say which one.
    std::panic::set_hook(Box::new(|panic| {
        abort(&CString::new(panic.to_string().replace('\0', "")).unwrap_or_default());
    }));
    if entrypoint != VERIFY {
        abort(c"image-integrity: unknown entrypoint");
    }
    #[cfg(feature = "trap")]
    trap::spring(input.unwrap_or_default());
    let limits = Limits::default();
    let document = match input {
        Some(input) => parse(input, &limits),
        None => Err(Failure::new(Code::InputMalformed, "there is no input")),
    };
    let verdict = crate::judge(document, input.unwrap_or_default(), Notation::Rego, &limits);
    let verdict = verdict.to_bytes();
    let mut result = Vec::with_capacity(before.len() + verdict.len() + after.len());
    result.extend_from_slice(before.as_bytes());
    append_ascii(&mut result, &verdict);
    result.extend_from_slice(after.as_bytes());
    result
}

fn parse<'a>(input: &'a [u8], limits: &Limits) -> Result<Value<'a>, Failure> {
    if input.len() > limits.input_bytes || !text::is_utf8(input) {
        return text::rego::parse(input, limits);
    }
    // SAFETY: `is_utf8` just said so. The standard library's own check takes five times as long in OPA's engine.
    text::rego::parse_str(unsafe { str::from_utf8_unchecked(input) }, limits)
}

/// Appends a JSON text with everything escaped that is not printable ASCII: OPA reads the result as Rego, which takes no control character and
/// no byte order mark inside a string.
fn append_ascii(result: &mut Vec<u8>, json: &[u8]) {
    if text::is_printable_ascii(json) {
        return result.extend_from_slice(json);
    }
    for character in String::from_utf8_lossy(json).chars() {
        match character {
            ' '..='~' => result.push(character as u8),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    result.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
}

const VERIFY: i32 = 0;
static ENTRYPOINTS: Fixed<30> = Fixed::new(*b"{\"image_integrity/verify\": 0}\0");

/// No clock, no randomness, nothing: the module calls no builtin of the host.
static BUILTINS: Fixed<3> = Fixed::new(*b"{}\0");

#[unsafe(no_mangle)]
extern "C" fn entrypoints() -> usize {
    ENTRYPOINTS.address()
}

#[unsafe(no_mangle)]
extern "C" fn builtins() -> usize {
    BUILTINS.address()
}

#[unsafe(no_mangle)]
extern "C" fn opa_json_parse(text: usize, length: usize) -> usize {
    handle::parse(text, length)
}

#[unsafe(no_mangle)]
extern "C" fn opa_value_parse(text: usize, length: usize) -> usize {
    handle::parse(text, length)
}

#[unsafe(no_mangle)]
extern "C" fn opa_json_dump(value: usize) -> usize {
    handle::text_address(value)
}

#[unsafe(no_mangle)]
extern "C" fn opa_value_dump(value: usize) -> usize {
    handle::text_address(value)
}

/// Does nothing: the data is not looked at, so its changes need not be followed.
#[unsafe(no_mangle)]
extern "C" fn opa_value_add_path(_data: usize, _path: usize, _value: usize) -> i32 {
    0
}

/// Does nothing, as [`opa_value_add_path`].
#[unsafe(no_mangle)]
extern "C" fn opa_value_remove_path(_data: usize, _path: usize) -> i32 {
    0
}

#[unsafe(no_mangle)]
extern "C" fn opa_malloc(size: usize) -> usize {
    ARENA.take(size, align_of::<usize>())
}

/// Does nothing: the heap pointer frees everything at once. Hosts give any address here.
#[unsafe(no_mangle)]
extern "C" fn opa_free(_block: usize) {}

/// Does nothing, as [`opa_free`].
#[unsafe(no_mangle)]
extern "C" fn opa_value_free(_value: usize) {}

#[unsafe(no_mangle)]
extern "C" fn opa_heap_ptr_get() -> usize {
    let next = ARENA.next();
    arena::reach(next.saturating_add(INPUT_SLACK));
    next
}

#[unsafe(no_mangle)]
extern "C" fn opa_heap_ptr_set(next: usize) {
    ARENA.set_next(next);
}

/// Does nothing, as the two below: an arena has no list of free blocks to be put aside.
#[unsafe(no_mangle)]
extern "C" fn opa_heap_blocks_stash() {}

#[unsafe(no_mangle)]
extern "C" fn opa_heap_blocks_restore() {}

#[unsafe(no_mangle)]
extern "C" fn opa_heap_stash_clear() {}
