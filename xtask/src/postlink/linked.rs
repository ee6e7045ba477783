//! What the linker wrote, as far as the post-link step needs to know it.

use std::{collections::BTreeMap, ops::Range};

use wasmparser::{
    ConstExpr, Data, DataKind, Export, ExternalKind, FunctionBody, Import, KnownCustom, Name, NameSectionReader,
    Operator, Parser, Payload, TypeRef,
};

use super::Error;

/// The memory that hosts bring: some have no more than this at first.
const MAX_MEMORY_PAGES: u64 = 2;

/// A module in parts.
#[derive(Default)]
pub(super) struct Linked<'a> {
    /// Every section but the custom ones: its number and its content.
    pub(super) sections: Vec<(u8, &'a [u8])>,
    pub(super) imported_functions: u32,
    /// The type of each function of the module's own.
    pub(super) functions: Vec<u32>,
    pub(super) bodies: Vec<&'a [u8]>,
    pub(super) globals: Vec<Global>,
    pub(super) exports: Vec<Export<'a>>,
    /// The function that clears the zero-initialised statics, where there are any.
    pub(super) start: Option<u32>,
    pub(super) segments: Vec<Segment<'a>>,
    global_names: BTreeMap<u32, &'a str>,
    segment_names: BTreeMap<u32, &'a str>,
}

pub(super) struct Global {
    pub(super) mutable: bool,
    pub(super) value: i32,
}

/// Static data that the host writes into the memory when it instantiates the module.
pub(super) struct Segment<'a> {
    pub(super) address: i32,
    pub(super) bytes: &'a [u8],
}

impl<'a> Linked<'a> {
    /// Takes a module apart, and refuses one that OPA would not load or this step does not understand.
    pub(super) fn read(module: &'a [u8]) -> Result<Self, Error> {
        let mut linked = Self::default();
        let mut imports = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let (Some((id, range)), false) = (payload.as_section(), matches!(payload, Payload::CustomSection(_))) {
                linked.sections.push((id, slice(module, &range)?));
            }
            match payload {
                Payload::ImportSection(reader) => imports = reader.into_imports().collect::<Result<_, _>>()?,
                Payload::FunctionSection(reader) => linked.functions = reader.into_iter().collect::<Result<_, _>>()?,
                Payload::GlobalSection(reader) => {
                    for global in reader {
                        let global = global?;
                        linked.globals.push(Global { mutable: global.ty.mutable, value: constant(&global.init_expr)? });
                    }
                }
                Payload::ExportSection(reader) => linked.exports = reader.into_iter().collect::<Result<_, _>>()?,
                Payload::StartSection { func, .. } => linked.start = Some(func),
                Payload::CodeSectionEntry(body) => linked.bodies.push(body_bytes(module, &body)?),
                Payload::DataSection(reader) => {
                    for segment in reader {
                        linked.segments.push(active(&segment?)?);
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        linked.read_names(names)?;
                    }
                }
                _ => {}
            }
        }
        linked.imported_functions = imported_functions(&imports)?;
        Ok(linked)
    }

    fn read_names(&mut self, names: NameSectionReader<'a>) -> Result<(), Error> {
        for name in names {
            let (map, into) = match name? {
                Name::Global(map) => (map, &mut self.global_names),
                Name::Data(map) => (map, &mut self.segment_names),
                _ => continue,
            };
            for naming in map {
                let naming = naming?;
                into.insert(naming.index, naming.name);
            }
        }
        Ok(())
    }

    /// The index of the stack pointer, with the value that it starts from.
    pub(super) fn stack_pointer(&self) -> Result<(u32, i32), Error> {
        let named = self.global_names.iter().find(|(_, name)| **name == "__stack_pointer").map(|(index, _)| *index);
        let index = named.ok_or(Error::Unexpected("a module without the name __stack_pointer: link it unstripped"))?;
        match self.globals.get(index as usize) {
            Some(Global { mutable: true, value }) => Ok((index, *value)),
            _ => Err(Error::Unexpected("a stack pointer that is no mutable global")),
        }
    }

    /// The segments of statics that the code may change.
    pub(super) fn changeable_segments(&self) -> Result<Vec<&Segment<'a>>, Error> {
        let mut changeable = Vec::new();
        for (index, segment) in self.segments.iter().enumerate() {
            let name = u32::try_from(index).ok().and_then(|index| self.segment_names.get(&index));
            match name.ok_or(Error::Unexpected("a data segment without a name: link the module unstripped"))? {
                name if name.starts_with(".rodata") => {}
                _ => changeable.push(segment),
            }
        }
        Ok(changeable)
    }

    /// The function that is exported by that name, as its index and its type.
    pub(super) fn exported_function(&self, name: &'static str) -> Result<(u32, u32), Error> {
        let export = self.exports.iter().find(|export| export.name == name && export.kind == ExternalKind::Func);
        let index = export.ok_or(Error::MissingExport(name))?.index;
        let own = index.checked_sub(self.imported_functions).and_then(|own| self.functions.get(own as usize));
        own.map(|ty| (index, *ty)).ok_or(Error::MissingExport(name))
    }
}

/// Checks that the host needs to bring nothing but OPA's memory and its abort.
fn imported_functions(imports: &[Import<'_>]) -> Result<u32, Error> {
    let (mut functions, mut memories) = (0, 0);
    for import in imports {
        match (import.module, import.name, import.ty) {
            ("env", "opa_abort", TypeRef::Func(_)) => functions += 1,
            ("env", "memory", TypeRef::Memory(memory)) => {
                if memory.maximum.is_some() || memory.memory64 || memory.shared || memory.initial > MAX_MEMORY_PAGES {
                    return Err(Error::Memory { pages: memory.initial, maximum: memory.maximum });
                }
                memories += 1;
            }
            _ => return Err(Error::UnexpectedImport(format!("{}.{}", import.module, import.name))),
        }
    }
    match (functions, memories) {
        (1, 1) => Ok(functions),
        _ => Err(Error::Unexpected("a module that does not import env.memory and env.opa_abort once each")),
    }
}

fn active<'a>(segment: &Data<'a>) -> Result<Segment<'a>, Error> {
    match &segment.kind {
        DataKind::Active { memory_index: 0, offset_expr } => {
            Ok(Segment { address: constant(offset_expr)?, bytes: segment.data })
        }
        _ => Err(Error::Unexpected("a data segment that is not active in the one memory")),
    }
}

fn constant(expression: &ConstExpr<'_>) -> Result<i32, Error> {
    let mut operators = expression.get_operators_reader();
    match (operators.read()?, operators.read()?, operators.eof()) {
        (Operator::I32Const { value }, Operator::End, true) => Ok(value),
        _ => Err(Error::Unexpected("an initial value that is no i32 constant")),
    }
}

fn body_bytes<'a>(module: &'a [u8], body: &FunctionBody<'_>) -> Result<&'a [u8], Error> {
    slice(module, &body.range())
}

fn slice<'a>(module: &'a [u8], range: &Range<u64>) -> Result<&'a [u8], Error> {
    let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    range.and_then(|(start, end)| module.get(start..end)).ok_or(Error::Unexpected("a section beyond the module's end"))
}
