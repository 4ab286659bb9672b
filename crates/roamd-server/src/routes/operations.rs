//! What operators and browsers look at.

use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
use roamd_http::Answer;
use roamd_state::{Digest, MarkKind};

use crate::answer::{Caching, sentence, whole};
use crate::gateway::Gate;
use crate::page;
use crate::refused::Refused;

/// The process is alive.
pub(crate) fn health() -> Answer {
    sentence(StatusCode::OK, "alive")
}

/// The gateway can serve: what every sign-in needs of its own answers.
pub(crate) async fn ready(gate: &Gate) -> Result<Answer, Refused> {
    gate.state
        .is_marked(MarkKind::SpentConversation, Digest::of(b""), gate.now())
        .await?;
    Ok(sentence(StatusCode::OK, "ready"))
}

/// Counts and times, for Prometheus.
pub(crate) fn metrics(gate: &Gate) -> Result<Answer, Refused> {
    let text = gate
        .metrics
        .text()
        .map_err(|error| Refused::Internal(error.into()))?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(whole(StatusCode::OK, media, Caching::None, text))
}

/// The style sheet of the page.
pub(crate) fn style_sheet() -> Answer {
    whole(
        StatusCode::OK,
        "text/css; charset=utf-8",
        Caching::Hour,
        page::STYLE,
    )
}

/// The page at the root: what this server is, and where its stores are.
pub(crate) fn page(gate: &Gate) -> Result<Answer, Refused> {
    let stores = gate.stores.iter().map(|site| site.url.as_str()).collect();
    let html = page::render(stores).map_err(|error| Refused::Internal(error.into()))?;
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
