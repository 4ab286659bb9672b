//! Farms that cost next to nothing: each answers from memory after a set time, or never.
//!
//! Their answers are proper ones. They are written once, and each has one session of every user.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use roamd_nfuse_proto::{
    AppDataResponse, Application, Body, CapabilitiesResponse, Dialect, Encoding, Frame, HostId,
    ReconnectSessionDataResponse, SessionEntry, ValidateCredentialsResponse, encode_response,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// Path of the XML service.
pub(crate) const PATH: &str = "/scripts/wpnbr.dll";

/// How a controller meets a request.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    /// It answers after this time.
    Answers(Duration),
    /// It takes connections and requests, and never answers.
    Hangs,
}

/// A thread that plays controllers. They end when it is dropped.
pub(crate) struct Player {
    runtime: Runtime,
    answers: Arc<Answers>,
}

/// Whole HTTP answers, by the names of requests without `Request`.
type Answers = HashMap<String, Vec<u8>>;

impl Player {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let answers = HashMap::from([
            answer(ValidateCredentialsResponse::default()),
            answer(CapabilitiesResponse::default()),
            answer(catalogue()),
            answer(sessions()),
        ]);
        Ok(Self {
            runtime,
            answers: Arc::new(answers),
        })
    }

    /// One more controller.
    pub(crate) fn controller(&self, manner: Manner) -> Result<SocketAddr> {
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let answers = Arc::clone(&self.answers);
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner, Arc::clone(&answers)));
            }
        });
        Ok(address)
    }
}

/// Serves a connection until it is closed, or brings what nobody should send.
async fn serve(mut stream: TcpStream, manner: Manner, answers: Arc<Answers>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut request = Vec::new();
    while stream.read_buf(&mut request).await.ok()? > 0 {
        if !request.ends_with(b"</NFuseProtocol>") {
            continue;
        }
        if let Manner::Answers(delay) = manner {
            let answer = answers.get(name(&request)?)?;
            tokio::time::sleep(delay).await;
            stream.write_all(answer).await.ok()?;
        }
        request.clear();
    }
    None
}

/// The name of a request without `Request`.
fn name(request: &[u8]) -> Option<&str> {
    let (_, element) = std::str::from_utf8(request).ok()?.split_once("<Request")?;
    element.split([' ', '/', '>']).next()
}

fn answer<A: Body>(body: A) -> (String, Vec<u8>) {
    let frame = Frame {
        dialect: Dialect::FMA,
        encoding: Encoding::Utf8,
    };
    let body = encode_response(&frame, &Ok(body));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let name = A::ELEMENT.trim_start_matches("Response").to_owned();
    (name, [head.into_bytes(), body].concat())
}

fn catalogue() -> AppDataResponse {
    let application = |name: &str| Application {
        in_name: name.to_owned(),
        friendly_name: name.to_owned(),
        ..Application::default()
    };
    AppDataResponse {
        leasing_status: None,
        applications: ["Excel", "Word", "Notepad"].map(application).into(),
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

    use super::*;

    #[test]
    fn a_request_is_known_by_its_name() {
        let request = encode_request(Dialect::FMA, &CapabilitiesRequest);
        let name = name(&request).unwrap();
        assert_eq!(name, "Capabilities");
        assert!(Player::start().unwrap().answers.contains_key(name));
    }
}
