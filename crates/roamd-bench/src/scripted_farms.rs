//! Farms that cost almost nothing: each responds from memory after a fixed time, or never.
//!
//! Their responses are valid, encoded once, and have one session for every user.

use std::time::Duration;

use anyhow::Result;
use roamd_nfuse_proto::{
    AppDataResponse, Application, Body, CapabilitiesResponse, Dialect, HostId,
    ReconnectSessionDataResponse, SessionEntry, ValidateCredentialsResponse,
};
use roamd_testkit::{FarmConfig, Script, ScriptedController, encode_document};
use tokio::runtime::{Builder, Runtime};

/// Behaviour of a controller.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    /// It responds after this time.
    Responds(Duration),
    /// It accepts connections and requests, and never responds.
    Hangs,
}

/// A thread that runs scripted controllers. They stop when it is dropped.
pub(crate) struct ScriptedFarms {
    runtime: Runtime,
    /// The name of each request and the script for its response.
    scripts: [(String, Script); 4],
}

impl ScriptedFarms {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            scripts: [
                script(ValidateCredentialsResponse::default()),
                script(CapabilitiesResponse::default()),
                script(applications()),
                script(sessions()),
            ],
        })
    }

    /// Starts the controllers of farms, and returns the sections of the configuration. Each farm
    /// has one controller for each of its behaviours.
    pub(crate) fn farms(&self, farms: Vec<Vec<Behaviour>>) -> Vec<FarmConfig> {
        let farm = |(number, behaviours): (usize, Vec<Behaviour>)| {
            let controllers = behaviours.into_iter();
            let controllers = controllers.map(|behaviour| self.controller(behaviour).url());
            FarmConfig {
                name: "Farm".to_owned(),
                controllers: controllers.collect(),
                ..FarmConfig::new(&format!("F{number}"), "")
            }
        };
        farms.into_iter().enumerate().map(farm).collect()
    }

    /// Starts a farm with these applications, which responds at once, and returns its section of
    /// the configuration.
    pub(crate) fn publishing(&self, id: &str, applications: Vec<Application>) -> FarmConfig {
        let controller = self.controller(Behaviour::Responds(Duration::ZERO));
        let (request, script) = script(AppDataResponse {
            applications,
            ..AppDataResponse::default()
        });
        controller.set_script(&request, script);
        FarmConfig::new(id, controller.url())
    }

    /// Starts one more controller.
    pub(crate) fn controller(&self, behaviour: Behaviour) -> ScriptedController {
        let controller = self.runtime.block_on(ScriptedController::refusing());
        controller.discard_requests();
        for (request, script) in self.scripts.clone() {
            let script = match behaviour {
                Behaviour::Responds(delay) => script.delayed(delay),
                Behaviour::Hangs => Script::silence(),
            };
            controller.set_script(&request, script);
        }
        controller
    }
}

fn script<B: Body>(response: B) -> (String, Script) {
    let (request, document) = encode_document(Dialect::FMA, response);
    (request, Script::body(document))
}

fn applications() -> AppDataResponse {
    let application = |name: &str| Application {
        in_name: name.to_owned(),
        friendly_name: name.to_owned(),
        ..Application::default()
    };
    AppDataResponse {
        applications: ["Excel", "Word", "Notepad"].map(application).into(),
        ..AppDataResponse::default()
    }
}

fn sessions() -> ReconnectSessionDataResponse {
    ReconnectSessionDataResponse {
        sessions: vec![SessionEntry {
            in_name: "Excel".to_owned(),
            server_type: "win32".to_owned(),
            client_type: "ica30".to_owned(),
            host_id: HostId {
                kind: None,
                value: "1".to_owned(),
            },
            session_id: "1".to_owned(),
            ..SessionEntry::default()
        }],
    }
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto::{CapabilitiesRequest, encode_request};
    use roamd_testkit::request_name;

    use super::*;

    #[test]
    fn request_name_is_found_and_scripted() {
        let request = encode_request(Dialect::FMA, &CapabilitiesRequest);
        let name = request_name(std::str::from_utf8(&request).unwrap()).unwrap();
        assert_eq!(name, "Capabilities");
        let farms = ScriptedFarms::start().unwrap();
        assert!(farms.scripts.iter().any(|(request, _)| request == name));
    }
}
