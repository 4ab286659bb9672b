//! Routes for operators: `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use roamd_http::Response;
use roamd_state::{GroupState, StateError};

use crate::app::state::AppState;
use crate::http::error::{ApiError, RETRY_SECONDS};
use crate::http::request::Request;
use crate::http::response::{Caching, respond, sentence};
use crate::metrics::readiness::{GroupReadiness, Readiness, StoreReadiness};

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";

/// The process is alive.
pub(crate) fn health() -> Response {
    sentence(StatusCode::OK, "alive")
}

/// Whether the server can serve: its shared state responds, and a farm of each store can be
/// queried. Clients in `metrics_from` get a line for each farm, or JSON if `Accept` asks for it;
/// others get the status. A server that cannot reach the others of its group is degraded, and ready
/// as long as it serves.
pub(crate) async fn ready(state: &AppState, request: &Request) -> Result<Response, ApiError> {
    let group = group_readiness(state.shared.group_state());
    // A server with a wrong clock says so, in place of the error of its state.
    if !matches!(group, GroupReadiness::WrongClock { .. }) {
        let shared = Arc::clone(&state.shared);
        let is_alive = || async move { shared.is_alive().await };
        state.shared_check.check(is_alive).await?;
    }
    let readiness = Readiness::of(state.stores.iter().map(|store| {
        StoreReadiness::of(
            store.path.as_str(),
            store.service.farms(),
            store.authorities.iter().map(|it| &**it.client()),
        )
    }));
    let unreachable = readiness.unreachable_stores();
    let (status, summary) = match group {
        GroupReadiness::WrongClock { seconds } => {
            let error = StateError::Clock { seconds };
            (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        }
        _ if !unreachable.is_empty() => {
            let stores = unreachable.join(" and ");
            let summary = format!("no farm of {stores} can be reached");
            (StatusCode::SERVICE_UNAVAILABLE, summary)
        }
        GroupReadiness::Degraded => {
            let summary = "ready, degraded: etcd cannot be reached";
            (StatusCode::OK, summary.to_owned())
        }
        GroupReadiness::Whole => (StatusCode::OK, "ready".to_owned()),
    };
    let shows_farms = request.client_is_in(&state.metrics_from);
    let mut response = match request.accepts(&[TEXT, JSON], TEXT) {
        Ok(JSON) => respond(
            status,
            JSON,
            Caching::None,
            readiness.json(shows_farms, group),
        ),
        _ => {
            let farms = if shows_farms {
                readiness.lines()
            } else {
                String::new()
            };
            let text = format!("{status}: {summary}\n{farms}");
            respond(status, "text/plain; charset=utf-8", Caching::None, text)
        }
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = HeaderValue::from_static(RETRY_SECONDS);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    Ok(response)
}

fn group_readiness(group: Option<GroupState>) -> GroupReadiness {
    let Some(group) = group else {
        return GroupReadiness::Whole;
    };
    match group.wrong_clock {
        Some(offset) => GroupReadiness::WrongClock {
            seconds: offset.as_secs(),
        },
        None if group.is_degraded => GroupReadiness::Degraded,
        None => GroupReadiness::Whole,
    }
}

/// Counters and histograms for Prometheus.
pub(crate) fn metrics(state: &AppState) -> Result<Response, ApiError> {
    let text = state
        .metrics
        .text()
        .map_err(|error| ApiError::Internal(error.into()))?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(respond(StatusCode::OK, media, Caching::None, text))
}
