//! TLS handshakes that cost the attacker nothing: it sends a recorded message, and does not go on
//! after the signature of the server.

use std::net::Ipv4Addr;

use anyhow::{Result, bail};
use roamd_bench::TlsClients;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::tally::Outcome;

/// Records the first message of a client.
///
/// # Errors
/// If the client sends none.
pub(super) async fn record_hello(tls: &TlsClients) -> Result<Vec<u8>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let connect = async {
        let stream = TcpStream::connect(address).await?;
        tls.connect(stream, address).await
    };
    let record = async {
        let (mut stream, _) = listener.accept().await?;
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let [.., high, low] = head;
        let mut record = head.to_vec();
        let length = u16::from_be_bytes([high, low]);
        stream.take(length.into()).read_to_end(&mut record).await?;
        Ok(record)
    };
    tokio::select! {
        recorded = record => recorded,
        _ended = connect => bail!("the client of the recorder has sent nothing"),
    }
}

/// Sends the recorded message, and waits for the first bytes of the server.
///
/// # Errors
/// If the connection is reset.
pub(super) async fn begin(mut stream: TcpStream, hello: &[u8]) -> Result<Outcome> {
    stream.write_all(hello).await?;
    Ok(match stream.read(&mut [0; 4096]).await? {
        0 => Outcome::Closed,
        _ => Outcome::Signed,
    })
}
