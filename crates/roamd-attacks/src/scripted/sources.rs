//! Addresses of attackers and of other users on one machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Longest time for a connection to be accepted.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Address of the user, a known network after the first sign-in.
pub(super) const USER_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Address of the load balancer that asks for the health.
pub(super) const MONITOR_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

/// Address of a legitimate client of the farm.
pub(super) const FARM_CLIENT_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));

/// The addresses that attackers can have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sources {
    /// 127.0.0.0/8, which is on every machine.
    Loopback,
    /// Also fd00::/8, each IPv6 address in a /48 of its own. `cargo xtask security` makes a network
    /// namespace where these addresses are local.
    Ipv6Too,
}

impl Sources {
    /// Opens a connection from the network with this number.
    ///
    /// # Errors
    /// If the server does not accept the connection.
    pub(super) async fn connect(self, network: usize, port: u16) -> Result<TcpStream> {
        connect_from(self.address(network)?, port).await
    }

    fn address(self, network: usize) -> Result<IpAddr> {
        let network = u16::try_from(network % usize::from(u16::MAX)).context("a small number")?;
        let [high, low] = network.to_be_bytes();
        Ok(match self {
            Self::Ipv6Too if network % 2 == 1 => {
                Ipv6Addr::new(0xfd00, 0, network, 0, 0, 0, 0, 1).into()
            }
            Self::Loopback | Self::Ipv6Too => Ipv4Addr::new(127, 1, high, low).into(),
        })
    }
}

/// Opens a connection from an address of this machine to the listener, which has both families.
///
/// # Errors
/// If the server does not accept the connection.
pub(super) async fn connect_from(source: IpAddr, port: u16) -> Result<TcpStream> {
    let (socket, server) = match source {
        IpAddr::V4(_) => (TcpSocket::new_v4()?, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpAddr::V6(_) => (TcpSocket::new_v6()?, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    };
    // Without it, the port would be reserved for all servers.
    socket.set_reuseaddr(true)?;
    if source.is_ipv6() {
        // The address is routed to this machine, but is on no interface of it.
        SockRef::from(&socket).set_freebind_v6(true)?;
    }
    socket.bind((source, 0).into())?;
    let stream = timeout(
        CONNECT_TIMEOUT,
        socket.connect(SocketAddr::new(server, port)),
    )
    .await
    .context("the connection was not accepted in time")??;
    stream.set_nodelay(true)?;
    Ok(stream)
}
