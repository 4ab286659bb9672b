//! What must be true of every run, whatever went wrong in it.

use std::collections::HashMap;
use std::time::Duration;

use roamd_server::config::Generation;
use roamd_store_proto::{EnumerationStatus, SessionStatus};
use tokio::time::Instant;

use crate::farm::{Plan, SESSIONS};
use crate::ledger::{Deed, Entries, Kind, Launch, Operation, Ticket, Told, Wish};
use crate::network::Arrival;

/// What an answer may take beyond the gateway's deadlines: the way to the gateway and back, with
/// lost packets on each part of it.
const WAY: Duration = Duration::from_secs(4);

/// Everything that is wrong with a run.
pub(crate) fn judge(farms: &[Plan], entries: &Entries) -> Vec<String> {
    let mut faults = entries.faults.clone();
    faults.extend(entries.deeds.iter().filter_map(|deed| {
        let operation = entries.operations.get(deed.ticket.0);
        was_asked(farms, operation, deed).err()
    }));
    faults.extend(done_twice(&entries.deeds));
    for operation in &entries.operations {
        let deeds: Vec<&Deed> = entries
            .deeds
            .iter()
            .filter(|deed| deed.ticket == operation.ticket)
            .collect();
        let fault =
            in_time(farms, operation).and_then(|()| told_the_truth(farms, operation, &deeds));
        faults.extend(fault.err());
    }
    faults
}

/// Nothing is done that the client did not ask for, and no farm is asked that has to be left alone.
fn was_asked(farms: &[Plan], operation: Option<&Operation>, deed: &Deed) -> Result<(), String> {
    let Some(Operation { wish, ticket, .. }) = operation else {
        return Err(format!("{:?} for nobody", deed.kind));
    };
    let asked = match (deed.kind, wish) {
        (
            Kind::Listed,
            Wish::List {
                applications_only, ..
            },
        ) => is_planned(farms, deed.farm, *applications_only),
        (
            Kind::ListedAndDisconnected,
            Wish::List {
                active: true,
                applications_only,
            },
        ) => is_planned(farms, deed.farm, *applications_only),
        (Kind::Disconnected, Wish::Disconnect) | (Kind::LoggedOff, Wish::LogOff) => true,
        (Kind::Addressed | Kind::Ticketed, Wish::Launch { farm }) => deed.farm == *farm,
        _ => false,
    };
    if asked {
        Ok(())
    } else {
        Err(format!(
            "farm {} {:?} for {ticket}, who asked {wish:?}",
            deed.farm, deed.kind
        ))
    }
}

/// The rule by generation (SS-29 to SS-35), written a second time on purpose.
fn is_planned(farms: &[Plan], farm: usize, applications_only: bool) -> bool {
    farms.get(farm).is_some_and(|farm| {
        !applications_only
            || farm.generation != Generation::XenDesktop5
            || farm.legacy_workspace_control
    })
}

/// No change is made twice.
fn done_twice(deeds: &[Deed]) -> Vec<String> {
    let mut counts: HashMap<(Ticket, usize, Kind), usize> = HashMap::new();
    for deed in deeds.iter().filter(|deed| deed.kind.is_change()) {
        *counts
            .entry((deed.ticket, deed.farm, deed.kind))
            .or_default() += 1;
    }
    let mut faults: Vec<_> = counts
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((ticket, farm, kind), count)| {
            format!("farm {farm} {kind:?} {count} times for {ticket}")
        })
        .collect();
    faults.sort();
    faults
}

/// Whoever waits is answered, within the deadline.
fn in_time(farms: &[Plan], operation: &Operation) -> Result<(), String> {
    let Operation { ticket, asked, .. } = operation;
    let Some((answered, _)) = &operation.answered else {
        return if operation.left {
            Ok(())
        } else {
            Err(format!("{ticket} got no answer"))
        };
    };
    let slowest = farms.iter().map(|farm| farm.timeout).max().unwrap_or(0);
    // A password that nothing is known of is checked first, which may take half a deadline.
    let deadline = Duration::from_millis(slowest + slowest / 2);
    let took = *answered - *asked;
    if took <= deadline + WAY {
        Ok(())
    } else {
        Err(format!("{ticket} waited for {took:?}"))
    }
}

