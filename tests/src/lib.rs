//! Conformance and attack suites over every host of the module.
