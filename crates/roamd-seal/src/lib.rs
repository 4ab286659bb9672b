//! Sealed values: authenticated encryption under a ring of keys.
//!
//! A sealed value leaves the process (as a token, as a session id) and comes back from a stranger.
//! Opening it proves that this service made it, for this purpose and in this context, and that not
//! one bit has changed since. One key of the ring seals; every key of the ring opens, so that a new
//! key can follow without making worthless what is already out.
//!
//! The cipher is AES-256-GCM-SIV (RFC 8452), with a key of its own for every [`Purpose`] and form,
//! derived by HKDF-SHA256 (RFC 5869).
//!
//! The crate must not know what is inside a value, where keys are kept, or how a value is written
//! as text. It draws no randomness and reads no clock: the generator and the time are arguments.

mod key;
mod ring;
mod sealed;

pub use key::{Key, KeyId};
pub use ring::{KeyInfo, KeyRing, KeyRingError, KeyRole, Overlap};
pub use sealed::{OpenError, Purpose};
