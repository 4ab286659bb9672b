//! Common parts of disconnect and log off: their arguments, and printing of their result.

use clap::Args;
use roamd_store_client::{Session, SessionStatus};
use serde::Serialize;

use super::session_params::operation_params;
use crate::commands::confirm::ConfirmArgs;
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
    pub(super) confirm: ConfirmArgs,
    #[command(flatten)]
    format: ResultFormatArgs,
    /// Invalidate the logon ticket of an unused ICA file. May be repeated.
    #[arg(long = "ticket", value_name = "T")]
    tickets: Vec<String>,
    /// Accepted for a better error: the service cannot select sessions.
    #[arg(hide = true, value_name = "SESSION-ID")]
    ids: Vec<String>,
}

/// Words for an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// For example `disconnect`.
    pub(super) infinitive: &'static str,
    /// For example `disconnected`.
    pub(super) participle: &'static str,
    /// One clause about the applications of the sessions.
    pub(super) consequence: &'static str,
}

/// The result as JSON.
#[derive(Serialize)]
struct ResultJson<'r> {
    /// `success`, `partial`, `failure`, or `planned` for a dry run.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<Vec<EndedSessionJson<'r>>>,
}

#[derive(Serialize)]
struct EndedSessionJson<'r> {
    id: &'r str,
    app: &'r str,
    farm: &'r str,
    resource_id: &'r str,
}

impl OperationArgs {
    /// Checks that no session is named, before a request ends more than the user wants.
    ///
    /// # Errors
    /// If one is (SS-44).
    pub(super) fn refuse_ids(&self, operation: Operation) -> Result<(), UsageError> {
        if self.ids.is_empty() {
            return Ok(());
        }
        Err(UsageError(format!(
            "a store cannot {} single sessions, only all that are connected from one client; name \
             the client with --client-name, without session ids",
            operation.infinitive
        )))
    }

    /// Returns the parameters of the request.
    pub(super) fn params(&self) -> roamd_store_client::SessionParams {
        operation_params(&self.store, self.tickets.clone())
    }

    /// Prints what the operation would do.
    pub(super) fn print_plan(&self, operation: Operation) -> anyhow::Result<Exit> {
        if self.format.is_json() {
            output::print_json(&ResultJson {
                status: "planned",
                sessions: None,
            })?;
            return Ok(Exit::Done);
        }
        let Operation {
            infinitive,
            consequence,
            ..
        } = operation;
        let end_point = self.store.end_point();
        output::print_line(format_args!(
            "Would {infinitive} all sessions that are connected from {end_point}; {consequence}."
        ))?;
        if !self.tickets.is_empty() {
            let count = self.tickets.len();
            output::print_line(format_args!("Would invalidate {count} logon ticket(s)."))?;
        }
        Ok(Exit::Done)
    }

    /// Prints the result of the operation, and returns its exit code.
    ///
    /// `ended` are the affected sessions; `None` if they are unknown.
    pub(super) fn print_result(
        &self,
        operation: Operation,
        status: SessionStatus,
        ended: Option<&[Session]>,
    ) -> anyhow::Result<Exit> {
        let participle = operation.participle;
        let (identifier, text, exit) = match status {
            SessionStatus::Success => ("success", format!("All {participle}."), Exit::Done),
            SessionStatus::Partial => (
                "partial",
                format!(
                    "Some farms did not confirm that all sessions are {participle}; try again."
                ),
                Exit::Partial,
            ),
            SessionStatus::Failure => (
                "failure",
                format!("No farm confirmed that the sessions are {participle}; try again."),
                Exit::Failed,
            ),
        };
        if self.format.is_json() {
            let sessions = ended.map(|it| it.iter().map(EndedSessionJson::from).collect());
            output::print_json(&ResultJson {
                status: identifier,
                sessions,
            })?;
            return Ok(exit);
        }
        for session in ended.unwrap_or_default() {
            let (app, farm) = (&session.initial_app, &session.publisher_name);
            let line = format!("{participle}: {app} on {farm}");
            output::print_line(output::printable(&line))?;
        }
        match (status, ended) {
            (SessionStatus::Success, Some([])) => output::print_line(format_args!(
                "Nothing was connected from {}.",
                self.store.end_point()
            ))?,
            // True as well if nothing was connected, which the store does not report.
            (SessionStatus::Success, None) => output::print_line(format_args!(
                "No session is connected from {} any more.",
                self.store.end_point()
            ))?,
            _ => output::print_line(text)?,
        }
        Ok(exit)
    }
}

impl<'r> From<&'r Session> for EndedSessionJson<'r> {
    fn from(session: &'r Session) -> Self {
        Self {
            id: &session.id,
            app: &session.initial_app,
            farm: &session.publisher_name,
            resource_id: &session.resource_id,
        }
    }
}
