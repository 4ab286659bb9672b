//! Farms whose controllers do with a request whatever the seed decides, and keep account of it.

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
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::ledger::{Deed, Kind, Ledger, Ticket};
use crate::network::{Backlog, Network, Reach, Wire};

/// Sessions that every farm has: an application's and a desktop's.
pub(crate) const SESSIONS: [&str; 2] = ["Ledger", "Desk"];

/// A farm, as the seed made it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) number: usize,
    pub(crate) generation: Generation,
    pub(crate) legacy_workspace_control: bool,
    pub(crate) balanced: bool,
    /// Milliseconds.
    pub(crate) timeout: u64,
    /// Hosts of its controllers, with their ports.
    pub(crate) controllers: Vec<String>,
}

impl Plan {
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
            timeout: rng.u64(1_000..5_000),
            controllers: (0..rng.usize(1..=3))
                .map(|controller| format!("c{controller}.farm{number}.test:80"))
                .collect(),
        }
    }

    pub(crate) fn id(&self) -> String {
        format!("F{}", self.number)
    }

    /// Whether a host is used while all is well: of an ordered farm it is the first alone.
    pub(crate) fn uses(&self, host: &str) -> bool {
        let used = if self.balanced {
            self.controllers.len()
        } else {
            1
        };
        self.controllers.iter().take(used).any(|used| used == host)
    }

    /// Its part of the gateway's configuration.
    pub(crate) fn section(&self) -> String {
        let generation = match self.generation {
            Generation::XenApp6 => "xenapp-6",
            Generation::XenDesktop5 => "xendesktop-5",
            Generation::Cvad7 => "cvad-7",
        };
        let order = if self.balanced { "balanced" } else { "ordered" };
        let controllers: Vec<_> = self
            .controllers
            .iter()
            .map(|host| format!("http://{host}"))
            .collect();
        format!(
            "[[store.farm]]\nid = \"{}\"\nname = \"Farm {}\"\ngeneration = \"{generation}\"\n\
             controllers = {controllers:?}\ncontroller_order = \"{order}\"\ntimeout_ms = {}\n\
             legacy_workspace_control = {}\n",
            self.id(),
            self.number,
            self.timeout,
            self.legacy_workspace_control,
        )
    }
}

/// One controller: a process that can end and begin again.
#[derive(Clone)]
pub(crate) struct Controller(Arc<Inner>);

struct Inner {
    host: String,
    farm: usize,
    generation: Generation,
    network: Network,
    ledger: Ledger,
    rng: Mutex<Rng>,
    temper: Mutex<Temper>,
    /// What serves its connections; ends with the process.
    serving: Mutex<JoinSet<()>>,
    received: Mutex<usize>,
}

/// What becomes of requests, of a hundred each; the rest are answered.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Temper {
    hang: u8,
    refuse: u8,
    drop: u8,
    drop_after: u8,
    nonsense: u8,
    drip: u8,
    /// Closes the connection after an answer, at once or while it waits.
    close: u8,
}

impl Temper {
    pub(crate) const GOOD: Self = Self {
        hang: 0,
        refuse: 0,
        drop: 0,
        drop_after: 0,
        nonsense: 0,
        drip: 0,
        close: 0,
    };

    pub(crate) fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..10) {
            0..3 => Self::GOOD,
            3..5 => Self {
                close: rng.u8(10..=100),
                ..Self::GOOD
            },
            5 => Self {
                hang: 100,
                ..Self::GOOD
            },
            6 => Self {
                drop_after: rng.u8(50..=100),
                ..Self::GOOD
            },
            _ => Self {
                hang: rng.u8(0..15),
                refuse: rng.u8(0..15),
                drop: rng.u8(0..15),
                drop_after: rng.u8(0..15),
                nonsense: rng.u8(0..15),
                drip: rng.u8(0..10),
                close: rng.u8(0..15),
            },
        }
    }

    fn fate(self, rng: &mut Rng) -> Fate {
        let mut roll = rng.u8(0..100);
        let fates = [
            (self.hang, Fate::Hang),
            (self.refuse, Fate::Refuse),
            (self.drop, Fate::Drop),
            (self.drop_after, Fate::DropAfter),
            (self.nonsense, Fate::Nonsense),
            (self.drip, Fate::Drip),
            (self.close, Fate::AnswerAndClose),
        ];
        for (share, fate) in fates {
            if roll < share {
                return fate;
            }
            roll -= share;
        }
        Fate::Answer
    }
}

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answer,
    AnswerAndClose,
    /// Does it, and answers in pieces with pauses.
    Drip,
    /// Does it, and ends the connection.
    DropAfter,
    /// Does it, and says something that is no answer.
    Nonsense,
    /// Ends the connection, and has done nothing.
    Drop,
    /// Says that it cannot, and has done nothing.
    Refuse,
    /// Does nothing, ever.
    Hang,
}

