//! The module in wasmtime, loaded and called as OPA and its SDKs do.

use std::{env, fs, sync::OnceLock};

use wasmtime::{
    AsContextMut, Caller, Config, Engine, Error, Instance as WasmInstance, Linker, Memory, MemoryType, Module, Store,
    Trap, WasmParams, WasmResults,
};

/// The pages that OPA brings at first.
const OPA_PAGES: u32 = 16;

/// The stack of the linker's flags.
const STACK_BYTES: usize = 65_536;

/// A byte that is improbable at the end of what the code writes.
const MARK: u8 = 0xa5;

/// What stands for the data that OPA hands to the module; nothing in it may matter.
const DATA: &str = r#"{"image_integrity": {"verify": {"images": {}}}, "text": "not looked at"}"#;

/// A module, compiled once.
pub struct Compiled {
    engine: Engine,
    module: Module,
}

/// Why an evaluation gave no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// The module called `opa_abort` with this message.
    Abort(String),
    /// The code trapped.
    Trap(Trap),
}

/// One instance with the memory that a host brings; OPA keeps it in a pool for ever.
pub struct Instance {
    store: Store<Option<String>>,
    exports: WasmInstance,
    memory: Memory,
    /// The heap pointer after the data, where every evaluation begins.
    base: i32,
}

/// The bytes of the module that the environment variable names.
pub fn bytes(variable: &str) -> Vec<u8> {
    let path = env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} must name a built module; `./build.sh test` builds it and sets the variable")
    });
    fs::read(&path).unwrap_or_else(|error| panic!("{variable}={}: {error}", path.display()))
}

impl Compiled {
    /// The released module, from `IMAGE_INTEGRITY_MODULE`.
    pub fn released() -> &'static Self {
        static RELEASED: OnceLock<Compiled> = OnceLock::new();
        RELEASED.get_or_init(|| Self::new(&bytes("IMAGE_INTEGRITY_MODULE")))
    }

    /// The module with deliberate traps, from `IMAGE_INTEGRITY_TRAP_MODULE`.
    pub fn with_traps() -> &'static Self {
        static WITH_TRAPS: OnceLock<Compiled> = OnceLock::new();
        WITH_TRAPS.get_or_init(|| Self::new(&bytes("IMAGE_INTEGRITY_TRAP_MODULE")))
    }

    fn new(module: &[u8]) -> Self {
        let engine = Engine::new(&Config::new()).unwrap();
        let module = Module::new(&engine, module).unwrap();
        Self { engine, module }
    }

    /// An instance in the state in which OPA puts it into its pool.
    pub fn instance(&self) -> Instance {
        let mut store = Store::new(&self.engine, None);
        let memory = Memory::new(&mut store, MemoryType::new(OPA_PAGES, None)).unwrap();
        let mut linker = Linker::new(&self.engine);
        linker.define(&store, "env", "memory", memory).unwrap();
        linker
            .func_wrap("env", "opa_abort", move |mut caller: Caller<'_, Option<String>>, message: i32| {
                let text = text_at(memory.data(&caller), message);
                *caller.data_mut() = Some(text);
                Err::<(), _>(Error::msg("opa_abort"))
            })
            .unwrap();
        let exports = linker.instantiate(&mut store, &self.module).unwrap();
        let mut instance = Instance { store, exports, memory, base: 0 };
        instance.call::<_, i32>("opa_malloc", 0).unwrap();
        instance.call::<_, i32>("opa_heap_ptr_get", ()).unwrap();
        let data = instance.parse("opa_value_parse", DATA.as_bytes());
        instance.call::<_, ()>("opa_free", data).unwrap();
        instance.base = instance.call("opa_heap_ptr_get", ()).unwrap();
        instance
    }
}

impl Instance {
    /// The result of one call of `opa_eval` with format 1, as OPA itself evaluates; without an input where there is none.
    pub fn evaluate(&mut self, input: Option<&[u8]>) -> Result<String, Ended> {
        self.evaluate_entrypoint(0, input)
    }

    /// As [`evaluate`](Self::evaluate), at that entrypoint.
    pub fn evaluate_entrypoint(&mut self, entrypoint: i32, input: Option<&[u8]>) -> Result<String, Ended> {
        let (address, length) = match input {
            None => (0, 0),
            Some(input) => {
                self.write(self.base, input);
                (self.base, i32::try_from(input.len()).unwrap())
            }
        };
        let heap = self.base + length;
        let result = self.call("opa_eval", (0, entrypoint, 0, address, length, heap, 1))?;
        let text = self.text(result);
        Ok(text.strip_prefix("{{\"result\":").and_then(|text| text.strip_suffix("}}")).expect(&text).to_owned())
    }

