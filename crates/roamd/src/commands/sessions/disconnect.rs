//! `roamd sessions disconnect`.

use clap::Args;
use roamd_store_client::{EnumerationStatus, Session, SessionState, SessionStatus};

use super::connected::{Connected, EndedSession, failing_farms, if_possible};
use super::operation::{Operation, OperationArgs};
use super::session_params::{SessionFilterArgs, list_params};
use crate::exit_code::Exit;

/// Disconnects the sessions that are connected from this client. They keep running.
///
/// Prints the sessions that were disconnected, from lists before and after. These lists change no
/// session.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd sessions disconnect --client-name DESK-A --dry-run\n  \
                  roamd sessions disconnect \
                  --store store.example.net --user 'LAB\\ada'"
)]
pub(super) struct DisconnectSessions {
    #[command(flatten)]
    args: OperationArgs,
}

const OPERATION: Operation = Operation {
    infinitive: "disconnect",
    participle: "disconnected",
    consequence: "their applications keep running",
};

impl DisconnectSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let args = self.args;
        args.refuse_ids(OPERATION)?;
        if args.confirm.dry_run {
            return args.print_plan(OPERATION).await;
        }
        let params = args.params();
        let list = list_params(&args.store, SessionFilterArgs::default());
        let disconnected = args.store.with_client(async |client| {
            let before = if_possible(client.list(&list).await)?;
            let status = client.disconnect(&params).await?;
            let after = match before {
                Some(_) => if_possible(client.list(&list).await).unwrap_or_default(),
                None => None,
            };
            let failing = match status {
                SessionStatus::Success => Vec::new(),
                SessionStatus::Partial | SessionStatus::Failure => {
                    failing_farms(client, &list).await
                }
            };
            Ok((status, gained(before, after), failing))
        });
        let (status, sessions, failing) = disconnected.await?;
        let ended = sessions.map(|sessions| Connected {
            sessions: sessions.into_iter().map(EndedSession::from).collect(),
            silent_farms: Vec::new(),
        });
        args.print_result(OPERATION, status, ended.as_ref(), &failing)
    }
}

/// Returns the sessions that a list has gained. Returns `None` if one of both lists is incomplete.
fn gained(before: Option<SessionState>, after: Option<SessionState>) -> Option<Vec<Session>> {
    let is_full = |list: &SessionState| list.enumeration == EnumerationStatus::Full;
    let (before, after) = (before.filter(is_full)?, after.filter(is_full)?);
    let is_new = |session: &Session| !before.sessions.iter().any(|it| it.id == session.id);
    Some(after.sessions.into_iter().filter(is_new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(enumeration: EnumerationStatus, ids: &[&str]) -> Option<SessionState> {
        let sessions = ids.iter().map(|id| Session {
            id: (*id).to_owned(),
            ..Session::default()
        });
        Some(SessionState::new(enumeration, sessions))
    }

    #[test]
    fn gained_sessions_are_known_from_complete_lists_only() {
        use EnumerationStatus::{Full, Partial};
        for (before, after, expected) in [
            (list(Full, &["a"]), list(Full, &["a", "b"]), Some(vec!["b"])),
            (list(Full, &["a"]), list(Full, &["a"]), Some(vec![])),
            // Session a ended or was connected in the meantime.
            (list(Full, &["a"]), list(Full, &["c"]), Some(vec!["c"])),
            (list(Partial, &["a"]), list(Full, &["a", "b"]), None),
            (list(Full, &["a"]), list(Partial, &["a", "b"]), None),
            (None, list(Full, &["b"]), None),
            (list(Full, &["b"]), None, None),
        ] {
            let gained = gained(before, after);
            let ids = gained
                .as_ref()
                .map(|it| it.iter().map(|it| it.id.as_str()).collect());
            assert_eq!(ids, expected);
        }
    }
}
