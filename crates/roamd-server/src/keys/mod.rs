//! The key ring: where it is, in the data folder or in the group, and its rotation by a running
//! server.
//!
//! A new key opens for a while before it seals, so that every server has read it by then. An old
//! key opens until no token that it sealed is valid any more: no user is signed out by a rotation.

mod cluster_key;
mod file;
mod group;
mod rotation;
mod store;
#[cfg(test)]
mod tests;

pub use roamd_seal::{KeyInfo, KeyRole};

pub use self::cluster_key::{ClusterKeyError, make_cluster_key};
pub use self::file::{KeyFile, KeysError};
pub use self::group::GroupKeys;
pub(crate) use self::rotation::{KeyPolicy, KeyRotation};
pub use self::store::KeyStore;
