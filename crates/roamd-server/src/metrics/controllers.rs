//! The state of controllers at the time of a scrape.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use roamd_nfuse_client::{ControllerReport, ControllerState, StaClient};

use crate::farms::NfuseFarm;

/// Collects the state of the controllers of farms, and of ticket authorities. A clone has the same
/// ones.
#[derive(Clone, Default)]
pub(super) struct Controllers(Arc<Mutex<Watched>>);

/// The farms and the ticket authorities in use.
#[derive(Clone, Default)]
struct Watched {
    farms: Vec<NfuseFarm>,
    authorities: Vec<Arc<StaClient>>,
}

/// Values of the label `state`.
const STATES: [(ControllerState, &str); 4] = [
    (ControllerState::Closed, "closed"),
    (ControllerState::Suspect, "suspect"),
    (ControllerState::Open, "open"),
    (ControllerState::HalfOpen, "half_open"),
];

/// Labels of a controller, or of one of its states.
type Labels = Vec<(&'static str, String)>;

/// A controller of the farm with this id, or a ticket authority of the Citrix Gateway with this id.
struct Observed<'a> {
    farm: &'a str,
    report: ControllerReport<'a>,
}

impl Controllers {
    /// Replaces the farms and the ticket authorities.
    pub(super) fn replace(&self, farms: Vec<NfuseFarm>, authorities: Vec<Arc<StaClient>>) {
        *self.watched() = Watched { farms, authorities };
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn observed(&self) -> impl Iterator<Item = Observed<'_>> {
        let farms = self.farms.iter().flat_map(|farm| {
            let id = farm.id();
            let observed = move |report| Observed { farm: id, report };
            farm.controllers().map(observed)
        });
        let authorities = self.authorities.iter().flat_map(|authorities| {
            let id = authorities.id();
            let observed = move |report| Observed { farm: id, report };
            authorities.authorities().map(observed)
        });
        farms.chain(authorities)
    }
}

impl Collector for Controllers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Once, so that the metrics of one scrape are consistent.
        let watched = self.watched().clone();
        let observed: Vec<_> = watched.observed().collect();
        gauges(
            &mut encoder,
            "farm_controller_state",
            "1 for the state that the controller is in; open and half_open controllers are not used.",
            None,
            observed.iter().flat_map(|it| {
                STATES.iter().map(|(state, word)| {
                    let mut labels = it.labels();
                    labels.push(("state", (*word).to_owned()));
                    (labels, u64::from(it.report.state == *state))
                })
            }),
        )?;
        gauges(
            &mut encoder,
            "farm_connections",
            "Open connections to the controller.",
            None,
            observed
                .iter()
                .map(|it| (it.labels(), count(it.report.connections.open))),
        )?;
        gauges(
            &mut encoder,
            "farm_idle_connections",
            "Open connections that are idle.",
            None,
            observed
                .iter()
                .map(|it| (it.labels(), count(it.report.connections.idle))),
        )?;
        gauges(
            &mut encoder,
            "farm_certificate_expiry_timestamp",
            "Expiry of the last certificate of the controller, in Unix time.",
            Some(&Unit::Seconds),
            observed.iter().filter_map(|it| {
                let expiry = it.report.certificate_expiry?;
                let since = expiry.duration_since(UNIX_EPOCH).ok()?;
                Some((it.labels(), since.as_secs()))
            }),
        )
    }
}

impl fmt::Debug for Controllers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Watched { farms, authorities } = &*self.watched();
        let farms = farms.iter().map(NfuseFarm::id);
        let authorities = authorities.iter().map(|them| them.id());
        f.debug_set().entries(farms.chain(authorities)).finish()
    }
}

impl Observed<'_> {
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
