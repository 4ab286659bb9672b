#![doc = include_str!("../README.md")]

mod key;
mod key_ring;
mod purpose;
mod sealed_value;

pub use key::{Key, KeyId};
pub use key_ring::{KeyInfo, KeyRing, KeyRingError, KeyRole, KeysInUse, Overlap};
pub use purpose::Purpose;
pub use sealed_value::OpenError;
