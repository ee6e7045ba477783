//! The post-link step: makes the linker's output a module that OPA loads, and that stays sound after an aborted evaluation.
//!
//! - OPA's ABI wants its version as two exported globals; rustc exports the *addresses* of statics.
//! - A panic or trap unwinds past the code that restores the stack pointer and whatever static it was about to change, and the instance goes back
//!   into OPA's pool: after some dozens of aborts every query on it would fail. So `opa_eval` and `eval` become functions that first give the
//!   evaluation the initial stack pointer and the initial statics. No state can go from one evaluation to the next, but for the heap pointer.
//! - Names and debug information are for developers: custom sections go.

mod linked;
#[cfg(test)]
mod tests;

use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, InstructionSink, Module, RawSection, SectionId, ValType,
};
use wasmparser::{ExternalKind, Validator};

use linked::Linked;

/// OPA's ABI version 1.3.
const ABI_VERSION: [(&str, i32); 2] = [("opa_wasm_abi_version", 1), ("opa_wasm_abi_minor_version", 3)];

/// What OPA and its SDKs call.
const ABI: [&str; 22] = [
    "builtins",
    "entrypoints",
    "eval",
    "opa_eval",
    "opa_eval_ctx_get_result",
    "opa_eval_ctx_new",
    "opa_eval_ctx_set_data",
    "opa_eval_ctx_set_entrypoint",
    "opa_eval_ctx_set_input",
    "opa_free",
    "opa_heap_blocks_restore",
    "opa_heap_blocks_stash",
    "opa_heap_ptr_get",
    "opa_heap_ptr_set",
    "opa_heap_stash_clear",
    "opa_json_dump",
    "opa_json_parse",
    "opa_malloc",
    "opa_value_add_path",
    "opa_value_dump",
    "opa_value_parse",
    "opa_value_remove_path",
];

