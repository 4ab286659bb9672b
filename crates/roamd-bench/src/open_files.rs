//! Limit of open files of this process and of the programs that it starts.

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit to the hard limit, so that this process or a server can have `needed` files.
///
/// # Errors
/// If the hard limit is too low.
pub fn raise_open_files(needed: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    ensure!(
        limit.maximum.is_none_or(|maximum| maximum >= needed),
        "the hard limit of open files is below {needed}: raise it with `ulimit -Hn {needed}`"
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
