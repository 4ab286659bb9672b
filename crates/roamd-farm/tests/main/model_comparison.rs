//! Random operations of three users on three clients: launches, connections, reconnects, listings,
//! disconnects, logoffs, maintenance and time. After each one the farm and the [`Model`] must
//! agree.

use proptest::prelude::*;
use proptest::sample::Index;
use roamd_farm::{
    Error, HostChange, LaunchRefusal as Refused, SessionFilter, SessionRecord, TicketRefusal,
};
use roamd_nfuse_proto::{
    AddressName, AddressRequest, ErrorId, FarmError, HostId, ReconnectSessionDataRequest,
    SessionCriteria, SessionName, SessionType,
};

use crate::reference_model::{APPS, CLIENTS, Model, Session, Target, USERS, world_description};
use crate::requests::{address, application, disconnect, ica, logoff, ticket_request};
use crate::support::{Folder, GENERATIONS, at, of};

#[derive(Debug, Clone)]
enum Step {
    Launch {
        user: usize,
        client: usize,
        app: usize,
    },
    Reconnect {
        client: usize,
        session: Index,
    },
    /// Redeems one of the last tickets.
    Connect {
        ticket: Index,
    },
    List {
        user: usize,
        client: usize,
        active: bool,
    },
    Disconnect {
        user: usize,
        client: usize,
    },
    Logoff {
        user: usize,
        client: usize,
    },
    Maintenance {
        host: usize,
        on: bool,
    },
    Wait {
        seconds: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let user_and_client = || (0..3_usize, 0..3_usize);
    prop_oneof![
        6 => (user_and_client(), 0..3_usize)
            .prop_map(|((user, client), app)| Step::Launch { user, client, app }),
        2 => (0..3_usize, any::<Index>())
            .prop_map(|(client, session)| Step::Reconnect { client, session }),
        6 => any::<Index>().prop_map(|ticket| Step::Connect { ticket }),
        1 => (user_and_client(), any::<bool>())
            .prop_map(|((user, client), active)| Step::List { user, client, active }),
        2 => user_and_client().prop_map(|(user, client)| Step::Disconnect { user, client }),
        1 => user_and_client().prop_map(|(user, client)| Step::Logoff { user, client }),
        1 => (0..3_usize, any::<bool>()).prop_map(|(host, on)| Step::Maintenance { host, on }),
        2 => prop_oneof![1..30_i64, 100..300_i64].prop_map(|seconds| Step::Wait { seconds }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        // A failure prints its steps; no regression file is written.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn farm_matches_reference_model_after_every_step(
        generation in prop::sample::select(&GENERATIONS[..]),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut comparison = Comparison::new(generation);
            for step in steps {
                comparison.apply(step).await;
            }
        });
    }
}

struct Comparison {
    generation: &'static str,
    folder: Folder,
    model: Model,
    tickets: Vec<String>,
}

impl Comparison {
    fn new(generation: &'static str) -> Self {
        Self {
            generation,
            folder: Folder::in_memory(&world_description(generation)),
            model: Model::new(generation),
            tickets: Vec::new(),
        }
    }

    async fn apply(&mut self, step: Step) {
        match step {
            Step::Launch { user, client, app } => {
                let expected = self.model.launch(user, client, app);
                let name = application(APPS[app].name);
                self.address(user, client, name, expected).await;
            }
            Step::Reconnect { client, session } if !self.model.sessions.is_empty() => {
                let session = session.index(self.model.sessions.len());
                let Session {
                    user, host, number, ..
                } = self.model.sessions[session];
                let name = AddressName::Session(SessionName {
                    in_name: String::new(),
                    host_id: HostId {
                        kind: None,
                        value: host.to_string(),
                    },
                    session_id: number.to_string(),
                });
                let expected = self.model.reconnect(session);
                self.address(user, client, name, expected).await;
            }
            Step::Connect { ticket } if !self.tickets.is_empty() => {
                let last = ticket.index(self.tickets.len().min(4));
                self.connect(self.tickets.len() - 1 - last);
            }
            Step::Reconnect { .. } | Step::Connect { .. } => {}
            Step::List {
                user,
                client,
                active,
            } => self.list(user, client, active).await,
            Step::Disconnect { user, client } => {
                self.model.disconnect(user, client);
                let request = disconnect(USERS[user], CLIENTS[client]);
                self.ask(&request).await.unwrap();
            }
            Step::Logoff { user, client } => {
                self.model.logoff(user, client);
                let request = logoff(USERS[user], CLIENTS[client]);
                self.ask(&request).await.unwrap();
            }
            Step::Maintenance { host, on } => {
                self.model.hosts[host].maintenance = on;
                let change = HostChange {
                    maintenance: Some(on),
                    ..HostChange::default()
                };
                let (farms, host) = (&self.folder.farms, host.to_string());
                farms
                    .set_host("F", &host, change, at(self.model.now))
                    .unwrap();
            }
            Step::Wait { seconds } => self.model.now += seconds,
        }
        let sessions = self
            .folder
            .farms
            .sessions(&SessionFilter::default())
            .unwrap();
        let sessions: Vec<_> = sessions.into_iter().map(model_session).collect();
        assert_eq!(sessions, self.model.sessions);
    }

