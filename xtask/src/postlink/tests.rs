//! What the step refuses, on the smallest modules that a linker could write; what it adds is seen in `tests/`, where the module runs.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, IndirectNameMap, MemoryType, Module, NameMap, NameSection, TypeSection,
    ValType,
};
use wasmparser::{Parser, Payload};

use super::{ABI, Error, postlink};

/// A linker's module, which differs from a right one in these points.
struct Linker {
    memory: MemoryType,
    imports: Vec<(&'static str, &'static str)>,
    left_out: &'static str,
    stack_pointer: &'static str,
    data_name: &'static str,
}

impl Default for Linker {
    fn default() -> Self {
        Self {
            memory: MemoryType { minimum: 2, maximum: None, memory64: false, shared: false, page_size_log2: None },
            imports: vec![("env", "opa_abort")],
            left_out: "",
            stack_pointer: "__stack_pointer",
            data_name: ".data",
        }
    }
}

impl Linker {
    fn link(&self) -> Vec<u8> {
        let parameters = |count| std::iter::repeat_n(ValType::I32, count);
        let mut types = TypeSection::new();
        types.ty().function(parameters(1), []);
        // The type of a function with so many parameters and an i32 for its result is one more than their number.
        for count in 0..8 {
            types.ty().function(parameters(count), parameters(1));
        }
        let mut imports = ImportSection::new();
        imports.import("env", "memory", EntityType::Memory(self.memory));
        for (module, name) in &self.imports {
            imports.import(module, name, EntityType::Function(0));
        }
        let (mut functions, mut exports, mut code) = (FunctionSection::new(), ExportSection::new(), CodeSection::new());
        exports.export("memory", ExportKind::Memory, 0);
        for name in ABI.into_iter().filter(|name| *name != self.left_out) {
            exports.export(name, ExportKind::Func, u32::try_from(self.imports.len()).unwrap() + functions.len());
            let mut body = Function::new([]);
            body.instructions().i32_const(0).end();
            match name {
                "opa_heap_ptr_set" => {
                    body = Function::new([]);
                    body.instructions().end();
                    functions.function(0)
                }
                "opa_eval" => functions.function(8),
                "eval" => functions.function(2),
                _ => functions.function(1),
            };
            code.function(&body);
        }
        let mut globals = GlobalSection::new();
        let stack_pointer = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(stack_pointer, &ConstExpr::i32_const(65536));
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(65536), *b"data");
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&globals).section(&exports);
        module.section(&code).section(&data).section(&self.names());
        module.finish()
    }

    fn names(&self) -> NameSection {
        let only = |name| {
            let mut map = NameMap::new();
            map.append(0, name);
            map
        };
        let mut names = NameSection::new();
        names.locals(&IndirectNameMap::new());
        names.globals(&only(self.stack_pointer));
        names.data(&only(self.data_name));
        names
    }
}

fn refusal(linker: &Linker) -> String {
    postlink(&linker.link()).unwrap_err().to_string()
}

#[test]
fn a_module_of_the_linker_becomes_one_of_opas() {
    let module = postlink(&Linker::default().link()).unwrap();
    let (mut exports, mut custom, mut segments) = (Vec::new(), 0, 0);
    for payload in Parser::new(0).parse_all(&module) {
        match payload.unwrap() {
            Payload::ExportSection(section) => exports.extend(section.into_iter().map(|export| export.unwrap().name)),
            Payload::DataSection(section) => segments = section.count(),
            Payload::CustomSection(_) => custom += 1,
            _ => {}
        }
    }
    exports.sort_unstable();
    let mut expected = [ABI.as_slice(), &["memory", "opa_wasm_abi_minor_version", "opa_wasm_abi_version"]].concat();
    expected.sort_unstable();
    assert_eq!(exports, expected);
    assert_eq!((custom, segments), (0, 2));
}

#[test]
fn read_only_data_needs_no_copy() {
    let read_only = Linker { data_name: ".rodata", ..Linker::default() };
    assert!(postlink(&read_only.link()).unwrap().len() < postlink(&Linker::default().link()).unwrap().len());
}

#[test]
fn an_import_that_some_host_lacks_is_refused() {
    let clock = Linker { imports: vec![("env", "opa_abort"), ("env", "opa_builtin0")], ..Linker::default() };
    assert!(refusal(&clock).contains("env.opa_builtin0"), "{}", refusal(&clock));
    let none = Linker { imports: vec![], ..Linker::default() };
    assert!(refusal(&none).contains("env.opa_abort"), "{}", refusal(&none));
}

#[test]
fn a_memory_that_some_host_cannot_bring_is_refused() {
    let right = Linker::default().memory;
    for memory in [MemoryType { minimum: 3, ..right }, MemoryType { maximum: Some(9), ..right }] {
        let error = postlink(&Linker { memory, ..Linker::default() }.link()).unwrap_err();
        assert!(matches!(error, Error::Memory { .. }), "{error}");
    }
}

#[test]
fn a_missing_export_is_refused() {
    for name in ABI {
        let error = postlink(&Linker { left_out: name, ..Linker::default() }.link()).unwrap_err();
        assert!(matches!(error, Error::MissingExport(missing) if missing == name), "{error}");
    }
}

#[test]
fn a_module_without_the_names_that_the_step_goes_by_is_refused() {
    let stripped = Linker { stack_pointer: "", ..Linker::default() };
    assert!(refusal(&stripped).contains("__stack_pointer"), "{}", refusal(&stripped));
}
