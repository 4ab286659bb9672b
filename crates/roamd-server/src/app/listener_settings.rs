//! Settings of the listener, made from the configuration.

use std::ops::RangeInclusive;
use std::time::Duration;

use roamd_http::ListenerSettings;

use crate::config::{self, Config};

/// Bounds of the time that requests in progress get when the server stops.
pub(super) const DRAIN: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(60);

/// Time of a request besides its farms.
const PROCESSING: Duration = Duration::from_secs(5);

/// Returns the settings of the listener.
pub(super) fn listener_settings(config: &Config) -> ListenerSettings {
    let listener = &config.listener;
    ListenerSettings {
        limits: config::listener_limits(&listener.limits, drain(config)),
        exempt_networks: listener.trusted_proxies.clone(),
        known_networks: listener.metrics_from.clone(),
    }
}

/// Time that requests in progress get when the server stops: that of the slowest farm, within
/// bounds.
fn drain(config: &Config) -> Duration {
    let timeouts = config.stores.iter().flat_map(|store| {
        let farms = store.farms.iter().map(|farm| farm.timeout);
        farms.chain(store.gateways.iter().map(|gateway| gateway.timeout))
    });
    let slowest = timeouts.max().unwrap_or_default();
    (slowest + PROCESSING).clamp(*DRAIN.start(), *DRAIN.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drain_time_follows_slowest_farm_within_bounds() {
        for (timeout_ms, seconds) in [(5_000, 10), (20_000, 25), (600_000, 60)] {
            let text = config::SAMPLE.replace(
                "generation = \"cvad-7\"",
                &format!("generation = \"cvad-7\"\ntimeout_ms = {timeout_ms}"),
            );
            let config = config::parse(&text).unwrap();
            assert_eq!(drain(&config), Duration::from_secs(seconds), "{timeout_ms}");
        }
    }
}
