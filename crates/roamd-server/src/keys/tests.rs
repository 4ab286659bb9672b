//! Tests of the key file and of its rotation.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roamd_config::shortest_rotate_after;
use roamd_seal::{KeyInfo, KeyRing, KeyRole, Purpose};
use roamd_state::{BlockingGroup, SystemNetwork};
use roamd_testkit::EtcdCluster;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::file::{KeyFile, KeysError, MAX_BYTES, MAX_KEYS, overlap};
use super::group::GroupKeys;
use super::rotation::{KeyPolicy, KeyRotation};
use crate::clock::rng;
use crate::data_dir;
use crate::test_group::group_settings;

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

fn policy(rotate_after: Option<Duration>) -> watch::Sender<KeyPolicy> {
    watch::Sender::new(KeyPolicy {
        rotate_after,
        token_lifetime_max: DAY,
    })
}

fn server(file: &KeyFile, rotate_after: Option<Duration>) -> KeyRotation {
    let ring = Arc::new(file.open_or_make(at(0)).unwrap());
    let policy = policy(rotate_after);
    KeyRotation::new(file.clone(), ring, policy.subscribe(), Arc::new(|| at(0)))
}

/// A ring of this many keys, rotated at this age in seconds.
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
fn new_folder_gets_one_lasting_key() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("data");
    data_dir::open_or_create(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    let file = KeyFile::of(&folder);
    let first = file.open_or_make(at(0)).unwrap();
    let second = file.open_or_make(at(1)).unwrap();
    assert_eq!(*first.to_text(), *second.to_text());
    assert_eq!(mode(file.path()), 0o600);
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, 2, "the keys and the lock");
}

#[test]
fn make_never_replaces_existing_keys() {
    let (_folder, file) = folder();
    file.make(at(0)).unwrap();
    let made = fs::read_to_string(file.path()).unwrap();
    let error = file.make(at(0)).unwrap_err();
    assert!(matches!(error, KeysError::Present { .. }));
    assert!(error.to_string().contains("roamd keys rotate"), "{error}");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), made);
}

