//! Readiness of the server, by farm, as `/readyz` reports it.
//!
//! It holds no address of a controller and no cause of a failure. The farms are for operators only.

use std::fmt::Write as _;
use std::time::Duration;

use roamd_nfuse_client::ControllerState;
use roamd_state::StateError;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::farms::NfuseFarm;

/// Time for which the result of a check of the shared state holds.
const CHECK_AGE: Duration = Duration::from_secs(1);

/// Check that the shared state responds. Any client can request one, so there is one at a time, and
/// one a second.
#[derive(Debug, Default)]
pub(crate) struct SharedStateCheck(Mutex<Option<(Instant, Result<(), StateError>)>>);

impl SharedStateCheck {
    /// Returns the last result, or runs the check if that is too old.
    ///
    /// # Errors
    /// The error of the check.
    pub(crate) async fn check<F>(&self, run: impl FnOnce() -> F) -> Result<(), StateError>
    where
        F: Future<Output = Result<(), StateError>>,
    {
        let mut last = self.0.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < CHECK_AGE
        {
            return result.clone();
        }
        let result = run().await;
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

/// State of the farms, as calls and probes have found it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Readiness<'a> {
    farms: Vec<FarmReadiness<'a>>,
}

/// One farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FarmReadiness<'a> {
    id: &'a str,
    controllers: usize,
    /// Number of controllers in use.
    used: usize,
}

impl<'a> Readiness<'a> {
    /// Reads the present state.
    pub(crate) fn of(farms: impl Iterator<Item = &'a NfuseFarm>) -> Self {
        let farms = farms.map(|farm| {
            let states = || farm.controllers().map(|report| report.state);
            FarmReadiness {
                id: farm.id(),
                controllers: states().count(),
                used: states().filter(|state| is_used(*state)).count(),
            }
        });
        Self {
            farms: farms.collect(),
        }
    }

    /// Whether any farm can be queried. Users see the sessions of those that can.
    pub(crate) fn is_ready(&self) -> bool {
        self.farms.iter().any(|farm| farm.used > 0)
    }

    /// A line for each farm: `farm XA1 degraded (1 of 2 controllers)`.
    pub(crate) fn lines(&self) -> String {
        self.farms.iter().fold(String::new(), |mut lines, farm| {
            let (id, state) = (farm.id, farm.state());
            let written = match state {
                "degraded" => writeln!(
                    lines,
                    "farm {id} {state} ({} of {} controllers)",
                    farm.used, farm.controllers
                ),
                _ => writeln!(lines, "farm {id} {state}"),
            };
            // Writing to a `String` cannot fail.
            written.ok();
            lines
        })
    }

    /// Returns the readiness as JSON: `{"ready": true, "farms": [{"id": "XA1", "state": "degraded",
    /// "controllers": 2, "used": 1}]}`. Without the farms it is `{"ready": true}`.
    pub(crate) fn json(&self, with_farms: bool) -> String {
        if !with_farms {
            return format!("{}\n", json!({ "ready": self.is_ready() }));
        }
        let farms = self.farms.iter().map(|farm| {
            json!({
                "id": farm.id,
                "state": farm.state(),
                "controllers": farm.controllers,
                "used": farm.used,
            })
        });
        let farms: Vec<_> = farms.collect();
        let mut text = json!({ "ready": self.is_ready(), "farms": farms }).to_string();
        text.push('\n');
        text
    }
}

impl FarmReadiness<'_> {
    fn state(&self) -> &'static str {
        if self.used == 0 {
            "down"
        } else if self.used < self.controllers {
            "degraded"
        } else {
            "ready"
        }
    }
}

fn is_used(state: ControllerState) -> bool {
    match state {
        ControllerState::Closed | ControllerState::Suspect => true,
        ControllerState::Open | ControllerState::HalfOpen => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    fn farm(id: &str, used: usize, controllers: usize) -> FarmReadiness<'_> {
        FarmReadiness {
            id,
            controllers,
            used,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn shared_state_is_checked_once_a_second() {
        let check = SharedStateCheck::default();
        let runs = AtomicUsize::new(0);
        let run = |result: Result<(), StateError>| {
            check.check(|| async {
                runs.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(500)).await;
                result
            })
        };
        let thousand = join_all((0..1_000).map(|_| run(Ok(())))).await;
        assert!(thousand.iter().all(Result::is_ok));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        sleep(Duration::from_millis(900)).await;
        assert!(run(Err(StateError::Stopped)).await.is_ok());
        sleep(Duration::from_millis(100)).await;
        assert!(run(Err(StateError::Stopped)).await.is_err());
        assert!(run(Ok(())).await.is_err(), "an error holds as long");
        sleep(CHECK_AGE).await;
        assert!(run(Ok(())).await.is_ok());
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn server_is_ready_while_one_controller_is_used() {
        let cases: [(&[(usize, usize)], bool); 5] = [
            (&[(2, 2), (1, 1)], true),
            (&[(2, 2), (0, 1)], true),
            (&[(1, 2), (0, 1)], true),
            (&[(0, 2), (0, 1)], false),
            (&[(0, 1)], false),
        ];
        for (farms, ready) in cases {
            let farms = farms.iter().map(|(used, all)| farm("XA1", *used, *all));
            let readiness = Readiness {
                farms: farms.collect(),
            };
            assert_eq!(readiness.is_ready(), ready, "{readiness:?}");
        }
    }

    #[test]
    fn readiness_reports_state_of_each_farm() {
        let readiness = Readiness {
            farms: vec![
                farm("XA1", 2, 2),
                farm("XD5", 1, 2),
                farm("CVAD", 0, 2),
                farm("ONE", 1, 1),
            ],
        };
        assert_eq!(
            readiness.lines(),
            "farm XA1 ready\nfarm XD5 degraded (1 of 2 controllers)\nfarm CVAD down\n\
             farm ONE ready\n"
        );
        let read: serde_json::Value = serde_json::from_str(&readiness.json(true)).unwrap();
        let expected = json!({"id": "XD5", "state": "degraded", "controllers": 2, "used": 1});
        assert_eq!(read.pointer("/farms/1"), Some(&expected));
        assert_eq!(read.pointer("/ready"), Some(&json!(true)));
        assert_eq!(readiness.json(false), "{\"ready\":true}\n");
    }
}