/// Success only if every farm confirmed, failure only if none did; full only if every farm that had
/// to be asked answered.
fn told_the_truth(farms: &[Plan], operation: &Operation, deeds: &[&Deed]) -> Result<(), String> {
    let Some((answered, told)) = &operation.answered else {
        return Ok(());
    };
    let ticket = operation.ticket;
    let confirmed = |farm: usize, kinds: &[Kind]| {
        deeds.iter().any(|deed| {
            deed.farm == farm && kinds.contains(&deed.kind) && arrived_by(deed, *answered)
        })
    };
    match (operation.wish, told) {
        (
            Wish::List {
                applications_only, ..
            },
            Told::List {
                enumeration,
                farms: listed,
            },
        ) => {
            let asked: Vec<usize> = (0..farms.len())
                .filter(|farm| is_planned(farms, *farm, applications_only))
                .collect();
            let kinds = [Kind::Listed, Kind::ListedAndDisconnected];
            let silent: Vec<_> = asked
                .iter()
                .filter(|farm| !confirmed(**farm, &kinds))
                .collect();
            if *enumeration == EnumerationStatus::Full && !silent.is_empty() {
                return Err(format!("{ticket} is told full without farms {silent:?}"));
            }
            if *enumeration == EnumerationStatus::Failed && !listed.is_empty() {
                return Err(format!("{ticket} is told failed with farms {listed:?}"));
            }
            let each = if applications_only { 1 } else { SESSIONS.len() };
            for farm in asked {
                let count = listed.iter().filter(|of| **of == farm).count();
                let full = *enumeration == EnumerationStatus::Full;
                if count != each && (full || count != 0) {
                    return Err(format!("{ticket} is told {count} sessions of farm {farm}"));
                }
                if count > 0 && !confirmed(farm, &kinds) {
                    return Err(format!(
                        "{ticket} is told sessions that farm {farm} did not"
                    ));
                }
            }
            Ok(())
        }
        (Wish::Disconnect | Wish::LogOff, Told::EndOutcome(status)) => {
            let kinds = [Kind::Disconnected, Kind::LoggedOff];
            let count = (0..farms.len())
                .filter(|farm| confirmed(*farm, &kinds))
                .count();
            let right = match status {
                SessionStatus::Success => count == farms.len(),
                SessionStatus::Partial => count > 0 && count < farms.len(),
                SessionStatus::Failure => count == 0,
            };
            if right {
                Ok(())
            } else {
                Err(format!("{ticket} is told {status:?} with {count} farms"))
            }
        }
        (Wish::Launch { farm }, Told::Launch(Launch::Ready)) => {
            if confirmed(farm, &[Kind::Addressed]) && confirmed(farm, &[Kind::Ticketed]) {
                Ok(())
            } else {
                Err(format!("{ticket} is told ready without the farm's word"))
            }
        }
        (Wish::Launch { .. }, Told::Launch(Launch::Failed)) => Ok(()),
        // The clock jumped between the making of the token and its check.
        (_, Told::Status(401)) => Ok(()),
        (_, told) => Err(format!("{ticket} is told {told:?}")),
    }
}

