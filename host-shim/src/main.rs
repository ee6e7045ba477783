//! The CLI `image-integrity`.

fn main() {}
