//! Amount of load.

use std::time::Duration;

/// Time of load before a measurement, in which connections are made and caches are filled.
pub const WARM_UP: Duration = Duration::from_secs(2);

/// Amount and duration of load.
#[derive(Clone, Copy)]
pub struct Load {
    /// Duration.
    pub duration: Duration,
    /// Connections that are busy at the same time.
    pub connections: usize,
}

/// Returns the share of one request in a total.
#[must_use]
pub fn per_request(total: Duration, requests: u64) -> Duration {
    total.div_f64(requests.max(1) as f64)
}
