//! The mock store.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::request::StoreRequest;
use super::response::StoreResponse;
use crate::http_request::take_request;

type Respond = dyn Fn(&StoreRequest) -> StoreResponse + Send + Sync;

/// A store on a free port, at `/Store`, that responds as a test defines and records the requests.
///
/// It needs no runtime: each connection has a thread, so that a response may block. It runs until
/// the test process ends.
#[derive(Debug, Clone)]
pub struct MockStore {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<StoreRequest>>>,
}

impl MockStore {
    /// Starts a store that responds to every request with this function.
    #[must_use]
    pub fn start(respond: impl Fn(&StoreRequest) -> StoreResponse + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let store = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
        };
        let (accepting, respond) = (store.clone(), Arc::new(respond));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (store, respond) = (accepting.clone(), Arc::clone(&respond));
                thread::spawn(move || store.serve(stream.unwrap(), &*respond));
            }
        });
        store
    }

    /// Starts a store that has an [endpoints document](StoreResponse::endpoints), and responds to
    /// all other requests with this function.
    #[must_use]
    pub fn with_endpoints(
        respond: impl Fn(&StoreRequest) -> StoreResponse + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request| match request.path() {
            "/Store/endpoints/v1" => StoreResponse::endpoints(&request.base),
            _ => respond(request),
        })
    }

    /// Address and port of the store.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of the store.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/Store", self.address)
    }

    /// Returns the requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<StoreRequest> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns method and target of the requests so far, in order.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        requests.map(|request| request.line).collect()
    }

    /// Serves a connection until either side ends it.
    fn serve(&self, mut stream: TcpStream, respond: &Respond) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let base = format!("http://{}", self.address);
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            while let Some(request) = take_request(&mut bytes) {
                let request = StoreRequest::read(&base, &request);
                let requests = self.requests.lock();
                requests
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(request.clone());
                stream.write_all(&respond(&request).into_bytes()).ok()?;
            }
            let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
            bytes.extend_from_slice(&buffer[..count]);
        }
    }
}
