//! The asynchronous runtime for commands that do network I/O.

use anyhow::Context;

use crate::exit_code::Exit;

/// Runs a command whose work is done on worker threads of its own, on the main thread.
///
/// # Errors
/// If the runtime cannot be started, or if the command fails.
pub(crate) fn block_on_main_thread(
    command: impl Future<Output = anyhow::Result<Exit>>,
) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(command)
}

/// Runs an asynchronous command to its end.
///
/// # Errors
/// If the runtime cannot be started, or if the command fails.
pub(crate) fn block_on(
    command: impl Future<Output = anyhow::Result<Exit>>,
) -> anyhow::Result<Exit> {
    tokio::runtime::Runtime::new()
        .context("cannot start the runtime")?
        .block_on(command)
}
