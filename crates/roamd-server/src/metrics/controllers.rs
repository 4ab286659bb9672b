//! The state of controllers, as it is when somebody asks.

use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use roamd_nfuse_client::{ControllerReport, ControllerState, StaClient};

use crate::farms::NfuseFarm;

/// The controllers of these farms, and the ticket authorities of gateways.
pub(super) struct Controllers {
    farms: Vec<NfuseFarm>,
    authorities: Vec<Arc<StaClient>>,
}

/// What a controller's state is called in the label of that name.
const STATES: [(ControllerState, &str); 4] = [
    (ControllerState::Closed, "closed"),
    (ControllerState::Suspect, "suspect"),
    (ControllerState::Open, "open"),
    (ControllerState::HalfOpen, "half_open"),
];

/// Names a controller, or one of its states.
type Labels = Vec<(&'static str, String)>;

/// A controller of the farm with this id, or an authority of the gateway with it.
struct Seen<'a> {
    farm: &'a str,
    report: ControllerReport<'a>,
}

impl Controllers {
    pub(super) fn new(farms: Vec<NfuseFarm>, authorities: Vec<Arc<StaClient>>) -> Self {
        Self { farms, authorities }
    }

    fn seen(&self) -> impl Iterator<Item = Seen<'_>> {
        let farms = self.farms.iter().flat_map(|farm| {
            let id = farm.id();
            let seen = move |report| Seen { farm: id, report };
            farm.controllers().map(seen)
        });
        let authorities = self.authorities.iter().flat_map(|authorities| {
            let id = authorities.id();
            let seen = move |report| Seen { farm: id, report };
            authorities.authorities().map(seen)
        });
        farms.chain(authorities)
    }
}

impl Collector for Controllers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Once, so that the metrics of one answer fit together.
        let seen: Vec<_> = self.seen().collect();
        gauges(
            &mut encoder,
            "farm_controller_state",
            "1 for the state that the controller is in; open and half_open are passed over.",
            None,
            seen.iter().flat_map(|seen| {
                STATES.iter().map(|(state, word)| {
                    let mut labels = seen.labels();
                    labels.push(("state", (*word).to_owned()));
                    (labels, u64::from(seen.report.state == *state))
                })
            }),
        )?;
        gauges(
            &mut encoder,
            "farm_connections",
            "Open connections to the controller.",
            None,
            seen.iter()
                .map(|seen| (seen.labels(), count(seen.report.connections.open))),
        )?;
        gauges(
            &mut encoder,
            "farm_idle_connections",
            "Those of the open connections that wait to be used again.",
            None,
            seen.iter()
                .map(|seen| (seen.labels(), count(seen.report.connections.idle))),
        )?;
        gauges(
            &mut encoder,
            "farm_certificate_expiry_timestamp",
            "When the certificate that the controller showed last expires, in Unix time.",
            Some(&Unit::Seconds),
            seen.iter().filter_map(|seen| {
                let expiry = seen.report.certificate_expiry?;
                let since = expiry.duration_since(UNIX_EPOCH).ok()?;
                Some((seen.labels(), since.as_secs()))
            }),
        )
    }
}

impl fmt::Debug for Controllers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let farms = self.farms.iter().map(NfuseFarm::id);
        let authorities = self.authorities.iter().map(|them| them.id());
        f.debug_set().entries(farms.chain(authorities)).finish()
    }
}

impl Seen<'_> {
    fn labels(&self) -> Labels {
        vec![
            ("farm", self.farm.to_owned()),
            ("controller", self.report.controller.to_string()),
        ]
    }
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    values: impl Iterator<Item = (Labels, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
    for (labels, value) in values {
        ConstGauge::new(value).encode(family.encode_family(&labels.as_slice())?)?;
    }
    Ok(())
}

fn count(connections: usize) -> u64 {
    u64::try_from(connections).unwrap_or(u64::MAX)
}
