//! `roamd sessions list --watch`.

use std::io::{self, IsTerminal};
use std::time::Duration;

use roamd_store_client::{EnumerationStatus, Session, SessionParams, SessionState, StoreClient};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use super::list::ListedSession;
use crate::exit::Exit;
use crate::output;
use crate::server::stop_on_signal;

/// How a watched list is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum View {
    /// As a whole, drawn again each time.
    Screen,
    /// A line for each change.
    Lines,
    /// A JSON object for each change, on one line.
    Json,
}

/// Lists until it is told to stop. The client signs in again when its token expires.
///
/// A failure is shown and the next listing may be better, with two exceptions: the first one, since
/// there may be no such store at all, and a refusal, since a wrong password that is sent again and
/// again locks its user out.
pub(super) async fn watch(
    client: &mut StoreClient,
    params: &SessionParams,
    every: Duration,
    view: View,
) -> anyhow::Result<Exit> {
    let stop = stop_on_signal()?;
    let mut turns = interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = Known::default();
    let mut first = true;
    let mut told = None;
    loop {
        let listed = tokio::select! {
            listed = async {
                turns.tick().await;
                client.list(params).await
            } => listed,
            () = stop.cancelled() => return Ok(Exit::Done),
        };
        let (changes, fault) = match listed {
            Ok(list) => {
                let fault = fault(list.enumeration).map(str::to_owned);
                (known.take_in(list), fault)
            }
            Err(error) if first || error.is_refusal() => return Err(error.into()),
            Err(error) => {
                let error = anyhow::Error::from(error);
                (Vec::new(), Some(output::shown(&format!("{error:#}"))))
            }
        };
        first = false;
        match view {
            View::Screen => {
                draw(&known.sessions, every, fault)?;
                continue;
            }
            View::Lines => changes.iter().try_for_each(Change::print)?,
            View::Json => changes.iter().try_for_each(Change::print_json)?,
        }
        if fault != told {
            output::note(fault.as_deref().unwrap_or("The list is whole again."));
            told = fault;
        }
    }
}

impl View {
    pub(super) fn wanted(json: bool) -> Self {
        if json {
            Self::Json
        } else if io::stdout().is_terminal() {
            Self::Screen
        } else {
            Self::Lines
        }
    }
}

/// What a list lacks.
fn fault(enumeration: EnumerationStatus) -> Option<&'static str> {
    match enumeration {
        EnumerationStatus::Full => None,
        EnumerationStatus::Partial => {
            Some("Some farms did not answer; sessions on them are taken to be as they were.")
        }
        EnumerationStatus::Failed => {
            Some("No farm answered; sessions are taken to be as they were.")
        }
    }
}

/// The sessions that were there when they could last be seen.
#[derive(Debug, Default)]
struct Known {
    sessions: Vec<Session>,
}

/// A session that is not as it was.
#[derive(Debug)]
struct Change {
    kind: Kind,
    session: Session,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Added,
    Removed,
    Changed,
}

impl Known {
    /// Takes in a list, and tells what it changes. What a list lacks is gone only if all farms
    /// answered: nobody knows what is on a farm that did not.
    fn take_in(&mut self, list: SessionState) -> Vec<Change> {
        let before = std::mem::replace(&mut self.sessions, list.sessions);
        let (still, missing): (Vec<_>, Vec<_>) = before
            .into_iter()
            .partition(|session| self.sessions.iter().any(|it| it.id == session.id));
        let arrived = self.sessions.iter().filter_map(|session| {
            let kind = match still.iter().find(|it| it.id == session.id) {
                None => Kind::Added,
                Some(before) if is_same(before, session) => return None,
                Some(_) => Kind::Changed,
            };
            Some(Change {
                kind,
                session: session.clone(),
            })
        });
        if list.enumeration == EnumerationStatus::Full {
            let gone = missing.into_iter().map(|session| Change {
                kind: Kind::Removed,
                session,
            });
            gone.chain(arrived).collect()
        } else {
            let changes = arrived.collect();
            self.sessions.extend(missing);
            changes
        }
    }
}

/// Whether a session is still what people see in it; its launch URL may be another each time.
fn is_same(before: &Session, now: &Session) -> bool {
    let seen = |session: &Session| Session {
        launch_url: String::new(),
        ..session.clone()
    };
    seen(before) == seen(now)
}

impl Kind {
    fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

impl Change {
    /// Fields with tabs between, as scripts like them.
    fn print(&self) -> anyhow::Result<()> {
        let sign = self.kind.sign();
        let Session {
            initial_app,
            publisher_name,
            resource_id,
            id,
            ..
        } = &self.session;
        let fields =
            [initial_app, publisher_name, resource_id, id].map(|field| output::shown(field));
        Ok(output::line(format_args!("{sign}\t{}", fields.join("\t")))?)
    }

    fn print_json(&self) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Changed<'c> {
            change: Kind,
            session: ListedSession<'c>,
        }
        output::json_line(&Changed {
            change: self.kind,
            session: ListedSession::from(&self.session),
        })
    }
}

/// Shows the list as it is now.
fn draw(sessions: &[Session], every: Duration, fault: Option<String>) -> io::Result<()> {
    let mut lines = vec![
        format!(
            "Sessions to connect to, every {} s; Ctrl-C ends it.",
            every.as_secs()
        ),
        String::new(),
    ];
    if sessions.is_empty() {
        lines.push("No sessions to connect to.".into());
    } else {
        let header = ["APP", "FARM", "RESOURCE", "TYPE"];
        let rows = sessions.iter().cloned().map(|session| {
            [
                session.initial_app,
                session.publisher_name,
                session.resource_id,
                session.server_type,
            ]
        });
        lines.extend(output::lines_of(header, rows));
    }
    if let Some(fault) = fault {
        lines.extend([String::new(), fault]);
    }
    output::redraw(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: &str, aggregated: bool) -> Session {
        Session {
            id: id.into(),
            server_type: "win32".into(),
            launch_url: "http://192.0.2.1/".into(),
            initial_app: "Word".into(),
            aggregated,
            resource_id: "CVAD.Word".into(),
            publisher_name: "Farm3".into(),
        }
    }

    #[test]
    fn a_session_is_gone_only_if_all_farms_answered() {
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
        let mut known = Known::default();
        for (step, (enumeration, listed, changes, left)) in steps.into_iter().enumerate() {
            let changed = known.take_in(SessionState {
                enumeration,
                sessions: listed.into_iter().cloned().collect(),
            });
            let changed: Vec<_> = changed
                .iter()
                .map(|change| format!("{}{}", change.kind.sign(), change.session.id))
                .collect();
            assert_eq!(changed.join(" "), changes, "step {step}");
            let ids: Vec<_> = known.sessions.iter().map(|it| it.id.as_str()).collect();
            assert_eq!(ids.join(" "), left, "step {step}");
        }
    }
}
