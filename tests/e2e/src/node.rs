//! The npm package in Node.

use std::{path::Path, process::Command};

use crate::{
    built::npm_package,
    process::{Ended, run},
};

const SCRIPT: &str = r#"
import { readFileSync } from "node:fs";
import { verifyBytes } from "image-integrity";
process.stdout.write(verifyBytes(readFileSync(process.argv[1])));
"#;

/// Asks the package for the verdict on the exact bytes of a file.
pub fn verify_in_node(input: &Path) -> Ended {
    // The package finds itself by its name in its own folder.
    run(Command::new("node").current_dir(npm_package()).args(["--input-type=module", "--eval", SCRIPT]).arg(input))
}
