//! The SQLite engine.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use roamd_state::{CounterKind, Digest, FlagKind, SharedState as _, SqliteState, StateCopy};
use rustix::fs::{CWD, FileType, Mode, mknodat};
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

/// Names and addresses have few possible values: neither they nor their plain digests are in a file
/// beside the secret key, and they are found again only with that key.
#[tokio::test]
async fn guessable_keys_are_stored_with_the_secret_key_only() {
    const COUNTERS: [CounterKind; 5] = [
        CounterKind::AttemptsFromKnownNetwork,
        CounterKind::AttemptsFromUnknownNetworks,
        CounterKind::AttemptsByNetwork,
        CounterKind::KnownUsersOfNetwork,
        CounterKind::RevocationsByUser,
    ];
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let (pair, token) = (Digest::of(b"192.0.2.1 demo\\alice"), Digest::of(b"a token"));
    let state = SqliteState::open(&path).unwrap();
    let known = FlagKind::KnownNetwork;
    assert!(state.set_flag(PARTY, known, pair, at(10)).await.unwrap());
    state
        .set_flag(PARTY, FlagKind::RevokedToken, token, at(10))
        .await
        .unwrap();
    for kind in COUNTERS {
        state
            .increment(PARTY, kind, pair, at(0), at(5))
            .await
            .unwrap();
        state
            .extend_counter(PARTY, kind, pair, at(0), at(10))
            .await
            .unwrap();
    }
    let key = folder.path().join("state.key");
    let mode = fs::metadata(&key).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode, fs::read(&key).unwrap().len()), (0o600, 64));
    let contain = |digest: Digest| {
        let files = fs::read_dir(folder.path()).unwrap();
        let mut bytes = files.map(|file| fs::read(file.unwrap().path()).unwrap());
        bytes.any(|bytes| bytes.windows(32).any(|window| window == digest.as_bytes()))
    };
    assert!(!contain(pair) && contain(token));

    drop(state);
    let found = async |expected: bool| {
        let state = SqliteState::open(&path).unwrap();
        assert!(
            state
                .is_flag_set(FlagKind::RevokedToken, token, at(9))
                .await
                .unwrap()
        );
        assert_eq!(
            state.is_flag_set(known, pair, at(9)).await.unwrap(),
            expected
        );
        for kind in COUNTERS {
            let count = state.counter(kind, pair, at(9)).await.unwrap().count;
            assert_eq!(count, u32::from(expected), "{kind:?}");
            // Nothing else has this key.
            state
                .decrement(PARTY, kind, Digest::of(b"another"), 1)
                .await
                .unwrap();
        }
    };
    found(true).await;
    // A lost key forgets networks and attempts, and ends no revocation.
    fs::remove_file(&key).unwrap();
    found(false).await;
}

#[test]
fn exposed_or_damaged_digest_key_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let key = folder.path().join("state.key");
    drop(SqliteState::open(&path).unwrap());
    let good = fs::read(&key).unwrap();
    for (case, bytes, mode, expected) in [
        ("empty", &[][..], 0o600, "state.key is damaged"),
        ("short", &good[1..], 0o600, "state.key is damaged"),
        (
            "long",
            &[good.as_slice(), b"x"].concat(),
            0o600,
            "state.key is damaged",
        ),
        ("of a group", &good, 0o640, "run `chmod 600` on it"),
        (
            "of all",
            &good,
            0o604,
            "state.key can be read by others (mode 604)",
        ),
    ] {
        fs::write(&key, bytes).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let error = SqliteState::open(&path).expect_err(case).to_string();
        assert!(error.contains(expected), "{case}: {error}");
        assert_eq!(fs::read(&key).unwrap(), bytes, "{case}");
    }
    fs::write(&key, &good).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    drop(SqliteState::open(&path).unwrap());
}

/// Only root can give files away, so that other users test nothing here.
#[test]
fn digest_key_of_another_user_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let key = folder.path().join("state.key");
    drop(SqliteState::open(&path).unwrap());
    if fs::metadata(&key).unwrap().uid() != 0 {
        return;
    }
    chown(&key, Some(65_534), None).unwrap();
    let error = SqliteState::open(&path).unwrap_err().to_string();
    let expected = "state.key belongs to the user 65534, who can read it: run `chown 0` on it";
    assert!(error.contains(expected), "{error}");
}

