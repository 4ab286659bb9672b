//! Clients: operations at the servers, several at once and on the same keys.

use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Budget, LoginThrottlePolicy};
use roamd_state::{CounterKind, Digest, EtcdState, FlagKind, Party, SharedState as _, StateError};
use tokio::time::{Instant, sleep, timeout};

use super::history::{Ended, History, OperationKind, OperationResult};
use super::server::Server;

/// The earliest expiry of flags and counters: no run is that long.
pub(super) const UNTIL: Timestamp = Timestamp::constant(1_767_225_600 + 24 * 60 * 60, 0);

/// Numbers of keys that operations use at about the same time.
const KEYS_AT_ONCE: u32 = 3;

/// Time after which operations use other keys.
const KEY_LIFETIME: Duration = Duration::from_secs(4);

/// Makes operations until `end`.
pub(super) async fn operate(servers: Vec<Server>, history: History, mut rng: Rng, end: Instant) {
    let began = Instant::now();
    while Instant::now() < end {
        sleep(Duration::from_millis(rng.u64(0..1_200))).await;
        let turn = began.elapsed().as_secs() / KEY_LIFETIME.as_secs();
        let key = u32::try_from(turn).unwrap_or(0) * KEYS_AT_ONCE + rng.u32(0..KEYS_AT_ONCE);
        // An older one.
        let known = rng.u32(0..=key);
        let kind = match rng.u8(0..16) {
            0..2 => OperationKind::Spend(key),
            2..4 => OperationKind::Invalidate(key),
            4 => OperationKind::Revoke(key),
            5 => OperationKind::End(key),
            6..9 => OperationKind::IsRevoked(known),
            9..11 => OperationKind::IsEnded(known),
            11..14 => OperationKind::Guess(turn_of(key)),
            _ => OperationKind::SignIn(turn_of(key)),
        };
        let patience = match rng.u8(0..12) {
            0 => Duration::from_millis(rng.u64(1..1_000)),
            _ => Duration::from_secs(60),
        };
        let Some((at, state)) = rng.choice(&servers).and_then(Server::state) else {
            continue;
        };
        let id = history.start(at, kind);
        let now = history.time_of_day(Instant::now());
        // A crash drops the state, and so ends its operations.
        let Ok(result) = timeout(patience, perform(&state, kind, now)).await else {
            continue;
        };
        if let Some(ended) = ended(&state, result) {
            history.end(id, ended);
        }
    }
}

/// The users are fewer than the other keys, so that attempts exceed their budgets.
fn turn_of(key: u32) -> u32 {
    key / KEYS_AT_ONCE / 2
}

fn ended(state: &EtcdState, result: OperationResult) -> Option<Ended> {
    let group = state.group_state()?;
    Some(Ended {
        at: Instant::now(),
        result,
        is_degraded: group.is_degraded,
        age: group.age,
    })
}

/// Makes an operation.
async fn perform(state: &EtcdState, kind: OperationKind, now: Timestamp) -> OperationResult {
    let party = Party::SERVER;
    let (flag, counter) = (flag_of(kind), counter_of(kind));
    let result = match (kind, flag, counter) {
        (OperationKind::IsRevoked(_) | OperationKind::IsEnded(_), Some((flag, key)), _) => {
            let is_set = state.is_flag_set(flag, key, now).await;
            is_set.map(OperationResult::IsSet)
        }
        (OperationKind::End(_), Some((flag, key)), _) => {
            let reach = state
                .set_flag_here_at_least(party, flag, key, until_of(kind))
                .await;
            reach.map(OperationResult::Holds)
        }
        (_, Some((flag, key)), _) => {
            let is_new = state.set_flag(party, flag, key, until_of(kind)).await;
            is_new.map(OperationResult::Set)
        }
        (OperationKind::SignIn(_), _, Some((counter, key))) => {
            sign_in(state, (counter, key), (now, until_of(kind))).await
        }
        (_, _, Some((counter, key))) => guess(state, (counter, key), (now, until_of(kind))).await,
        _ => Ok(OperationResult::Throttled),
    };
    result.unwrap_or_else(OperationResult::Failed)
}

/// Counts an attempt if the budget allows one more, as the login throttle does.
async fn guess(
    state: &EtcdState,
    (kind, key): (CounterKind, Digest),
    (now, until): (Timestamp, Timestamp),
) -> Result<OperationResult, StateError> {
    if state.counter(kind, key, now).await?.count >= allowed(state) {
        return Ok(OperationResult::Throttled);
    }
    let number = state
        .increment(Party::SERVER, kind, key, now, until)
        .await?;
    let allowed = allowed(state);
    Ok(OperationResult::Counted { number, allowed })
}

async fn sign_in(
    state: &EtcdState,
    (kind, key): (CounterKind, Digest),
    (now, until): (Timestamp, Timestamp),
) -> Result<OperationResult, StateError> {
    state
        .increment(Party::SERVER, kind, key, now, until)
        .await?;
    state.decrement(Party::SERVER, kind, key, 1).await?;
    Ok(OperationResult::SignedIn)
}

/// Returns the number of attempts that a server allows.
fn allowed(state: &EtcdState) -> u32 {
    let group = state.group_state().filter(|group| group.is_degraded);
    let servers = group.and_then(|group| u32::try_from(group.servers).ok());
    let policy = LoginThrottlePolicy {
        servers: servers.unwrap_or(1),
        ..LoginThrottlePolicy::default()
    };
    policy.free(Budget::UnknownNetworks, 0)
}

/// Returns the expiry that an operation sets. It is another one for each key, because the engine
/// writes lost entries in the order of their expiry.
fn until_of(kind: OperationKind) -> Timestamp {
    let (kind, key) = match kind {
        OperationKind::Spend(key) => (0, key),
        OperationKind::Invalidate(key) => (1, key),
        OperationKind::Revoke(key) | OperationKind::IsRevoked(key) => (2, key),
        OperationKind::End(key) | OperationKind::IsEnded(key) => (3, key),
        OperationKind::Guess(key) => (4, key),
        OperationKind::SignIn(key) => (5, key),
    };
    let after = SignedDuration::from_millis(i64::from(key) * 10 + kind);
    UNTIL.saturating_add(after).unwrap_or(UNTIL)
}

/// Returns the flag that an operation sets or reads.
pub(super) fn flag_of(kind: OperationKind) -> Option<(FlagKind, Digest)> {
    let (kind, key) = match kind {
        OperationKind::Spend(key) => (FlagKind::SpentConversation, key),
        OperationKind::Invalidate(key) => (FlagKind::InvalidatedTicket, key),
        OperationKind::Revoke(key) | OperationKind::IsRevoked(key) => (FlagKind::RevokedToken, key),
        OperationKind::End(key) | OperationKind::IsEnded(key) => (FlagKind::EndedUser, key),
        OperationKind::Guess(_) | OperationKind::SignIn(_) => return None,
    };
    Some((kind, Digest::of(&key.to_be_bytes())))
}

/// Returns the counter that an operation changes.
pub(super) fn counter_of(kind: OperationKind) -> Option<(CounterKind, Digest)> {
    let (kind, key) = match kind {
        OperationKind::Guess(key) => (CounterKind::AttemptsFromUnknownNetworks, key),
        OperationKind::SignIn(key) => (CounterKind::AttemptsFromKnownNetwork, key),
        _ => return None,
    };
    Some((kind, Digest::of(&key.to_be_bytes())))
}
