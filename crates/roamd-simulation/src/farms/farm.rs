//! Farms whose controllers treat requests as the seed determines, and record their effects.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use roamd_http::Listener;
use roamd_nfuse_proto::{
    AddressName, AddressResponse, AnyRequest, AppDataResponse, Application, Body,
    CapabilitiesResponse, DisconnectUserSessionsResponse, ErrorId, FarmError, Frame, HostAddress,
    HostId, LaunchRefResponse, LogoffUserSessionsResponse, ReconnectSessionDataResponse,
    SessionEntry, SessionType, Settings, TicketResponse, ValidateCredentialsResponse,
    decode_request, encode_response,
};
use roamd_server::config::Generation;
use roamd_testkit::{FarmConfig, http_response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::behaviour::{Behaviour, Reaction};
use super::history::{Effect, EffectKind, History, OperationId};
use super::mapped::Mapped;
use crate::network::{Backlog, Network, Reachability, Socket};

/// Sessions of every farm: one of an application and one of a desktop.
pub(crate) const SESSIONS: [&str; 2] = ["Ledger", "Desk"];

/// A farm as drawn from the seed.
#[derive(Debug, Clone)]
pub(crate) struct FarmPlan {
    pub(crate) number: usize,
    pub(crate) generation: Generation,
    pub(crate) legacy_workspace_control: bool,
    pub(crate) balanced: bool,
    pub(crate) mapped: Mapped,
    /// Deadline in milliseconds.
    pub(crate) timeout: u64,
    /// Hosts of the controllers, with their ports.
    pub(crate) controllers: Vec<String>,
}

impl FarmPlan {
    pub(crate) fn draw(number: usize, rng: &mut Rng) -> Self {
        let generations = [
            Generation::XenApp6,
            Generation::XenDesktop5,
            Generation::Cvad7,
        ];
        Self {
            number,
            generation: rng.choice(generations).unwrap_or(Generation::Cvad7),
            legacy_workspace_control: rng.u8(0..4) == 0,
            balanced: rng.bool(),
            mapped: Mapped::draw(number, rng),
            timeout: rng.u64(1_000..5_000),
            controllers: (0..rng.usize(1..=3))
                .map(|controller| format!("c{controller}.farm{number}.test:80"))
                .collect(),
        }
    }

    pub(crate) fn id(&self) -> String {
        format!("F{}", self.number)
    }

    /// Returns whether a host is used while there is no fault. An ordered farm uses only the first.
    pub(crate) fn uses(&self, host: &str) -> bool {
        let used = if self.balanced {
            self.controllers.len()
        } else {
            1
        };
        self.controllers.iter().take(used).any(|used| used == host)
    }

    /// Returns the section of the configuration.
    pub(crate) fn section(&self) -> FarmConfig {
        let generation = match self.generation {
            Generation::XenApp6 => "xenapp-6",
            Generation::XenDesktop5 => "xendesktop-5",
            Generation::Cvad7 => "cvad-7",
        };
        let order = if self.balanced { "balanced" } else { "ordered" };
        let controllers = self.controllers.iter();
        FarmConfig {
            id: self.id(),
            name: format!("Farm {}", self.number),
            generation,
            controllers: controllers.map(|host| format!("http://{host}")).collect(),
            lines: format!(
                "controller_order = \"{order}\"\ntimeout_ms = {}\nlegacy_workspace_control = {}\n",
                self.timeout, self.legacy_workspace_control,
            ),
        }
    }
}

/// A controller, which can crash and restart.
#[derive(Clone)]
pub(crate) struct Controller(Arc<Inner>);

struct Inner {
    host: String,
    farm: usize,
    generation: Generation,
    network: Network,
    history: History,
    rng: Mutex<Rng>,
    behaviour: Mutex<Behaviour>,
    /// Tasks that serve its connections; a crash aborts them.
    serving: Mutex<JoinSet<()>>,
    received: Mutex<usize>,
}

impl Controller {
    pub(crate) fn start(
        host: &str,
        plan: &FarmPlan,
        network: &Network,
        history: &History,
        rng: Rng,
    ) -> Self {
        let controller = Self(Arc::new(Inner {
            host: host.to_owned(),
            farm: plan.number,
            generation: plan.generation,
            network: network.clone(),
            history: history.clone(),
            rng: Mutex::new(rng),
            behaviour: Mutex::new(Behaviour::GOOD),
            serving: Mutex::new(JoinSet::new()),
            received: Mutex::new(0),
        }));
        let backlog = network.listen(host);
        tokio::spawn(controller.clone().accept(backlog));
        controller
    }

    pub(crate) fn host(&self) -> &str {
        &self.0.host
    }

    pub(crate) fn set_temper(&self, behaviour: Behaviour) {
        *lock(&self.0.behaviour) = behaviour;
    }

    /// Aborts all requests. Peers notice it unless the host becomes silent.
    pub(crate) fn crash(&self, reach: Reachability) {
        self.0.network.set_reach(&self.0.host, reach);
        lock(&self.0.serving).abort_all();
    }

    /// Restarts it. Connections from before are reset.
    pub(crate) fn restart(&self) {
        self.0.network.set_reach(&self.0.host, Reachability::Up);
        self.0.network.reset(&self.0.host);
    }

    /// Makes it unreachable for this many milliseconds. Bytes in transit are delivered afterwards,
    /// unless it crashes in the meantime.
    pub(crate) fn cut(&self, milliseconds: u64) {
        let (network, host) = (self.0.network.clone(), self.0.host.clone());
        network.set_reach(&host, Reachability::Silent);
        tokio::spawn(async move {
            sleep(Duration::from_millis(milliseconds)).await;
            if network.reach(&host) == Some(Reachability::Silent) {
                network.set_reach(&host, Reachability::Up);
            }
        });
    }

    /// Returns the number of requests received so far, without those for capabilities.
    pub(crate) fn received(&self) -> usize {
        *lock(&self.0.received)
    }

    async fn accept(self, backlog: Backlog) {
        while let Ok((socket, _)) = backlog.accept().await {
            let serve = self.clone().serve(socket);
            let mut serving = lock(&self.0.serving);
            while serving.try_join_next().is_some() {}
            serving.spawn(async move {
                serve.await;
            });
        }
    }

    async fn serve(self, mut socket: Socket) -> Option<()> {
        loop {
            let body = read_request(&mut socket).await?;
            let (frame, request) = match decode_request(&body) {
                Ok(request) => request,
                Err(error) => {
                    self.0
                        .history
                        .record_violation(format!("a malformed request: {error}"));
                    return None;
                }
            };
            // The requests of probes do not count: they show no use by a client.
            if !matches!(request, AnyRequest::Capabilities(_)) {
                *lock(&self.0.received) += 1;
            }
            let (reaction, think) = {
                let mut rng = lock(&self.0.rng);
                let reaction = lock(&self.0.behaviour).reaction(&mut rng);
                (reaction, Duration::from_micros(rng.u64(100..20_000)))
            };
            let (host, name) = (&self.0.host, name(&request));
            self.0
                .history
                .note(format!("{host} receives {name}: {reaction:?}"));
            sleep(think).await;
            self.react(&mut socket, &frame, &request, reaction).await?;
        }
    }

    /// Reacts to a request. Returns `None` if the connection has ended.
    async fn react(
        &self,
        socket: &mut Socket,
        frame: &Frame,
        request: &AnyRequest,
        reaction: Reaction,
    ) -> Option<()> {
        match reaction {
            Reaction::Hang => return std::future::pending().await,
            Reaction::Drop => {
                socket.reset();
                return None;
            }
            Reaction::Refuse => {
                let refusal = FarmError::from(ErrorId::SERVICE_UNAVAILABLE);
                let document = encode_response::<CapabilitiesResponse>(frame, &Err(refusal));
                return socket.write_all(&http(&document)).await.ok();
            }
            Reaction::Respond
            | Reaction::RespondAndClose
            | Reaction::Drip
            | Reaction::DropAfter
            | Reaction::Nonsense => {}
        }
        let effect = self.note_deed(request);
        match reaction {
            Reaction::DropAfter => {
                socket.reset();
                return None;
            }
            Reaction::Nonsense => {
                return socket
                    .write_all(&http(b"<html>It works!</html>"))
                    .await
                    .ok();
            }
            _ => {}
        }
        let bytes = http(&self.respond(frame, request));
        let pause = match reaction {
            Reaction::Drip => Duration::from_millis(lock(&self.0.rng).u64(10..300)),
            _ => Duration::ZERO,
        };
        for piece in bytes.chunks(if pause.is_zero() { bytes.len() } else { 100 }) {
            sleep(pause).await;
            socket.write_all(piece).await.ok()?;
        }
        if let Some(effect) = effect {
            let arrival = socket.arrival();
            self.0.history.with(|entries| {
                if let Some(effect) = entries.effects.get_mut(effect) {
                    effect.response = Some(arrival);
                }
            });
        }
        if reaction == Reaction::RespondAndClose {
            let wait = lock(&self.0.rng).u64(0..2_000);
            sleep(Duration::from_millis(wait * wait / 2_000)).await;
            return None;
        }
        Some(())
    }

    /// Records the effect of a request, if there is one, and returns its index.
    fn note_deed(&self, request: &AnyRequest) -> Option<usize> {
        let (client_name, kind) = match request {
            AnyRequest::ReconnectSessionData(request) => {
                let active = request.session_types.contains(&SessionType::Active);
                let kind = if active && self.0.generation.listing_active_disconnects() {
                    EffectKind::ListedAndDisconnected
                } else {
                    EffectKind::Listed
                };
                (request.criteria.client_name.as_deref(), kind)
            }
            AnyRequest::DisconnectUserSessions(request) => (
                request.0.criteria.client_name.as_deref(),
                EffectKind::Disconnected,
            ),
            AnyRequest::LogoffUserSessions(request) => (
                request.0.criteria.client_name.as_deref(),
                EffectKind::LoggedOff,
            ),
            AnyRequest::Address(request) => (request.client_name.as_deref(), EffectKind::Addressed),
            AnyRequest::Ticket(request) => (Some(&*request.ticket_tag), EffectKind::Ticketed),
            _ => return None,
        };
        let Some(operation) = client_name.and_then(OperationId::of) else {
            self.0
                .history
                .record_violation(format!("{kind:?} without an operation"));
            return None;
        };
        let effect = Effect {
            farm: self.0.farm,
            operation,
            kind,
            response: None,
        };
        Some(self.0.history.with(|entries| {
            entries.effects.push(effect);
            entries.effects.len() - 1
        }))
    }

    fn respond(&self, frame: &Frame, request: &AnyRequest) -> Vec<u8> {
        match request {
            AnyRequest::AppData(_) => success(frame, applications()),
            AnyRequest::Capabilities(_) => success(frame, CapabilitiesResponse::default()),
            AnyRequest::ValidateCredentials(_) => {
                success(frame, ValidateCredentialsResponse::default())
            }
            AnyRequest::ReconnectSessionData(_) => success(frame, self.sessions()),
            AnyRequest::DisconnectUserSessions(_) => success(frame, DisconnectUserSessionsResponse),
            AnyRequest::LogoffUserSessions(_) => success(frame, LogoffUserSessionsResponse),
            AnyRequest::Address(request) => match &request.name {
                AddressName::Session(_) => {
                    success(frame, self.address(request.client_name.clone()))
                }
                _ => refusal(frame),
            },
            AnyRequest::Ticket(request) => success(
                frame,
                TicketResponse {
                    ticket: format!("T{}", request.ticket_tag),
                },
            ),
            AnyRequest::LaunchRef(request) => success(
                frame,
                LaunchRefResponse {
                    launch_ref: format!("R{}", request.ticket_tag),
                },
            ),
            AnyRequest::ProtocolInfo(_)
            | AnyRequest::ServerData(_)
            | AnyRequest::ServerFarmData(_)
            | AnyRequest::ChangePassword(_) => refusal(frame),
        }
    }

    fn sessions(&self) -> ReconnectSessionDataResponse {
        let entry = |(number, in_name): (usize, &str)| SessionEntry {
            in_name: in_name.to_owned(),
            server_type: "win32".to_owned(),
            client_type: "ica30".to_owned(),
            host_id: HostId {
                kind: None,
                value: format!("host{}", self.0.farm),
            },
            session_id: number.to_string(),
            ..SessionEntry::default()
        };
        ReconnectSessionDataResponse {
            sessions: SESSIONS.into_iter().enumerate().map(entry).collect(),
        }
    }

    fn address(&self, client_name: Option<String>) -> AddressResponse {
        AddressResponse {
            server_address: HostAddress {
                kind: Some("dns-port".to_owned()),
                value: format!("host{}.test:1494", self.0.farm),
            },
            server_type: None,
            connection_type: None,
            client_type: None,
            // The request for a ticket returns the tag, so that its effect can be traced, too.
            ticket_tag: client_name,
            farm_load_hint: None,
            disconnected_session: true,
            ssl_relay_address: None,
            cgp_address: None,
            session_sharing_key: None,
            launch_ref: None,
            ticket: None,
        }
    }
}

fn applications() -> AppDataResponse {
    let application = |in_name: &str| Application {
        in_name: in_name.to_owned(),
        friendly_name: in_name.to_owned(),
        settings: Some(Settings {
            desktop: in_name == "Desk",
            ..Settings::default()
        }),
        ..Application::default()
    };
    AppDataResponse {
        applications: SESSIONS.into_iter().map(application).collect(),
        ..AppDataResponse::default()
    }
}

fn success<A: Body>(frame: &Frame, response: A) -> Vec<u8> {
    encode_response(frame, &Ok(response))
}

fn refusal(frame: &Frame) -> Vec<u8> {
    encode_response::<CapabilitiesResponse>(frame, &Err(ErrorId::UNSPECIFIED.into()))
}

fn http(document: &[u8]) -> Vec<u8> {
    http_response("200 OK", "", document)
}

fn name(request: &AnyRequest) -> String {
    let debug = format!("{request:?}");
    let end = debug.find(['(', ' ']).unwrap_or(debug.len());
    debug.get(..end).unwrap_or_default().to_owned()
}

/// Reads a request to the end of its body.
async fn read_request(socket: &mut Socket) -> Option<Vec<u8>> {
    const END_OF_HEAD: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::new();
    loop {
        let head = bytes
            .windows(END_OF_HEAD.len())
            .position(|window| window == END_OF_HEAD);
        if let Some(head) = head {
            let body = bytes.get(head + END_OF_HEAD.len()..)?;
            if body.trim_ascii_end().ends_with(b"</NFuseProtocol>") {
                return Some(body.to_vec());
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
