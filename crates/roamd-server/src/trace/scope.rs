//! The scope of a request: its ids, its user and its farm calls, known to all code that works for
//! it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use roamd_nfuse_client::{AttemptTrace, ControllerUrl};
use roamd_sessions::UserKey;
use tokio::time::Instant;
use tracing::info;

use super::context::{SpanId, TraceContext, TraceId};
use super::farm_call::{CallEnd, FarmCall, FarmCalls};
use super::request_spans::RequestSpans;
use super::tracer::Tracer;
use crate::http::request_id::RequestId;

tokio::task_local! {
    static CURRENT: RequestScope;
}

/// Scope of one request. Clones are the same scope.
///
/// The ids of log lines, the farm calls of the access line and the context of traces all need a
/// value that the rules of the domain do not pass on. It is this one, and not a span of `tracing`,
/// whose registry would take two allocations and several locks for each request.
#[derive(Debug, Clone)]
pub(crate) struct RequestScope(Arc<Record>);

/// What is known of a request at its begin.
#[derive(Debug)]
pub(crate) struct RequestStart {
    pub(crate) id: RequestId,
    pub(crate) method: Method,
    /// Name of the route, or `none`.
    pub(crate) route: &'static str,
    /// Address of the client.
    pub(crate) client: IpAddr,
    /// `None` if the request belongs to no trace.
    pub(crate) trace: Option<RequestTrace>,
    pub(crate) started: Instant,
}

/// Trace of a request.
#[derive(Debug)]
pub(crate) struct RequestTrace {
    pub(crate) context: TraceContext,
    /// What records the trace.
    pub(crate) tracer: Tracer,
}

#[derive(Debug)]
struct Record {
    start: RequestStart,
    user: OnceLock<UserKey>,
    calls: Mutex<FarmCalls>,
    has_ended: AtomicBool,
}

/// Ids of the request that the current task or thread works for. Log lines show them.
#[derive(Debug, Clone, Copy)]
pub struct RequestIds {
    /// Id of the request, which its response has as `x-request-id`.
    pub request: RequestId,
    /// Id of its trace, if it has one.
    pub trace: Option<TraceId>,
}

impl RequestIds {
    /// Returns the ids, or `None` if no request is the cause of the current work.
    #[must_use]
    pub fn current() -> Option<Self> {
        RequestScope::with_current(|scope| {
            let RequestStart { id, trace, .. } = &scope.0.start;
            Self {
                request: *id,
                trace: trace.as_ref().map(|trace| trace.context.trace()),
            }
        })
    }
}

impl RequestScope {
    /// Makes the scope of a request.
    pub(crate) fn new(start: RequestStart) -> Self {
        Self(Arc::new(Record {
            start,
            user: OnceLock::new(),
            calls: Mutex::default(),
            has_ended: AtomicBool::new(false),
        }))
    }

    /// Runs work of the request on this task.
    pub(crate) fn run<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self.clone(), work)
    }

    /// Returns work for another task, in the scope of the current request, if there is one.
    pub(crate) fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
        let scope = Self::with_current(Clone::clone);
        async move {
            match scope {
                Some(scope) => scope.run(work).await,
                None => work.await,
            }
        }
    }

    /// Returns work for another thread, in the scope of the current request, if there is one.
    pub(crate) fn carry_call<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
        let scope = Self::with_current(Clone::clone);
        move || match scope {
            Some(scope) => CURRENT.sync_scope(scope, work),
            None => work(),
        }
    }

    /// Records the user of the current request.
    pub(crate) fn note_user(user: &UserKey) {
        Self::with_current(|scope| drop(scope.0.user.set(user.clone())));
    }

    /// Records the begin of a call of the current request.
    pub(crate) fn begin_call(
        farm: &Arc<String>,
        controller: &ControllerUrl,
        request: &'static str,
        started: Instant,
    ) -> AttemptTrace {
        let begin = |scope: &Self| scope.0.begin_call(farm, controller, request, started);
        Self::with_current(begin).unwrap_or_default()
    }

    /// Records the end of a call of the current request, by its number.
    pub(crate) fn end_call(number: usize, end: CallEnd) {
        Self::with_current(|scope| scope.0.calls().end(number, end));
    }

    /// Records that a call of the current request was not sent to its farm.
    pub(crate) fn note_unsent(farm: &Arc<String>, request: &'static str, outcome: &'static str) {
        Self::with_current(|scope| {
            let call = FarmCall {
                farm: Arc::clone(farm),
                controller: None,
                request,
                span: SpanId::random(),
                started: Instant::now(),
                end: Some(CallEnd {
                    outcome,
                    error_id: None,
                    took: Duration::ZERO,
                }),
            };
            scope.0.calls().add(call);
        });
    }

    /// Ends the request with its response: writes its access line, and records its spans.
    pub(crate) fn end(&self, status: u16, took: Duration) {
        self.0.has_ended.store(true, Ordering::Relaxed);
        self.0.report(Some(status), took);
    }

    fn with_current<T>(read: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.try_with(read).ok()
    }
}

