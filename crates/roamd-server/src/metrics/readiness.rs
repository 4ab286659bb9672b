//! Readiness of the server, by farm, as `/readyz` reports it.
//!
//! It holds no address of a controller and no cause of a failure. The farms are for operators only.

use std::collections::BTreeMap;

use roamd_nfuse_client::{ControllerReport, ControllerState, StaClient};
use serde::Serialize;

use crate::farms::NfuseFarm;

/// State of the stores, as calls and probes have found it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Readiness<'a> {
    stores: Vec<StoreReadiness<'a>>,
}

/// One store: its farms, and the ticket authorities of its Citrix Gateways.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoreReadiness<'a> {
    path: &'a str,
    farms: Vec<FarmReadiness<'a>>,
    gateways: Vec<GatewayReadiness<'a>>,
}

/// One farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FarmReadiness<'a> {
    id: &'a str,
    controllers: Controllers,
}

/// The ticket authorities of one Citrix Gateway.
#[derive(Debug, PartialEq, Eq)]
struct GatewayReadiness<'a> {
    id: &'a str,
    authorities: Controllers,
    /// Ids of the authorities in configured order; `None` if it is not known yet.
    ids: Vec<Option<String>>,
}

/// Controllers of a farm, or ticket authorities, by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Controllers {
    all: usize,
    /// Those in use that have responded.
    used: usize,
    /// Those in use that have not responded yet.
    starting: usize,
}

/// State of a server in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupReadiness {
    /// It reaches the others, or has no group.
    Whole,
    /// It cannot reach the others, and works alone.
    Degraded,
    /// Its clock differs from those of the others, so it refuses requests.
    WrongClock {
        /// How far the others are ahead.
        seconds: i64,
    },
}

/// The readiness in JSON. Fields are written in this order, which does not depend on the features
/// of `serde_json`, as that of `json!` does.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_behind_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    farms: Option<Vec<FarmJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateways: Option<Vec<GatewayJson<'a>>>,
    ready: bool,
}

#[derive(Serialize)]
struct FarmJson<'a> {
    controllers: usize,
    id: &'a str,
    state: &'a str,
    used: usize,
}

#[derive(Serialize)]
struct GatewayJson<'a> {
    authorities: usize,
    authority_ids: &'a [Option<String>],
    id: &'a str,
    repeated_ids: Vec<&'a str>,
    state: &'a str,
    used: usize,
}

impl<'a> Readiness<'a> {
    /// The readiness of a server with these stores.
    pub(crate) fn of(stores: impl Iterator<Item = StoreReadiness<'a>>) -> Self {
        Self {
            stores: stores.collect(),
        }
    }

