//! Oracle of the file of the shared state.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use roamd_state::{
    CounterKind, Digest, FlagBudget, FlagKind, LimitedFlags, Party, SharedState as _, SqliteState,
};
use tokio::runtime::{Builder, Runtime};

use crate::memory_folder::{MemoryFolder, assert_refused};

/// First bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Flags of each kind in the whole file: enough for several pages.
const FLAGS: u32 = 40;

/// The kinds whose digests need no secret.
const KINDS: [FlagKind; 8] = [
    FlagKind::SpentConversation,
    FlagKind::InvalidatedTicket,
    FlagKind::UsedRetryKey,
    FlagKind::UsedClientTicket,
    FlagKind::RevokedToken,
    FlagKind::EndedUser,
    FlagKind::BlockDecision,
    FlagKind::BlockedUser,
];

/// Opens a file as the state of a server. A refused file is named and does not change. In an
/// accepted one, each byte that was changed has cost one flag at most, and removing what has
/// expired costs no other flag.
///
/// An input that begins as an SQLite file is the file. Any other input changes a file that the
/// server wrote: for each three bytes, an offset and the new byte. An offset behind the end cuts
/// the file.
pub fn state_file(bytes: &[u8]) {
    let is_file = bytes.starts_with(MAGIC);
    let file = if is_file {
        bytes.to_vec()
    } else {
        changed(whole_file(), bytes)
    };
    let folder = MemoryFolder::new();
    let path = folder.write("state.db", &file);
    let lock = folder.write("state.lock", b"");
    folder.write("state.key", &[7; 64]);
    match SqliteState::open(&path) {
        Err(error) => assert_refused(&path, &file, &error.to_string()),
        Ok(state) if is_file => drop(state),
        Ok(state) => {
            let cost = cost(whole_file(), &file);
            let runtime = runtime();
            assert!(runtime.block_on(lost_flags(&state)) <= cost, "flags lost");
            if let Err(error) = runtime.block_on(state.sweep(now())) {
                panic!("an accepted file cannot be changed: {error}");
            }
            let lost = runtime.block_on(lost_flags(&state));
            assert!(lost <= cost, "flags lost in a sweep");
        }
    }
    // The thread of the state holds the lock until it has closed the file.
    if let Err(error) = wait_for_lock(&lock) {
        panic!("cannot lock the state: {error}");
    }
}

/// Waits until no process and no thread holds the lock at `path`.
fn wait_for_lock(path: &Path) -> io::Result<()> {
    let lock = File::open(path)?;
    loop {
        match lock.lock() {
            // By the timer of libFuzzer.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn changed(whole: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut file = whole.to_vec();
    for change in changes.chunks_exact(3) {
        let &[high, low, byte] = change else { continue };
        let offset = usize::from(u16::from_be_bytes([high, low]));
        match file.get_mut(offset) {
            Some(changed) => *changed = byte,
            None => file.truncate(offset % whole.len()),
        }
    }
    file
}

/// Returns how many flags the changes may have cost: none if the file is shorter, since that has to
/// be found.
fn cost(whole: &[u8], file: &[u8]) -> usize {
    assert_eq!(whole.len(), file.len(), "a part of a file is accepted");
    let pairs = whole.iter().zip(file);
    pairs.filter(|(before, after)| before != after).count()
}

/// Counts the flags that are not set any more.
async fn lost_flags(state: &SqliteState) -> usize {
    let mut lost = 0;
    for kind in KINDS {
        for key in keys() {
            let is_set = state.is_flag_set(kind, key, now()).await;
            lost += usize::from(!is_set.unwrap_or(false));
        }
    }
    lost
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365)
}

fn keys() -> impl Iterator<Item = Digest> {
    (0..FLAGS).map(|number| Digest::of(&number.to_be_bytes()))
}

/// Returns the bytes of a file with all flags, as a server leaves it when it stops.
fn whole_file() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = MemoryFolder::new();
        let path = folder.path().join("state.db");
        let lock = folder.path().join("state.lock");
        let until = now() + SignedDuration::from_hours(24 * 365);
        let written = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
            let state = SqliteState::open(&path)?;
            for kind in KINDS {
                let flags = LimitedFlags {
                    kind,
                    keys: keys().collect(),
                    until,
                    budget: FlagBudget {
                        kind: CounterKind::InvalidatedTicketsByUser,
                        key: Digest::of(b"user"),
                        now: now(),
                        until,
                        max: u32::MAX,
                    },
                };
                runtime().block_on(state.set_flags(Party::SERVER, flags))?;
            }
            drop(state);
            wait_for_lock(&lock)?;
            Ok(fs::read(&path)?)
        };
        match written() {
            Ok(bytes) => bytes,
            Err(error) => panic!("cannot write a file: {error}"),
        }
    })
}

fn runtime() -> Runtime {
    match Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("cannot start a runtime: {error}"),
    }
}
