//! What is counted of the listener: connections and requests that it refused, and its certificate.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use roamd_http::{LimitReached, Observer};

/// What is counted of the listener. A clone counts the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenerMetrics {
    connections: Family<FullLabels, Counter>,
    requests: Family<FullLabels, Counter>,
    handshakes: Counter,
    rereads: Family<RereadLabels, Counter>,
    /// Without labels; a family, so that without a certificate nothing is told.
    expiry: Family<[(&'static str, &'static str); 0], Gauge>,
}

/// What came of files that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reread {
    /// The certificate in them is used now.
    Replaced,
    /// They cannot be used; the certificate from before is kept.
    Kept,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FullLabels {
    full: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RereadLabels {
    outcome: &'static str,
}

impl ListenerMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for full in [LimitReached::ForAll, LimitReached::ForClient] {
            let labels = labels(full);
            drop(metrics.connections.get_or_create(&labels));
            drop(metrics.requests.get_or_create(&labels));
        }
        registry.register(
            "connections_refused",
            "Connections closed at once, since all places or those of the client were taken",
            metrics.connections.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests answered with 503, since all places or those of the client were taken",
            metrics.requests.clone(),
        );
        registry.register(
            "tls_handshakes_failed",
            "Connections on which TLS did not come about",
            metrics.handshakes.clone(),
        );
        registry.register(
            "certificate_rereads",
            "Changes of the files of the certificate, by what came of them",
            metrics.rereads.clone(),
        );
        registry.register_with_unit(
            "listener_certificate_expiry_timestamp",
            "When the certificate of the listener expires",
            Unit::Seconds,
            metrics.expiry.clone(),
        );
        metrics
    }

    /// Counts a request for which there was no place.
    pub(crate) fn note_refused_request(&self, full: LimitReached) {
        self.requests.get_or_create(&labels(full)).inc();
    }

    /// Counts a change of the files.
    pub(crate) fn note_reread(&self, outcome: Reread) {
        let outcome = match outcome {
            Reread::Replaced => "replaced",
            Reread::Kept => "kept",
        };
        self.rereads.get_or_create(&RereadLabels { outcome }).inc();
    }

    /// Takes note of when the certificate in use expires.
    pub(crate) fn note_expiry(&self, expiry: SystemTime) {
        let since_epoch = expiry.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
        self.expiry.get_or_create(&[]).set(seconds);
    }
}

impl Observer for ListenerMetrics {
    fn refused(&self, why: LimitReached) {
        self.connections.get_or_create(&labels(why)).inc();
    }

    fn handshake_failed(&self) {
        self.handshakes.inc();
    }
}

fn labels(full: LimitReached) -> FullLabels {
    let full = match full {
        LimitReached::ForAll => "all",
        LimitReached::ForClient => "client",
    };
    FullLabels { full }
}
