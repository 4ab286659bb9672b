//! SQL statements of the engine.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::flag::FlagKind;
use crate::limited_flags::LimitedFlags;
use crate::shared_state::{MAX_COUNTERS_LISTED, MIN_COUNTERS_KEPT, MIN_FLAGS_KEPT};

/// Sets a flag, or moves its expiry to a later time. Returns whether it was not set.
pub(super) fn set_flag(
    connection: &Connection,
    kind: FlagKind,
    key: Digest,
    until: Timestamp,
) -> rusqlite::Result<bool> {
    let row = params![kind.stored_name(), key.as_bytes(), until.as_millisecond()];
    let inserted = connection
        .prepare_cached("INSERT OR IGNORE INTO mark (kind, digest, until) VALUES (?1, ?2, ?3)")?
        .execute(row)?;
    if inserted == 0 {
        connection
            .prepare_cached(
                "UPDATE mark SET until = max(until, ?3) WHERE kind = ?1 AND digest = ?2",
            )?
            .execute(row)?;
    }
    Ok(inserted == 1)
}

/// Flags that are set, and the numbers of new ones and of those that their budget did not allow.
pub(super) struct SetFlags {
    pub(super) set: Vec<Digest>,
    pub(super) new: u32,
    pub(super) refused: usize,
}

/// Sets flags, or moves their expiry to a later time. New ones draw on the budget.
pub(super) fn set_flags(
    connection: &Connection,
    flags: &LimitedFlags,
) -> rusqlite::Result<SetFlags> {
    let LimitedFlags {
        kind,
        ref keys,
        until,
        budget,
    } = *flags;
    let used = counter(connection, budget.kind, budget.key, budget.now)?.count;
    let left = budget.max.saturating_sub(used);
    let mut extend = connection
        .prepare_cached("UPDATE mark SET until = max(until, ?3) WHERE kind = ?1 AND digest = ?2")?;
    let mut insert =
        connection.prepare_cached("INSERT INTO mark (kind, digest, until) VALUES (?1, ?2, ?3)")?;
    let mut set = Vec::with_capacity(keys.len());
    let mut new = 0;
    for key in keys {
        let row = params![kind.stored_name(), key.as_bytes(), until.as_millisecond()];
        if extend.execute(row)? == 0 {
            if new == left {
                continue;
            }
            insert.execute(row)?;
            new += 1;
        }
        set.push(*key);
    }
    if new > 0 {
        add(
            connection,
            budget.kind,
            budget.key,
            new,
            budget.now,
            budget.until,
        )?;
    }
    Ok(SetFlags {
        refused: keys.len() - set.len(),
        set,
        new,
    })
}

pub(super) fn increment(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    now: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<u32> {
    add(connection, kind, key, 1, now, until)
}

/// Adds a number to a counter. Returns the new count.
fn add(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    by: u32,
    now: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "INSERT INTO counter (kind, digest, count, until) VALUES (?1, ?2, ?5, ?4)
             ON CONFLICT DO UPDATE SET
                count = CASE WHEN until > ?3 THEN min(count + ?5, 4294967295) ELSE ?5 END,
                until = excluded.until
             RETURNING count",
        )?
        .query_row(
            params![
                kind.stored_name(),
                key.as_bytes(),
                now.as_millisecond(),
                until.as_millisecond(),
                by
            ],
            |row| row.get(0),
        )
}

pub(super) fn counter(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    now: Timestamp,
) -> rusqlite::Result<Counter> {
    let counter = connection
        .prepare_cached(
            "SELECT min(count, 4294967295), until FROM counter
             WHERE kind = ?1 AND digest = ?2 AND until > ?3",
        )?
        .query_row(
            params![kind.stored_name(), key.as_bytes(), now.as_millisecond()],
            |row| {
                Ok(Counter {
                    count: row.get(0)?,
                    until: Timestamp::from_millisecond(row.get(1)?).ok(),
                })
            },
        )
        .optional()?;
    Ok(counter.unwrap_or_default())
}

