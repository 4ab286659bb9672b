//! A farm that never responds to the attacker, and passes the requests of others to a good farm.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};
use roamd_bench::ATTACKER;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// End of the head of a message.
const END_OF_HEAD: &str = "\r\n\r\n";

/// Header with the length of the body of a message, in lower case.
const CONTENT_LENGTH: &str = "content-length:";

/// Starts the farm in front of a good one, on the current runtime. Returns its address.
///
/// # Errors
/// If there is no free port.
pub(super) async fn start(good: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    drop(tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(tokio::spawn(async move {
                // The server sees that the connection ends.
                let _ended = serve(stream, good).await;
            }));
        }
    }));
    Ok(address)
}

/// Serves the requests of one connection.
async fn serve(mut server: TcpStream, good: SocketAddr) -> Result<()> {
    let mut farm = TcpStream::connect(good).await?;
    loop {
        let request = read_message(&mut server).await?;
        if String::from_utf8_lossy(&request).contains(ATTACKER) {
            // Until the server gives up.
            server.read_u8().await?;
        }
        farm.write_all(&request).await?;
        server.write_all(&read_message(&mut farm).await?).await?;
    }
}

/// Reads a message of HTTP/1.1 with a length.
async fn read_message(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&message);
        if let Some((head, body)) = text.split_once(END_OF_HEAD) {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix(CONTENT_LENGTH));
            if body.len() >= length.unwrap_or_default().trim().parse()? {
                return Ok(message);
            }
        }
        let read = stream.read_buf(&mut message).await?;
        ensure!(read > 0, "the connection was closed");
    }
}
