//! Which requests belong to a trace, and which traces are recorded.

use std::sync::Arc;

use prometheus_client::registry::Registry;

use super::context::{RemoteParent, SpanId, TraceContext, TraceId};
use super::counts::Counts;
use super::error::TracerError;
use super::exporter::Exporter;
use super::request_spans::RequestSpans;
use crate::config::{SampleRatio, Tracing};

/// Traces of a server. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Tracer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// `None` if requests begin no traces.
    new_traces: Option<NewTraces>,
    sends_to_farms: bool,
    exporter: Option<Exporter>,
    counts: Counts,
}

/// Rule for new traces.
#[derive(Debug, Clone, Copy)]
struct NewTraces {
    /// Part of them that is recorded; `None` for none.
    ratio: Option<SampleRatio>,
}

impl Tracer {
    /// Returns a tracer that begins and records no traces. Requests continue traces all the same.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Starts a tracer. Without a receiver of spans it records none.
    ///
    /// # Errors
    /// If TLS or the thread of the exporter cannot be started.
    pub(crate) fn start(config: &Tracing) -> Result<Self, TracerError> {
        let counts = Counts::default();
        let exporter = config
            .otlp_endpoint
            .as_ref()
            .map(|endpoint| Exporter::start(endpoint, config, counts.clone()))
            .transpose()?;
        let has_traces = exporter.is_some() || config.send_to_farms;
        Ok(Self(Arc::new(Shared {
            new_traces: has_traces.then(|| NewTraces {
                ratio: exporter.is_some().then_some(config.sample_ratio),
            }),
            sends_to_farms: config.send_to_farms,
            exporter,
            counts,
        })))
    }

    /// Registers the numbers of sent and lost spans.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.0.counts.register(registry);
    }

    /// Returns the trace that a request continues, or begins.
    pub(crate) fn context(&self, parent: Option<RemoteParent>) -> Option<TraceContext> {
        let Some(parent) = parent else {
            let NewTraces { ratio } = self.0.new_traces?;
            let trace = TraceId::random();
            return Some(TraceContext {
                trace,
                span: SpanId::random(),
                parent: None,
                is_sampled: ratio.is_some_and(|ratio| ratio.contains(trace.low_bits())),
                state: None,
            });
        };
        Some(TraceContext {
            trace: parent.trace,
            span: SpanId::random(),
            parent: Some(parent.span),
            is_sampled: parent.is_sampled,
            state: parent.state,
        })
    }

    /// Whether controllers get the trace context.
    pub(super) fn sends_to_farms(&self) -> bool {
        self.0.sends_to_farms
    }

    /// Records the spans of a request, if they are sent anywhere.
    pub(super) fn record(&self, spans: impl FnOnce() -> RequestSpans) {
        if let Some(exporter) = &self.0.exporter {
            exporter.record(spans());
        }
    }

    /// Waits until the spans recorded so far have been sent or lost. Returns `false` if that takes
    /// too long.
    pub(crate) async fn flush(&self) -> bool {
        match &self.0.exporter {
            Some(exporter) => exporter.flush().await,
            None => true,
        }
    }
}
