//! `roamd sessions list --watch`.

use std::io::{self, IsTerminal};
use std::time::Duration;

use roamd_store_client::{EnumerationStatus, Session, SessionParams, StoreClient};
use serde::Serialize;
use tokio::time::{self, MissedTickBehavior};

use super::resource_kinds::ResourceKinds;
use super::session_json::SessionJson;
use super::session_row::{SessionField, SessionRow};
use crate::commands::listing::ListArgs;
use crate::commands::store::Connection;
use crate::exit_code::Exit;
use crate::output;
use crate::signals::stop_on_signal;

/// Format of a watched list.
#[derive(Debug, Clone, Copy)]
pub(super) enum WatchFormat {
    /// The whole list, redrawn each time.
    Screen,
    /// A line for each change.
    Lines,
    /// A JSON object on one line for each change.
    Json,
}

/// A repeated list.
pub(super) struct Watch<'w> {
    pub(super) params: &'w SessionParams,
    pub(super) interval: Duration,
    pub(super) format: WatchFormat,
    pub(super) list: &'w ListArgs<SessionField>,
}

impl Watch<'_> {
    /// Repeats the list until Ctrl-C. The client signs in again when its token expires, and keeps a
    /// saved sign-in from expiring.
    ///
    /// A failed list is reported, and the next one may succeed.
    ///
    /// # Errors
    /// If the first list fails, because the store may not exist at all, or if the store refuses the
    /// user, because a repeated wrong password locks the account.
    pub(super) async fn run(&self, connection: &mut Connection) -> anyhow::Result<Exit> {
        let stop = stop_on_signal()?;
        let mut ticks = time::interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known = KnownSessions::default();
        let mut kinds = ResourceKinds::default();
        let mut is_first = true;
        let mut reported_problem = None;
        loop {
            let listed = tokio::select! {
                listed = async {
                    ticks.tick().await;
                    connection.keep_signed_in().await?;
                    self.list(&mut connection.client, &mut kinds).await
                } => listed,
                () = stop.cancelled() => return Ok(Exit::Done),
            };
            let (changes, problem) = match listed {
                Ok(list) => {
                    let problem = enumeration_problem(list.enumeration).map(str::to_owned);
                    (known.update(list), problem)
                }
                Err(error) if is_first || Exit::from(&error) == Exit::Refused => return Err(error),
                Err(error) => (Vec::new(), Some(output::printable(&format!("{error:#}")))),
            };
            is_first = false;
            match self.format {
                WatchFormat::Screen => {
                    self.draw(&known.rows, problem)?;
                    continue;
                }
                WatchFormat::Lines => changes.iter().try_for_each(SessionChange::print)?,
                WatchFormat::Json => changes.iter().try_for_each(SessionChange::print_json)?,
            }
            if problem != reported_problem {
                output::print_message(problem.as_deref().unwrap_or("The list is complete again."));
                reported_problem = problem;
            }
        }
    }

    /// Lists the sessions that no filter excludes, in the order of `--sort`.
    async fn list(
        &self,
        client: &mut StoreClient,
        kinds: &mut ResourceKinds,
    ) -> anyhow::Result<SelectedSessions> {
        let state = client.list(self.params).await?;
        let client_name = &self.params.client_name;
        if self.format.has_kinds() || self.list.selects_by(SessionField::Kind) {
            kinds.look_up(client, client_name, &state.sessions).await;
        }
        let mut rows = SessionRow::of_list(state.sessions, kinds);
        let listed = rows.len();
        self.list.select(&mut rows);
        Ok(SelectedSessions {
            enumeration: state.enumeration,
            listed,
            rows,
        })
    }

    /// Draws the current list on the terminal.
    fn draw(&self, rows: &[SessionRow], problem: Option<String>) -> io::Result<()> {
        let mut lines = vec![
            format!(
                "Sessions to connect to, updated every {} s. Press Ctrl-C to stop.",
                self.interval.as_secs()
            ),
            String::new(),
        ];
        if rows.is_empty() {
            lines.push("No sessions to connect to.".into());
        } else {
            lines.extend(self.list.table_lines(rows));
        }
        if let Some(problem) = problem {
            lines.extend([String::new(), problem]);
        }
        output::redraw_screen(lines)
    }
}

impl WatchFormat {
    /// Returns the format of text, by whether stdout is a terminal.
    pub(super) fn for_text() -> Self {
        if io::stdout().is_terminal() {
            Self::Screen
        } else {
            Self::Lines
        }
    }

    /// Returns whether the format has the kinds of sessions.
    fn has_kinds(self) -> bool {
        match self {
            Self::Screen | Self::Json => true,
            Self::Lines => false,
        }
    }
}

/// Explains which farms are missing from a list; `None` if the list is complete.
fn enumeration_problem(enumeration: EnumerationStatus) -> Option<&'static str> {
    match enumeration {
        EnumerationStatus::Full => None,
        EnumerationStatus::Partial => {
            Some("Some farms did not respond; their sessions are shown as last listed.")
        }
        EnumerationStatus::Failed => {
            Some("No farm responded; all sessions are shown as last listed.")
        }
    }
}

/// The sessions of a list that the arguments select.
#[derive(Debug)]
struct SelectedSessions {
    enumeration: EnumerationStatus,
    /// Number of sessions in the list, selected or not.
    listed: usize,
    rows: Vec<SessionRow>,
}

