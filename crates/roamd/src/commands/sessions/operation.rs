//! Common parts of disconnect and log off: their arguments, and printing of their result.

use clap::Args;
use roamd_store_client::SessionStatus;
use serde::Serialize;

use crate::commands::result_format::ResultFormatArgs;
use crate::commands::store::StoreArgs;
use crate::exit_code::{Exit, UsageError};
use crate::output;

/// Arguments of disconnect and log off.
#[derive(Debug, Args)]
pub(super) struct OperationArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    #[command(flatten)]
    pub(super) format: ResultFormatArgs,
    /// Invalidate the logon ticket of an unused ICA file. May be repeated.
    #[arg(long = "ticket", value_name = "T")]
    pub(super) tickets: Vec<String>,
    /// Accepted for a better error: the service cannot select sessions.
    #[arg(hide = true, value_name = "SESSION-ID")]
    ids: Vec<String>,
}

impl OperationArgs {
    /// Checks that no session is named, before a request ends more than the user wants.
    ///
    /// # Errors
    /// If one is (SS-44). `infinitive` names the operation.
    pub(super) fn refuse_ids(&self, infinitive: &str) -> Result<(), UsageError> {
        if self.ids.is_empty() {
            return Ok(());
        }
        Err(UsageError(format!(
            "a store cannot {infinitive} single sessions, only all that are connected from one \
             client; name the client with --client-name, without session ids"
        )))
    }
}

/// The result as JSON.
#[derive(Serialize)]
struct StatusJson {
    status: &'static str,
}

/// Prints the result of an operation, and returns its exit code.
///
/// `participle` names what happened to the sessions, such as `disconnected`.
pub(super) fn print_status(
    status: SessionStatus,
    participle: &str,
    json: bool,
) -> anyhow::Result<Exit> {
    let (identifier, text, exit) = match status {
        SessionStatus::Success => ("success", format!("All {participle}."), Exit::Done),
        SessionStatus::Partial => (
            "partial",
            format!("Some farms did not confirm that all sessions are {participle}; try again."),
            Exit::Partial,
        ),
        SessionStatus::Failure => (
            "failure",
            format!("No farm confirmed that the sessions are {participle}; try again."),
            Exit::Failed,
        ),
    };
    if json {
        output::print_json(&StatusJson { status: identifier })?;
    } else {
        output::print_line(text)?;
    }
    Ok(exit)
}
