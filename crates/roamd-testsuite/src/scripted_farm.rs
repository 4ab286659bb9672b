//! A farm that answers what it is told to, byte for byte: for what the embedded farm never does.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roamd_nfuse_proto::{
    AddressResponse, AppDataResponse, Application, Body, CapabilitiesResponse, Dialect,
    DisconnectUserSessionsResponse, Encoding, Frame, HostAddress, HostId, LaunchRefResponse,
    LogoffUserSessionsResponse, ReconnectSessionDataResponse, SessionEntry, TicketResponse,
    ValidateCredentialsResponse, encode_response,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// One controller of a farm that answers what it is told to. It stops with its runtime.
#[derive(Debug)]
pub struct ScriptedFarm {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What is sent for one request.
#[derive(Debug, Clone)]
pub struct Script {
    /// Nothing is sent before this is closed.
    held: Option<Arc<Semaphore>>,
    first: Vec<u8>,
    piece: Vec<u8>,
    times: usize,
    pause: Duration,
    end: End,
}

/// What becomes of a connection once a script is played.
#[derive(Debug, Clone, Copy)]
enum End {
    Keep,
    Close,
    Reset,
}

/// Requests go by their names without `Request`, say `Address`.
#[derive(Debug, Default)]
struct State {
    scripts: HashMap<String, Script>,
    greeting: Vec<u8>,
    received: HashMap<String, usize>,
    last: HashMap<String, String>,
    connections: usize,
}

impl Script {
    /// These bytes; the connection stays open.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            held: None,
            first: bytes.into(),
            piece: Vec::new(),
            times: 0,
            pause: Duration::ZERO,
            end: End::Keep,
        }
    }

    /// A proper answer with this body.
    #[must_use]
    pub fn body(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self::bytes([head.as_bytes(), body].concat())
    }

    /// The same, once this is closed.
    #[must_use]
    pub fn held(self, until: &Arc<Semaphore>) -> Self {
        let held = Some(Arc::clone(until));
        Self { held, ..self }
    }

    /// And then this piece so many times, with a pause before each.
    #[must_use]
    pub fn then(self, piece: impl Into<Vec<u8>>, times: usize, pause: Duration) -> Self {
        let piece = piece.into();
        Self {
            piece,
            times,
            pause,
            ..self
        }
    }

    /// And then the connection is closed.
    #[must_use]
    pub fn then_close(self) -> Self {
        let end = End::Close;
        Self { end, ..self }
    }

    /// And then the connection is reset.
    #[must_use]
    pub fn then_reset(self) -> Self {
        let end = End::Reset;
        Self { end, ..self }
    }

    /// Nothing when the connection is of no use any more.
    async fn play(&self, stream: &mut TcpStream) -> Option<()> {
        if let Some(held) = &self.held {
            // The only permits are those that it never had.
            held.acquire().await.unwrap_err();
        }
        stream.write_all(&self.first).await.ok()?;
        for _ in 0..self.times {
            tokio::time::sleep(self.pause).await;
            stream.write_all(&self.piece).await.ok()?;
        }
        match self.end {
            End::Keep => Some(()),
            End::Close => None,
            End::Reset => {
                stream.set_zero_linger().ok()?;
                None
            }
        }
    }
}

impl ScriptedFarm {
    /// A farm that refuses everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    /// A farm that answers everything well: everybody has the application `Ledger` and one
    /// disconnected session of it.
    pub async fn friendly() -> Self {
        let farm = Self::start().await;
        farm.be_friendly();
        farm
    }

    /// From now on answers everything well, and has received nothing yet.
    pub fn be_friendly(&self) {
        let address = HostAddress {
            kind: Some("dns-port".to_owned()),
            value: "ledger.demo.test:1494".to_owned(),
        };
        let scripts = [
            well(ValidateCredentialsResponse::default()),
            well(CapabilitiesResponse::default()),
            well(AppDataResponse {
                leasing_status: None,
                applications: vec![Application {
                    in_name: "Ledger".to_owned(),
                    friendly_name: "Ledger".to_owned(),
                    ..Application::default()
                }],
            }),
            well(ReconnectSessionDataResponse {
                sessions: vec![SessionEntry {
                    in_name: "Ledger".to_owned(),
                    server_type: "win32".to_owned(),
                    client_type: "ica30".to_owned(),
                    host_id: HostId {
                        kind: Some("ima-host-id".to_owned()),
                        value: "9".to_owned(),
                    },
                    session_id: "4".to_owned(),
                    ..SessionEntry::default()
                }],
            }),
            well(DisconnectUserSessionsResponse),
            well(LogoffUserSessionsResponse),
            well(AddressResponse {
                server_address: address,
                server_type: Some("win32".to_owned()),
                connection_type: Some("tcp".to_owned()),
                client_type: Some("ica30".to_owned()),
                ticket_tag: Some("tag".to_owned()),
                disconnected_session: true,
                ..AddressResponse::default()
            }),
            well(TicketResponse {
                ticket: "0F1E2D3C4B5A69788796".to_owned(),
            }),
            well(LaunchRefResponse {
                launch_ref: "reference".to_owned(),
            }),
        ];
        *self.state.lock().unwrap() = State {
            scripts: scripts.into(),
            ..State::default()
        };
    }

