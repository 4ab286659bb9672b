//! What must be true of every run, whatever went wrong in it.

use std::collections::HashMap;
use std::time::Duration;

use roamd_server::config::Generation;
use roamd_store_proto::{Enumeration, SessionStatus};
use tokio::time::Instant;

use crate::farm::{Plan, SESSIONS};
use crate::ledger::{Deed, Entries, Kind, Launch, Operation, Ticket, Told, Wish};
use crate::network::Arrival;

/// What a gateway may take beyond the deadline of its slowest farm: the way to the client and back,
/// when packets are lost.
const WAY: Duration = Duration::from_secs(8);

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
    let took = *answered - *asked;
    if took <= Duration::from_millis(slowest) + WAY {
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
            if *enumeration == Enumeration::Full && !silent.is_empty() {
                return Err(format!("{ticket} is told full without farms {silent:?}"));
            }
            if *enumeration == Enumeration::Failed && !listed.is_empty() {
                return Err(format!("{ticket} is told failed with farms {listed:?}"));
            }
            let each = if applications_only { 1 } else { SESSIONS.len() };
            for farm in asked {
                let count = listed.iter().filter(|of| **of == farm).count();
                let full = *enumeration == Enumeration::Full;
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
        (Wish::Disconnect | Wish::LogOff, Told::Ended(status)) => {
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
