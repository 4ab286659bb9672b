//! Invariants of every run, with any faults.

use std::collections::HashMap;
use std::time::Duration;

use roamd_server::config::Generation;
use roamd_store_proto::{EnumerationStatus, SessionStatus};
use tokio::time::Instant;

use super::farm::{FarmPlan, SESSIONS};
use super::history::{
    Effect, EffectKind, Entries, LaunchResult, Operation, OperationId, OperationKind,
    OperationResult,
};
use super::mapping::{Access, access};
use crate::network::ReadReceipt;

/// Longest time of a response beyond the server's deadlines: the network between client and server,
/// with lost packets in both directions.
const NETWORK_TIME: Duration = Duration::from_secs(4);

/// Returns all violations of a run.
pub(crate) fn violations_of(farms: &[FarmPlan], entries: &Entries) -> Vec<String> {
    let mut violations = entries.violations.clone();
    violations.extend(entries.effects.iter().filter_map(|effect| {
        let operation = entries.operations.get(effect.operation.0);
        was_requested(farms, operation, effect).err()
    }));
    violations.extend(repeated_changes(&entries.effects));
    for operation in &entries.operations {
        let effects: Vec<&Effect> = entries
            .effects
            .iter()
            .filter(|effect| effect.operation == operation.id)
            .collect();
        let violation =
            is_in_time(farms, operation).and_then(|()| result_is_true(farms, operation, &effects));
        violations.extend(violation.err());
    }
    violations
}

/// A farm has no effect that the client did not request, and no request reaches a farm that the
/// operation or the user has to skip.
fn was_requested(
    farms: &[FarmPlan],
    operation: Option<&Operation>,
    effect: &Effect,
) -> Result<(), String> {
    let Some(Operation { kind, id, user, .. }) = operation else {
        return Err(format!("{:?} without an operation", effect.kind));
    };
    let is_mapped = farms
        .get(effect.farm)
        .is_some_and(|farm| access(*user, farm) != Access::NotMapped);
    let is_requested = is_mapped
        && match (effect.kind, kind) {
            (
                EffectKind::Listed,
                OperationKind::List {
                    applications_only, ..
                },
            ) => is_planned(farms, effect.farm, *applications_only),
            (
                EffectKind::ListedAndDisconnected,
                OperationKind::List {
                    active: true,
                    applications_only,
                },
            ) => is_planned(farms, effect.farm, *applications_only),
            (EffectKind::Disconnected, OperationKind::Disconnect)
            | (EffectKind::LoggedOff, OperationKind::LogOff) => true,
            (EffectKind::Addressed | EffectKind::Ticketed, OperationKind::Launch { farm }) => {
                effect.farm == *farm
            }
            _ => false,
        };
    if is_requested {
        Ok(())
    } else {
        Err(format!(
            "farm {} {:?} for {id}, which is {kind:?}",
            effect.farm, effect.kind
        ))
    }
}

/// Returns whether a list has to include a farm (SS-29 to SS-35). This repeats the rule of the
/// server on purpose.
fn is_planned(farms: &[FarmPlan], farm: usize, applications_only: bool) -> bool {
    farms.get(farm).is_some_and(|farm| {
        !applications_only
            || farm.generation != Generation::XenDesktop5
            || farm.legacy_workspace_control
    })
}

/// No change occurs twice.
fn repeated_changes(effects: &[Effect]) -> Vec<String> {
    let mut counts: HashMap<(OperationId, usize, EffectKind), usize> = HashMap::new();
    for effect in effects.iter().filter(|effect| effect.kind.is_change()) {
        *counts
            .entry((effect.operation, effect.farm, effect.kind))
            .or_default() += 1;
    }
    let mut violations: Vec<_> = counts
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((id, farm, kind), count)| format!("farm {farm} {kind:?} {count} times for {id}"))
        .collect();
    violations.sort();
    violations
}

/// Every client that waits gets a response within the deadline.
fn is_in_time(farms: &[FarmPlan], operation: &Operation) -> Result<(), String> {
    let Operation { id, started, .. } = operation;
    let Some((completed, _)) = &operation.completed else {
        return if operation.left {
            Ok(())
        } else {
            Err(format!("{id} got no response"))
        };
    };
    let slowest = farms.iter().map(|farm| farm.timeout).max().unwrap_or(0);
    // A password without a cached check is checked first, which may take half a deadline.
    let deadline = Duration::from_millis(slowest + slowest / 2);
    let took = *completed - *started;
    if took <= deadline + NETWORK_TIME {
        Ok(())
    } else {
        Err(format!("{id} waited for {took:?}"))
    }
}