/// Format 1 had plain digests of all keys. Those of guessable keys leave the file.
#[tokio::test]
async fn first_format_keeps_revocations_and_forgets_guessable_keys() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let (pair, token) = (Digest::of(b"192.0.2.1 demo\\alice"), Digest::of(b"a token"));
    alter(&path, include_str!("../../migrations/01_marks.sql"));
    alter(
        &path,
        "PRAGMA application_id = 0x726d6453; PRAGMA user_version = 1;",
    );
    let until = at(10).as_millisecond();
    let connection = rusqlite::Connection::open(&path).unwrap();
    for (kind, digest) in [("revoked-token", token), ("known-place", pair)] {
        let mark = "INSERT INTO mark (kind, digest, until) VALUES (?1, ?2, ?3)";
        let row = rusqlite::params![kind, digest.as_bytes(), until];
        connection.execute(mark, row).unwrap();
    }
    let counter = "INSERT INTO counter (kind, digest, count, until) VALUES (?1, ?2, 3, ?3)";
    let row = rusqlite::params!["attempts-of-strangers", pair.as_bytes(), until];
    connection.execute(counter, row).unwrap();
    drop(connection);

    let state = SqliteState::open(&path).unwrap();
    let revoked = state.is_flag_set(FlagKind::RevokedToken, token, at(9));
    assert!(revoked.await.unwrap());
    let known = state.is_flag_set(FlagKind::KnownNetwork, pair, at(9));
    assert!(!known.await.unwrap());
    drop(state);
    settle(&path);
    let bytes = fs::read(&path).unwrap();
    let contains = |digest: Digest| bytes.windows(32).any(|window| window == digest.as_bytes());
    assert!(contains(token) && !contains(pair));
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
    let newer = "has format 99, and this program supports formats up to 2";
    refused("text", "is damaged", |path| fs::write(path, &text).unwrap());
    refused("empty", "is damaged", |path| fs::write(path, "").unwrap());
    refused("short", "is damaged", |path| {
        fs::write(path, "SQLite format 3\0").unwrap();
    });
    refused("truncated", "is damaged", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    });
    refused("without its last byte", "is damaged", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
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
    // What would forget entries, or change what they mean.
    for (name, sql) in [
        ("without a format", "PRAGMA user_version = 0"),
        ("of an impossible format", "PRAGMA user_version = -1"),
        ("without a table", "DROP TABLE counter"),
        ("with another table", "ALTER TABLE mark RENAME TO note"),
        ("without an index", "DROP INDEX mark_until"),
        (
            "with a trigger",
            "CREATE TRIGGER forget AFTER INSERT ON mark BEGIN DELETE FROM mark; END",
        ),
        (
            "with an unknown kind",
            "INSERT INTO mark (kind, digest, until) \
             VALUES ('revoked-tokem', zeroblob(32), 4000000000000)",
        ),
    ] {
        refused(name, "is damaged", |path| alter(path, sql));
    }
    // An index that contradicts its table: a sweep would remove an entry too early.
    refused("with a wrong index", "is damaged", |path| {
        alter(
            path,
            "INSERT INTO mark (kind, digest, until) \
             VALUES ('revoked-token', zeroblob(32), 3333333333333)",
        );
        let mut bytes = fs::read(path).unwrap();
        let until = &3_333_333_333_333_i64.to_be_bytes()[2..];
        let last = bytes
            .windows(6)
            .rposition(|window| window == until)
            .unwrap();
        bytes[last + 5] ^= 1;
        fs::write(path, bytes).unwrap();
    });
}

/// bad-inputs 80: a flipped bit can make a count larger than the type of counts. It is read as the
/// largest, so that the user can sign in when it has expired.
/// The opening of a named pipe would wait for another process.
#[test]
fn named_pipe_in_place_of_a_file_is_refused_at_once() {
    for name in ["state.db", "state.key"] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("state.db");
        drop(SqliteState::open(&path).unwrap());
        let file = folder.path().join(name);
        fs::remove_file(&file).unwrap();
        mknodat(CWD, &file, FileType::Fifo, Mode::RWXU, 0).unwrap();
        for error in [
            SqliteState::open(&path).map(drop).unwrap_err().to_string(),
            StateCopy::of(&path).map(drop).unwrap_err().to_string(),
        ] {
            assert!(error.contains(name), "{error}");
        }
    }
}

#[tokio::test]
async fn oversized_count_is_read_as_the_largest() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let (kind, key) = (CounterKind::ConversationFailures, Digest::of(b"key"));
    let state = SqliteState::open(&path).unwrap();
    let count = state.increment(PARTY, kind, key, at(0), at(10)).await;
    assert_eq!(count.unwrap(), 1);
    drop(state);
    settle(&path);
    alter(&path, "UPDATE counter SET count = count | (1 << 40)");
    let state = SqliteState::open(&path).unwrap();
    for (time, expected) in [(at(0), u32::MAX), (at(10), 0)] {
        let counter = state.counter(kind, key, time).await.unwrap();
        assert_eq!(counter.count, expected);
    }
}

/// What was removed does not come back: a new file is not read with the log of an earlier one.
#[tokio::test]
async fn new_file_ignores_the_rest_of_a_removed_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let state = SqliteState::open(&path).unwrap();
    let key = Digest::of(b"key");
    state.set_flag(PARTY, SPENT, key, at(10)).await.unwrap();
    let log = fs::read(folder.path().join("state.db-wal")).unwrap();
    drop(state);
    settle(&path);
    fs::remove_file(&path).unwrap();
    fs::write(folder.path().join("state.db-wal"), log).unwrap();
    fs::write(folder.path().join("state.db.new"), "half a file").unwrap();
    let state = SqliteState::open(&path).unwrap();
    assert!(!state.is_flag_set(SPENT, key, at(0)).await.unwrap());
    assert!(state.set_flag(PARTY, SPENT, key, at(10)).await.unwrap());
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
