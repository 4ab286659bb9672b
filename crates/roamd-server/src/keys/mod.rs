//! The key ring in the data folder, and how a running gateway follows it.
//!
//! A gateway and the commands of roamd use the file at the same time: it appears whole or not at all, and
//! only one process changes it at a time. A new key opens for a while before it seals, so that whoever
//! follows the file has it by then, and an old one opens until nothing counts any more that it sealed: so
//! nobody is signed out by a rotation.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roamd_seal::{KeyRing, KeyRingError, Overlap};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::app::data_dir::{self, DataDirError};
use crate::app::environment::rng;
use crate::config;

pub use roamd_seal::{KeyInfo, KeyRole};

/// Name of the file.
const FILE: &str = "keys";

/// Name of a file that is not whole yet.
const DRAFT: &str = "keys.new";

/// Who changes the file holds this one locked.
const LOCK: &str = "keys.lock";

/// Longest file that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Most keys that are written: they fit the file, with 128 bytes for each.
const MOST: u32 = config::MOST_KEYS;

/// How often a running gateway looks at the file.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a new key only opens: many times as long as a node may take to look.
const BEFORE: Duration = Duration::from_secs(30);

/// How much longer an old key opens than a token lives, for a node that was slow to look.
const SLACK: Duration = Duration::from_secs(60);

/// Why there is no key ring.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("cannot use the key file {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read the keys.
    #[error(
        "key file {} can be read by others (mode {mode:o}); run `chmod 600` on it, and make new \
         keys if they may have been seen", .path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// The file is not a key ring.
    #[error("key file {} is damaged; it is left as it is", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyRingError,
    },
    /// A key was to be added to many that are still needed.
    #[error(
        "{} would get more than {MOST} keys that tokens may still need; rotate less often, or let \
         tokens live shorter", .path.display()
    )]
    TooMany {
        /// The file.
        path: PathBuf,
    },
    /// Keys were to be made where there are some.
    #[error(
        "there are keys in {} already; `roamd keys rotate` adds a new one to them", .path.display()
    )]
    Present {
        /// The file.
        path: PathBuf,
    },
}

/// The key file of a data folder.
#[derive(Debug, Clone)]
pub struct KeyFile {
    folder: PathBuf,
    path: PathBuf,
}

/// Follows the key file for a running gateway, and rotates its keys by their age.
pub(crate) struct KeyKeeper {
    file: KeyFile,
    ring: Arc<KeyRing>,
    /// Age of the newest key at which another follows; never if there is none.
    rotate_after: Option<Duration>,
    overlap: Overlap,
    /// What was told last of what is wrong with the file.
    told: Option<String>,
}