/// Lists counters. Reads those of all kinds that expire after the time.
pub(super) fn counters_above(
    connection: &Connection,
    kind: CounterKind,
    above: u32,
    expire_after: Timestamp,
) -> rusqlite::Result<Vec<Counter>> {
    let mut statement = connection.prepare_cached(
        "SELECT min(count, 4294967295), until FROM counter INDEXED BY counter_until
         WHERE until > ?3 AND kind = ?1 AND count > ?2 LIMIT ?4",
    )?;
    let bounds = params![
        kind.stored_name(),
        above,
        expire_after.as_millisecond(),
        MAX_COUNTERS_LISTED
    ];
    let counters = statement.query_map(bounds, |row| {
        Ok(Counter {
            count: row.get(0)?,
            until: Timestamp::from_millisecond(row.get(1)?).ok(),
        })
    })?;
    counters.collect()
}

pub(super) fn decrement(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    by: u32,
) -> rusqlite::Result<()> {
    // The table never contains a count of 0.
    connection
        .prepare_cached("DELETE FROM counter WHERE kind = ?1 AND digest = ?2 AND count <= ?3")?
        .execute(params![kind.stored_name(), key.as_bytes(), by])?;
    connection
        .prepare_cached("UPDATE counter SET count = count - ?3 WHERE kind = ?1 AND digest = ?2")?
        .execute(params![kind.stored_name(), key.as_bytes(), by])?;
    Ok(())
}

pub(super) fn extend_counter(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    now: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE counter SET until = max(until, ?4)
             WHERE kind = ?1 AND digest = ?2 AND until > ?3",
        )?
        .execute(params![
            kind.stored_name(),
            key.as_bytes(),
            now.as_millisecond(),
            until.as_millisecond()
        ])?;
    Ok(())
}

/// Entries that a sweep has removed.
pub(super) struct Swept {
    pub(super) flags: Vec<(FlagKind, Digest)>,
    pub(super) counters: usize,
}

/// Removes expired entries, and those over the limits.
pub(super) fn sweep(connection: &Connection, now: Timestamp) -> rusqlite::Result<Swept> {
    let now = now.as_millisecond();
    let mut flags = Vec::new();
    for kind in FlagKind::ALL {
        let expired = "DELETE FROM mark WHERE kind = ?1 AND until <= ?2 RETURNING digest";
        remove_flags(connection, expired, kind, now, &mut flags)?;
    }
    let counters = connection.execute("DELETE FROM counter WHERE until <= ?1", [now])?;
    limit_flags(connection, MIN_FLAGS_KEPT, &mut flags)?;
    Ok(Swept {
        flags,
        counters: counters + limit_counters(connection, MIN_COUNTERS_KEPT)?,
    })
}

/// Removes the flags of each kind that exceed `max`, if their early removal is harmless. Those that
/// expire first are removed.
pub(super) fn limit_flags(
    connection: &Connection,
    max: u32,
    removed: &mut Vec<(FlagKind, Digest)>,
) -> rusqlite::Result<()> {
    if row_count(connection, "SELECT count(*) FROM mark")? <= max {
        return Ok(());
    }
    let excess = "DELETE FROM mark WHERE kind = ?1 AND digest IN (SELECT digest FROM mark \
         WHERE kind = ?1 ORDER BY until DESC LIMIT -1 OFFSET ?2) RETURNING digest";
    for kind in FlagKind::ALL
        .into_iter()
        .filter(|kind| kind.is_removable_early())
    {
        remove_flags(connection, excess, kind, max.into(), removed)?;
    }
    Ok(())
}

fn remove_flags(
    connection: &Connection,
    sql: &str,
    kind: FlagKind,
    bound: i64,
    removed: &mut Vec<(FlagKind, Digest)>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let digests = statement.query_map(params![kind.stored_name(), bound], |row| row.get(0))?;
    for digest in digests {
        removed.push((kind, Digest::from_bytes(digest?)));
    }
    Ok(())
}

/// Removes the counters of each kind that exceed `max`. Those that expire first are removed.
pub(super) fn limit_counters(connection: &Connection, max: u32) -> rusqlite::Result<usize> {
    // Counting is cheaper than sorting, and the limit is rarely exceeded.
    if row_count(connection, "SELECT count(*) FROM counter")? <= max {
        return Ok(0);
    }
    let mut removed = 0;
    for kind in CounterKind::ALL {
        removed += connection.execute(
            "DELETE FROM counter WHERE kind = ?1 AND digest IN (SELECT digest FROM counter \
             WHERE kind = ?1 ORDER BY until DESC LIMIT -1 OFFSET ?2)",
            params![kind.stored_name(), max],
        )?;
    }
    Ok(removed)
}

fn row_count(connection: &Connection, sql: &str) -> rusqlite::Result<u32> {
    connection.query_row(sql, [], |row| row.get(0))
}
