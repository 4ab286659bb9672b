//! Insertion of a world into a new database.

use std::collections::HashMap;
use std::thread;

use rusqlite::{Connection, params};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::crypto::password_hash::hash_password;
use crate::error::Error;
use crate::model::application::ApplicationKind;
use crate::model::case_folding::fold_case;
use crate::model::host::PowerSetting;
use crate::model::world::{Application, FarmDescription, Host, World};
use crate::store::store_error::StoreError;
use crate::store::{farms, sessions, users};

/// First relative id that Windows assigns to an account of a domain.
const FIRST_RID: usize = 1101;

/// Hashes all passwords, in the order of domains and their users. Hashing is slow by design, so it
/// uses all processors and runs before the database is created.
pub(super) fn hash_passwords(world: &World) -> Result<Vec<String>, Error> {
    let passwords: Vec<_> = world
        .domains
        .iter()
        .flat_map(|domain| &domain.users)
        .map(|user| &user.password)
        .collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = passwords.len().div_ceil(threads).max(1);
    let hash_share = |share: &[&SecretString]| -> Result<Vec<String>, Error> {
        let hash = |password| hash_password(world.password_hashing, password);
        share.iter().map(|password| hash(password)).collect()
    };
    thread::scope(|scope| {
        let shares: Vec<_> = passwords
            .chunks(share)
            .map(|share| scope.spawn(move || hash_share(share)))
            .collect();
        let mut hashes = Vec::new();
        for share in shares {
            hashes.extend(share.join().map_err(|_| Error::Hashing)??);
        }
        Ok(hashes)
    })
}

/// Inserts a world.
pub(super) fn insert_world(
    connection: &Connection,
    world: &World,
    password_hashes: &[String],
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO settings (id, hash_memory_kib, hash_passes, lockout_attempts, \
         lockout_seconds, password_length) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![
            world.password_hashing.memory_kib,
            world.password_hashing.passes,
            world.accounts.lockout_attempts,
            world.accounts.lockout_seconds,
            world.accounts.password_length,
        ],
    )?;
    insert_users(connection, world, password_hashes)?;
    for farm in &world.farms {
        insert_farm(connection, farm)?;
    }
    // One query for each farm instead of one for each session: a world may have many sessions.
    let mut known_farms = HashMap::new();
    for session in &world.sessions {
        let farm = match known_farms.get(&session.farm) {
            Some(farm) => farm,
            None => {
                let farm = farms::with_label(connection, &session.farm)?;
                known_farms.entry(session.farm.clone()).or_insert(farm)
            }
        };
        sessions::start(connection, farm, session)?;
    }
    Ok(())
}

fn insert_users(
    connection: &Connection,
    world: &World,
    password_hashes: &[String],
) -> Result<(), StoreError> {
    let mut password_hashes = password_hashes.iter();
    for domain in &world.domains {
        let sid = domain_sid(&domain.dns);
        connection.execute(
            "INSERT INTO domains (name, name_key, dns, dns_key, sid) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                domain.name,
                fold_case(&domain.name),
                domain.dns,
                fold_case(&domain.dns),
                sid
            ],
        )?;
        let id = connection.last_insert_rowid();
        for (index, user) in domain.users.iter().enumerate() {
            let password_hash = password_hashes.next().ok_or(Error::Hashing)?;
            connection.execute(
                "INSERT INTO users (domain_id, name, name_key, sid, password_hash, account) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    id,
                    user.name,
                    fold_case(&user.name),
                    format!("{sid}-{}", FIRST_RID + index),
                    password_hash,
                    user.account,
                ],
            )?;
        }
    }
    Ok(())
}

