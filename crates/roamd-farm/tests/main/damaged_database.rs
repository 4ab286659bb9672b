//! Damaged database files, deleted logs and restored backups (bad-inputs 80).

use std::fs;

use roamd_farm::{Farms, SessionFilter};
use rusqlite::Connection;

use crate::support::{Folder, assert_database_intact};

/// A data folder whose database is in one file, without a write-ahead log.
fn checkpointed_folder() -> Folder {
    let folder = Folder::new();
    folder.start("cvad-7", "alice", "Here", Some("DESK-A"));
    let connection = Connection::open(folder.path().join("farm.db")).unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    connection.query_row(checkpoint, [], |_| Ok(())).unwrap();
    folder
}

/// A damaged file either stays usable or is rejected with its name and left unchanged. Nothing
/// panics.
#[test]
fn flipped_bit_is_harmless_or_reported_as_damage() {
    let folder = checkpointed_folder();
    let whole = fs::read(folder.path().join("farm.db")).unwrap();
    let (mut survived, mut rejected) = (0, 0);
    // Every byte of the header, then steps that reach all kinds of pages.
    let offsets = (0..100).chain((100..whole.len()).step_by(1009));
    for (number, offset) in offsets.enumerate() {
        let dir = tempfile::tempdir_in(folder.path()).unwrap();
        let path = dir.path().join("farm.db");
        let mut flipped = whole.clone();
        flipped[offset] ^= 1 << (number % 8);
        fs::write(&path, &flipped).unwrap();
        let listed =
            Farms::open(dir.path()).and_then(|farms| farms.sessions(&SessionFilter::default()));
        match listed {
            Ok(_) => survived += 1,
            Err(error) => {
                rejected += 1;
                let text = error.to_string();
                assert!(text.contains("farm.db"), "{offset}: {text}");
                assert_eq!(fs::read(&path).unwrap(), flipped, "{offset}: {text}");
            }
        }
    }
    assert!(survived > 0 && rejected > 0, "{survived} and {rejected}");
}

/// Deleting the write-ahead log loses the changes that were not yet in the database, and no others.
#[test]
fn deleted_write_ahead_log_loses_only_its_changes() {
    let folder = checkpointed_folder();
    folder.start("cvad-7", "bob", "There", None);
    let copy = tempfile::tempdir().unwrap();
    // As after a crash: both files complete, with the change in the log.
    for name in ["farm.db", "farm.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let apps = |farms: &Farms| -> Vec<String> {
        let sessions = farms.sessions(&SessionFilter::default()).unwrap();
        sessions.into_iter().map(|session| session.app).collect()
    };
    assert_eq!(apps(&Farms::open(copy.path()).unwrap()), ["Here", "There"]);
    fs::copy(folder.path().join("farm.db"), copy.path().join("farm.db")).unwrap();
    fs::remove_file(copy.path().join("farm.db-wal")).ok();
    assert_eq!(apps(&Farms::open(copy.path()).unwrap()), ["Here"]);
    assert_database_intact(copy.path());
}

#[test]
fn restored_backup_opens_with_older_state() {
    let folder = checkpointed_folder();
    let copy = tempfile::tempdir().unwrap();
    let (file, kept) = (folder.path().join("farm.db"), copy.path().join("farm.db"));
    fs::copy(&file, &kept).unwrap();
    folder.start("cvad-7", "bob", "There", None);
    let farms = Farms::open(copy.path()).unwrap();
    assert_eq!(farms.sessions(&SessionFilter::default()).unwrap().len(), 1);
    assert_database_intact(copy.path());
}
