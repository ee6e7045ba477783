//! The CLI `image-integrity`.

use std::process::ExitCode;

fn main() -> ExitCode {
    host_shim::cli::main()
}
