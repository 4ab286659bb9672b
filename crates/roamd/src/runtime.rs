//! The asynchronous runtime for commands that do network I/O.

use anyhow::Context;

/// Runs a command whose work is done on worker threads of its own, on the main thread.
///
/// # Errors
/// If the runtime cannot be started, or if the command fails.
pub(crate) fn block_on_main_thread<T>(
    command: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(command);
    // Work that hangs on another thread, such as a read from a dead file server, must not delay the
    // end. What has to be finished has been waited for.
    runtime.shutdown_background();
    result
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
