//! Oracle of the file of revocations.

use std::time::Duration;

use jiff::Timestamp;
use roamd_server::revocations::RevocationFile;

use crate::memory_folder::{MemoryFolder, assert_refused};

/// Reads a file of revocations, and adds one. A refused file is named and does not change. An
/// accepted one has a revocation in each line, and loses none when another user is added.
pub fn revocations(bytes: &[u8]) {
    let folder = MemoryFolder::new();
    let path = folder.write("revocations", bytes);
    let file = RevocationFile::of(folder.path());
    // With this clock no entry is old enough to be removed.
    let revoke = || file.revoke("LAB", "alice", None, Duration::ZERO, Timestamp::MIN);
    let before = match file.read() {
        Ok(before) => before,
        Err(error) => {
            assert_refused(&path, bytes, &error.to_string());
            assert!(revoke().is_err(), "a refused file is replaced");
            return assert_refused(&path, bytes, &error.to_string());
        }
    };
    let lines = String::from_utf8_lossy(bytes).lines().count();
    assert_eq!((before.len(), lines > 0), (lines, true), "a line is lost");
    let added = match revoke() {
        Ok(added) => added,
        // The file is full.
        Err(error) => return assert_refused(&path, bytes, &error.to_string()),
    };
    let (own, mut others): (Vec<_>, Vec<_>) = before
        .into_iter()
        .partition(|entry| entry.key() == added.key());
    assert!(
        own.iter().all(|own| own.ended <= added.ended),
        "a sign-in that has ended is revived"
    );
    others.push(added);
    match file.read() {
        Ok(after) => assert_eq!(after, others, "a revocation changes"),
        Err(error) => panic!("a file that was written is refused: {error}"),
    }
}
