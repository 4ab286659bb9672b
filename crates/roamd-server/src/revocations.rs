//! Revocations by an operator: the file `revocations` in the data folder.
//!
//! `roamd tokens revoke` writes it, and a server reads it when it starts and every few seconds.
//! Each line is a JSON object. The file is never empty, since a revocation is what creates it.

use std::collections::HashSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_sessions::UserKey;
use serde::{Deserialize, Serialize};

use crate::account_forms::means;
use crate::data_dir::{self, DataDirError, FileLock, SharedFile};
use crate::file_access::{AccessRule, FileAccessError, open_file};

/// Name of the file.
const FILE: &str = "revocations";

/// Maximum size of the file, in bytes: thousands of users.
const MAX_BYTES: u64 = 1024 * 1024;

/// Extra time, beyond the life of a token, for which a revocation stays in the file, for servers
/// with other clocks.
const SLACK: Duration = Duration::from_hours(24);

/// Error of the file of revocations.
#[derive(Debug, thiserror::Error)]
pub enum RevocationsError {
    /// The file cannot be read or written.
    #[error("cannot use the file of revocations {}", .path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// Others can change the file.
    #[error(transparent)]
    Access(#[from] FileAccessError),
    /// The file contains something else.
    #[error(
        "{}:{line}: not a revocation, or another one of the same user; the file is left as it is. \
         Correct the line, or remove it; remove an empty file",
        .path.display()
    )]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// Number of the first bad line.
        line: usize,
    },
    /// The file is or would get larger than it may be.
    #[error(
        "{} would be larger than {MAX_BYTES} bytes. To end the sign-ins of all users, stop the \
         server and remove its keys", .path.display()
    )]
    TooLarge {
        /// Path of the file.
        path: PathBuf,
    },
}

/// What operators have decided about the sign-ins of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRevocation {
    /// Domain of the account, as typed.
    pub domain: String,
    /// Name of the account, as typed.
    pub name: String,
    /// All sign-ins up to this time have ended.
    pub ended: Option<Timestamp>,
    /// New sign-ins are refused before this time.
    pub blocked_until: Option<Timestamp>,
    /// Time of the decision to block new sign-ins, or to end a block.
    pub block_decided: Option<Timestamp>,
}

/// The file of revocations of a data folder.
#[derive(Debug, Clone)]
pub struct RevocationFile(SharedFile);

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    domain: String,
    name: String,
    /// Missing if only a block was ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocked_until: Option<String>,
    /// Missing in files of versions that have the block of a server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block_decided: Option<String>,
}

impl UserRevocation {
    /// Returns the key of the account, which is equal for all spellings.
    #[must_use]
    pub fn key(&self) -> UserKey {
        UserKey::new(&self.domain, &self.name)
    }

    /// Whether sign-ins are refused at this time.
    #[must_use]
    pub fn is_block(&self, now: Timestamp) -> bool {
        self.blocked_until.is_some_and(|until| now < until)
    }

    /// Whether this is about a user, in any form of the account: `DEMO\u7`, `demo.test\u7` and
    /// `u7@demo.test` are one user.
    #[must_use]
    pub fn is_about(&self, domain: &str, name: &str) -> bool {
        means(&self.key(), &UserKey::new(domain, name))
    }
}

