//! Logging to stderr: text on a terminal, JSON lines otherwise.

mod json_lines;
mod line_queue;
mod text_fields;
mod text_limit;

use std::env::VarError;
use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use json_lines::JsonLines;
use line_queue::LineQueue;
use text_fields::TextFields;

use crate::exit_code::UsageError;

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
/// [`UsageError`] if [`FILTER`] is needed and is not a filter. If the system starts no thread.
pub(crate) fn init(level: Option<LogLevel>) -> anyhow::Result<LogGuard> {
    let filter = match level {
        Some(LogLevel::Warnings) => EnvFilter::new("warn"),
        Some(LogLevel::Details) => EnvFilter::new("info,roamd=debug"),
        None => filter_of_environment()?,
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter);
    if io::stderr().is_terminal() {
        logs.fmt_fields(TextFields).with_writer(io::stderr).init();
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

fn filter_of_environment() -> Result<EnvFilter, UsageError> {
    match std::env::var(FILTER) {
        Ok(text) => filter(&text),
        Err(VarError::NotPresent) => filter(""),
        Err(VarError::NotUnicode(_)) => Err(bad_filter("it is not text")),
    }
}

/// Parses a filter.
///
/// # Errors
/// If a part of it is neither a level nor `TARGET=LEVEL`. The library takes a misspelt level for
/// the name of a target, of which it then shows everything, and nothing else.
fn filter(text: &str) -> Result<EnvFilter, UsageError> {
    let parts = text.split(',').map(str::trim);
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    for part in &parts {
        let level = part.rsplit_once('=').map_or(*part, |(_, level)| level);
        let is_span = part.contains('[');
        if !is_span && level.parse::<LevelFilter>().is_err() {
            return Err(bad_filter(&format!(
                "`{}` is no level",
                part.escape_debug()
            )));
        }
    }
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(parts.join(","))
        .map_err(|error| bad_filter(&error.to_string()))
}

fn bad_filter(problem: &str) -> UsageError {
    UsageError(format!(
        "{FILTER} cannot be used: {problem}; set it to off, error, warn, info, debug or trace, or \
         to a list such as roamd_server=debug,info"
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Output that keeps what is written. Clones are the same.
    #[derive(Clone, Default)]
    pub(super) struct Output(Arc<Mutex<Vec<u8>>>);

    impl Output {
        pub(super) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn unknown_log_level_is_rejected() {
        for (text, is_valid) in [
            ("", true),
            ("debug", true),
            ("WARN", true),
            ("off", true),
            ("roamd_server=debug,info", true),
            (" roamd_nfuse_client=trace , warn ", true),
            ("verbose", false),
            ("roamd_server", false),
            ("roamd_server=loud,info", false),
            ("info,debg", false),
            ("=", false),
        ] {
            assert_eq!(filter(text).is_ok(), is_valid, "{text}");
        }
    }
}
