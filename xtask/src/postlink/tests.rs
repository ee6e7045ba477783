//! Modules that the step refuses.