    /// The paths of the stores of which no farm can be reached. The server is ready if there are
    /// none: users see the sessions of the farms that can.
    pub(crate) fn unreachable_stores(&self) -> Vec<&'a str> {
        let stores = self.stores.iter().filter(|store| !store.is_ready());
        stores.map(|store| store.path).collect()
    }

    /// A line for each farm, such as `farm XA1 degraded (1 of 2 controllers)`, and for each Citrix
    /// Gateway, such as `gateway of /Citrix/Store ready (STA01, STA02)`.
    pub(crate) fn lines(&self) -> String {
        let mut lines = String::new();
        for farm in self.farms() {
            let (id, state) = (farm.id, farm.controllers.state());
            let of = farm.controllers.degraded("controllers");
            let of = of.map(|of| format!(" ({of})")).unwrap_or_default();
            lines.push_str(&format!("farm {id} {state}{of}\n"));
        }
        for gateway in self.gateways() {
            let (id, state) = (gateway.id, gateway.authorities.state());
            let of = gateway.authorities.degraded("ticket authorities");
            let details: Vec<_> = of.into_iter().chain([gateway.shown_ids()]).collect();
            lines.push_str(&format!("{id} {state} ({})\n", details.join("; ")));
            for id in gateway.repeated_ids() {
                lines.push_str(&format!(
                    "warning: several ticket authorities have the id {id}\n"
                ));
            }
        }
        lines
    }

    /// Returns the readiness as JSON: `{"farms": [{"controllers": 2, "id": "XA1", "state":
    /// "degraded", "used": 1}], "gateways": [], "ready": true}`. Without the farms it is
    /// `{"ready": true}`. A server that cannot reach the others of its group also has
    /// `"degraded": true`, and one that refuses requests because of its clock
    /// `"clock_behind_seconds": 40`.
    pub(crate) fn json(&self, with_farms: bool, group: GroupReadiness) -> String {
        let farms = self.farms().map(|farm| FarmJson {
            controllers: farm.controllers.all,
            id: farm.id,
            state: farm.controllers.state(),
            used: farm.controllers.used,
        });
        let gateways = self.gateways().map(|gateway| GatewayJson {
            authorities: gateway.authorities.all,
            authority_ids: &gateway.ids,
            id: gateway.id,
            repeated_ids: gateway.repeated_ids(),
            state: gateway.authorities.state(),
            used: gateway.authorities.used,
        });
        let clock_behind_seconds = match group {
            GroupReadiness::WrongClock { seconds } => Some(seconds),
            GroupReadiness::Whole | GroupReadiness::Degraded => None,
        };
        let all = Json {
            clock_behind_seconds,
            degraded: (group == GroupReadiness::Degraded).then_some(true),
            farms: with_farms.then(|| farms.collect()),
            gateways: with_farms.then(|| gateways.collect()),
            ready: self.unreachable_stores().is_empty() && clock_behind_seconds.is_none(),
        };
        #[expect(clippy::expect_used, reason = "texts and numbers, written into memory")]
        let text = serde_json::to_string(&all).expect("the readiness is JSON");
        text + "\n"
    }

    fn farms(&self) -> impl Iterator<Item = &FarmReadiness<'a>> {
        self.stores.iter().flat_map(|store| &store.farms)
    }

    fn gateways(&self) -> impl Iterator<Item = &GatewayReadiness<'a>> {
        self.stores.iter().flat_map(|store| &store.gateways)
    }
}

impl<'a> StoreReadiness<'a> {
    /// Reads the present state of a store: of its farms, and of the ticket authorities of its
    /// Citrix Gateways.
    pub(crate) fn of(
        path: &'a str,
        farms: &'a [NfuseFarm],
        authorities: impl Iterator<Item = &'a StaClient>,
    ) -> Self {
        Self {
            path,
            farms: farms.iter().map(FarmReadiness::of).collect(),
            gateways: authorities.map(GatewayReadiness::of).collect(),
        }
    }

    fn is_ready(&self) -> bool {
        self.farms.iter().any(|farm| farm.controllers.used > 0)
    }
}

impl<'a> FarmReadiness<'a> {
    fn of(farm: &'a NfuseFarm) -> Self {
        Self {
            id: farm.id(),
            controllers: Controllers::of(&farm.controllers().collect::<Vec<_>>()),
        }
    }
}

impl<'a> GatewayReadiness<'a> {
    fn of(authorities: &'a StaClient) -> Self {
        let reports: Vec<_> = authorities.authorities().collect();
        Self {
            id: authorities.id(),
            authorities: Controllers::of(&reports),
            ids: reports.into_iter().map(|it| it.authority_id).collect(),
        }
    }

    fn shown_ids(&self) -> String {
        let ids = self
            .ids
            .iter()
            .map(|id| id.as_deref().unwrap_or("id unknown"));
        ids.collect::<Vec<_>>().join(", ")
    }

    /// Ids that several authorities have. Citrix Gateway finds the authority of a ticket by its id.
    fn repeated_ids(&self) -> Vec<&str> {
        repeated(self.ids.iter().flatten().map(String::as_str))
    }
}

impl Controllers {
    fn of(reports: &[ControllerReport<'_>]) -> Self {
        let count = |is_starting| {
            let used = reports.iter().filter(|report| is_used(report.state));
            used.filter(|report| report.is_starting == is_starting)
                .count()
        };
        Self {
            all: reports.len(),
            used: count(false),
            starting: count(true),
        }
    }

    fn state(self) -> &'static str {
        if self.used == self.all {
            "ready"
        } else if self.used > 0 {
            "degraded"
        } else if self.starting > 0 {
            "starting"
        } else {
            "down"
        }
    }

    /// How many are used, if only some are.
    fn degraded(self, word: &str) -> Option<String> {
        let is_degraded = self.used > 0 && self.used < self.all;
        is_degraded.then(|| format!("{} of {} {word}", self.used, self.all))
    }
}

