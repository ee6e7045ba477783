//! The npm package's module, and the JavaScript that loads it, by wasm-bindgen.
//!
//! wasm-bindgen's command line is a library here: its version then is the one in Cargo.lock, and nothing has to be installed.

use std::{error::Error, path::Path};

use wasm_bindgen_cli_support::Bindgen;

use crate::module;

/// Builds `image_integrity.js` and `image_integrity_bg.wasm` into the folder.
pub(crate) fn build(out: &Path) -> Result<(), Box<dyn Error>> {
    // A folder of its own: other flags of the linker would have cargo compile everything again, here and for OPA's module.
    let linked = module::link(&["js".to_owned()], &[], &module::target_folder().join("npm"))?;
    Bindgen::new()
        .input_path(linked)
        .out_name("image_integrity")
        .web(true)?
        // The package's types are those of the contract.
        .typescript(false)
        // What a caller needs after the module ran out of memory.
        .reset_state_function(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)?;
    Ok(())
}
