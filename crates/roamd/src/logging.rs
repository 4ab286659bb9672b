//! Logging to stderr: text on a terminal, JSON lines otherwise.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Environment variable with the log filter, such as `debug` or `roamd_server=debug,info`.
const FILTER: &str = "ROAMD_LOG";

/// Starts logging. The default level is `info`; [`FILTER`] changes it.
pub(crate) fn init() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var(FILTER)
        .from_env_lossy();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    if io::stderr().is_terminal() {
        logs.init();
    } else {
        logs.json().flatten_event(true).with_ansi(false).init();
    }
}
