//! The thread that sends spans.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use roamd_nfuse_client::{ControllerUrl, with_causes};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

use super::collector::{Collector, CollectorError};
use super::counts::{Counts, Loss};
use super::error::TracerError;
use super::otlp;
use super::request_spans::RequestSpans;
use crate::config::Tracing;

/// Time between two messages to the collector. With the limit on the spans that wait, it bounds the
/// spans that the collector gets in a second.
const INTERVAL: Duration = Duration::from_secs(1);

/// Time for the collector to accept a message.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum time of a flush.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Handle of the thread, which ends when the handle is dropped.
#[derive(Debug)]
pub(super) struct Exporter {
    jobs: UnboundedSender<Job>,
    /// Room for spans that wait or are being sent, which bounds the queue.
    room: Arc<Semaphore>,
    counts: Counts,
}

#[derive(Debug)]
enum Job {
    Spans(Box<RequestSpans>, OwnedSemaphorePermit),
    /// Sends all that was recorded before, and responds.
    Flush(oneshot::Sender<()>),
}

/// Jobs that are done together.
#[derive(Debug, Default)]
struct Batch {
    requests: Vec<RequestSpans>,
    spans: u64,
    /// Given back when the spans were sent or lost.
    room: Vec<OwnedSemaphorePermit>,
    flush: Option<oneshot::Sender<()>>,
}

impl Exporter {
    /// Starts the thread.
    ///
    /// # Errors
    /// If TLS cannot be set up, or the system starts no thread.
    pub(super) fn start(
        endpoint: &ControllerUrl,
        config: &Tracing,
        counts: Counts,
    ) -> Result<Self, TracerError> {
        let collector = Collector::new(endpoint)?;
        let (sender, jobs) = unbounded_channel();
        let room = usize::try_from(config.max_spans_per_second).map_err(io::Error::other)?;
        let exporter = Self {
            jobs: sender,
            room: Arc::new(Semaphore::new(room)),
            counts: counts.clone(),
        };
        let service = config.service_name.clone();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::Builder::new()
            .name("trace-exporter".to_owned())
            .spawn(move || runtime.block_on(export(jobs, collector, service, counts)))?;
        Ok(exporter)
    }

    /// Queues the spans of a request. Without room for all of them, all are lost.
    pub(super) fn record(&self, request: RequestSpans) {
        let count = request.count();
        match Arc::clone(&self.room).try_acquire_many_owned(count) {
            // The thread ends only after this handle.
            Ok(room) => drop(self.jobs.send(Job::Spans(Box::new(request), room))),
            Err(_) => self.counts.add_lost(Loss::Queue, count.into()),
        }
    }

    /// Waits until the spans recorded so far have been sent or lost. Returns `false` if that takes
    /// longer than [`FLUSH_TIMEOUT`].
    pub(super) async fn flush(&self) -> bool {
        let (done, wait) = oneshot::channel();
        if self.jobs.send(Job::Flush(done)).is_err() {
            return true;
        }
        timeout(FLUSH_TIMEOUT, wait).await.is_ok()
    }
}

/// Sends spans until the handle of the thread is dropped.
async fn export(
    mut jobs: UnboundedReceiver<Job>,
    collector: Collector,
    service: String,
    counts: Counts,
) {
    let mut is_failing = false;
    while let Some(first) = jobs.recv().await {
        let due = Instant::now() + INTERVAL;
        let mut batch = Batch::default();
        batch.add(first);
        while batch.flush.is_none()
            && let Ok(Some(job)) = timeout_at(due, jobs.recv()).await
        {
            batch.add(job);
        }
        if !batch.requests.is_empty() {
            let result = send(&collector, &service, &batch, &counts).await;
            announce(&mut is_failing, &collector, result);
        }
        drop(batch.room);
        if let Some(flush) = batch.flush {
            // An error means that nothing waits for it any more.
            let _: Result<(), ()> = flush.send(());
        }
    }
}

/// Sends a batch, and counts its spans.
async fn send(
    collector: &Collector,
    service: &str,
    batch: &Batch,
    counts: &Counts,
) -> Result<(), CollectorError> {
    let message = otlp::message(service, &batch.requests)?;
    let sent = timeout(EXPORT_TIMEOUT, collector.post(message)).await;
    match sent.unwrap_or(Err(CollectorError::TimedOut)) {
        Ok(rejected) => {
            let rejected = rejected.min(batch.spans);
            counts.add_sent(batch.spans - rejected);
            counts.add_lost(Loss::Collector, rejected);
            Ok(())
        }
        Err(error) => {
            counts.add_lost(Loss::Collector, batch.spans);
            Err(error)
        }
    }
}

/// Logs the begin and the end of a failure.
fn announce(is_failing: &mut bool, collector: &Collector, result: Result<(), CollectorError>) {
    let endpoint = collector.endpoint();
    match (result, *is_failing) {
        (Err(error), false) => {
            let error = with_causes(&error);
            warn!(%endpoint, error, "Collector of traces failed; spans are lost");
            *is_failing = true;
        }
        (Ok(()), true) => {
            info!(%endpoint, "Collector of traces works again");
            *is_failing = false;
        }
        (Err(_), true) | (Ok(()), false) => {}
    }
}