impl KeyFile {
    /// The key file of a data folder. Nothing is read yet.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.to_owned(),
            path: data_dir.join(FILE),
        }
    }

    /// What may be told of the keys, the newest first.
    ///
    /// # Errors
    /// There is no ring that can be used.
    pub fn list(&self, now: Timestamp) -> Result<Vec<KeyInfo>, KeysError> {
        let ring = self.read()?;
        // Which key seals does not depend on how long tokens live.
        ring.settle(now.as_second(), overlap(Duration::ZERO));
        Ok(ring.info())
    }

    /// Makes a ring of one new key, and the folder if it is missing.
    ///
    /// # Errors
    /// There is a ring already, or it cannot be written.
    pub fn make(&self, now: Timestamp) -> Result<(), KeysError> {
        data_dir::open_or_make(&self.folder)?;
        let _locked = self.lock()?;
        match self.path.try_exists() {
            Ok(false) => self.write(&KeyRing::random(now.as_second(), &mut rng())),
            Ok(true) => Err(KeysError::Present {
                path: self.path.clone(),
            }),
            Err(source) => Err(self.unusable(source)),
        }
    }

    /// Adds a new key, which seals once a running gateway knows it. Old keys go under which nothing is sealed
    /// that still counts, where nothing counts for longer than `token_lifetime_max`.
    ///
    /// # Errors
    /// There is no ring that can be used, or the new one cannot be written; then the old one stays.
    pub fn rotate(&self, token_lifetime_max: Duration, now: Timestamp) -> Result<(), KeysError> {
        let locked = self.lock()?;
        self.rotate_if(|_| true, overlap(token_lifetime_max), now, &locked)
    }

    /// Opens the ring, and makes one in a folder that has none. Two processes that start at the same
    /// time get the same ring.
    pub(crate) fn open_or_make(&self, now: Timestamp) -> Result<KeyRing, KeysError> {
        let ring = match self.read() {
            Err(KeysError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                match self.make(now) {
                    // Somebody else was faster: their ring it is.
                    Ok(()) | Err(KeysError::Present { .. }) => self.read()?,
                    Err(error) => return Err(error),
                }
            }
            ring => ring?,
        };
        ring.settle(now.as_second(), overlap(Duration::ZERO));
        Ok(ring)
    }

    fn read(&self) -> Result<KeyRing, KeysError> {
        let file = File::open(&self.path).map_err(|source| self.unusable(source))?;
        let metadata = file.metadata().map_err(|source| self.unusable(source))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeysError::Exposed {
                path: self.path.clone(),
                mode,
            });
        }
        data_dir::check(&self.folder)?;
        // Room for all of it at once, so that no copy of a secret is left behind by growing.
        let room = usize::try_from(metadata.len().min(LONGEST)).unwrap_or_default() + 1;
        let mut text = Zeroizing::new(String::with_capacity(room));
        file.take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|source| self.unusable(source))?;
        KeyRing::from_text(&text).map_err(|source| KeysError::Damaged {
            path: self.path.clone(),
            source,
        })
    }

    /// Rotates unless somebody else has done meanwhile what called for it.
    fn rotate_if(
        &self,
        still_needed: impl FnOnce(&KeyRing) -> bool,
        overlap: Overlap,
        now: Timestamp,
        _locked: &File,
    ) -> Result<(), KeysError> {
        let ring = self.read()?;
        if !still_needed(&ring) {
            return Ok(());
        }
        let rotated = ring.rotated(now.as_second(), overlap, &mut rng());
        if rotated.info().len() > MOST as usize {
            return Err(KeysError::TooMany {
                path: self.path.clone(),
            });
        }
        self.write(&rotated)
    }

    /// Waits until nobody else changes the file. The lock goes with what is returned.
    fn lock(&self) -> Result<File, KeysError> {
        let lock = || {
            let file = self.lock_file()?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|source| self.unusable(source))
    }

    /// The same without waiting: nothing while somebody else changes the file.
    fn try_lock(&self) -> Result<Option<File>, KeysError> {
        let lock = || {
            let file = self.lock_file()?;
            match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(source)) => Err(source),
            }
        };
        lock().map_err(|source| self.unusable(source))
    }

    fn lock_file(&self) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.folder.join(LOCK))
    }

    /// Puts a ring in the place of the one that is there, and on the disk. Only who holds the lock
    /// does.
    fn write(&self, ring: &KeyRing) -> Result<(), KeysError> {
        let draft = self.folder.join(DRAFT);
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            // A draft that was left behind keeps its mode.
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(ring.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &self.path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: io::Error) -> KeysError {
        KeysError::File {
            path: self.path.clone(),
            source,
        }
    }
}

impl KeyKeeper {
    pub(crate) fn new(
        file: KeyFile,
        ring: Arc<KeyRing>,
        rotate_after: Option<Duration>,
        token_lifetime_max: Duration,
    ) -> Self {
        Self {
            file,
            ring,
            rotate_after,
            overlap: overlap(token_lifetime_max),
            told: None,
        }
    }

    /// Looks at the file again and again until it is told to stop.
    pub(crate) async fn keep(mut self, stop: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        while stop.run_until_cancelled(looks.tick()).await.is_some() {
            let look = tokio::task::spawn_blocking(move || {
                self.look(Timestamp::now());
                self
            });
            match look.await {
                Ok(keeper) => self = keeper,
                Err(error) => {
                    warn!(%error, "Keys are not followed any more");
                    return;
                }
            }
        }
    }