/// A result is a success only if every farm confirmed, and a failure only if none did. A list is
/// full only if every farm of the operation responded.
fn result_is_true(
    farms: &[FarmPlan],
    operation: &Operation,
    effects: &[&Effect],
) -> Result<(), String> {
    let Some((completed, result)) = &operation.completed else {
        return Ok(());
    };
    let id = operation.id;
    let has = |wanted: fn(Access) -> bool| -> Vec<usize> {
        let numbered = farms.iter().enumerate();
        let user_has = numbered.filter(|(_, farm)| wanted(access(operation.user, farm)));
        user_has.map(|(number, _)| number).collect()
    };
    let mapped = has(|access| access != Access::NotMapped);
    let confirmed = |farm: usize, kinds: &[EffectKind]| {
        effects.iter().any(|effect| {
            effect.farm == farm && kinds.contains(&effect.kind) && arrived_by(effect, *completed)
        })
    };
    match (operation.kind, result) {
        (
            OperationKind::List {
                applications_only, ..
            },
            OperationResult::List {
                enumeration,
                farms: listed,
            },
        ) => {
            let included: Vec<usize> = mapped
                .into_iter()
                .filter(|farm| is_planned(farms, *farm, applications_only))
                .collect();
            if let Some(farm) = listed.iter().find(|farm| !included.contains(farm)) {
                return Err(format!(
                    "{id} has sessions of farm {farm}, which is left out"
                ));
            }
            let kinds = [EffectKind::Listed, EffectKind::ListedAndDisconnected];
            let silent: Vec<_> = included
                .iter()
                .filter(|farm| !confirmed(**farm, &kinds))
                .collect();
            if *enumeration == EnumerationStatus::Full && !silent.is_empty() {
                return Err(format!("{id} is full without farms {silent:?}"));
            }
            if *enumeration == EnumerationStatus::Failed && !listed.is_empty() {
                return Err(format!("{id} is failed with farms {listed:?}"));
            }
            let each = if applications_only { 1 } else { SESSIONS.len() };
            for farm in included {
                let count = listed.iter().filter(|of| **of == farm).count();
                let full = *enumeration == EnumerationStatus::Full;
                if count != each && (full || count != 0) {
                    return Err(format!("{id} has {count} sessions of farm {farm}"));
                }
                if count > 0 && !confirmed(farm, &kinds) {
                    return Err(format!("{id} has sessions that farm {farm} did not list"));
                }
            }
            Ok(())
        }
        (
            OperationKind::Resources,
            OperationResult::Resources {
                enumeration,
                farms: listed,
            },
        ) => resources_are_of_the_user(id, *enumeration, listed, &has),
        (OperationKind::Disconnect | OperationKind::LogOff, OperationResult::End(status)) => {
            let kinds = [EffectKind::Disconnected, EffectKind::LoggedOff];
            let all = mapped.len();
            let count = mapped
                .into_iter()
                .filter(|farm| confirmed(*farm, &kinds))
                .count();
            let is_true = match status {
                SessionStatus::Success => count == all,
                SessionStatus::Partial => count > 0 && count < all,
                SessionStatus::Failure => count == 0,
            };
            if is_true {
                Ok(())
            } else {
                Err(format!("{id} is {status:?} with {count} farms"))
            }
        }
        (OperationKind::Launch { farm }, OperationResult::Launch(LaunchResult::Ready)) => {
            if confirmed(farm, &[EffectKind::Addressed]) && confirmed(farm, &[EffectKind::Ticketed])
            {
                Ok(())
            } else {
                Err(format!("{id} is ready without a success of the farm"))
            }
        }
        (OperationKind::Launch { .. }, OperationResult::Launch(LaunchResult::Failed)) => Ok(()),
        // The clock has jumped between issue and check of the token.
        (_, OperationResult::Status(401)) => Ok(()),
        (_, result) => Err(format!("{id} has {result:?}")),
    }
}

