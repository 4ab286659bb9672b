//! `roamd sessions explain`.

use clap::Args;
use roamd_store_client::{ExplainedFarm, ExplainedQuestion, SessionExplanation};

use super::session_params::{SessionFilterArgs, list_params};
use crate::commands::store::StoreArgs;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::output;
use crate::table::Column;

/// Explains why `roamd sessions list` shows a session or does not.
///
/// Shows what the list asks each farm and why, what the farm answers, and which of its sessions are
/// offered. Disconnects nothing. Only a store of roamd can explain. Exit code 4 if some farms do
/// not respond, and 1 if none does, as for the list.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd sessions explain\n  roamd sessions explain --active --json"
)]
pub(super) struct ExplainSessions {
    #[command(flatten)]
    store: StoreArgs,
    /// Explain the list with --active. Unlike that list, this disconnects no session.
    #[arg(long)]
    active: bool,
    /// Explain the list with --apps-only.
    #[arg(long)]
    apps_only: bool,
    #[command(flatten)]
    format: TableFormatArgs,
}

impl ExplainSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let filter = SessionFilterArgs {
            active: self.active,
            apps_only: self.apps_only,
        };
        let params = list_params(&self.store, filter);
        let explained = self
            .store
            .with_client(async |client| Ok(client.explain(&params).await?))
            .await?;
        if self.format.is_json() {
            output::print_json(&explained)?;
        } else {
            print_explanation(&explained, &self.format)?;
        }
        Ok(exit_of(&explained))
    }
}

/// Returns the exit code of the explained list. The explanation names the farms that failed.
fn exit_of(explained: &SessionExplanation) -> Exit {
    match explained.enumeration.as_str() {
        "partial" => Exit::Partial,
        "failed" => Exit::Failed,
        _ => Exit::Done,
    }
}

fn print_explanation(
    explained: &SessionExplanation,
    format: &TableFormatArgs,
) -> anyhow::Result<()> {
    if !format.is_for_programs() {
        output::print_fields([
            ("roaming", explained.roaming.text.clone()),
            ("client", explained.end_point.text.clone()),
        ])?;
    }
    let columns = [
        Column::name("FARM"),
        Column::text("SUBJECT"),
        Column::whole("RESULT"),
        Column::text("REASON"),
    ];
    format.print(columns, explained.farms.iter().flat_map(rows))
}

/// The rows of a farm: what it is asked, what it answers, and its sessions.
fn rows(farm: &ExplainedFarm) -> Vec<[String; 4]> {
    let row = |subject: String, result: &str, text: &str| {
        [
            farm.name.clone(),
            subject,
            result.to_owned(),
            text.to_owned(),
        ]
    };
    let question = |subject: &str, question: &ExplainedQuestion| {
        let result = if question.asked { "asked" } else { "not asked" };
        row(subject.to_owned(), result, &question.text)
    };
    let mapping = farm.mapping.iter();
    let mapping = mapping.map(|it| row("mapping".to_owned(), &it.access, &it.text));
    let answer = &farm.answer;
    let asked = [
        question("disconnected sessions", &farm.disconnected),
        question("active sessions", &farm.active),
        row("answer".to_owned(), &answer.result, &answer.text),
    ];
    let sessions = farm.sessions.iter().map(|session| {
        let subject = format!("session {}", session.name);
        let result = if session.offered {
            "offered"
        } else {
            "left out"
        };
        row(subject, result, &session.text)
    });
    let route = farm.route.iter();
    let route = route.map(|it| row("launches".to_owned(), &it.access, &it.text));
    mapping.chain(asked).chain(sessions).chain(route).collect()
}
