//! The key ring in the data folder: its file, and its rotation by a running server.
//!
//! A new key opens for a while before it seals, so that every server has read it by then. An old
//! key opens until no token that it sealed is valid any more: no user is signed out by a rotation.

mod file;
mod rotation;
#[cfg(test)]
mod tests;

pub use roamd_seal::{KeyInfo, KeyRole};

pub use self::file::{KeyFile, KeysError};
pub(crate) use self::rotation::{KeyPolicy, KeyRotation};