/// No resource is of a farm that the user does not have (SS-73). A full list has all primary farms,
/// and no backup farm: those are queried only if a primary one has failed.
fn resources_are_of_the_user(
    id: OperationId,
    enumeration: EnumerationStatus,
    listed: &[usize],
    has: &dyn Fn(fn(Access) -> bool) -> Vec<usize>,
) -> Result<(), String> {
    let primary = has(|access| access == Access::Primary);
    let backup = has(|access| access == Access::Backup);
    let is_foreign = |farm: &&usize| !primary.contains(farm) && !backup.contains(farm);
    if let Some(farm) = listed.iter().find(is_foreign) {
        return Err(format!(
            "{id} has resources of farm {farm}, which is not mapped"
        ));
    }
    if enumeration != EnumerationStatus::Full {
        return Ok(());
    }
    if !has(|access| access == Access::Undecided).is_empty() {
        return Err(format!("{id} is full, although the groups are not known"));
    }
    if let Some(farm) = listed.iter().find(|farm| backup.contains(farm)) {
        return Err(format!("{id} is full with resources of backup farm {farm}"));
    }
    match primary.iter().find(|farm| !listed.contains(farm)) {
        Some(farm) => Err(format!("{id} is full without resources of farm {farm}")),
        None => Ok(()),
    }
}

