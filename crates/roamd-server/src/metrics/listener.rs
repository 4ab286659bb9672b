//! Metrics of the listener: refused connections and requests, and the certificate.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use roamd_http::{LimitReached, Observer};

/// Metrics of the listener. Clones share their counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenerMetrics {
    connections: Family<LimitLabels, Counter>,
    requests: Family<LimitLabels, Counter>,
    handshakes: Counter,
    reloads: Family<ReloadLabels, Counter>,
    /// Has no labels. It is a family so that it is absent without a certificate.
    expiry: Family<[(&'static str, &'static str); 0], Gauge>,
}

/// Result of reading certificate files that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CertificateReload {
    /// The new certificate is in use.
    Replaced,
    /// The files cannot be used; the old certificate stays in use.
    Kept,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    outcome: &'static str,
}

impl CertificateReload {
    fn labels(self) -> ReloadLabels {
        let outcome = match self {
            Self::Replaced => "replaced",
            Self::Kept => "kept",
        };
        ReloadLabels { outcome }
    }
}

impl ListenerMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for limit in [LimitReached::ForAll, LimitReached::ForClient] {
            let labels = labels(limit);
            drop(metrics.connections.get_or_create(&labels));
            drop(metrics.requests.get_or_create(&labels));
        }
        // Start at 0, so that an increase includes the first event.
        for outcome in [CertificateReload::Replaced, CertificateReload::Kept] {
            drop(metrics.reloads.get_or_create(&outcome.labels()));
        }
        registry.register(
            "connections_refused",
            "Connections closed because the limit in total or per client was reached",
            metrics.connections.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests refused with 503 because the limit in total or per client was reached",
            metrics.requests.clone(),
        );
        registry.register(
            "tls_handshakes_failed",
            "Connections whose TLS handshake failed",
            metrics.handshakes.clone(),
        );
        registry.register(
            "certificate_reloads",
            "Reloads of the certificate files by their outcome",
            metrics.reloads.clone(),
        );
        registry.register_with_unit(
            "listener_certificate_expiry_timestamp",
            "When the certificate of the listener expires",
            Unit::Seconds,
            metrics.expiry.clone(),
        );
        metrics
    }

    /// Counts a request that exceeded a limit.
    pub(crate) fn record_refused_request(&self, limit: LimitReached) {
        self.requests.get_or_create(&labels(limit)).inc();
    }

    /// Counts a reload of the certificate files.
    pub(crate) fn record_reload(&self, outcome: CertificateReload) {
        self.reloads.get_or_create(&outcome.labels()).inc();
    }

    /// The number of reloads with an outcome.
    #[cfg(test)]
    pub(crate) fn reloads(&self, outcome: CertificateReload) -> u64 {
        self.reloads.get_or_create(&outcome.labels()).get()
    }

    /// Records when the certificate in use expires.
    pub(crate) fn record_expiry(&self, expiry: SystemTime) {
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

fn labels(limit: LimitReached) -> LimitLabels {
    let limit = match limit {
        LimitReached::ForAll => "all",
        LimitReached::ForClient => "client",
    };
    LimitLabels { limit }
}
