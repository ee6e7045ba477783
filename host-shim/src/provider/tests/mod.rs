//! Questions to the provider, with scripted registries behind it and the real engine.

mod answers;
mod bounds;
mod keeping;
mod lapsing;
mod names;
mod refusals;
mod rights;
mod telling;
mod world;
