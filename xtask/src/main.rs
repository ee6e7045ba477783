//! Build steps that are not compilation.

fn main() {}
