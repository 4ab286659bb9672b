//! Ids of sign-ins, which join the lines of one sign-in.

use data_encoding::HEXLOWER;
use roamd_citrixauth::TokenId;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Number of bytes that are enough to distinguish sign-ins.
const BYTES: usize = 8;

/// Id of a sign-in: 16 hexadecimal digits of a digest of the id of its token. No token can be made
/// from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignInId([u8; BYTES]);

impl SignInId {
    pub(crate) fn of(token: TokenId) -> Self {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        Self(std::array::from_fn(|index| {
            digest.get(index).copied().unwrap_or_default()
        }))
    }
}

impl Serialize for SignInId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}
