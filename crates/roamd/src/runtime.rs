//! The asynchronous runtime for commands that do network I/O.

use anyhow::Context;

/// Runs a command whose work is done on worker threads of its own, on the main thread.
///
/// # Errors
/// If the runtime cannot be started, or if the command fails.
pub(crate) fn block_on_main_thread<T>(
    command: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
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
pub(crate) fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new()
        .context("cannot start the runtime")?
        .block_on(command)
}