impl RevocationFile {
    /// Names the file of a data folder. Reads nothing.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self(SharedFile::new(data_dir, FILE))
    }

    /// Ends all sign-ins of a user up to now. With `block`, new ones are refused for that time
    /// from now on, which replaces an earlier block. Without, an earlier block stays.
    ///
    /// Removes entries that no token needs any more, given that tokens live for at most
    /// `token_lifetime_max`.
    ///
    /// # Errors
    /// If the file cannot be used, or the new one cannot be written. The old file then stays.
    pub fn revoke(
        &self,
        domain: &str,
        name: &str,
        block: Option<Duration>,
        token_lifetime_max: Duration,
        now: Timestamp,
    ) -> Result<UserRevocation, RevocationsError> {
        let now = in_precision_of_the_state(now);
        self.change(|entries| {
            let mut revocation = UserRevocation {
                domain: domain.to_owned(),
                name: name.to_owned(),
                ended: Some(now),
                blocked_until: block.map(|block| later(now, block)),
                block_decided: block.map(|_| now),
            };
            let key = revocation.key();
            if let Some(earlier) = entries.iter().find(|entry| entry.key() == key) {
                revocation.ended = earlier.ended.max(Some(now));
                if block.is_none() {
                    revocation.blocked_until = earlier.blocked_until;
                    revocation.block_decided = earlier.block_decided;
                }
            }
            revocation.blocked_until = revocation.blocked_until.filter(|until| now < *until);
            entries.retain(|entry| {
                let by_tokens = entry.ended.map(|ended| later(ended, token_lifetime_max));
                let needed = by_tokens.max(entry.block_decided);
                let is_needed = needed.is_some_and(|until| now < later(until, SLACK));
                entry.key() != key && (is_needed || entry.is_block(now))
            });
            entries.push(revocation.clone());
            revocation
        })
    }

    /// Ends the blocks of an account in all its forms. Sign-ins that have ended stay ended.
    ///
    /// # Errors
    /// If the file cannot be used, or the new one cannot be written. The old file then stays.
    pub fn unblock(
        &self,
        domain: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<UserRevocation, RevocationsError> {
        let now = in_precision_of_the_state(now);
        self.change(|entries| {
            let mut revocation = UserRevocation {
                domain: domain.to_owned(),
                name: name.to_owned(),
                ended: None,
                blocked_until: None,
                block_decided: Some(now),
            };
            let key = revocation.key();
            for entry in entries.iter_mut().filter(|it| it.is_about(domain, name)) {
                if entry.key() == key {
                    revocation.ended = entry.ended;
                }
                entry.blocked_until = None;
                entry.block_decided = Some(now);
            }
            entries.retain(|entry| entry.key() != key);
            entries.push(revocation.clone());
            revocation
        })
    }

    /// Changes the revocations while no other process does.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<UserRevocation>) -> T,
    ) -> Result<T, RevocationsError> {
        data_dir::check(self.0.folder())?;
        let locked = self.0.lock().map_err(|source| self.unusable(source))?;
        let mut entries = self.read()?;
        let changed = change(&mut entries);
        self.write(&entries, &locked)?;
        Ok(changed)
    }

    /// Reads all revocations. There are none if the file is missing.
    ///
    /// # Errors
    /// If the file cannot be used.
    pub fn read(&self) -> Result<Vec<UserRevocation>, RevocationsError> {
        let file = match open_file(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file.map_err(|source| self.unusable(source))?,
        };
        let metadata = file.metadata().map_err(|source| self.unusable(source))?;
        AccessRule::REVOCATIONS.check_mode(self.path(), &metadata)?;
        data_dir::check(self.0.folder())?;
        if metadata.len() > MAX_BYTES {
            return Err(self.too_large());
        }
        let mut text = String::new();
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(|source| self.unusable(source))?;
        from_text(&text).map_err(|line| RevocationsError::Damaged {
            path: self.path().to_owned(),
            line,
        })
    }

    /// Replaces the file and flushes it to the disk.
    fn write(&self, entries: &[UserRevocation], locked: &FileLock) -> Result<(), RevocationsError> {
        let text = to_text(entries).map_err(|source| self.unusable(source.into()))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(self.too_large());
        }
        self.0
            .replace(locked, text.as_bytes())
            .map_err(|source| self.unusable(source))
    }

    /// The file, whatever it contains.
    pub(crate) fn shared(&self) -> &SharedFile {
        &self.0
    }

    /// Path of the file.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn unusable(&self, source: io::Error) -> RevocationsError {
        RevocationsError::File {
            path: self.path().to_owned(),
            source,
        }
    }

    fn too_large(&self) -> RevocationsError {
        RevocationsError::TooLarge {
            path: self.path().to_owned(),
        }
    }
}

/// Whether these bytes can be a file of revocations.
pub(crate) fn is_valid(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| from_text(text).is_ok())
}

fn to_text(entries: &[UserRevocation]) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for entry in entries {
        let line = Line {
            domain: entry.domain.clone(),
            name: entry.name.clone(),
            ended: entry.ended.map(|at| at.to_string()),
            blocked_until: entry.blocked_until.map(|until| until.to_string()),
            block_decided: entry.block_decided.map(|at| at.to_string()),
        };
        text.push_str(&serde_json::to_string(&line)?);
        text.push('\n');
    }
    Ok(text)
}

/// Parses a file. Two entries of a user would contradict each other.
///
/// # Errors
/// The number of the first bad line.
fn from_text(text: &str) -> Result<Vec<UserRevocation>, usize> {
    let mut users = HashSet::new();
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let entry = parse(line).filter(|entry| users.insert(entry.key()));
        entries.push(entry.ok_or(index + 1)?);
    }
    if entries.is_empty() {
        Err(1)
    } else {
        Ok(entries)
    }
}

fn parse(line: &str) -> Option<UserRevocation> {
    let line: Line = serde_json::from_str(line).ok()?;
    let time = |text: Option<String>| text.map(|text| text.parse()).transpose();
    let ended = time(line.ended).ok()?;
    let blocked_until: Option<Timestamp> = time(line.blocked_until).ok()?;
    let block_decided = time(line.block_decided).ok()?;
    ended.or(block_decided)?;
    Some(UserRevocation {
        domain: line.domain,
        name: line.name,
        ended,
        blocked_until,
        block_decided: block_decided.or(blocked_until.and(ended)),
    })
}

