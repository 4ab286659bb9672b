//! HTTP exchanges as bytes, without an HTTP library.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::secret_scan;

/// An HTTP server. Every exchange has a connection of its own, as with client A (CQ-21).
#[derive(Debug, Clone, Copy)]
pub struct HttpPeer {
    address: SocketAddr,
    from: IpAddr,
    host: Option<&'static str>,
}

/// A connection for several exchanges, as most HTTP libraries keep it.
#[derive(Debug)]
pub struct HttpConnection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An HTTP response, parsed but not interpreted.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names, spelled as sent, and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpPeer {
    /// The server at an address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            from: Ipv4Addr::UNSPECIFIED.into(),
            host: None,
        }
    }

    /// Returns this server for a client with another address of the loopback network.
    #[must_use]
    pub fn from(self, from: impl Into<IpAddr>) -> Self {
        let from = from.into();
        Self { from, ..self }
    }

    /// Returns this server for a client that knows it by this host, in place of its address.
    #[must_use]
    pub fn as_host(self, host: &'static str) -> Self {
        let host = Some(host);
        Self { host, ..self }
    }

    /// Returns the address of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends these bytes and reads until the server closes the connection.
    ///
    /// A server may respond and close before it has read everything. Then the rest is not sent.
    pub async fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.stream().await;
        let sent = stream.write_all(request).await;
        let mut response = Vec::new();
        let read = stream.read_to_end(&mut response).await;
        assert!(!response.is_empty(), "no response: {sent:?}, {read:?}");
        response
    }

    /// Sends a request that asks to close the connection, and parses the response.
    pub async fn exchange(&self, request: &[u8]) -> Response {
        Response::parse(&self.raw(request).await)
    }

    /// Sends the head of a request with `Expect: 100-continue`, and its body only after the interim
    /// response, as .NET does. Returns whether there was one, and the final response.
    pub async fn exchange_expecting_continue(&self, request: &[u8]) -> (bool, Response) {
        let mut connection = self.connect().await;
        let end = head_end(request).unwrap();
        connection.send(&request[..end]).await;
        let first = connection.receive().await;
        if first.status != 100 {
            return (false, first);
        }
        connection.send(&request[end..]).await;
        (true, connection.receive().await)
    }

    /// Opens a connection.
    pub async fn connect(&self) -> HttpConnection {
        HttpConnection {
            stream: self.stream().await,
            read: Vec::new(),
        }
    }

    async fn stream(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((self.from, 0).into()).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Sends a request. `target` is a path or an absolute URL.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let address = self.address.to_string();
        let host = self.host.unwrap_or(&address);
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" || !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("Connection: close\r\n\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        self.exchange(&bytes).await
    }
}

impl HttpConnection {
    /// Sends a request and waits for its response.
    pub async fn exchange(&mut self, request: &[u8]) -> Response {
        self.send(request).await;
        self.receive().await
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Waits for a response, which may be an interim one.
    pub async fn receive(&mut self) -> Response {
        loop {
            if let Some(length) = response_length(&self.read) {
                let rest = self.read.split_off(length);
                return Response::parse(&std::mem::replace(&mut self.read, rest));
            }
            let more = self.stream.read_buf(&mut self.read).await.unwrap();
            let read = String::from_utf8_lossy(&self.read);
            assert!(more > 0, "incomplete response: {read:?}");
        }
    }
}

/// Builds a request from a template in which every `{name}` stands for a value.
///
/// `{length}` is the length of the body, which begins after the first empty line and is sent
/// unchanged. Lines of the head end with CR LF in the request.
#[must_use]
pub fn request(text: &str, values: &[(&str, &str)]) -> Vec<u8> {
    let (head, body) = text.split_once("\n\n").unwrap();
    let fill = |text: &str| {
        values.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    };
    let body = fill(body);
    let head = fill(head)
        .replace("{length}", &body.len().to_string())
        .replace('\n', "\r\n");
    format!("{head}\r\n\r\n{body}").into_bytes()
}

/// Returns where the body begins, or `None` if the head is incomplete.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

/// Returns the length of the response at the start of these bytes, or `None` if it is incomplete.
fn response_length(bytes: &[u8]) -> Option<usize> {
    let head = head_end(bytes)?;
    let text = std::str::from_utf8(&bytes[..head]).unwrap();
    let body = text
        .split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    (bytes.len() >= head + body).then_some(head + body)
}

impl Response {
    fn parse(bytes: &[u8]) -> Self {
        let end = head_end(bytes).unwrap_or_else(|| {
            panic!("incomplete response: {:?}", String::from_utf8_lossy(bytes));
        });
        let head = std::str::from_utf8(&bytes[..end - 4]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_owned(), value.to_owned())
            })
            .collect();
        let response = Self {
            status,
            headers,
            body: bytes[end..].to_vec(),
        };
        // SS-68: responses are not streamed.
        if let Some(length) = response.header("content-length") {
            assert_eq!(
                length.parse::<usize>().unwrap(),
                response.body.len(),
                "whole body"
            );
        }
        secret_scan::record_response(&response.headers, &response.body);
        response
    }

    /// Returns the value of a header. Panics if the header occurs twice.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(
            values.next().is_none(),
            "{name} occurs twice: {:?}",
            self.headers
        );
        value
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}