impl Batch {
    fn add(&mut self, job: Job) {
        match job {
            Job::Spans(request, room) => {
                self.spans += u64::from(request.count());
                self.requests.push(*request);
                self.room.push(room);
            }
            Job::Flush(done) => self.flush = Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use jiff::Timestamp;
    use roamd_testkit::{Script, ScriptedController, closed_url};

    use super::*;
    use crate::http::request_id::RequestId;
    use crate::trace::context::{SpanId, TraceContext, TraceId};
    use crate::trace::farm_call::{CallEnd, FarmCall};

    /// Number of spans that may wait.
    const LIMIT: u32 = 100;

    fn exporter(endpoint: &str) -> Exporter {
        let config = Tracing {
            max_spans_per_second: LIMIT,
            ..Tracing::default()
        };
        let endpoint = ControllerUrl::parse(endpoint).unwrap();
        Exporter::start(&endpoint, &config, Counts::default()).unwrap()
    }

    /// A request that has made this number of farm calls.
    fn request(calls: usize) -> RequestSpans {
        let call = FarmCall {
            farm: Arc::new("XA1".to_owned()),
            controller: None,
            request: "RequestAppData",
            span: SpanId::random(),
            started: Instant::now(),
            end: Some(CallEnd {
                outcome: "responded",
                error_id: None,
                took: Duration::from_millis(1),
            }),
        };
        RequestSpans {
            context: TraceContext {
                trace: TraceId::random(),
                span: SpanId::random(),
                parent: None,
                is_sampled: true,
                state: None,
            },
            request: RequestId::random(),
            method: Method::POST,
            route: "available",
            status: Some(200),
            client: [192, 0, 2, 1].into(),
            user: None,
            started: Instant::now(),
            took: Duration::from_millis(2),
            ended: Timestamp::UNIX_EPOCH,
            calls: vec![call; calls],
        }
    }

    fn counts(exporter: &Exporter) -> [u64; 3] {
        let Exporter { counts, .. } = exporter;
        let lost = |loss| counts.lost(loss);
        [counts.sent(), lost(Loss::Queue), lost(Loss::Collector)]
    }

    #[tokio::test]
    async fn spans_that_the_collector_accepts_are_counted_as_sent() {
        let script = |body: &str| Script::body(body);
        for (script, expected) in [
            (script("{}"), [6, 0, 0]),
            (script(""), [6, 0, 0]),
            (script(r#"{"partialSuccess":{}}"#), [6, 0, 0]),
            (
                script(r#"{"partialSuccess":{"rejectedSpans":"2"}}"#),
                [4, 0, 2],
            ),
            (
                script(r#"{"partialSuccess":{"rejectedSpans":1}}"#),
                [5, 0, 1],
            ),
            (
                script(r#"{"partialSuccess":{"rejectedSpans":"99"}}"#),
                [0, 0, 6],
            ),
            (
                Script::bytes("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"),
                [0, 0, 6],
            ),
            (Script::close(), [0, 0, 6]),
        ] {
            let what = format!("{script:?}");
            let collector = ScriptedController::in_order([script]).await;
            let exporter = exporter(&collector.url());
            exporter.record(request(1));
            exporter.record(request(3));
            assert!(exporter.flush().await, "{what}");
            assert_eq!(counts(&exporter), expected, "{what}");
            assert_eq!(collector.total_requests(), 1, "{what}");
        }
    }

    #[tokio::test]
    async fn collector_that_is_away_costs_its_spans_only() {
        let exporter = exporter(&closed_url());
        for rounds in 1..=3 {
            exporter.record(request(0));
            assert!(exporter.flush().await);
            assert_eq!(counts(&exporter), [0, 0, rounds]);
        }
    }

    /// A collector that hangs takes neither memory nor time of requests.
    #[tokio::test]
    async fn flood_against_hanging_collector_loses_spans_beyond_the_limit() {
        let collector = ScriptedController::in_order([Script::silence()]).await;
        let exporter = exporter(&collector.url());
        let begin = Instant::now();
        for _ in 0..10 * LIMIT / 4 {
            exporter.record(request(3));
        }
        assert_eq!(counts(&exporter), [0, u64::from(9 * LIMIT), 0]);
        assert!(!exporter.flush().await);
        let waited = begin.elapsed();
        assert!(
            waited < FLUSH_TIMEOUT + Duration::from_secs(1),
            "{waited:?}"
        );
    }

    #[tokio::test]
    async fn request_without_room_for_all_its_spans_loses_all_of_them() {
        let collector = ScriptedController::in_order([Script::body("{}")]).await;
        let exporter = exporter(&collector.url());
        exporter.record(request(59));
        exporter.record(request(49));
        exporter.record(request(39));
        assert!(exporter.flush().await);
        assert_eq!(counts(&exporter), [100, 50, 0]);
        assert_eq!(exporter.room.available_permits(), 100);
    }
}