impl Controller {
    pub(crate) fn start(
        host: &str,
        plan: &Plan,
        network: &Network,
        ledger: &Ledger,
        rng: Rng,
    ) -> Self {
        let controller = Self(Arc::new(Inner {
            host: host.to_owned(),
            farm: plan.number,
            generation: plan.generation,
            network: network.clone(),
            ledger: ledger.clone(),
            rng: Mutex::new(rng),
            temper: Mutex::new(Temper::GOOD),
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

    pub(crate) fn set_temper(&self, temper: Temper) {
        *lock(&self.0.temper) = temper;
    }

    /// Ends what it is doing, with or without a word to its peers.
    pub(crate) fn crash(&self, reach: Reach) {
        self.0.network.set_reach(&self.0.host, reach);
        lock(&self.0.serving).abort_all();
    }

    /// Begins again. Connections from before end now at the latest.
    pub(crate) fn restart(&self) {
        self.0.network.set_reach(&self.0.host, Reach::Up);
        self.0.network.reset(&self.0.host);
    }

    /// Cuts it off for so many milliseconds; what is under way is delivered afterwards, unless it ends
    /// meanwhile.
    pub(crate) fn cut(&self, milliseconds: u64) {
        let (network, host) = (self.0.network.clone(), self.0.host.clone());
        network.set_reach(&host, Reach::Silent);
        tokio::spawn(async move {
            sleep(Duration::from_millis(milliseconds)).await;
            if network.reach(&host) == Some(Reach::Silent) {
                network.set_reach(&host, Reach::Up);
            }
        });
    }

    /// Requests that it has received so far.
    pub(crate) fn received(&self) -> usize {
        *lock(&self.0.received)
    }

    async fn accept(self, backlog: Backlog) {
        while let Ok((wire, _)) = backlog.accept().await {
            let serve = self.clone().serve(wire);
            let mut serving = lock(&self.0.serving);
            while serving.try_join_next().is_some() {}
            serving.spawn(async move {
                serve.await;
            });
        }
    }

    async fn serve(self, mut wire: Wire) -> Option<()> {
        loop {
            let body = read_request(&mut wire).await?;
            *lock(&self.0.received) += 1;
            let (frame, request) = match decode_request(&body) {
                Ok(request) => request,
                Err(error) => {
                    self.0
                        .ledger
                        .fault(format!("a request that is none: {error}"));
                    return None;
                }
            };
            let (fate, think) = {
                let mut rng = lock(&self.0.rng);
                let fate = lock(&self.0.temper).fate(&mut rng);
                (fate, Duration::from_micros(rng.u64(100..20_000)))
            };
            let (host, name) = (&self.0.host, name(&request));
            self.0
                .ledger
                .note(format!("{host} receives {name}: {fate:?}"));
            sleep(think).await;
            self.meet(&mut wire, &frame, &request, fate).await?;
        }
    }

    /// Nothing when the connection is of no use any more.
    async fn meet(
        &self,
        wire: &mut Wire,
        frame: &Frame,
        request: &AnyRequest,
        fate: Fate,
    ) -> Option<()> {
        match fate {
            Fate::Hang => return std::future::pending().await,
            Fate::Drop => {
                wire.reset();
                return None;
            }
            Fate::Refuse => {
                let refusal = FarmError::from(ErrorId::SERVICE_UNAVAILABLE);
                let document = encode_response::<CapabilitiesResponse>(frame, &Err(refusal));
                return wire.write_all(&http(&document)).await.ok();
            }
            Fate::Answer | Fate::AnswerAndClose | Fate::Drip | Fate::DropAfter | Fate::Nonsense => {
            }
        }
        let deed = self.note_deed(request);
        match fate {
            Fate::DropAfter => {
                wire.reset();
                return None;
            }
            Fate::Nonsense => {
                return wire.write_all(&http(b"<html>It works!</html>")).await.ok();
            }
            _ => {}
        }
        let bytes = http(&self.answer(frame, request));
        let pause = match fate {
            Fate::Drip => Duration::from_millis(lock(&self.0.rng).u64(10..300)),
            _ => Duration::ZERO,
        };
        for piece in bytes.chunks(if pause.is_zero() { bytes.len() } else { 100 }) {
            sleep(pause).await;
            wire.write_all(piece).await.ok()?;
        }
        if let Some(deed) = deed {
            let arrival = wire.arrival();
            self.0.ledger.with(|entries| {
                if let Some(deed) = entries.deeds.get_mut(deed) {
                    deed.answer = Some(arrival);
                }
            });
        }
        if fate == Fate::AnswerAndClose {
            let wait = lock(&self.0.rng).u64(0..2_000);
            sleep(Duration::from_millis(wait * wait / 2_000)).await;
            return None;
        }
        Some(())
    }

    /// Writes down what it does for a client, if that is anything; gives the place in the ledger.
    fn note_deed(&self, request: &AnyRequest) -> Option<usize> {
        let (client_name, kind) = match request {
            AnyRequest::ReconnectSessionData(request) => {
                let active = request.session_types.contains(&SessionType::Active);
                let kind = if active && self.0.generation.listing_active_disconnects() {
                    Kind::ListedAndDisconnected
                } else {
                    Kind::Listed
                };
                (request.client_name.as_deref(), kind)
            }
            AnyRequest::DisconnectUserSessions(request) => {
                (request.0.client_name.as_deref(), Kind::Disconnected)
            }
            AnyRequest::LogoffUserSessions(request) => {
                (request.0.client_name.as_deref(), Kind::LoggedOff)
            }
            AnyRequest::Address(request) => (request.client_name.as_deref(), Kind::Addressed),
            AnyRequest::Ticket(request) => (Some(&*request.ticket_tag), Kind::Ticketed),
            _ => return None,
        };
        let Some(ticket) = client_name.and_then(Ticket::of) else {
            self.0.ledger.fault(format!("{kind:?} for nobody"));
            return None;
        };
        let deed = Deed {
            farm: self.0.farm,
            ticket,
            kind,
            answer: None,
        };
        Some(self.0.ledger.with(|entries| {
            entries.deeds.push(deed);
            entries.deeds.len() - 1
        }))
    }

    fn answer(&self, frame: &Frame, request: &AnyRequest) -> Vec<u8> {
        match request {
            AnyRequest::AppData(_) => well(frame, catalogue()),
            AnyRequest::Capabilities(_) => well(frame, CapabilitiesResponse::default()),
            AnyRequest::ValidateCredentials(_) => {
                well(frame, ValidateCredentialsResponse::default())
            }
            AnyRequest::ReconnectSessionData(_) => well(frame, self.sessions()),
            AnyRequest::DisconnectUserSessions(_) => well(frame, DisconnectUserSessionsResponse),
            AnyRequest::LogoffUserSessions(_) => well(frame, LogoffUserSessionsResponse),
            AnyRequest::Address(request) => match &request.name {
                AddressName::Session(_) => well(frame, self.address(request.client_name.clone())),
                _ => refuse(frame),
            },
            AnyRequest::Ticket(request) => well(
                frame,
                TicketResponse {
                    ticket: format!("T{}", request.ticket_tag),
                },
            ),
            AnyRequest::LaunchRef(request) => well(
                frame,
                LaunchRefResponse {
                    launch_ref: format!("R{}", request.ticket_tag),
                },
            ),
            AnyRequest::ProtocolInfo(_)
            | AnyRequest::ServerData(_)
            | AnyRequest::ServerFarmData(_)
            | AnyRequest::ChangePassword(_) => refuse(frame),
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
            // The tag goes back with the request for a ticket: so that deed can be traced too.
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

fn catalogue() -> AppDataResponse {
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
        leasing_status: None,
        applications: SESSIONS.into_iter().map(application).collect(),
    }
}

fn well<A: Body>(frame: &Frame, answer: A) -> Vec<u8> {
    encode_response(frame, &Ok(answer))
}

fn refuse(frame: &Frame) -> Vec<u8> {
    encode_response::<CapabilitiesResponse>(frame, &Err(ErrorId::UNSPECIFIED.into()))
}

fn http(document: &[u8]) -> Vec<u8> {
    let length = document.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), document].concat()
}

fn name(request: &AnyRequest) -> String {
    let debug = format!("{request:?}");
    let end = debug.find(['(', ' ']).unwrap_or(debug.len());
    debug.get(..end).unwrap_or_default().to_owned()
}

/// Reads a request to the end of its body.
async fn read_request(wire: &mut Wire) -> Option<Vec<u8>> {
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
        if wire.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