    /// The result of the older sequence of calls, which some SDKs use: format 0, the input through `opa_malloc` and `opa_json_parse`.
    pub fn evaluate_in_steps(&mut self, input: Option<&[u8]>) -> Result<String, Ended> {
        self.call::<_, ()>("opa_heap_ptr_set", self.base)?;
        let input = input.map(|input| self.parse("opa_json_parse", input));
        let context: i32 = self.call("opa_eval_ctx_new", ())?;
        if let Some(input) = input {
            self.call::<_, ()>("opa_eval_ctx_set_input", (context, input))?;
        }
        self.call::<_, ()>("opa_eval_ctx_set_data", (context, 0))?;
        self.call::<_, ()>("opa_eval_ctx_set_entrypoint", (context, 0))?;
        assert_eq!(self.call::<_, i32>("eval", context)?, 0);
        let result: i32 = self.call("opa_eval_ctx_get_result", context)?;
        let text = self.dump("opa_json_dump", result);
        Ok(text.strip_prefix("[{\"result\":").and_then(|text| text.strip_suffix("}]")).expect(&text).to_owned())
    }

    /// The text of a value that an export without parameters gives: `builtins` or `entrypoints`.
    pub fn value_of(&mut self, export: &str) -> String {
        let value: i32 = self.call(export, ()).unwrap();
        self.dump("opa_json_dump", value)
    }

    /// An exported global.
    pub fn global(&mut self, name: &str) -> i32 {
        let global = self.exports.get_global(&mut self.store, name).unwrap();
        global.get(&mut self.store).unwrap_i32()
    }

    /// The size of the memory in bytes: what the process keeps for this instance.
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Marks the stack, so that [`stack_bytes`](Self::stack_bytes) can tell how much of it was used since.
    pub fn mark_stack(&mut self) {
        self.memory.write(&mut self.store, 0, &vec![MARK; STACK_BYTES]).unwrap();
    }

    /// How many bytes of the stack have been used since it was marked: it lies below everything else and grows downwards.
    pub fn stack_bytes(&self) -> usize {
        let stack = &self.memory.data(&self.store)[..STACK_BYTES];
        STACK_BYTES - stack.iter().position(|byte| *byte != MARK).unwrap_or(STACK_BYTES)
    }

    /// How many bytes the last evaluation took from the arena, the input included.
    pub fn heap_bytes(&mut self) -> i32 {
        self.call::<_, i32>("opa_heap_ptr_get", ()).unwrap() - self.base
    }

    fn parse(&mut self, export: &str, text: &[u8]) -> i32 {
        let length = i32::try_from(text.len()).unwrap();
        let address = self.call("opa_malloc", length).unwrap();
        self.write(address, text);
        self.call(export, (address, length)).unwrap()
    }

    fn dump(&mut self, export: &str, value: i32) -> String {
        let text = self.call(export, value).unwrap();
        self.text(text)
    }

    fn text(&self, address: i32) -> String {
        text_at(self.memory.data(&self.store), address)
    }

    /// Writes into the memory, which OPA makes larger itself where it must.
    fn write(&mut self, address: i32, bytes: &[u8]) {
        let address = usize::try_from(address).unwrap();
        let missing = (address + bytes.len()).saturating_sub(self.memory.data_size(&self.store)).div_ceil(1 << 16);
        self.memory.grow(&mut self.store, missing as u64).unwrap();
        self.memory.write(&mut self.store, address, bytes).unwrap();
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, export: &str, parameters: P) -> Result<R, Ended> {
        let function = self.exports.get_typed_func::<P, R>(&mut self.store, export).unwrap();
        function.call(self.store.as_context_mut(), parameters).map_err(|error| match self.store.data_mut().take() {
            Some(message) => Ended::Abort(message),
            None => Ended::Trap(*error.downcast_ref().unwrap_or_else(|| panic!("{error:?}"))),
        })
    }
}

fn text_at(memory: &[u8], address: i32) -> String {
    let text = &memory[usize::try_from(address).unwrap()..];
    let length = text.iter().position(|byte| *byte == 0).unwrap();
    String::from_utf8(text[..length].to_vec()).unwrap()
}
