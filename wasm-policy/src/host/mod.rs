//! The hosts of the verdict, beside native code that calls [`verify`](crate::verify): each hands over a text and takes one back.

#[cfg(feature = "js")]
mod js;
#[cfg(all(target_arch = "wasm32", not(feature = "js")))]
mod opa;