/// Returns the texts that come more than once, each once.
fn repeated<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut counts = BTreeMap::<_, usize>::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
    repeated.map(|(text, _)| text).collect()
}

fn is_used(state: ControllerState) -> bool {
    match state {
        ControllerState::Closed | ControllerState::Suspect => true,
        ControllerState::Open | ControllerState::HalfOpen => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn farm(id: &str, used: usize, all: usize) -> FarmReadiness<'_> {
        let controllers = Controllers {
            all,
            used,
            starting: 0,
        };
        FarmReadiness { id, controllers }
    }

    fn store<'a>(path: &'a str, farms: &[FarmReadiness<'a>]) -> StoreReadiness<'a> {
        StoreReadiness {
            path,
            farms: farms.to_vec(),
            gateways: Vec::new(),
        }
    }

    #[test]
    fn server_is_ready_while_a_farm_of_each_store_is_used() {
        let (up, half, down) = (farm("A", 1, 1), farm("B", 1, 2), farm("C", 0, 2));
        let mut starting = down;
        starting.controllers.starting = 2;
        let cases: [(&[FarmReadiness<'_>], &[FarmReadiness<'_>], &[&str]); 5] = [
            (&[up, half], &[up], &[]),
            (&[down, half], &[up, down], &[]),
            (&[up], &[down, down], &["/Two"]),
            (&[down], &[down], &["/One", "/Two"]),
            (&[up], &[down, starting], &["/Two"]),
        ];
        for (one, two, unreachable) in cases {
            let readiness = Readiness {
                stores: vec![store("/One", one), store("/Two", two)],
            };
            assert_eq!(readiness.unreachable_stores(), unreachable, "{readiness:?}");
        }
    }

    #[test]
    fn readiness_reports_state_of_each_farm() {
        let mut starting = farm("NEW", 0, 1);
        starting.controllers.starting = 1;
        let farms = [
            farm("XA1", 2, 2),
            farm("XD5", 1, 2),
            farm("CVAD", 0, 2),
            farm("ONE", 1, 1),
            starting,
        ];
        let readiness = Readiness {
            stores: vec![store("/Citrix/Store", &farms)],
        };
        assert_eq!(
            readiness.lines(),
            "farm XA1 ready\nfarm XD5 degraded (1 of 2 controllers)\nfarm CVAD down\n\
             farm ONE ready\nfarm NEW starting\n"
        );
        let json = |with_farms| readiness.json(with_farms, GroupReadiness::Whole);
        let read: serde_json::Value = serde_json::from_str(&json(true)).unwrap();
        let expected = json!({"id": "XD5", "state": "degraded", "controllers": 2, "used": 1});
        assert_eq!(read.pointer("/farms/1"), Some(&expected));
        assert_eq!(read.pointer("/ready"), Some(&json!(true)));
        assert_eq!(json(false), "{\"ready\":true}\n");
        let wrong = readiness.json(false, GroupReadiness::WrongClock { seconds: 40 });
        assert_eq!(wrong, "{\"clock_behind_seconds\":40,\"ready\":false}\n");
    }

    #[test]
    fn ticket_authorities_with_the_same_id_are_a_warning() {
        let ids = [Some("STA1"), Some("STA2"), None, Some("STA1")];
        let gateway = GatewayReadiness {
            id: "gateway of /Citrix/Store",
            authorities: Controllers {
                all: 4,
                used: 3,
                starting: 0,
            },
            ids: ids.map(|id| id.map(str::to_owned)).to_vec(),
        };
        let readiness = Readiness {
            stores: vec![StoreReadiness {
                path: "/Citrix/Store",
                farms: vec![farm("XA1", 1, 1)],
                gateways: vec![gateway],
            }],
        };
        assert_eq!(
            readiness.lines(),
            "farm XA1 ready\ngateway of /Citrix/Store degraded (3 of 4 ticket authorities; STA1, \
             STA2, id unknown, STA1)\nwarning: several ticket authorities have the id STA1\n"
        );
        let json = readiness.json(true, GroupReadiness::Whole);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            read.pointer("/gateways/0/repeated_ids"),
            Some(&json!(["STA1"]))
        );
        assert_eq!(
            read.pointer("/gateways/0/authority_ids/2"),
            Some(&json!(null))
        );
    }
}
