//! Limit of open files of this process and of the programs that it starts.

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that this process or a server needs: 3,000 connections and some more.
const NEEDED: u64 = 4096;

/// Raises the limit to the hard limit.
///
/// # Errors
/// If the hard limit is too low.
pub(super) fn raise_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    ensure!(
        limit.maximum.is_none_or(|maximum| maximum >= NEEDED),
        "the hard limit of open files is below {NEEDED}: raise it with `ulimit -Hn {NEEDED}`"
    );
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )?;
    Ok(())
}