impl Record {
    fn begin_call(
        &self,
        farm: &Arc<String>,
        controller: &ControllerUrl,
        request: &'static str,
        started: Instant,
    ) -> AttemptTrace {
        let span = SpanId::random();
        let trace = self.start.trace.as_ref();
        let is_sampled = trace.is_some_and(|trace| trace.context.is_sampled);
        let call = FarmCall {
            farm: Arc::clone(farm),
            controller: is_sampled.then(|| controller.clone()),
            request,
            span,
            started,
            end: None,
        };
        let sent_trace = trace.filter(|trace| trace.tracer.sends_to_farms());
        AttemptTrace {
            number: self.calls().add(call),
            headers: sent_trace.and_then(|trace| trace.context.headers(span)),
        }
    }

    /// Writes the access line, and records the spans of a sampled trace.
    fn report(&self, status: Option<u16>, took: Duration) {
        let RequestStart {
            id,
            method,
            route,
            client,
            trace,
            started,
        } = &self.start;
        let mut calls = std::mem::take(&mut *self.calls());
        calls.end_all();
        // Texts, because each part of a displayed value passes through all writers of the line.
        let farms = (!calls.is_empty()).then(|| calls.to_text());
        let user = self.user.get();
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        info!(
            request = id.as_str(),
            trace = trace.as_ref().map(|trace| display(trace.context.trace())),
            client = address(*client),
            user = user.map(UserKey::as_str),
            method = method.as_str(),
            route,
            status,
            took_us,
            farms,
            "{}",
            match status {
                Some(_) => "Request served",
                None => "Request ended without a response",
            }
        );
        let sampled = trace.as_ref().filter(|trace| trace.context.is_sampled);
        if let Some(RequestTrace { context, tracer }) = sampled {
            tracer.record(|| RequestSpans {
                context: context.clone(),
                request: *id,
                method: method.clone(),
                route,
                status,
                client: *client,
                user: user.cloned(),
                started: *started,
                took,
                ended: Timestamp::now(),
                calls: calls.calls,
            });
        }
    }

    /// Locks the calls. No panic can leave them half changed.
    fn calls(&self) -> MutexGuard<'_, FarmCalls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the text of an address. For an IPv4 address the formatter would take a quarter of the
/// instructions of a short access line.
fn address(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else {
        return address.to_string();
    };
    let mut text = String::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        if !text.is_empty() {
            text.push('.');
        }
        for (unit, is_needed) in [(100, octet >= 100), (10, octet >= 10), (1, true)] {
            if is_needed {
                text.push(char::from(b'0' + octet / unit % 10));
            }
        }
    }
    text
}

/// A client may disconnect before its response. Then the request ends with the last work for it.
impl Drop for Record {
    fn drop(&mut self) {
        if !*self.has_ended.get_mut() {
            self.report(None, self.start.started.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn text_of_an_address_is_the_usual_one() {
        for octet in 0..=255 {
            let address_v4 = IpAddr::from([octet, 0, 255 - octet, octet / 2]);
            assert_eq!(address(address_v4), address_v4.to_string());
        }
        for usual in [
            IpAddr::from(Ipv4Addr::BROADCAST),
            IpAddr::from(Ipv6Addr::LOCALHOST),
        ] {
            assert_eq!(address(usual), usual.to_string());
        }
    }
}
