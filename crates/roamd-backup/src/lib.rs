#![doc = include_str!("../README.md")]

mod contents;
mod encoding;
mod file;

pub use contents::{Contents, Origin, StateFiles};
pub use file::{MAGIC, OpenError, SealError, open, seal};
