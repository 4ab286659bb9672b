//! Password hashes, their verification, and random bytes.

pub(crate) mod password_hash;
pub(crate) mod password_verifier;
pub(crate) mod random;