    /// Takes up what is in the file, and rotates when it is time. When the file cannot be used, the
    /// gateway goes on with the keys that it has.
    fn look(&mut self, now: Timestamp) {
        let problem = self.take_up(now).err().map(|error| error.to_string());
        if let Some(error) = &problem
            && self.told != problem
        {
            warn!(
                error,
                "Keys cannot be read or rotated; going on with those that there are"
            );
        }
        self.told = problem;
    }

    fn take_up(&self, now: Timestamp) -> Result<(), KeysError> {
        let mut read = self.file.read()?;
        let mut rotated = Ok(());
        // Who changes the file now may be slow, and a gateway that shall stop must not wait for that:
        // the next look tells what came of it.
        if self.is_due(&read, now)
            && let Some(locked) = self.file.try_lock()?
        {
            let is_due = |ring: &KeyRing| self.is_due(ring, now);
            rotated = self.file.rotate_if(is_due, self.overlap, now, &locked);
            read = self.file.read()?;
        }
        read.settle(now.as_second(), self.overlap);
        let (before, after) = (self.ring.info(), read.info());
        if before != after {
            self.ring.replace(&read);
            let sealing = after.iter().find(|key| key.role == KeyRole::Seals);
            let sealing = sealing.map(|key| key.id.0);
            info!(keys = after.len(), sealing, "Took up keys");
        }
        rotated
    }

    /// Whether the newest key is so old that another has to follow.
    fn is_due(&self, ring: &KeyRing, now: Timestamp) -> bool {
        let Some(age) = self.rotate_after else {
            return false;
        };
        let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        let newest = ring.info().first().map(|key| key.created);
        newest.is_some_and(|created| created.saturating_add(age) <= now.as_second())
    }
}

fn overlap(token_lifetime_max: Duration) -> Overlap {
    Overlap {
        before: BEFORE,
        after: token_lifetime_max.saturating_add(SLACK),
    }
}

#[cfg(test)]
mod tests {
    use roamd_config::shortest_rotate_after;
    use roamd_seal::Purpose;
    use tempfile::TempDir;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const PURPOSE: Purpose = Purpose::new("test");

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn folder() -> (TempDir, KeyFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of(folder.path());
        (folder, file)
    }

    fn keeper(file: &KeyFile, rotate_after: Option<Duration>) -> KeyKeeper {
        let ring = Arc::new(file.open_or_make(at(0)).unwrap());
        KeyKeeper::new(file.clone(), ring, rotate_after, DAY)
    }

    /// A ring that was rotated at this age, in seconds, until it had seen so many keys.
    fn ring_of(keys: i64, age: i64, token_lifetime_max: Duration) -> KeyRing {
        let first = KeyRing::random(at(0).as_second(), &mut rng());
        (1..keys).fold(first, |ring, key| {
            let now = at(key * age).as_second();
            ring.rotated(now, overlap(token_lifetime_max), &mut rng())
        })
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_gets_one_key_that_stays() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("data");
        data_dir::open_or_make(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        let file = KeyFile::of(&folder);
        let first = file.open_or_make(at(0)).unwrap();
        let second = file.open_or_make(at(1)).unwrap();
        assert_eq!(*first.to_text(), *second.to_text());
        assert_eq!(mode(&file.path), 0o600);
        let files = fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, 2, "the keys and the lock");
    }

    #[test]
    fn keys_are_never_made_over_others() {
        let (_folder, file) = folder();
        file.make(at(0)).unwrap();
        let made = fs::read_to_string(&file.path).unwrap();
        let error = file.make(at(0)).unwrap_err();
        assert!(matches!(error, KeysError::Present { .. }));
        assert!(error.to_string().contains("roamd keys rotate"), "{error}");
        assert_eq!(fs::read_to_string(&file.path).unwrap(), made);
    }