fn arrived_by(deed: &Deed, time: Instant) -> bool {
    let arrived = deed.answer.as_ref().and_then(Arrival::time);
    arrived.is_some_and(|arrived| arrived <= time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;

    const LIST: Wish = Wish::List {
        active: false,
        applications_only: false,
    };
    const APPLICATIONS: Wish = Wish::List {
        active: false,
        applications_only: true,
    };

    /// Two farms: one that is left alone when only applications are wanted, and one that is not.
    fn farms() -> Vec<Plan> {
        [Generation::XenDesktop5, Generation::Cvad7]
            .into_iter()
            .enumerate()
            .map(|(number, generation)| Plan {
                number,
                generation,
                legacy_workspace_control: false,
                balanced: false,
                timeout: 1_000,
                controllers: Vec::new(),
            })
            .collect()
    }

    fn list(enumeration: EnumerationStatus, farms: &[usize]) -> Option<Told> {
        Some(Told::List {
            enumeration,
            farms: farms.to_vec(),
        })
    }

    fn ended(status: SessionStatus) -> Option<Told> {
        Some(Told::EndOutcome(status))
    }

    /// What a judge says of one operation that took so many seconds. A deed is farm, kind, and
    /// whether its answer arrived.
    fn verdict(
        wish: Wish,
        told: Option<Told>,
        seconds: u64,
        deeds: &[(usize, Kind, bool)],
    ) -> Vec<String> {
        let ledger = Ledger::new();
        let ticket = ledger.ask(wish);
        ledger.with(|entries| {
            for (farm, kind, arrived) in deeds {
                entries.deeds.push(Deed {
                    farm: *farm,
                    ticket,
                    kind: *kind,
                    answer: arrived.then(Arrival::now),
                });
            }
            let operation = &mut entries.operations[0];
            let answered = Instant::now() + Duration::from_secs(seconds);
            operation.answered = told.map(|told| (answered, told));
            judge(&farms(), entries)
        })
    }

    #[tokio::test]
    async fn a_run_is_good_when_everybody_was_told_the_truth() {
        use EnumerationStatus::{Failed, Full, Partial};
        use Kind::{Addressed, Disconnected, Listed, LoggedOff, Ticketed};
        let launch = Wish::Launch { farm: 1 };
        type Case<'a> = (Wish, Option<Told>, &'a [(usize, Kind, bool)]);
        let good: [Case<'_>; 8] = [
            (
                LIST,
                list(Full, &[0, 0, 1, 1]),
                &[(0, Listed, true), (1, Listed, true), (1, Listed, false)],
            ),
            (LIST, list(Partial, &[1, 1]), &[(1, Listed, true)]),
            (LIST, list(Failed, &[]), &[(0, Listed, false)]),
            (APPLICATIONS, list(Full, &[1]), &[(1, Listed, true)]),
            (
                Wish::Disconnect,
                ended(SessionStatus::Success),
                &[(0, Disconnected, true), (1, Disconnected, true)],
            ),
            (
                Wish::LogOff,
                ended(SessionStatus::Partial),
                &[(0, LoggedOff, true), (1, LoggedOff, false)],
            ),
            (
                Wish::LogOff,
                ended(SessionStatus::Failure),
                &[(0, LoggedOff, false)],
            ),
            (
                launch,
                Some(Told::Launch(Launch::Ready)),
                &[(1, Addressed, true), (1, Ticketed, true)],
            ),
        ];
        for (wish, told, deeds) in good {
            let faults = verdict(wish, told.clone(), 0, deeds);
            assert!(faults.is_empty(), "{wish:?} {told:?} {deeds:?}: {faults:?}");
        }
    }

    #[tokio::test]
    async fn each_rule_that_is_broken_is_named() {
        use EnumerationStatus::{Failed, Full, Partial};
        use Kind::{Addressed, Disconnected, Listed, ListedAndDisconnected, LoggedOff};
        let launch = Wish::Launch { farm: 1 };
        type Case<'a> = (Wish, Option<Told>, u64, &'a [(usize, Kind, bool)], &'a str);
        let bad: [Case<'_>; 13] = [
            (
                LIST,
                list(Full, &[0, 0, 1, 1]),
                0,
                &[(0, Listed, true), (1, Listed, false)],
                "full without farms",
            ),
            (
                LIST,
                list(Full, &[0, 0, 1]),
                0,
                &[(0, Listed, true), (1, Listed, true)],
                "is told 1 sessions of farm 1",
            ),
            (
                LIST,
                list(Partial, &[0, 0]),
                0,
                &[(0, Listed, false)],
                "is told sessions that farm 0 did not",
            ),
            (
                LIST,
                list(Failed, &[1, 1]),
                0,
                &[(1, Listed, true)],
                "failed with farms",
            ),
            (
                LIST,
                list(Partial, &[]),
                0,
                &[(0, ListedAndDisconnected, false)],
                "farm 0 ListedAndDisconnected for",
            ),
            (
                APPLICATIONS,
                list(Full, &[1]),
                0,
                &[(0, Listed, false), (1, Listed, true)],
                "farm 0 Listed for",
            ),
            (
                Wish::Disconnect,
                ended(SessionStatus::Partial),
                0,
                &[(1, LoggedOff, true)],
                "farm 1 LoggedOff for",
            ),
            (
                Wish::Disconnect,
                ended(SessionStatus::Partial),
                0,
                &[(1, Disconnected, true), (1, Disconnected, false)],
                "farm 1 Disconnected 2 times",
            ),
            (
                Wish::Disconnect,
                ended(SessionStatus::Success),
                0,
                &[(0, Disconnected, true), (1, Disconnected, false)],
                "is told Success with 1 farms",
            ),
            (
                Wish::Disconnect,
                ended(SessionStatus::Failure),
                0,
                &[(0, Disconnected, true)],
                "is told Failure with 1 farms",
            ),
            (
                launch,
                Some(Told::Launch(Launch::Ready)),
                0,
                &[(1, Addressed, true)],
                "ready without the farm's word",
            ),
            (LIST, list(Failed, &[]), 9, &[], "waited for"),
            (LIST, None, 0, &[], "got no answer"),
        ];
        for (wish, told, seconds, deeds, expected) in bad {
            let faults = verdict(wish, told.clone(), seconds, deeds);
            let named = faults.iter().any(|fault| fault.contains(expected));
            assert!(named, "{wish:?} {told:?} {deeds:?}: {faults:?}");
        }
    }
}
