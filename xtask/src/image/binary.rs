//! What a binary needs in order to run (System V ABI, ELF).

use object::{
    Endianness,
    elf::{EM_AARCH64, EM_X86_64, FileHeader64, PT_INTERP},
    read::elf::{FileHeader as _, ProgramHeader as _},
};

/// A machine on which the image runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Architecture {
    Amd64,
    Arm64,
}

/// Why a binary makes no image.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BinaryError {
    #[error("is no program of Linux on 64 bits")]
    OtherFormat,
    #[error("is for a machine (number {0} of ELF) that there are no images for")]
    OtherMachine(u16),
    #[error("needs a dynamic linker, and there is none in the image: build it for a target with musl")]
    Dynamic,
}

impl Architecture {
    /// That of a binary that runs by itself.
    pub(super) fn of(binary: &[u8]) -> Result<Self, BinaryError> {
        let other = |_| BinaryError::OtherFormat;
        let header = FileHeader64::<Endianness>::parse(binary).map_err(other)?;
        let endian = header.endian().map_err(other)?;
        let segments = header.program_headers(endian, binary).map_err(other)?;
        if segments.iter().any(|segment| segment.p_type(endian) == PT_INTERP) {
            return Err(BinaryError::Dynamic);
        }
        match header.e_machine(endian) {
            EM_X86_64 => Ok(Self::Amd64),
            EM_AARCH64 => Ok(Self::Arm64),
            other => Err(BinaryError::OtherMachine(other)),
        }
    }

    /// As images name it (Go's GOARCH).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}