fn arrived_by(effect: &Effect, time: Instant) -> bool {
    let arrived = effect.response.as_ref().and_then(ReadReceipt::time);
    arrived.is_some_and(|arrived| arrived <= time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farms::history::History;
    use crate::farms::mapped::Mapped;

    const LIST: OperationKind = OperationKind::List {
        active: false,
        applications_only: false,
    };
    const APPLICATIONS: OperationKind = OperationKind::List {
        active: false,
        applications_only: true,
    };

    /// Two farms: one that a list of applications only skips, and one that it includes.
    fn farms() -> Vec<FarmPlan> {
        [Generation::XenDesktop5, Generation::Cvad7]
            .into_iter()
            .enumerate()
            .map(|(number, generation)| FarmPlan {
                number,
                generation,
                legacy_workspace_control: false,
                balanced: false,
                mapped: Mapped::All,
                timeout: 1_000,
                controllers: Vec::new(),
            })
            .collect()
    }

    fn list(enumeration: EnumerationStatus, farms: &[usize]) -> Option<OperationResult> {
        Some(OperationResult::List {
            enumeration,
            farms: farms.to_vec(),
        })
    }

    fn ended(status: SessionStatus) -> Option<OperationResult> {
        Some(OperationResult::End(status))
    }

    /// Returns the violations of one operation that took this many seconds. An effect is a farm, a
    /// kind, and whether the response arrived.
    fn check_operation(
        kind: OperationKind,
        result: Option<OperationResult>,
        seconds: u64,
        effects: &[(usize, EffectKind, bool)],
    ) -> Vec<String> {
        check_on(&farms(), 0, kind, result, seconds, effects)
    }

    /// Like [`check_operation`], of this user on these farms.
    fn check_on(
        farms: &[FarmPlan],
        user: usize,
        kind: OperationKind,
        result: Option<OperationResult>,
        seconds: u64,
        effects: &[(usize, EffectKind, bool)],
    ) -> Vec<String> {
        let history = History::new();
        let id = history.start_operation(user, kind);
        history.with(|entries| {
            for (farm, kind, arrived) in effects {
                entries.effects.push(Effect {
                    farm: *farm,
                    operation: id,
                    kind: *kind,
                    response: arrived.then(ReadReceipt::now),
                });
            }
            let operation = &mut entries.operations[0];
            let completed = Instant::now() + Duration::from_secs(seconds);
            operation.completed = result.map(|result| (completed, result));
            violations_of(farms, entries)
        })
    }

    #[tokio::test]
    async fn run_without_violations_passes() {
        use EffectKind::{Addressed, Disconnected, Listed, LoggedOff, Ticketed};
        use EnumerationStatus::{Failed, Full, Partial};
        let launch = OperationKind::Launch { farm: 1 };
        type Case<'a> = (
            OperationKind,
            Option<OperationResult>,
            &'a [(usize, EffectKind, bool)],
        );
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
                OperationKind::Disconnect,
                ended(SessionStatus::Success),
                &[(0, Disconnected, true), (1, Disconnected, true)],
            ),
            (
                OperationKind::LogOff,
                ended(SessionStatus::Partial),
                &[(0, LoggedOff, true), (1, LoggedOff, false)],
            ),
            (
                OperationKind::LogOff,
                ended(SessionStatus::Failure),
                &[(0, LoggedOff, false)],
            ),
            (
                launch,
                Some(OperationResult::Launch(LaunchResult::Ready)),
                &[(1, Addressed, true), (1, Ticketed, true)],
            ),
        ];
        for (kind, result, effects) in good {
            let violations = check_operation(kind, result.clone(), 0, effects);
            assert!(
                violations.is_empty(),
                "{kind:?} {result:?} {effects:?}: {violations:?}"
            );
        }
    }

    #[tokio::test]
    async fn each_violated_invariant_is_named() {
        use EffectKind::{Addressed, Disconnected, Listed, ListedAndDisconnected, LoggedOff};
        use EnumerationStatus::{Failed, Full, Partial};
        let launch = OperationKind::Launch { farm: 1 };
        type Case<'a> = (
            OperationKind,
            Option<OperationResult>,
            u64,
            &'a [(usize, EffectKind, bool)],
            &'a str,
        );
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
                "has 1 sessions of farm 1",
            ),
            (
                LIST,
                list(Partial, &[0, 0]),
                0,
                &[(0, Listed, false)],
                "has sessions that farm 0 did not list",
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
                OperationKind::Disconnect,
                ended(SessionStatus::Partial),
                0,
                &[(1, LoggedOff, true)],
                "farm 1 LoggedOff for",
            ),
            (
                OperationKind::Disconnect,
                ended(SessionStatus::Partial),
                0,
                &[(1, Disconnected, true), (1, Disconnected, false)],
                "farm 1 Disconnected 2 times",
            ),
            (
                OperationKind::Disconnect,
                ended(SessionStatus::Success),
                0,
                &[(0, Disconnected, true), (1, Disconnected, false)],
                "is Success with 1 farms",
            ),
            (
                OperationKind::Disconnect,
                ended(SessionStatus::Failure),
                0,
                &[(0, Disconnected, true)],
                "is Failure with 1 farms",
            ),
            (
                launch,
                Some(OperationResult::Launch(LaunchResult::Ready)),
                0,
                &[(1, Addressed, true)],
                "ready without a success of the farm",
            ),
            (LIST, list(Failed, &[]), 9, &[], "waited for"),
            (LIST, None, 0, &[], "got no response"),
        ];
        for (kind, result, seconds, effects, expected) in bad {
            let violations = check_operation(kind, result.clone(), seconds, effects);
            let named = violations
                .iter()
                .any(|violation| violation.contains(expected));
            assert!(named, "{kind:?} {result:?} {effects:?}: {violations:?}");
        }
    }
    #[tokio::test]
    async fn resource_or_effect_of_unmapped_farm_is_named() {
        use EnumerationStatus::{Full, Partial};
        let mut farms = farms();
        let resources = |enumeration, farms: &[usize]| {
            let farms = farms.to_vec();
            Some(OperationResult::Resources { enumeration, farms })
        };
        // A member of the group, a user outside it, and a user whose groups are not known.
        let (member, other, unknown) = (0, 1, 2);
        for (mapped, user, enumeration, listed, expected) in [
            (Mapped::Group, member, Full, &[0, 1][..], ""),
            (
                Mapped::Group,
                member,
                Full,
                &[0],
                "full without resources of farm 1",
            ),
            (Mapped::Group, other, Full, &[0], ""),
            (
                Mapped::Group,
                other,
                Full,
                &[0, 1],
                "farm 1, which is not mapped",
            ),
            (Mapped::Group, unknown, Partial, &[0], ""),
            (
                Mapped::Group,
                unknown,
                Partial,
                &[1],
                "farm 1, which is not mapped",
            ),
            (
                Mapped::Group,
                unknown,
                Full,
                &[0],
                "the groups are not known",
            ),
            (
                Mapped::NoUser,
                member,
                Partial,
                &[1],
                "farm 1, which is not mapped",
            ),
            (Mapped::AllAsBackup, other, Full, &[0], ""),
            (Mapped::AllAsBackup, other, Partial, &[1], ""),
            (
                Mapped::AllAsBackup,
                other,
                Full,
                &[0, 1],
                "resources of backup farm 1",
            ),
        ] {
            farms[1].mapped = mapped;
            let result = resources(enumeration, listed);
            let violations = check_on(&farms, user, OperationKind::Resources, result, 0, &[]);
            let text = violations.concat();
            assert_eq!(
                text.is_empty(),
                expected.is_empty(),
                "{mapped:?} {user}: {text}"
            );
            assert!(text.contains(expected), "{mapped:?} {user}: {text}");
        }
        farms[1].mapped = Mapped::Group;
        let effects = [(0, EffectKind::Listed, true), (1, EffectKind::Listed, true)];
        let result = list(Full, &[0, 0, 1, 1]);
        let violations = check_on(&farms, other, LIST, result, 0, &effects).concat();
        assert!(violations.contains("farm 1 Listed for"), "{violations}");
        assert!(
            violations.contains("farm 1, which is left out"),
            "{violations}"
        );
    }
}
