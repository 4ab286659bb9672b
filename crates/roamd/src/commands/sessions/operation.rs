//! Common parts of disconnect and log off: their arguments, and printing of their result.

use clap::Args;
use roamd_store_client::{SessionParams, SessionStatus};
use serde::Serialize;

use super::connected::{Connected, EndedSession, connected_from};
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
    #[arg(long = "ticket", value_name = "T", value_parser = parse_ticket)]
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
    sessions: Option<&'r [EndedSession]>,
    /// Names of farms whose sessions are not in `sessions`.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    silent_farms: &'r [String],
    /// Names of farms that do not respond.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failing_farms: &'r [String],
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
    pub(super) fn params(&self) -> SessionParams {
        operation_params(&self.store, self.tickets.clone())
    }

    /// Prints what the operation would do, and to which sessions if the store can say it. Changes
    /// nothing.
    pub(super) async fn print_plan(&self, operation: Operation) -> anyhow::Result<Exit> {
        let params = self.params();
        let planned = self
            .store
            .with_client(async |client| Ok(connected_from(client, &params).await?))
            .await?;
        let sessions = planned.as_ref().map(|it| it.sessions.as_slice());
        let silent = planned.as_ref().map_or(&[][..], |it| &it.silent_farms);
        if self.format.is_json() {
            output::print_json(&ResultJson {
                status: "planned",
                sessions,
                silent_farms: silent,
                failing_farms: &[],
            })?;
            return Ok(Exit::Done);
        }
        let Operation {
            infinitive,
            consequence,
            ..
        } = operation;
        let end_point = self.store.end_point();
        match sessions {
            Some([]) => {
                let but = except(silent);
                let line = format!("Nothing is connected from {end_point}{but}.");
                output::print_line(output::printable(&line))?;
            }
            _ => output::print_line(format_args!(
                "Would {infinitive} all sessions that are connected from {end_point}; \
                 {consequence}."
            ))?,
        }
        print_sessions(&format!("would {infinitive}"), sessions.unwrap_or_default())?;
        explain_silence(silent);
        if !self.tickets.is_empty() {
            let count = self.tickets.len();
            output::print_line(format_args!("Would invalidate {count} logon ticket(s)."))?;
        }
        Ok(Exit::Done)
    }

    /// Prints the result of the operation, and returns its exit code.
    ///
    /// `failing_farms` are the names of those that do not respond.
    pub(super) fn print_result(
        &self,
        operation: Operation,
        status: SessionStatus,
        ended: Option<&Connected>,
        failing_farms: &[String],
    ) -> anyhow::Result<Exit> {
        let participle = operation.participle;
        let sessions = ended.map(|ended| ended.sessions.as_slice());
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
            output::print_json(&ResultJson {
                status: identifier,
                sessions,
                silent_farms: ended.map_or(&[], |ended| &ended.silent_farms),
                failing_farms,
            })?;
            return Ok(exit);
        }
        print_sessions(participle, sessions.unwrap_or_default())?;
        let silent = ended.map_or(&[][..], |ended| &ended.silent_farms);
        explain_silence(silent);
        let end_point = self.store.end_point();
        match (status, sessions) {
            (SessionStatus::Success, Some([])) => {
                let but = except(silent);
                let line = format!("Nothing was connected from {end_point}{but}.");
                output::print_line(output::printable(&line))?;
            }
            (SessionStatus::Success, Some(_)) if silent.is_empty() => output::print_line(text)?,
            // True as well if nothing was connected, which the store does not report.
            (SessionStatus::Success, _) => output::print_line(format_args!(
                "No session is connected from {end_point} any more."
            ))?,
            _ => output::print_line(text)?,
        }
        if !failing_farms.is_empty() {
            let farms = failing_farms.join(", ");
            let line = format!("These farms do not respond: {farms}");
            output::print_line(output::printable(&line))?;
        }
        Ok(exit)
    }
}

/// Prints each session after what was done to it, or would be.
fn print_sessions(done: &str, sessions: &[EndedSession]) -> anyhow::Result<()> {
    for EndedSession { app, farm, .. } in sessions {
        let line = format!("{done}: {app} on {farm}");
        output::print_line(output::printable(&line))?;
    }
    Ok(())
}

/// Says which farms do not name their sessions, and why.
fn explain_silence(silent_farms: &[String]) {
    if !silent_farms.is_empty() {
        output::print_message(format_args!(
            "Sessions on {} are not named: farms before version 7 do not list those that are \
             connected, and another farm may not respond.",
            silent_farms.join(", ")
        ));
    }
}

/// Returns the exception to a sentence that is about farms that name their sessions.
fn except(silent_farms: &[String]) -> String {
    match silent_farms {
        [] => String::new(),
        farms => format!(", except possibly on {}", farms.join(", ")),
    }
}

/// Parses a logon ticket given as an argument, of at most the length that a store accepts.
fn parse_ticket(text: &str) -> Result<String, String> {
    const MAX_LENGTH: usize = SessionParams::MAX_TICKET_LENGTH;
    match text.trim() {
        ticket if (1..=MAX_LENGTH).contains(&ticket.chars().count()) => Ok(ticket.to_owned()),
        _ => Err(format!("must have 1 to {MAX_LENGTH} characters")),
    }
}
