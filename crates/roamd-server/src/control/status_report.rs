//! Collects the status of the server.

use std::process;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{SignedDuration, Timestamp};
use roamd_nfuse_client::{ControllerFailure, ControllerReport, ControllerState};
use roamd_seal::{KeyInfo, KeyRole};

use super::context::{Context, ServerFacts};
use super::status::{
    AuditStatus, CertificateStatus, ControllerStatus, ControllerUse, FailureStatus, FarmStatus,
    GroupStatus, HeldBackStatus, KeyRingStatus, KeyStatus, RequestStatus, StateStatus, Status,
    StoreStatus, ThrottleStatus,
};
use crate::app::state::{AppState, HostedStore};
use crate::farms::NfuseFarm;

/// Returns the status of the server.
pub(super) async fn report(context: &Context) -> Status {
    let (state, facts) = (context.state(), &context.facts);
    let now = state.now();
    let tls = facts.tls.as_ref();
    let stores = state.stores.iter().map(|it| store(it, now)).collect();
    let token_lifetime_max_seconds = facts.key_policy.borrow().token_lifetime_max.as_secs();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: process::id(),
        started: facts.started,
        uptime_seconds: facts.start.elapsed().as_secs(),
        listen: facts.listen,
        data_dir: facts.data_dir.clone(),
        base_urls: state.base_urls.clone(),
        certificate: tls.and_then(|tls| certificate(tls.expiry(), now)),
        stores,
        requests: requests(&state),
        throttle: throttle(context).await,
        token_lifetime_max_seconds,
        keys: keys(facts, now),
        state: shared_state(&state).await,
        audit: audit(&state, facts),
    }
}

fn store(store: &HostedStore, now: Timestamp) -> StoreStatus {
    let authorities = store.authorities.iter();
    let authorities = authorities.flat_map(|authorities| authorities.client().authorities());
    StoreStatus {
        path: store.path.to_string(),
        url: store.urls.canonical().root.clone(),
        farms: store
            .service
            .farms()
            .iter()
            .map(|it| farm(it, now))
            .collect(),
        ticket_authorities: authorities.map(|it| controller(it, now)).collect(),
    }
}

fn farm(farm: &NfuseFarm, now: Timestamp) -> FarmStatus {
    let operations = farm.operations();
    FarmStatus {
        id: farm.id().to_owned(),
        operations: operations.in_use,
        waiting: operations.waiting,
        concurrency: farm.concurrency(),
        controllers: farm.controllers().map(|it| controller(it, now)).collect(),
    }
}

fn controller(report: ControllerReport<'_>, now: Timestamp) -> ControllerStatus {
    let expiry = report.certificate_expiry;
    ControllerStatus {
        url: report.controller.to_string(),
        state: match report.state {
            ControllerState::Open | ControllerState::HalfOpen => ControllerUse::Bypassed,
            ControllerState::Closed | ControllerState::Suspect if report.is_starting => {
                ControllerUse::Starting
            }
            ControllerState::Closed | ControllerState::Suspect => ControllerUse::InUse,
        },
        connections: report.connections.open,
        authority_id: report.authority_id,
        certificate: expiry.and_then(|expiry| certificate(expiry, now)),
        last_failure: report.last_failure.map(|failed| failure(failed, now)),
    }
}

fn failure(failure: ControllerFailure, now: Timestamp) -> FailureStatus {
    let ago = SignedDuration::try_from(failure.time.elapsed()).unwrap_or_default();
    FailureStatus {
        time: now.checked_sub(ago).unwrap_or(now),
        reason: failure.reason,
    }
}

/// Returns `None` for an expiry that no date can express.
fn certificate(expiry: SystemTime, now: Timestamp) -> Option<CertificateStatus> {
    const DAY: i64 = 24 * 60 * 60;
    let seconds = expiry.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let expires = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(CertificateStatus {
        expires,
        days_left: expires.duration_since(now).as_secs().div_euclid(DAY),
    })
}

fn requests(state: &AppState) -> RequestStatus {
    let requests = state.request_limiter.in_progress();
    RequestStatus {
        with_token: requests.with_token,
        without_token: requests.without_token,
        limit: requests.limit,
        limit_of_each: requests.limit_of_each,
    }
}

async fn throttle(context: &Context) -> ThrottleStatus {
    let state = context.state();
    let throttle = &state.login_throttle;
    let held_back = context.held_back().await.ok();
    let checks = throttle.checks();
    ThrottleStatus {
        held_back: held_back.map(HeldBackStatus::from),
        checks: checks.in_use,
        waiting: checks.waiting,
    }
}

fn keys(facts: &ServerFacts, now: Timestamp) -> KeyRingStatus {
    let keys = facts.keys.info();
    let newest = keys.first().map(created);
    let age = facts
        .key_policy
        .borrow()
        .rotate_after
        .map(SignedDuration::try_from);
    let age = age.and_then(Result::ok);
    KeyRingStatus {
        next_rotation: newest
            .zip(age)
            .and_then(|(newest, age)| newest.checked_add(age).ok()),
        keys: keys
            .iter()
            .map(|key| KeyStatus {
                id: key.id.0,
                created: created(key),
                // Another machine with a fast clock may have created the key.
                age_seconds: u64::try_from(now.duration_since(created(key)).as_secs())
                    .unwrap_or_default(),
                seals: key.role == KeyRole::Seals,
            })
            .collect(),
    }
}

fn created(key: &KeyInfo) -> Timestamp {
    Timestamp::from_second(key.created).unwrap_or_default()
}

async fn shared_state(state: &AppState) -> StateStatus {
    let shared = Arc::clone(&state.shared);
    let is_alive = || async move { shared.is_alive().await };
    let error = state.shared_check.check(is_alive).await.err();
    StateStatus {
        error: error.map(|error| error.to_string()),
        refused_writes: state.shared.refused_writes(),
        group: state.shared.group_state().map(|group| GroupStatus {
            servers: group.servers,
            is_degraded: group.is_degraded,
        }),
    }
}

fn audit(state: &AppState, facts: &ServerFacts) -> Option<AuditStatus> {
    let usage = state.audit.usage()?;
    let lost = usage.lost.into_iter();
    Some(AuditStatus {
        file: facts.audit_file.clone()?,
        written: usage.written,
        waiting: usage.waiting,
        most_waiting: usage.most_waiting,
        lost: lost
            .map(|(loss, lines)| (loss.as_str().to_owned(), lines))
            .collect(),
    })
}