    /// From now on answers a request with this content of its `Response…` element.
    pub fn answer(&self, request: &str, content: &str) {
        self.play(request, Script::body(document(request, content)));
    }

    /// From now on answers a request as it does now, but only once this is closed.
    pub fn hold(&self, request: &str, until: &Arc<Semaphore>) {
        let mut state = self.state.lock().unwrap();
        let script = state.scripts[request].clone();
        state.scripts.insert(request.to_owned(), script.held(until));
    }

    /// From now on plays this for a request.
    pub fn play(&self, request: &str, script: Script) {
        let mut state = self.state.lock().unwrap();
        state.scripts.insert(request.to_owned(), script);
    }

    /// From now on begins every connection with these bytes, before it has read anything.
    pub fn greet(&self, bytes: &[u8]) {
        self.state.lock().unwrap().greeting = bytes.to_vec();
    }

    /// How often a request has come.
    #[must_use]
    pub fn received(&self, request: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.received.get(request).copied().unwrap_or_default()
    }

    /// The document of the last request of this name.
    #[must_use]
    pub fn last(&self, request: &str) -> String {
        let state = self.state.lock().unwrap();
        state.last[request].clone()
    }

    /// Returns once a request has come so often.
    pub async fn reached(&self, request: &str, times: usize) {
        while self.received(request) < times {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How often any request has come.
    #[must_use]
    pub fn received_at_all(&self) -> usize {
        self.state.lock().unwrap().received.values().sum()
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// `host:port` of the controller.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lines of a gateway's configuration for this farm.
    #[must_use]
    pub fn section(&self, id: &str, name: &str) -> String {
        self.section_of("cvad-7", id, name)
    }

    /// The same for a farm of this generation. Lines for the farm may follow.
    #[must_use]
    pub fn section_of(&self, generation: &str, id: &str, name: &str) -> String {
        format!(
            "[[store.farm]]\nid = \"{id}\"\nname = \"{name}\"\ngeneration = \"{generation}\"\n\
             controllers = [\"http://{}\"]\n",
            self.address
        )
    }
}

/// The document of an answer with this content.
#[must_use]
pub fn document(request: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<!DOCTYPE NFuseProtocol SYSTEM \
         \"NFuse.dtd\">\n<NFuseProtocol version=\"5.4\"><Response{request}>{content}\
         </Response{request}></NFuseProtocol>\n"
    )
}

/// The name of a request, and a script that answers it well.
fn well<A: Body>(answer: A) -> (String, Script) {
    let frame = Frame {
        dialect: Dialect::new(5, 4),
        encoding: Encoding::Utf8,
    };
    let name = A::ELEMENT.trim_start_matches("Response").to_owned();
    let script = Script::body(encode_response(&frame, &Ok(answer)));
    (name, script)
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let greeting = state.lock().unwrap().greeting.clone();
    stream.write_all(&greeting).await.ok()?;
    let mut bytes = Vec::new();
    loop {
        if bytes.trim_ascii_end().ends_with(b"</NFuseProtocol>") {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            bytes.clear();
            let request = text.split("<Request").nth(1)?;
            let name = request.split([' ', '/', '>']).next()?;
            let script = {
                let mut state = state.lock().unwrap();
                *state.received.entry(name.to_owned()).or_default() += 1;
                state.last.insert(name.to_owned(), text.clone());
                state.scripts.get(name).cloned()
            };
            let refusal = || Script::body(document(name, "<ErrorId>unspecified</ErrorId>"));
            script.unwrap_or_else(refusal).play(&mut stream).await?;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