    #[test]
    fn processes_that_start_together_share_one_ring() {
        let (_folder, file) = folder();
        let rings: Vec<String> = std::thread::scope(|scope| {
            let start = || file.open_or_make(at(0)).unwrap().to_text().to_string();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(rings.iter().all(|ring| *ring == rings[0]));
    }

    #[test]
    fn keys_that_others_can_read_or_replace_are_refused() {
        let (folder, file) = folder();
        file.make(at(0)).unwrap();
        for bad in [0o640, 0o604, 0o660, 0o602, 0o610] {
            fs::set_permissions(&file.path, Permissions::from_mode(bad)).unwrap();
            let error = file.list(at(0)).unwrap_err().to_string();
            let told = error.contains(&format!("mode {bad:o}")) && error.contains("chmod 600");
            assert!(told, "{error}");
        }
        fs::set_permissions(&file.path, Permissions::from_mode(0o600)).unwrap();
        for (mode, good) in [
            (0o700, true),
            (0o755, true),
            (0o775, false),
            (0o777, false),
            (0o1777, false),
        ] {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            let listed = file
                .list(at(0))
                .map(drop)
                .map_err(|error| error.to_string());
            assert_eq!(listed.is_ok(), good, "{mode:o}: {listed:?}");
            if let Err(error) = listed {
                assert!(error.contains("chmod 700"), "{error}");
                file.rotate(DAY, at(0)).unwrap_err();
            }
        }
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_as_it_is() {
        let (_folder, file) = folder();
        file.make(at(0)).unwrap();
        fs::write(&file.path, "half a k").unwrap();
        for refused in [file.open_or_make(at(0)).map(drop), file.rotate(DAY, at(0))] {
            assert!(matches!(refused, Err(KeysError::Damaged { .. })));
        }
        assert_eq!(fs::read_to_string(&file.path).unwrap(), "half a k");
    }

    #[test]
    fn a_rotation_adds_a_key_that_seals_a_little_later() {
        let (folder, file) = folder();
        assert!(
            file.rotate(DAY, at(0)).is_err(),
            "there is nothing to rotate"
        );
        file.make(at(0)).unwrap();
        let [old] = file.list(at(0)).unwrap().try_into().unwrap();
        assert_eq!(old.role, KeyRole::Seals);
        file.rotate(DAY, at(100)).unwrap();
        assert_eq!(mode(&file.path), 0o600);
        for (now, new_role, old_role) in [
            (100, KeyRole::Opens, KeyRole::Seals),
            (129, KeyRole::Opens, KeyRole::Seals),
            (130, KeyRole::Seals, KeyRole::Opens),
        ] {
            let [new, kept] = file.list(at(now)).unwrap().try_into().unwrap();
            assert_eq!((new.role, kept.role), (new_role, old_role), "at {now}");
            assert_eq!((new.created, kept.id), (at(100).as_second(), old.id));
        }
        // The file and the lock.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        // A day, half a minute before and a minute after.
        let day = 24 * 3600;
        file.rotate(DAY, at(100 + day + 89)).unwrap();
        assert_eq!(file.list(at(0)).unwrap().len(), 3);
        file.rotate(DAY, at(100 + day + 90)).unwrap();
        let left = file.list(at(0)).unwrap();
        assert!(left.iter().all(|key| key.id != old.id), "{left:?}");
    }

    #[test]
    fn more_keys_than_can_be_read_back_are_not_written() {
        let (_folder, file) = folder();
        let most = i64::from(MOST);
        file.write(&ring_of(most, 60, 30 * DAY)).unwrap();
        let before = fs::read_to_string(&file.path).unwrap();
        assert!(before.len() < usize::try_from(LONGEST).unwrap());
        let error = file.rotate(30 * DAY, at(60 * most)).unwrap_err();
        assert!(matches!(error, KeysError::TooMany { .. }));
        assert!(error.to_string().contains("rotate less often"), "{error}");
        assert_eq!(fs::read_to_string(&file.path).unwrap(), before);
        // Nor by age; what is there is taken up all the same.
        let mut node = keeper(&file, Some(Duration::from_secs(60)));
        node.look(at(60 * most));
        assert!(node.told.is_some());
        assert_eq!(node.ring.info().len(), MOST as usize);
        // Where tokens live shorter, old keys go and there is room.
        file.rotate(DAY / 24, at(60 * most)).unwrap();
        assert!(file.list(at(0)).unwrap().len() < 100);
    }

    #[test]
    fn keys_that_follow_each_other_at_the_shortest_age_leave_room_for_others() {
        let lifetime = 60 * DAY;
        let age = i64::try_from(shortest_rotate_after(lifetime).as_secs()).unwrap();
        let keys = ring_of(i64::from(MOST), age, lifetime).info().len();
        assert!(keys <= MOST as usize / 2 + 3, "{keys}");
    }

    #[test]
    fn a_gateway_does_not_wait_for_who_changes_the_file() {
        let (_folder, file) = folder();
        let mut node = keeper(&file, Some(DAY));
        let locked = file.lock().unwrap();
        node.look(at(24 * 3600));
        assert_eq!((node.told.as_ref(), node.ring.info().len()), (None, 1));
        drop(locked);
        node.look(at(24 * 3600));
        assert_eq!(node.ring.info().len(), 2);
    }

    #[test]
    fn nobody_is_signed_out_by_a_rotation() {
        let (_folder, file) = folder();
        let mut nodes = [(); 2].map(|()| keeper(&file, None));
        let seal = |node: &KeyKeeper| node.ring.seal(PURPOSE, b"", b"token", &mut rng());
        let before = seal(&nodes[0]);
        file.rotate(DAY, at(10)).unwrap();
        // One node looks at once, the other as late as it may.
        nodes[0].look(at(10));
        let early = seal(&nodes[0]);
        nodes[1].look(at(12));
        for node in &mut nodes {
            node.look(at(40));
        }
        let late = seal(&nodes[0]);
        // The key that a value names stands behind its first byte.
        assert_eq!(before[1..5], early[1..5]);
        assert_ne!(early[1..5], late[1..5]);
        for node in &nodes {
            for value in [&before, &early, &late] {
                assert!(node.ring.open(PURPOSE, b"", value).is_ok());
            }
        }
    }

    #[test]
    fn the_newest_key_is_followed_by_another_at_its_age_and_once_only() {
        let (_folder, file) = folder();
        let mut nodes = [(); 2].map(|()| keeper(&file, Some(DAY)));
        let mut never = keeper(&file, None);
        let day = 24 * 3600;
        for (now, keys) in [
            (day - 1, 1),
            (day, 2),
            (day + 2, 2),
            (2 * day - 1, 2),
            (2 * day, 3),
        ] {
            for node in nodes.iter_mut().chain([&mut never]) {
                node.look(at(now));
                assert_eq!(node.ring.info().len(), keys, "at {now}");
            }
        }
    }

    #[test]
    fn without_an_age_no_key_is_followed_by_another() {
        let (_folder, file) = folder();
        let mut node = keeper(&file, None);
        node.look(at(10_000 * 24 * 3600));
        assert_eq!(node.ring.info().len(), 1);
    }

    #[test]
    fn nodes_that_find_a_key_old_at_the_same_time_add_one() {
        let (_folder, file) = folder();
        let nodes = [(); 8].map(|()| keeper(&file, Some(DAY)));
        std::thread::scope(|scope| {
            for mut node in nodes {
                scope.spawn(move || node.look(at(24 * 3600)));
            }
        });
        assert_eq!(file.list(at(0)).unwrap().len(), 2);
    }

    #[test]
    fn a_gateway_goes_on_with_its_keys_when_the_file_is_spoilt() {
        let (_folder, file) = folder();
        let mut node = keeper(&file, Some(DAY));
        let ring = node.ring.info();
        let text = fs::read_to_string(&file.path).unwrap();
        fs::write(&file.path, "").unwrap();
        node.look(at(1));
        assert!(node.told.is_some());
        fs::remove_file(&file.path).unwrap();
        node.look(at(2));
        assert_eq!(node.ring.info(), ring);
        assert!(!file.path.exists(), "new keys would open nothing of before");
        fs::write(&file.path, text).unwrap();
        fs::set_permissions(&file.path, Permissions::from_mode(0o600)).unwrap();
        node.look(at(3));
        assert_eq!((node.told, node.ring.info()), (None, ring));
    }
}