/// Why a module is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the module is not valid WebAssembly: {0}")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    #[error("the module imports {0}; OPA brings env.memory and env.opa_abort only")]
    UnexpectedImport(String),
    #[error(
        "the module's memory has a minimum of {pages} pages and the maximum {maximum:?}; some hosts bring 2 pages, and none a maximum"
    )]
    Memory { pages: u64, maximum: Option<u64> },
    #[error("the module does not export the function {0}; was it built with the feature js?")]
    MissingExport(&'static str),
    #[error("the linker wrote {0}")]
    Unexpected(&'static str),
}

/// The module as OPA wants it.
pub(crate) fn postlink(module: &[u8]) -> Result<Vec<u8>, Error> {
    let linked = Linked::read(module)?;
    for name in ABI {
        linked.exported_function(name)?;
    }
    let output = Output::new(&linked)?.write(&linked);
    Validator::new().validate_all(&output)?;
    Ok(output)
}

/// What is added to the linker's module.
struct Output {
    wrappers: Vec<Wrapper>,
    data: DataSection,
    /// The functions and the globals of the linker's module: where the added ones begin.
    functions: u32,
    globals: u32,
}

/// A function in the place of an exported one.
struct Wrapper {
    name: &'static str,
    ty: u32,
    body: Function,
}

impl Output {
    fn new(linked: &Linked<'_>) -> Result<Self, Error> {
        let (data, resets) = statics(linked)?;
        let stack_pointer = linked.stack_pointer()?;
        let (heap_get, _) = linked.exported_function("opa_heap_ptr_get")?;
        let (heap_set, _) = linked.exported_function("opa_heap_ptr_set")?;

        let fresh = |code: &mut InstructionSink<'_>| {
            for reset in &resets {
                code.i32_const(reset.address).i32_const(0).i32_const(reset.length).memory_init(0, reset.segment);
            }
            if let Some(clear) = linked.start {
                code.call(clear);
            }
        };

        // The host tells `opa_eval` where the heap begins.
        let (opa_eval, opa_eval_type) = linked.exported_function("opa_eval")?;
        let mut body = Function::new([]);
        let mut code = body.instructions();
        code.i32_const(stack_pointer.1).global_set(stack_pointer.0);
        fresh(&mut code);
        (0..7).for_each(|parameter| {
            code.local_get(parameter);
        });
        code.call(opa_eval).end();
        let opa_eval = Wrapper { name: "opa_eval", ty: opa_eval_type, body };

        // Before `eval` the host has set the heap pointer or allocated from it, so this one static must last.
        let (eval, eval_type) = linked.exported_function("eval")?;
        let mut body = Function::new([(1, ValType::I32)]);
        let mut code = body.instructions();
        code.i32_const(stack_pointer.1).global_set(stack_pointer.0);
        code.call(heap_get).local_set(1);
        fresh(&mut code);
        code.local_get(1).call(heap_set).local_get(0).call(eval).end();
        let eval = Wrapper { name: "eval", ty: eval_type, body };

        Ok(Self {
            wrappers: vec![opa_eval, eval],
            data,
            functions: linked.imported_functions + count(&linked.functions)?,
            globals: count(&linked.globals)?,
        })
    }

    fn write(&self, linked: &Linked<'_>) -> Vec<u8> {
        let mut module = Module::new();
        for (id, content) in &linked.sections {
            match *id {
                id if id == SectionId::Function as u8 => module.section(&self.functions(linked)),
                id if id == SectionId::Global as u8 => module.section(&globals(linked)),
                id if id == SectionId::Export as u8 => module.section(&self.exports(linked)),
                // Written before the code, which refers to it.
                id if id == SectionId::DataCount as u8 => &mut module,
                id if id == SectionId::Code as u8 => {
                    module.section(&DataCountSection { count: self.data.len() }).section(&self.code(linked))
                }
                id if id == SectionId::Data as u8 => module.section(&self.data),
                id => module.section(&RawSection { id, data: content }),
            };
        }
        module.finish()
    }

    fn functions(&self, linked: &Linked<'_>) -> FunctionSection {
        let mut section = FunctionSection::new();
        for ty in linked.functions.iter().copied().chain(self.wrappers.iter().map(|wrapper| wrapper.ty)) {
            section.function(ty);
        }
        section
    }

    fn code(&self, linked: &Linked<'_>) -> CodeSection {
        let mut section = CodeSection::new();
        for body in &linked.bodies {
            section.raw(body);
        }
        for wrapper in &self.wrappers {
            section.function(&wrapper.body);
        }
        section
    }

    fn exports(&self, linked: &Linked<'_>) -> ExportSection {
        let mut section = ExportSection::new();
        for export in &linked.exports {
            match export.kind {
                ExternalKind::Memory => section.export(export.name, ExportKind::Memory, export.index),
                ExternalKind::Func if self.wrappers.iter().all(|wrapper| wrapper.name != export.name) => {
                    section.export(export.name, ExportKind::Func, export.index)
                }
                // The wrapped functions, and what the linker exports for developers.
                _ => &mut section,
            };
        }
        for (wrapper, index) in self.wrappers.iter().zip(self.functions..) {
            section.export(wrapper.name, ExportKind::Func, index);
        }
        for ((name, _), index) in ABI_VERSION.iter().zip(self.globals..) {
            section.export(name, ExportKind::Global, index);
        }
        section
    }
}

fn globals(linked: &Linked<'_>) -> GlobalSection {
    let mut section = GlobalSection::new();
    let own = linked.globals.iter().map(|global| (global.mutable, global.value));
    for (mutable, value) in own.chain(ABI_VERSION.map(|(_, version)| (false, version))) {
        let ty = GlobalType { val_type: ValType::I32, mutable, shared: false };
        section.global(ty, &ConstExpr::i32_const(value));
    }
    section
}

/// A static to be given its first value again.
struct Reset {
    address: i32,
    length: i32,
    segment: u32,
}

/// The module's data, with a passive copy of every segment that the code may change.
fn statics(linked: &Linked<'_>) -> Result<(DataSection, Vec<Reset>), Error> {
    let mut data = DataSection::new();
    for segment in &linked.segments {
        data.active(0, &ConstExpr::i32_const(segment.address), segment.bytes.iter().copied());
    }
    let mut resets = Vec::new();
    for segment in linked.changeable_segments()? {
        let length = i32::try_from(segment.bytes.len()).map_err(|_| Error::Unexpected("a data segment above 2 GiB"))?;
        resets.push(Reset { address: segment.address, length, segment: data.len() });
        data.passive(segment.bytes.iter().copied());
    }
    Ok((data, resets))
}

fn count<T>(things: &[T]) -> Result<u32, Error> {
    u32::try_from(things.len()).map_err(|_| Error::Unexpected("more than 2^32 things"))
}
