//! Names of contents: in tags, and in URLs whose content never changes.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// Returns the first half of the SHA-256 of these parts together, in hexadecimal digits.
pub(crate) fn content_hash(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let digest: [u8; 32] = digest.finalize().into();
    HEXLOWER.encode(digest.first_chunk::<16>().unwrap_or(&[0; 16]))
}