#[test]
fn concurrent_processes_share_one_ring() {
    let (_folder, file) = folder();
    let rings: Vec<String> = std::thread::scope(|scope| {
        let start = || file.open_or_make(at(0)).unwrap().to_text().to_string();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(rings.iter().all(|ring| *ring == rings[0]));
}

#[test]
fn exposed_key_file_is_refused() {
    let (folder, file) = folder();
    file.make(at(0)).unwrap();
    for bad in [0o640, 0o604, 0o660, 0o602, 0o610] {
        fs::set_permissions(file.path(), Permissions::from_mode(bad)).unwrap();
        let error = file.list(at(0)).unwrap_err().to_string();
        let explained = error.contains(&format!("mode {bad:o}")) && error.contains("chmod 600");
        assert!(explained, "{error}");
    }
    fs::set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
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
fn damaged_file_is_refused_and_unchanged() {
    let (_folder, file) = folder();
    file.make(at(0)).unwrap();
    fs::write(file.path(), "half a k").unwrap();
    for refused in [file.open_or_make(at(0)).map(drop), file.rotate(DAY, at(0))] {
        assert!(matches!(refused, Err(KeysError::Damaged { .. })));
    }
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "half a k");
}

#[test]
fn rotated_key_seals_after_overlap() {
    let (folder, file) = folder();
    assert!(file.rotate(DAY, at(0)).is_err(), "nothing to rotate");
    file.make(at(0)).unwrap();
    let [old] = file.list(at(0)).unwrap().try_into().unwrap();
    assert_eq!(old.role, KeyRole::Seals);
    file.rotate(DAY, at(100)).unwrap();
    assert_eq!(mode(file.path()), 0o600);
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
fn rotation_beyond_maximum_is_refused() {
    let (_folder, file) = folder();
    let most = i64::from(MAX_KEYS);
    let locked = file.lock().unwrap();
    file.write(&ring_of(most, 60, 30 * DAY), &locked).unwrap();
    drop(locked);
    let before = fs::read_to_string(file.path()).unwrap();
    assert!(before.len() < usize::try_from(MAX_BYTES).unwrap());
    let error = file.rotate(30 * DAY, at(60 * most)).unwrap_err();
    assert!(matches!(error, KeysError::TooMany { .. }));
    assert!(error.to_string().contains("rotate less often"), "{error}");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), before);
    // Nor by age; the present keys are read all the same.
    let mut instance = server(&file, Some(Duration::from_secs(60)));
    instance.update(at(60 * most));
    assert!(instance.problem.is_some());
    assert_eq!(instance.ring.info().len(), MAX_KEYS as usize);
    // With a shorter token lifetime, old keys are removed.
    file.rotate(DAY / 24, at(60 * most)).unwrap();
    assert!(file.list(at(0)).unwrap().len() < 100);
}

#[test]
fn shortest_rotation_age_leaves_half_of_the_keys() {
    let lifetime = 60 * DAY;
    let age = i64::try_from(shortest_rotate_after(lifetime).as_secs()).unwrap();
    let keys = ring_of(i64::from(MAX_KEYS), age, lifetime).info().len();
    assert!(keys <= MAX_KEYS as usize / 2 + 3, "{keys}");
}

#[test]
fn update_does_not_wait_for_file_lock() {
    let (_folder, file) = folder();
    let mut instance = server(&file, Some(DAY));
    let locked = file.lock().unwrap();
    instance.update(at(24 * 3600));
    assert_eq!(
        (instance.problem.as_ref(), instance.ring.info().len()),
        (None, 1)
    );
    drop(locked);
    instance.update(at(24 * 3600));
    assert_eq!(instance.ring.info().len(), 2);
}

#[test]
fn tokens_survive_rotation() {
    let (_folder, file) = folder();
    let mut servers = [(); 2].map(|()| server(&file, None));
    let seal = |instance: &KeyRotation| instance.ring.seal(PURPOSE, b"", b"token", &mut rng());
    let before = seal(&servers[0]);
    file.rotate(DAY, at(10)).unwrap();
    // One server updates at once, the other as late as possible.
    servers[0].update(at(10));
    let early = seal(&servers[0]);
    servers[1].update(at(12));
    for instance in &mut servers {
        instance.update(at(40));
    }
    let late = seal(&servers[0]);
    // The id of the key follows the first byte.
    assert_eq!(before[1..5], early[1..5]);
    assert_ne!(early[1..5], late[1..5]);
    for instance in &servers {
        for value in [&before, &early, &late] {
            assert!(instance.ring.open(PURPOSE, b"", value).is_ok());
        }
    }
}

#[test]
fn old_key_is_rotated_once() {
    let (_folder, file) = folder();
    let mut servers = [(); 2].map(|()| server(&file, Some(DAY)));
    let mut never = server(&file, None);
    let day = 24 * 3600;
    for (now, keys) in [
        (day - 1, 1),
        (day, 2),
        (day + 2, 2),
        (2 * day - 1, 2),
        (2 * day, 3),
    ] {
        for instance in servers.iter_mut().chain([&mut never]) {
            instance.update(at(now));
            assert_eq!(instance.ring.info().len(), keys, "at {now}");
        }
    }
}

#[test]
fn keys_without_rotation_age_are_never_rotated() {
    let (_folder, file) = folder();
    let mut instance = server(&file, None);
    instance.update(at(10_000 * 24 * 3600));
    assert_eq!(instance.ring.info().len(), 1);
}

/// The clock cancels the rotation, so the keys are updated once.
#[tokio::test]
async fn running_server_rotates_keys_by_its_clock() {
    for (now, keys) in [(24 * 3600 - 1, 1), (24 * 3600, 2)] {
        let (_folder, file) = folder();
        let ring = Arc::new(file.open_or_make(at(0)).unwrap());
        let stop = CancellationToken::new();
        let clock = {
            let stop = stop.clone();
            Arc::new(move || {
                stop.cancel();
                at(now)
            })
        };
        let policy = policy(Some(DAY)).subscribe();
        let rotation = KeyRotation::new(file, Arc::clone(&ring), policy, clock);
        rotation.run(stop).await;
        assert_eq!(ring.info().len(), keys, "{now}");
    }
}

#[test]
fn concurrent_servers_rotate_once() {
    let (_folder, file) = folder();
    let servers = [(); 8].map(|()| server(&file, Some(DAY)));
    std::thread::scope(|scope| {
        for mut instance in servers {
            scope.spawn(move || instance.update(at(24 * 3600)));
        }
    });
    assert_eq!(file.list(at(0)).unwrap().len(), 2);
}

#[test]
fn unusable_file_keeps_present_keys() {
    let (_folder, file) = folder();
    let mut instance = server(&file, Some(DAY));
    let ring = instance.ring.info();
    let text = fs::read_to_string(file.path()).unwrap();
    fs::write(file.path(), "").unwrap();
    instance.update(at(1));
    assert!(instance.problem.is_some());
    fs::remove_file(file.path()).unwrap();
    instance.update(at(2));
    assert_eq!(instance.ring.info(), ring);
    assert!(!file.path().exists(), "new keys would open no old token");
    fs::write(file.path(), text).unwrap();
    fs::set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
    instance.update(at(3));
    assert_eq!((instance.problem, instance.ring.info()), (None, ring));
}

/// Root may rotate the keys of a server that runs as another user.
#[test]
fn rotated_keys_belong_to_owner_of_folder() {
    const NOBODY: u32 = 65_534;
    let (folder, file) = folder();
    // Without the right to change the owner, the test covers the owner's own files only.
    drop(chown(folder.path(), Some(NOBODY), Some(NOBODY)));
    let owner = fs::metadata(folder.path()).unwrap().uid();
    file.make(at(0)).unwrap();
    file.rotate(DAY, at(1)).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().uid(), owner, "{entry:?}");
    }
}

