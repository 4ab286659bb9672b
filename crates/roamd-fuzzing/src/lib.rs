//! Fuzz oracles as plain functions: any bytes go in, and a panic comes out if what must hold for
//! all bytes does not hold for these.
//!
//! The fuzz targets only call these functions, and so does a test that replays the seeds and what
//! was found before. What holds is always the same: reading never panics, and a message that was
//! read can be written and read again as the same message.

#![expect(clippy::panic, reason = "an oracle speaks by panicking")]

mod nfuse;
mod store;
mod xml;

use std::fmt::Debug;

pub use nfuse::{nfuse_answer, nfuse_request};
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
