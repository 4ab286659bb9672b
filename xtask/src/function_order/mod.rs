//! The order of the functions in the released program.
//!
//! A request needs some thousand of the forty thousand functions, and the linker spreads them over
//! 20 MB. Side by side they take fewer pages of memory, and fewer entries of the processor's caches
//! of addresses and instructions. `dist/function-order.txt` lists them, the busiest first;
//! `cargo xtask function-order` writes it, and [`link`] applies it.
//!
//! Names in the list have no hashes, so that they outlive versions of crates and of the compiler.
//! What the list does not name stays where it is, and what it names in vain is ignored: an old list
//! costs speed. [`check`] tells when it is too old.

pub(crate) mod callgrind;
mod linker;
mod program;
mod symbol;

pub(crate) use self::linker::link;
pub(crate) use self::program::{apply, check, list, requested};
