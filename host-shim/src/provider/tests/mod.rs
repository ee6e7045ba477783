//! Questions to the provider, with scripted registries behind it and the real engine.

mod answers;
mod keeping;
mod refusals;
mod rights;
mod world;