/// Returns a time in the precision of the shared state.
fn in_precision_of_the_state(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(4_000_000_000).unwrap() + SignedDuration::from_hours(hours)
    }

    #[test]
    fn user_has_one_entry_until_no_token_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = RevocationFile::of(folder.path());
        assert_eq!(file.read().unwrap(), []);
        for (domain, name, block, hour, expected) in [
            ("DEMO", "alice", None, 0, vec![("alice", 0, None)]),
            (
                "demo",
                "Alice",
                Some(2 * HOUR),
                1,
                vec![("Alice", 1, Some(3))],
            ),
            // The block stays, ends, is another one.
            ("DEMO", "alice", None, 2, vec![("alice", 2, Some(3))]),
            ("DEMO", "alice", Some(HOUR), 2, vec![("alice", 2, Some(3))]),
            (
                "DEMO",
                "bob \"\n\u{202e}",
                None,
                3,
                vec![("alice", 2, Some(3)), ("bob \"\n\u{202e}", 3, None)],
            ),
            // An earlier clock does not revive what has ended.
            (
                "DEMO",
                "alice",
                None,
                1,
                vec![("bob \"\n\u{202e}", 3, None), ("alice", 2, Some(3))],
            ),
            (
                "DEMO",
                "carol",
                None,
                50,
                vec![("bob \"\n\u{202e}", 3, None), ("carol", 50, None)],
            ),
        ] {
            file.revoke(domain, name, block, DAY, at(hour)).unwrap();
            let read = file.read().unwrap();
            let read: Vec<_> = read
                .iter()
                .map(|entry| (entry.name.as_str(), entry.ended, entry.blocked_until))
                .collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(name, ended, blocked)| (name, Some(at(ended)), blocked.map(at)))
                .collect();
            assert_eq!(read, expected, "{name} {hour}");
        }
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn block_is_ended_in_all_forms_of_the_account_and_sign_ins_stay_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = RevocationFile::of(folder.path());
        let block = |domain, name, hours: u64, hour| {
            let block = Some(Duration::from_hours(hours));
            file.revoke(domain, name, block, DAY, at(hour)).unwrap();
        };
        block("DEMO", "alice", 10, 0);
        block("", "alice@demo.test", 10, 0);
        block("DEMO", "bob", 10, 0);
        block("demo.test", "alice", 1, 0);
        let decided = file.unblock("demo", "ALICE", at(2)).unwrap();
        assert_eq!(
            (decided.ended, decided.block_decided),
            (Some(at(0)), Some(at(2)))
        );
        let left = file.read().unwrap();
        assert_eq!(left.len(), 4);
        let ended = Some(at(0));
        assert!(left.iter().all(|it| it.ended == ended), "{left:?}");
        let blocked = left.iter().filter(|it| it.is_block(at(2)));
        assert_eq!(blocked.map(|it| &*it.name).collect::<Vec<_>>(), ["bob"]);
    }

    /// In a group, another server may have the block, so that the decision is written anyway. It
    /// ends no sign-in, and stays until a server that is stopped has had a day to apply it.
    #[test]
    fn end_of_a_block_is_kept_without_one_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = RevocationFile::of(folder.path());
        let decided = file.unblock("DEMO", "alice", at(0)).unwrap();
        assert_eq!((decided.ended, decided.blocked_until), (None, None));
        assert_eq!(file.read().unwrap(), [decided]);
        for (hour, expected) in [(23, 2), (25, 1)] {
            file.revoke("DEMO", "bob", None, DAY, at(hour)).unwrap();
            assert_eq!(file.read().unwrap().len(), expected, "{hour}");
        }
    }

    #[test]
    fn unusable_revocations_are_refused_and_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let file = RevocationFile::of(folder.path());
        file.revoke("DEMO", "alice", None, DAY, at(0)).unwrap();
        let good = fs::read_to_string(file.path()).unwrap();
        for (text, mode, expected) in [
            (
                format!("{good}rubbish\n"),
                0o600,
                "revocations:2: not a revocation",
            ),
            (String::new(), 0o600, "revocations:1: not a revocation"),
            (
                good.replace("alice", "ALICE") + &good,
                0o600,
                "revocations:2: not a revocation",
            ),
            (
                good.replace("ended", "end"),
                0o600,
                "revocations:1: not a revocation",
            ),
            (good.repeat(20_000), 0o600, "would be larger"),
            (good.clone(), 0o620, "chmod 600"),
        ] {
            fs::write(file.path(), &text).unwrap();
            fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
            let error = file.revoke("DEMO", "bob", None, DAY, at(0)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
        }
    }
}
