//! What operators and browsers look at.

use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, RETRY_AFTER, X_FRAME_OPTIONS};
use roamd_http::Response;

use crate::app::state::AppState;
use crate::http::error::{ApiError, RETRY_SECONDS};
use crate::http::request::Request;
use crate::http::response::{Caching, sentence, whole};
use crate::metrics::readiness::Readiness;
use crate::routes::page;

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";

/// The process is alive.
pub(crate) fn health() -> Response {
    sentence(StatusCode::OK, "alive")
}

/// Whether the gateway can serve: what every sign-in needs of its own answers, and so may a farm. A
/// line for each farm, or JSON for those who would rather have it.
pub(crate) async fn ready(gate: &AppState, request: &Request) -> Result<Response, ApiError> {
    gate.state.is_alive().await?;
    let readiness = Readiness::of(gate.stores.iter().flat_map(|site| site.store.farms()));
    let (status, summary) = if readiness.is_ready() {
        (StatusCode::OK, "ready")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "no controller of any farm answers",
        )
    };
    let mut answer = match request.accepts(&[TEXT, JSON], TEXT) {
        Ok(JSON) => whole(status, JSON, Caching::None, readiness.json()),
        _ => {
            let text = format!("{status}: {summary}\n{}", readiness.lines());
            whole(status, "text/plain; charset=utf-8", Caching::None, text)
        }
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = HeaderValue::from_static(RETRY_SECONDS);
        answer.headers_mut().insert(RETRY_AFTER, seconds);
    }
    Ok(answer)
}

/// Counts and times, for Prometheus.
pub(crate) fn metrics(gate: &AppState) -> Result<Response, ApiError> {
    let text = gate
        .metrics
        .text()
        .map_err(|error| ApiError::Internal(error.into()))?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(whole(StatusCode::OK, media, Caching::None, text))
}

/// The style sheet of the pages.
pub(crate) fn style_sheet() -> Response {
    whole(
        StatusCode::OK,
        "text/css; charset=utf-8",
        Caching::Hour,
        page::STYLE,
    )
}

/// The page at the root: what this server is, and where its stores are.
pub(crate) fn page(gate: &AppState) -> Result<Response, ApiError> {
    let stores = gate.stores.iter().map(|site| site.url.as_str()).collect();
    rendered(page::root(stores))
}

/// The index of the schemas (SS-65).
pub(crate) fn schemas() -> Result<Response, ApiError> {
    rendered(page::schemas())
}

fn rendered(page: askama::Result<String>) -> Result<Response, ApiError> {
    let html = page.map_err(|error| ApiError::Internal(error.into()))?;
    let mut answer = whole(
        StatusCode::OK,
        "text/html; charset=utf-8",
        Caching::None,
        html,
    );
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(page::POLICY),
    );
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    Ok(answer)
}
