//! The scripted controller.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roamd_nfuse_proto::transport::ControllerUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::farm::{healthy_scripts, refusal};
use super::messages::{document, request_name};
use super::script::Script;
use crate::config::FarmConfig;
use crate::http_request::take_request;

/// A controller that plays a [`Script`] for each request and records the requests.
///
/// Requests go by the names of their elements without `Request`, for example `Address`. It stops
/// with the runtime that it was started on.
#[derive(Debug)]
pub struct ScriptedController {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    scripts: Scripts,
    /// Sent at the start of every connection.
    greeting: Vec<u8>,
    counts: HashMap<String, usize>,
    /// Whole requests, in the order in which they came; `None` if they are not kept.
    requests: Option<Vec<String>>,
    connections: usize,
}

/// Selection of the script for a request.
#[derive(Debug)]
enum Scripts {
    /// By the name of the request. Others are refused.
    ByName(HashMap<String, Script>),
    /// One for each request, whatever its name. Afterwards each request closes its connection.
    InOrder(VecDeque<Script>),
}

impl ScriptedController {
    /// Starts a controller that refuses every request.
    pub async fn refusing() -> Self {
        Self::start(free_port(), Scripts::ByName(HashMap::new())).await
    }

    /// Starts a controller of a farm where every user has the application `Ledger` and one
    /// disconnected session of it. All requests succeed.
    pub async fn healthy() -> Self {
        Self::start(free_port(), Scripts::ByName(healthy_scripts().into())).await
    }

    /// Like [`healthy`](Self::healthy), at a given address.
    pub async fn healthy_at(address: SocketAddr) -> Self {
        Self::start(address, Scripts::ByName(healthy_scripts().into())).await
    }

    /// Starts a controller that plays one script for each request, in this order and over all of
    /// its connections. Afterwards each request closes its connection.
    pub async fn in_order(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::in_order_at(free_port(), scripts).await
    }

    /// Like [`in_order`](Self::in_order), at a given address.
    pub async fn in_order_at(
        address: SocketAddr,
        scripts: impl IntoIterator<Item = Script>,
    ) -> Self {
        Self::start(address, Scripts::InOrder(scripts.into_iter().collect())).await
    }

    async fn start(address: SocketAddr, scripts: Scripts) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::new(scripts)));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    /// Address and port of the controller.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of the controller.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// URL of the controller, as the NFuse client reads it.
    #[must_use]
    pub fn controller_url(&self) -> ControllerUrl {
        ControllerUrl::parse(&self.url()).unwrap()
    }

    /// The section of a configuration for a farm of generation 7 with this controller. Lines for
    /// the farm may follow.
    #[must_use]
    pub fn farm_section(&self, id: &str, name: &str) -> String {
        self.farm_section_of("cvad-7", id, name)
    }

    /// Like [`farm_section`](Self::farm_section), for a farm of another generation.
    #[must_use]
    pub fn farm_section_of(&self, generation: &'static str, id: &str, name: &str) -> String {
        let farm = FarmConfig {
            name: name.to_owned(),
            generation,
            ..FarmConfig::new(id, self.url())
        };
        farm.to_string()
    }

    /// Returns how many requests of a name have come.
    #[must_use]
    pub fn request_count(&self, request: &str) -> usize {
        let state = lock(&self.state);
        state.counts.get(request).copied().unwrap_or_default()
    }

    /// Returns how many requests have come.
    #[must_use]
    pub fn total_requests(&self) -> usize {
        lock(&self.state).counts.values().sum()
    }

    /// Returns all requests, with their heads, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        lock(&self.state).requests.clone().unwrap_or_default()
    }

    /// Returns the last request of a name, with its head.
    #[must_use]
    pub fn last_request(&self, request: &str) -> String {
        let requests = self.requests();
        let mut latest = requests.into_iter().rev();
        latest
            .find(|text| request_name(text) == Some(request))
            .unwrap_or_else(|| panic!("no request {request}"))
    }

    /// Returns how many connections were made.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        lock(&self.state).connections
    }

    /// Waits until this many requests of a name have come.
    pub async fn wait_for_requests(&self, request: &str, count: usize) {
        while self.request_count(request) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until this many requests have come.
    pub async fn wait_for_total(&self, count: usize) {
        while self.total_requests() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Plays this script for the requests of a name from now on.
    pub fn set_script(&self, request: &str, script: Script) {
        lock(&self.state)
            .by_name()
            .insert(request.to_owned(), script);
    }

    /// Responds to requests of a name with this content of the `Response…` element from now on.
    pub fn set_content(&self, request: &str, content: &str) {
        self.set_script(request, Script::body(document(request, content)));
    }

    /// Lets the requests of a name wait until this semaphore is closed, and then plays the script
    /// that they have now.
    pub fn hold(&self, request: &str, until_closed: &Arc<Semaphore>) {
        let mut state = lock(&self.state);
        let script = state.by_name()[request].clone();
        state
            .by_name()
            .insert(request.to_owned(), script.held(until_closed));
    }

    /// Sends these bytes at the start of every connection from now on, before a request is read.
    pub fn set_greeting(&self, bytes: &[u8]) {
        lock(&self.state).greeting = bytes.to_vec();
    }

    /// Lets all requests succeed from now on, as those of [`healthy`](Self::healthy) do, and
    /// forgets the requests that have come.
    pub fn make_healthy(&self) {
        *lock(&self.state) = State::new(Scripts::ByName(healthy_scripts().into()));
    }

    /// Counts requests from now on and does not keep them, so that memory stays bounded.
    pub fn discard_requests(&self) {
        lock(&self.state).requests = None;
    }
}

impl State {
    fn new(scripts: Scripts) -> Self {
        Self {
            scripts,
            greeting: Vec::new(),
            counts: HashMap::new(),
            requests: Some(Vec::new()),
            connections: 0,
        }
    }

    fn by_name(&mut self) -> &mut HashMap<String, Script> {
        match &mut self.scripts {
            Scripts::ByName(scripts) => scripts,
            Scripts::InOrder(_) => panic!("this controller plays its scripts in order"),
        }
    }

    /// Records a request, and returns the script for it.
    fn receive(&mut self, request: String) -> Script {
        let name = request_name(&request).unwrap_or_default().to_owned();
        *self.counts.entry(name.clone()).or_default() += 1;
        if let Some(requests) = &mut self.requests {
            requests.push(request);
        }
        match &mut self.scripts {
            Scripts::ByName(scripts) => {
                let script = scripts.get(&name).cloned();
                script.unwrap_or_else(|| refusal(&name))
            }
            Scripts::InOrder(scripts) => scripts.pop_front().unwrap_or_else(Script::close),
        }
    }
}

/// Serves a connection until either side ends it.
async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let greeting = lock(&state).greeting.clone();
    stream.write_all(&greeting).await.ok()?;
    let mut bytes = Vec::new();
    loop {
        while let Some(request) = take_request(&mut bytes) {
            let script = lock(&state).receive(request);
            script.play(&mut stream).await?;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn free_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
