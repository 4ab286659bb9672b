//! Fuzz oracles as plain functions: any bytes go in, and a panic comes out if what must hold for
//! all bytes does not hold for these.
//!
//! The fuzz targets only call these functions, and so does a test that replays the seeds and what
//! was found before. Reading never panics; a message that was read can be written and read again as
//! the same message; a sealed value opens if it was sealed here, and never else; and a value from
//! outside stays within its place in an ICA file.

#![expect(clippy::panic, reason = "an oracle speaks by panicking")]

mod configuration;
mod headers;
mod ica;
mod ids;
mod keys;
mod nfuse;
mod parts;
mod sign_in;
mod store;
mod xml;

use std::fmt::Debug;

pub use configuration::{configuration, world};
pub use headers::headers;
pub use ica::ica;
pub use ids::ids;
pub use keys::key_ring;
pub use nfuse::{nfuse_answer, nfuse_request};
pub use sign_in::{conversation, token};
pub use store::{store_answer, store_request};
pub use xml::xml;

/// Reads a message, writes it, reads that, and writes it again: the second writing must be like
/// the first. Comparing bytes works for messages with secrets too, which have no equality.
fn assert_stable<M, E: Debug>(
    name: &str,
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<M, E>,
    write: impl Fn(&M) -> Vec<u8>,
) {
    let Ok(message) = read(bytes) else { return };
    let written = write(&message);
    assert!(
        written.is_ascii(),
        "{name} is written with characters that are not ASCII"
    );
    match read(&written) {
        Ok(again) => {
            let again = write(&again);
            assert_eq!(
                String::from_utf8_lossy(&written),
                String::from_utf8_lossy(&again),
                "{name} changes when it is written and read"
            );
        }
        Err(error) => {
            let written = String::from_utf8_lossy(&written);
            panic!("{name} cannot be read as it is written: {error:?} in {written}");
        }
    }
}
