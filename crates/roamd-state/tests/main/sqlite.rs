//! The SQLite engine.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use roamd_state::{CounterKind, Digest, FlagKind, SharedState as _, SqliteState};
use tempfile::TempDir;

use crate::battery::{PARTY, at, battery};

const SPENT: FlagKind = FlagKind::SpentConversation;

#[tokio::test]
async fn sqlite_engine_passes_the_battery() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    battery(|| SqliteState::open(&path).unwrap()).await;
}

#[tokio::test]
async fn sweep_removes_only_expired_entries() {
    let folder = TempDir::new().unwrap();
    let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
    let [early, late] = [Digest::of(b"early"), Digest::of(b"late")];
    state.set_flag(PARTY, SPENT, early, at(10)).await.unwrap();
    state.set_flag(PARTY, SPENT, late, at(20)).await.unwrap();
    let failures = CounterKind::ConversationFailures;
    state
        .increment(PARTY, failures, early, at(0), at(10))
        .await
        .unwrap();

    assert_eq!(state.sweep(at(9)).await.unwrap(), 0);
    assert_eq!(state.sweep(at(10)).await.unwrap(), 2);
    assert!(state.is_flag_set(SPENT, late, at(10)).await.unwrap());
    // A removed flag can be set again as new.
    assert!(state.set_flag(PARTY, SPENT, early, at(30)).await.unwrap());
}

#[tokio::test]
async fn files_do_not_contain_keys() {
    let folder = TempDir::new().unwrap();
    let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
    let ticket = b"1F2E3D4C5B6A79880123456789ABCD";
    let kind = FlagKind::InvalidatedTicket;
    state
        .set_flag(PARTY, kind, Digest::of(ticket), at(10))
        .await
        .unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(ticket.len()).any(|window| window == ticket));
    }
}

#[test]
fn concurrent_opens_without_a_file_all_succeed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| SqliteState::open(&path).map(drop).unwrap());
        }
    });
}

#[tokio::test]
async fn file_in_use_is_refused_until_released() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let first = SqliteState::open(&path).unwrap();
    let error = SqliteState::open(&path).unwrap_err().to_string();
    let is_reported = error.contains("state.db is in use by another process");
    assert!(
        is_reported && error.contains("choose another data folder"),
        "{error}"
    );
    let key = Digest::of(b"by the first");
    assert!(first.set_flag(PARTY, SPENT, key, at(10)).await.unwrap());
    drop(first);
    let second = SqliteState::open(&path).unwrap();
    assert!(second.is_flag_set(SPENT, key, at(0)).await.unwrap());
}

#[test]
fn acknowledged_flag_survives_sigkill() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    // The child is this same test binary, running `helper_that_sets_a_flag_and_waits`.
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "sqlite::helper_that_sets_a_flag_and_waits",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env("ROAMD_TEST_STATE", &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("acknowledged")));
    child.kill().unwrap();
    child.wait().unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let state = SqliteState::open(&path).unwrap();
    let set = state.is_flag_set(SPENT, Digest::of(b"acknowledged"), at(0));
    assert!(runtime.block_on(set).unwrap());
}

#[tokio::test]
#[ignore = "run by acknowledged_flag_survives_sigkill in a process of its own"]
async fn helper_that_sets_a_flag_and_waits() {
    let path = std::env::var_os("ROAMD_TEST_STATE").unwrap();
    let state = SqliteState::open(Path::new(&path)).unwrap();
    state
        .set_flag(PARTY, SPENT, Digest::of(b"acknowledged"), at(10))
        .await
        .unwrap();
    println!("acknowledged");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn foreign_file_is_refused_and_left_unchanged() {
    let text = "not a database, and longer than the header of one".repeat(9);
    let other = "belongs to another program";
    let newer = "has format 99, and this program supports formats up to 1";
    refused("text", "is damaged", |path| fs::write(path, &text).unwrap());
    refused("short", "is damaged", |path| {
        fs::write(path, "SQLite format 3\0").unwrap();
    });
    refused("truncated", "is damaged", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    });
    refused("overwritten in the middle", "is damaged", |path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[4096..8192].fill(0x5a);
        fs::write(path, bytes).unwrap();
    });
    refused("of another program", other, |path| {
        alter(path, "PRAGMA application_id = 7");
    });
    refused("without an id", other, |path| {
        alter(path, "PRAGMA application_id = 0");
    });
    refused("newer", newer, |path| {
        alter(path, "PRAGMA user_version = 99");
    });
}

/// bad-inputs 80: the file is used, or refused by name and left unchanged; nothing panics.
#[test]
fn flipped_bit_is_survived_or_reported() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    drop(SqliteState::open(&path).unwrap());
    settle(&path);
    let whole = fs::read(&path).unwrap();
    let (mut survived, mut reported) = (0, 0);
    for (number, offset) in (0..100).chain((100..whole.len()).step_by(509)).enumerate() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("state.db");
        let mut flipped = whole.clone();
        flipped[offset] ^= 1 << (number % 8);
        fs::write(&path, &flipped).unwrap();
        match SqliteState::open(&path) {
            Ok(_) => survived += 1,
            Err(error) => {
                reported += 1;
                assert!(error.to_string().contains("state.db"), "{offset}: {error}");
                assert_eq!(fs::read(&path).unwrap(), flipped, "{offset}: {error}");
            }
        }
    }
    assert!(survived > 0 && reported > 0, "{survived} and {reported}");
}

fn refused(name: &str, text: &str, damage: impl FnOnce(&Path)) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    drop(SqliteState::open(&path).unwrap());
    settle(&path);
    damage(&path);
    let before = fs::read(&path).unwrap();
    let error = SqliteState::open(&path).expect_err(name).to_string();
    assert!(error.contains(text), "{name}: {error}");
    assert!(error.contains("state.db"), "{name}: {error}");
    assert_eq!(fs::read(&path).unwrap(), before, "{name}");
}

fn alter(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn uncreatable_file_is_reported_with_its_path() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("no-such-folder").join("state.db");
    let error = SqliteState::open(&path).expect_err("no folder");
    assert!(error.to_string().contains("no-such-folder"), "{error}");
}

/// Moves all data into the main file, after the threads of a dropped state have closed it: only the
/// last connection can leave WAL mode.
fn settle(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let leave = || -> rusqlite::Result<String> {
        connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
    };
    let mut left = leave();
    for _ in 0..500 {
        if left.is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
        left = leave();
    }
    assert_eq!(left.unwrap(), "delete");
}
