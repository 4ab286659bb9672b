//! Connections from many addresses of this machine, so that limits per client do not apply.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::{TcpSocket, TcpStream};

/// Connections from one address.
const PER_ADDRESS: usize = 100;

/// Opens the connection with this number. Every hundred have another address.
///
/// # Errors
/// If the server does not accept the connection.
pub(super) async fn connect(number: usize, server: SocketAddr) -> Result<TcpStream> {
    connect_with(TcpSocket::new_v4()?, number, server).await
}

/// Like [`connect`], with a socket that has its options.
///
/// # Errors
/// If the server does not accept the connection.
pub(super) async fn connect_with(
    socket: TcpSocket,
    number: usize,
    server: SocketAddr,
) -> Result<TcpStream> {
    let address = source_address(number)?;
    // Without it, the port would be reserved for all servers.
    socket.set_reuseaddr(true)?;
    socket.bind((address, 0).into())?;
    let stream = socket.connect(server).await;
    stream.with_context(|| format!("connection {number} from {address} failed"))
}

/// Returns 127.0.x.y, where x is at least 1.
fn source_address(number: usize) -> Result<Ipv4Addr> {
    let address = u16::try_from(number / PER_ADDRESS).context("too many connections")?;
    let [high, low] = address
        .checked_add(0x0101)
        .context("too many connections")?
        .to_be_bytes();
    Ok(Ipv4Addr::new(127, 0, high, low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hundred_connections_have_another_address() {
        let cases = [(0, "127.0.1.1"), (99, "127.0.1.1"), (100, "127.0.1.2")];
        for (number, address) in cases {
            assert_eq!(source_address(number).unwrap().to_string(), address);
        }
        assert_eq!(source_address(25_500).unwrap().to_string(), "127.0.2.0");
        assert!(source_address(10_000_000).is_err());
    }
}