/// Another rotation comes between reading and writing the keys.
#[test]
fn rotations_of_a_group_at_the_same_time_are_both_done() {
    let cluster = EtcdCluster::start(1);
    let group = BlockingGroup::open(&group_settings(&cluster), Arc::new(SystemNetwork));
    let keys = GroupKeys::of(group.unwrap());
    keys.open_or_make(at(0)).unwrap();
    let is_first = Cell::new(true);
    let meanwhile = |_: &KeyRing| {
        if is_first.take() {
            keys.rotate(DAY, at(1)).unwrap();
        }
        true
    };
    keys.rotate_if(meanwhile, overlap(DAY), at(2)).unwrap();
    let created = |ring: &[KeyInfo]| -> Vec<_> {
        ring.iter()
            .map(|key| key.created - at(0).as_second())
            .collect()
    };
    assert_eq!(created(&keys.list(at(3)).unwrap()), [2, 1, 0]);
    // A rotation by age is not needed after another one.
    let is_first = Cell::new(true);
    let is_due = |ring: &KeyRing| {
        let is_due = ring.info().len() == 3;
        if is_first.take() {
            keys.rotate(DAY, at(4)).unwrap();
        }
        is_due
    };
    keys.rotate_if(is_due, overlap(DAY), at(5)).unwrap();
    assert_eq!(created(&keys.list(at(6)).unwrap()), [4, 2, 1, 0]);
    // Others that are always faster are reported.
    let faster = |ring: &KeyRing| {
        if ring.info().len() < MAX_KEYS as usize {
            keys.rotate(DAY, at(7)).unwrap();
        }
        true
    };
    let lost = keys.rotate_if(faster, overlap(DAY), at(8));
    assert!(matches!(lost, Err(KeysError::ChangedMeanwhile)), "{lost:?}");
}
