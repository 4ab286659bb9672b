//! Bytes to tree, in two passes: limits first, well-formedness second.

use crate::{Document, Error, Rules};

/// Reads a whole document.
///
/// # Errors
/// What was wrong with it, and where; see [`ErrorKind`](crate::ErrorKind).
pub fn parse(bytes: &[u8], rules: &Rules) -> Result<Document, Error> {
    let _ = (bytes, rules);
    todo!()
}