    async fn ask<R: roamd_nfuse_proto::Request>(
        &self,
        request: &R,
    ) -> Result<R::Response, FarmError> {
        self.folder.ask_at("F", request, self.model.now).await
    }

    /// Requests an address and its ticket.
    async fn address(
        &mut self,
        user: usize,
        client: usize,
        name: AddressName,
        expected: Result<Target, Refused>,
    ) {
        let request = AddressRequest {
            client_name: Some(CLIENTS[client].to_owned()),
            device_id: Some(CLIENTS[client].to_owned()),
            ..address(name, Some(of(USERS[user])))
        };
        let response = self.ask(&request).await;
        let target = match expected {
            Ok(target) => target,
            Err(refused) => {
                assert_eq!(response.unwrap_err().id, error_id(self.generation, refused));
                return;
            }
        };
        let response = response.unwrap();
        let (Target::Session(host, _) | Target::App { host, .. }) = target;
        assert_eq!(
            response.server_address.value,
            format!("host{host}.test:1494")
        );
        let ticket = match response.ticket {
            Some(ticket) => ticket,
            None => {
                let request = ticket_request(USERS[user], &response.ticket_tag.unwrap(), None);
                self.ask(&request).await.unwrap().ticket
            }
        };
        self.tickets.push(ticket);
        self.model.issue(user, client, target);
    }

    fn connect(&mut self, ticket: usize) {
        let expected = self.model.connect(ticket);
        let file = ica(&self.tickets[ticket]);
        let connected: Result<Result<Session, Refused>, TicketRefusal> =
            match self.folder.farms.connect(&file, at(self.model.now)) {
                Ok(session) => Ok(Ok(model_session(session))),
                Err(Error::Launch(refused)) => Ok(Err(refused)),
                Err(Error::Ticket(refused)) => Err(refused),
                Err(other) => panic!("{other}"),
            };
        assert_eq!(connected, expected);
    }

    async fn list(&mut self, user: usize, client: usize, active: bool) {
        let expected = self.model.list(user, client, active);
        let mut session_types = vec![SessionType::Disconnected];
        session_types.extend(active.then_some(SessionType::Active));
        let criteria = SessionCriteria {
            client_name: Some(CLIENTS[client].to_owned()),
            client_types: vec!["all".to_owned()],
            ..SessionCriteria::new(of(USERS[user]))
        };
        let request = ReconnectSessionDataRequest::new(criteria, session_types);
        let response = self.ask(&request).await.unwrap();
        let listed = response.sessions.into_iter();
        let listed: Vec<(usize, u32)> = listed
            .map(|it| {
                (
                    it.host_id.value.parse().unwrap(),
                    it.session_id.parse().unwrap(),
                )
            })
            .collect();
        assert_eq!(listed, expected);
    }
}

/// Converts a session to the model's type.
fn model_session(session: SessionRecord) -> Session {
    let number = |list: &[&str], name: &str| list.iter().position(|it| *it == name).unwrap();
    let apps = session.apps.iter();
    Session {
        user: number(&USERS, &session.user),
        host: session.host_id.parse().unwrap(),
        number: session.session_id,
        apps: apps
            .map(|app| number(&APPS.map(|app| app.name), app))
            .collect(),
        client: session.client_name.map(|name| number(&CLIENTS, &name)),
    }
}

fn error_id(generation: &str, refused: Refused) -> ErrorId {
    match (refused, generation) {
        (Refused::NotLicensed, _) => ErrorId::NOT_LICENSED,
        (Refused::Starting, "xendesktop-5" | "cvad-7") => ErrorId::RETRY_REQUIRED,
        (Refused::Off | Refused::Full, "cvad-7") => ErrorId::NO_AVAILABLE_WORKSTATION,
        (Refused::Maintenance | Refused::SessionMaintenance, "xendesktop-5" | "cvad-7") => {
            ErrorId::IN_MAINTENANCE_MODE
        }
        (Refused::UserLimit | Refused::ApplicationUserLimit, "xendesktop-5" | "cvad-7") => {
            ErrorId::NO_MORE_ACTIVE_SESSIONS
        }
        (Refused::Full, _) => ErrorId::MFSERVER_OVERLOADED,
        (
            Refused::Starting | Refused::Off | Refused::Maintenance | Refused::SessionMaintenance,
            _,
        ) => ErrorId::NO_SERVER,
        _ => ErrorId::UNSPECIFIED,
    }
}