fn insert_farm(connection: &Connection, farm: &FarmDescription) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO farms (label, label_key, name, generation, trust_requests, licences, \
         max_sessions, max_sessions_per_user, sta_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'STA' || hex(randomblob(6)))",
        params![
            farm.id,
            fold_case(&farm.id),
            farm.name,
            farm.generation,
            farm.trust_requests,
            farm.licences,
            farm.max_sessions,
            farm.max_sessions_per_user,
        ],
    )?;
    let id = connection.last_insert_rowid();
    let mut groups = HashMap::new();
    for group in &farm.groups {
        connection.execute(
            "INSERT INTO host_groups (farm_id, name, name_key, maintenance) \
             VALUES (?1, ?2, ?3, ?4)",
            params![id, group.name, fold_case(&group.name), group.maintenance],
        )?;
        groups.insert(fold_case(&group.name), connection.last_insert_rowid());
    }
    let group = |name: &Option<String>| {
        let name = name.as_deref().map(fold_case);
        name.and_then(|name| groups.get(&name).copied())
    };
    for host in &farm.hosts {
        insert_host(connection, id, group(&host.group), host)?;
    }
    for application in &farm.applications {
        insert_application(connection, id, group(&application.group), application)?;
    }
    Ok(())
}

fn insert_host(
    connection: &Connection,
    farm: i64,
    group: Option<i64>,
    host: &Host,
) -> Result<(), StoreError> {
    // A running machine finished booting long ago.
    let switched_on_at = match host.power {
        PowerSetting::On => Some(0),
        PowerSetting::Off => None,
    };
    connection.execute(
        "INSERT INTO hosts (farm_id, label, name, address, dns, group_id, capacity, maintenance, \
         boot_seconds, switched_on_at, refusing) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            farm,
            host.id,
            host.name,
            host.address.to_string(),
            host.dns,
            group,
            host.capacity,
            host.maintenance,
            host.boot_seconds,
            switched_on_at,
            host.refusing,
        ],
    )?;
    Ok(())
}

fn insert_application(
    connection: &Connection,
    farm: i64,
    group: Option<i64>,
    application: &Application,
) -> Result<(), StoreError> {
    let title = application.title.as_ref().unwrap_or(&application.name);
    let is_desktop = application.kind == ApplicationKind::Desktop;
    connection.execute(
        "INSERT INTO applications (farm_id, name, name_key, title, is_desktop, folder, \
         description, restricted, seq_no, group_id, enabled, max_instances, \
         max_instances_per_user, file_types, content) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            farm,
            application.name,
            fold_case(&application.name),
            title,
            is_desktop,
            application.folder,
            application.description,
            application.users.is_some(),
            sequence_number(application),
            group,
            application.enabled,
            application.max_instances,
            application.max_instances_per_user,
            application.file_types,
            application.content,
        ],
    )?;
    let id = connection.last_insert_rowid();
    for name in application.users.iter().flatten() {
        let user = users::named(connection, name)?;
        // The list may contain a user twice, in two spellings.
        connection.execute(
            "INSERT OR IGNORE INTO application_users (application_id, user_id) VALUES (?1, ?2)",
            [id, user.id],
        )?;
    }
    Ok(())
}

/// Returns the SID of a domain. The same DNS name gives the same SID in every world.
fn domain_sid(dns: &str) -> String {
    let [a, b, c] = digest_words(fold_case(dns).as_bytes());
    format!("S-1-5-21-{a}-{b}-{c}")
}

/// Returns the `SeqNo` of an application, which depends on all of its properties (nfuse.md §6.2).
/// About half of the numbers are negative, as on real farms.
fn sequence_number(application: &Application) -> i32 {
    let text = format!("{application:?}");
    let [word, ..] = digest_words(text.as_bytes());
    word.cast_signed()
}

fn digest_words(text: &[u8]) -> [u32; 3] {
    let digest = Sha256::digest(text);
    let word = |at: usize| {
        let bytes = digest.iter().skip(at * 4).take(4);
        bytes.fold(0, |word, byte| word << 8 | u32::from(*byte))
    };
    [word(0), word(1), word(2)]
}
