//! What has to be true of the operations of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use roamd_citrixauth::LoginThrottlePolicy;
use roamd_state::{Reach, WhenUnreachable};

use super::client::flag_of;
use super::history::{Ended, Operation, OperationKind, OperationResult};

/// Times of the runtime are whole milliseconds, and ages too.
const TOLERANCE: Duration = Duration::from_millis(3);

/// Facts of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) when_unreachable: WhenUnreachable,
    pub(super) has_faults: bool,
}

/// Returns the violations.
pub(super) fn violations_of(facts: Facts, operations: &[Operation]) -> Vec<String> {
    let mut violations = Vec::new();
    let mut by_kind: BTreeMap<OperationKind, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        by_kind.entry(operation.kind).or_default().push(operation);
    }
    for (kind, operations) in &by_kind {
        let found = match kind {
            OperationKind::Spend(_) | OperationKind::Invalidate(_) => {
                of_first_setters(facts, operations)
            }
            OperationKind::Guess(_) => of_guesses(facts, operations),
            _ => Vec::new(),
        };
        violations.extend(found.into_iter().map(|it| format!("{kind:?}: {it}")));
    }
    violations.extend(operations.iter().filter_map(|it| of_read(it, operations)));
    if !facts.has_faults {
        violations.extend(operations.iter().filter_map(of_faultless));
    }
    violations
}

/// Of several setters of a flag, one is the first, unless etcd has lost it.
fn of_first_setters(facts: Facts, setters: &[&Operation]) -> Vec<String> {
    let mut violations = Vec::new();
    let first: Vec<(&Operation, &Ended)> = setters
        .iter()
        .filter_map(|setter| Some((*setter, setter.ended.as_ref()?)))
        .filter(|(_, ended)| matches!(ended.result, OperationResult::Set(true)))
        .filter(|(setter, _)| !setter.is_behind_a_loss)
        .collect();
    let healthy = first.iter().filter(|(_, ended)| !ended.is_degraded).count();
    if healthy > 1 {
        violations.push(format!(
            "{healthy} setters at healthy servers are the first"
        ));
    }
    let servers: BTreeSet<_> = first.iter().map(|(setter, _)| setter.at).collect();
    if servers.len() < first.len() {
        violations.push("two setters at a server are the first".to_owned());
    }
    let needs_all = setters
        .iter()
        .any(|it| matches!(it.kind, OperationKind::Invalidate(_)));
    let is_strict = needs_all || facts.when_unreachable == WhenUnreachable::Refuse;
    if is_strict && first.len() > 1 {
        violations.push(format!("{} setters are the first", first.len()));
    }
    let all_have_ended = setters.iter().all(|it| it.ended.is_some());
    if !facts.has_faults && all_have_ended && first.len() != 1 {
        violations.push(format!(
            "{} setters are the first, without a fault",
            first.len()
        ));
    }
    violations
}

/// Healthy servers have one budget, and each that is cut off has its part. What etcd has lost may
/// be given again.
fn of_guesses(facts: Facts, guesses: &[&Operation]) -> Vec<String> {
    let budget = LoginThrottlePolicy::default().free_attempts;
    let mut violations = Vec::new();
    let mut numbers = Vec::new();
    let mut together = 0;
    let mut alone: BTreeMap<_, (u32, u32)> = BTreeMap::new();
    for guess in guesses {
        let Some(ended) = &guess.ended else { continue };
        let OperationResult::Counted { number, allowed } = ended.result else {
            continue;
        };
        if guess.is_behind_a_loss {
            continue;
        }
        let is_admitted = number <= allowed;
        if ended.is_degraded {
            let (admitted, most) = alone.entry(guess.at).or_default();
            *admitted += u32::from(is_admitted);
            *most = allowed.max(*most);
        } else {
            together += u32::from(is_admitted);
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    // A number may be too high.
    if (1..).zip(&numbers).any(|(least, number)| *number < least) {
        violations.push(format!("numbers of attempts are too low: {numbers:?}"));
    }
    if together > budget {
        violations.push(format!(
            "{together} attempts at healthy servers are admitted"
        ));
    }
    for (at, (admitted, most)) in alone {
        if admitted > most {
            violations.push(format!("{admitted} attempts are admitted at {at} alone"));
        }
    }
    let has_left = guesses.iter().any(|it| it.ended.is_none());
    let all = u32::try_from(guesses.len()).unwrap_or(u32::MAX);
    if !facts.has_faults && !has_left && together != budget.min(all) {
        violations.push(format!(
            "{together} of {all} attempts are admitted, without a fault"
        ));
    }
    violations
}

/// A server knows every revocation that was acknowledged before the age of what it knows.
fn of_read(read: &Operation, all: &[Operation]) -> Option<String> {
    let ended = read.ended.as_ref()?;
    let OperationResult::IsSet(false) = ended.result else {
        return None;
    };
    let is_missed = |set: &&Operation| {
        let Some(acknowledged) = &set.ended else {
            return false;
        };
        if flag_of(set.kind) != flag_of(read.kind) {
            return false;
        }
        let is_known = match acknowledged.result {
            OperationResult::Set(_) | OperationResult::Holds(Reach::AllServers) => {
                acknowledged.at + ended.age + TOLERANCE < ended.at
            }
            OperationResult::Holds(Reach::ThisServer) => false,
            _ => return false,
        };
        is_known || (set.at == read.at && acknowledged.at < read.started)
    };
    let missed = all.iter().find(is_missed)?;
    let Operation { at, kind, .. } = read;
    Some(format!(
        "{kind:?}: {at} does not know {:?} of {}, which is older than what it knows",
        missed.kind, missed.at
    ))
}

/// Without a fault no operation fails.
fn of_faultless(operation: &Operation) -> Option<String> {
    let Operation {
        at, kind, ended, ..
    } = operation;
    let ended = ended.as_ref()?;
    if let OperationResult::Failed(error) = &ended.result {
        return Some(format!("{kind:?} at {at} fails without a fault: {error}"));
    }
    ended
        .is_degraded
        .then(|| format!("{at} is degraded without a fault"))
}