/// The selected sessions of each farm as last listed.
#[derive(Debug, Default)]
struct KnownSessions {
    rows: Vec<SessionRow>,
}

/// A difference between two lists.
#[derive(Debug)]
struct SessionChange {
    kind: ChangeKind,
    row: SessionRow,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum ChangeKind {
    Added,
    Removed,
    Changed,
}

impl KnownSessions {
    /// Replaces the known sessions by a new list, and returns the changes.
    ///
    /// A missing session counts as removed only if all farms responded.
    fn update(&mut self, list: SelectedSessions) -> Vec<SessionChange> {
        let before = std::mem::replace(&mut self.rows, list.rows);
        let has_id_of = |row: &SessionRow, other: &SessionRow| row.session.id == other.session.id;
        let (remaining, missing): (Vec<_>, Vec<_>) = before
            .into_iter()
            .partition(|before| self.rows.iter().any(|row| has_id_of(row, before)));
        let added_or_changed = self.rows.iter().filter_map(|row| {
            let kind = match remaining.iter().find(|before| has_id_of(before, row)) {
                None => ChangeKind::Added,
                Some(before) if is_same(&before.session, &row.session) => return None,
                Some(_) => ChangeKind::Changed,
            };
            Some(SessionChange {
                kind,
                row: row.clone(),
            })
        });
        if list.enumeration == EnumerationStatus::Full {
            let removed = missing.into_iter().map(|row| SessionChange {
                kind: ChangeKind::Removed,
                row,
            });
            removed.chain(added_or_changed).collect()
        } else {
            let changes = added_or_changed.collect();
            // Numbers after those of the list: its own ones select other sessions.
            for (mut row, number) in missing.into_iter().zip(list.listed + 1..) {
                row.number = number;
                self.rows.push(row);
            }
            changes
        }
    }
}

/// Whether two listings of a session are equal. Ignores the launch URL, which may differ each time.
fn is_same(before: &Session, now: &Session) -> bool {
    let without_url = |session: &Session| Session {
        launch_url: String::new(),
        ..session.clone()
    };
    without_url(before) == without_url(now)
}

impl ChangeKind {
    fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

impl SessionChange {
    /// Prints the change as tab-separated fields.
    fn print(&self) -> anyhow::Result<()> {
        let sign = self.kind.sign();
        let Session {
            initial_app,
            publisher_name,
            resource_id,
            id,
            ..
        } = &self.row.session;
        let fields =
            [initial_app, publisher_name, resource_id, id].map(|field| output::printable(field));
        Ok(output::print_line(format_args!(
            "{sign}\t{}",
            fields.join("\t")
        ))?)
    }

    /// Prints the change as a JSON object.
    fn print_json(&self) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct ChangeJson<'c> {
            change: ChangeKind,
            session: SessionJson<'c>,
        }
        output::print_json_line(&ChangeJson {
            change: self.kind,
            session: SessionJson::from(&self.row),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(enumeration: EnumerationStatus, sessions: &[&Session]) -> SelectedSessions {
        let sessions = sessions.iter().copied().cloned().collect();
        let rows = SessionRow::of_list(sessions, &ResourceKinds::default());
        SelectedSessions {
            enumeration,
            listed: rows.len(),
            rows,
        }
    }

    fn session(id: &str, aggregated: bool) -> Session {
        Session {
            id: id.into(),
            server_type: "win32".into(),
            launch_url: "http://192.0.2.1/".into(),
            initial_app: "Word".into(),
            aggregated,
            ..Session::default()
        }
    }

    #[test]
    fn session_is_removed_only_if_all_farms_responded() {
        use EnumerationStatus::{Failed, Full, Partial};
        let (a, b, c) = (
            session("a", false),
            session("b", false),
            session("c", false),
        );
        let other_a = session("a", true);
        let elsewhere = Session {
            launch_url: "http://192.0.2.2/".into(),
            ..other_a.clone()
        };
        let steps = [
            (Full, vec![&a, &b], "+a +b", "a b"),
            (Full, vec![&other_a, &b], "~a", "a b"),
            (Partial, vec![&c, &elsewhere], "+c", "c a b"),
            (Failed, vec![], "", "c a b"),
            (Full, vec![&c], "-a -b", "c"),
            (Full, vec![&c], "", "c"),
        ];
        let mut known = KnownSessions::default();
        for (step, (enumeration, listed, changes, left)) in steps.into_iter().enumerate() {
            let changed = known.update(list(enumeration, &listed));
            let changed: Vec<_> = changed
                .iter()
                .map(|change| format!("{}{}", change.kind.sign(), change.row.session.id))
                .collect();
            assert_eq!(changed.join(" "), changes, "step {step}");
            let ids: Vec<_> = known.rows.iter().map(|it| &*it.session.id).collect();
            assert_eq!(ids.join(" "), left, "step {step}");
        }
    }

    /// `sessions launch` must not take the number of a missing session for another one.
    #[test]
    fn missing_session_is_numbered_after_the_list() {
        let (a, b) = (session("a", false), session("b", false));
        let mut known = KnownSessions::default();
        known.update(list(EnumerationStatus::Full, &[&a, &b]));
        let partial = SelectedSessions {
            listed: 3,
            ..list(EnumerationStatus::Partial, &[&b])
        };
        known.update(partial);
        let numbers = known.rows.iter().map(|row| (&*row.session.id, row.number));
        assert_eq!(numbers.collect::<Vec<_>>(), [("b", 1), ("a", 4)]);
    }
}
