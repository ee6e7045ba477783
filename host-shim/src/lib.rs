//! The host of the verdict.
