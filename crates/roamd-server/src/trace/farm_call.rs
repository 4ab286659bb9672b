//! Calls of farms that a request has made.

use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_client::ControllerUrl;
use tokio::time::Instant;

use super::context::SpanId;

/// Most calls of one request that are recorded.
const MAX_CALLS: usize = 64;

/// Most calls that the access line of a request shows.
const MAX_SHOWN: usize = 32;

/// Bytes for each of these calls for which there is room from the start.
const SHOWN_BYTES: usize = 64;

/// One attempt at a controller, or a request that was not sent.
#[derive(Debug, Clone)]
pub(super) struct FarmCall {
    pub(super) farm: Arc<String>,
    /// The controller, in a trace that is recorded.
    pub(super) controller: Option<ControllerUrl>,
    /// Name of the request's element.
    pub(super) request: &'static str,
    pub(super) span: SpanId,
    pub(super) started: Instant,
    /// `None` if the call has not ended, or was dropped.
    pub(super) end: Option<CallEnd>,
}

/// End of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallEnd {
    /// Outcome, as metrics name it.
    pub(crate) outcome: &'static str,
    /// Error of the farm, as metrics name it.
    pub(crate) error_id: Option<&'static str>,
    /// Duration.
    pub(crate) took: Duration,
}

/// The calls of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct FarmCalls {
    /// The first [`MAX_CALLS`], in the order of their begin.
    pub(super) calls: Vec<FarmCall>,
    /// Number of further ones.
    left_out: usize,
}

impl FarmCalls {
    /// Adds a call. Returns its number, unless there are too many.
    pub(super) fn add(&mut self, call: FarmCall) -> Option<usize> {
        let number = self.calls.len();
        if number == MAX_CALLS {
            self.left_out += 1;
            return None;
        }
        self.calls.push(call);
        Some(number)
    }

    /// Records the end of a call.
    pub(super) fn end(&mut self, number: usize, end: CallEnd) {
        if let Some(call) = self.calls.get_mut(number) {
            call.end = Some(end);
        }
    }

    /// Ends the calls that were dropped with the request.
    pub(super) fn end_all(&mut self) {
        for call in &mut self.calls {
            call.end.get_or_insert(CallEnd {
                outcome: "dropped",
                error_id: None,
                took: call.started.elapsed(),
            });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// As the access line shows them: farm, request, outcome and microseconds of each.
    pub(super) fn to_text(&self) -> String {
        let shown = self.calls.iter().take(MAX_SHOWN);
        let mut text = String::with_capacity(SHOWN_BYTES * shown.len());
        for call in shown {
            let comma = if text.is_empty() { "" } else { ", " };
            text.extend([comma, &call.farm, " ", call.request]);
            if let Some(end) = call.end {
                text.extend([" ", end.outcome]);
                if let Some(id) = end.error_id {
                    text.extend([" ", id]);
                }
                text.extend([" ", &end.took.as_micros().to_string(), "us"]);
            }
        }
        let more = self.calls.len().saturating_sub(MAX_SHOWN) + self.left_out;
        if more > 0 {
            text.push_str(&format!(", and {more} more"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_calls_of_a_request_are_counted() {
        let mut calls = FarmCalls::default();
        for number in 0..MAX_CALLS + 10 {
            let added = calls.add(FarmCall {
                farm: Arc::new("XA1".to_owned()),
                controller: None,
                request: "RequestAppData",
                span: SpanId::random(),
                started: Instant::now(),
                end: None,
            });
            assert_eq!(added, (number < MAX_CALLS).then_some(number));
        }
        let (outcome, took) = ("refused", Duration::from_millis(2));
        let error_id = Some("not-trusted");
        calls.end(
            0,
            CallEnd {
                outcome,
                error_id,
                took,
            },
        );
        calls.end_all();
        let text = calls.to_text();
        let first = "XA1 RequestAppData refused not-trusted 2000us, XA1 RequestAppData dropped ";
        assert!(text.starts_with(first), "{text}");
        assert!(text.ends_with("us, and 42 more"), "{text}");
        assert!(text.len() < 2048, "{text}");
    }
}
