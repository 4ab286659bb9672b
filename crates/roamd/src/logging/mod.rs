//! Logging to stderr: text on a terminal, JSON lines otherwise.

mod json_lines;
mod line_queue;

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use json_lines::JsonLines;
use line_queue::LineQueue;

/// Environment variable with the log filter, such as `debug` or `roamd_server=debug,info`.
const FILTER: &str = "ROAMD_LOG";

/// Log level of the command line, which replaces [`FILTER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Warnings and errors.
    Warnings,
    /// Also details of roamd's own crates.
    Details,
}

/// Writes the log until it is dropped. Then the last lines are written.
pub(crate) struct LogGuard {
    _queue: Option<LineQueue>,
}

/// Starts logging. Without a level, [`FILTER`] has one, and the default is `info`.
///
/// # Errors
/// If the system starts no thread.
pub(crate) fn init(level: Option<LogLevel>) -> io::Result<LogGuard> {
    let filter = match level {
        Some(LogLevel::Warnings) => EnvFilter::new("warn"),
        Some(LogLevel::Details) => EnvFilter::new("info,roamd=debug"),
        None => EnvFilter::builder()
            .with_default_directive(LevelFilter::INFO.into())
            .with_env_var(FILTER)
            .from_env_lossy(),
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter);
    if io::stderr().is_terminal() {
        logs.with_writer(io::stderr).init();
        return Ok(LogGuard { _queue: None });
    }
    let queue = LineQueue::start(io::stderr())?;
    logs.event_format(JsonLines)
        .with_writer(queue.writer())
        .init();
    Ok(LogGuard {
        _queue: Some(queue),
    })
}
