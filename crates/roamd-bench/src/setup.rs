//! Servers in front of farms: one embedded farm of generation 7 with a server and proxies.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig, free_address};
use tempfile::TempDir;

use crate::client_limits::ClientLimits;
use crate::farm_process::FarmProcess;
use crate::http::Connection;
use crate::process::Process;
use crate::proxy::Proxy;
use crate::tls::{Certificate, TlsClients};
use crate::world::world;

/// A running `roamd serve`.
pub struct ServerProcess {
    /// The program.
    pub process: Process,
    /// URL of the store, `http://HOST:PORT/Citrix/Store`.
    pub store: String,
    /// Address to which clients connect.
    pub address: SocketAddr,
    /// Data folder, with the audit log.
    pub data: PathBuf,
    /// Clients that trust its certificate; `None` without TLS.
    pub tls: Option<TlsClients>,
}

/// A farm and a server, which run in a temporary folder.
pub struct Setup {
    /// The server.
    pub server: ServerProcess,
    /// The farm.
    pub farm: FarmProcess,
    /// Removed last.
    folder: TempDir,
}

/// Listener of a server.
pub struct Listening {
    /// Address of the listener.
    pub listen: SocketAddr,
    /// URL by which clients know the server, `http://HOST:PORT`.
    pub base_url: String,
    /// More keys of the document, and after them sections other than `[limits]`.
    pub sections: String,
    /// The limits.
    pub limits: ClientLimits,
    /// More arguments of `roamd serve`.
    pub arguments: &'static [&'static str],
}

impl ServerProcess {
    /// Starts a server in front of these farms, with its files in a new folder, for the load of one
    /// user.
    ///
    /// # Errors
    /// If the folder exists, or the server does not start.
    pub fn start(roamd: &Path, folder: &Path, farms: &[FarmConfig]) -> Result<Self> {
        let address = free_address();
        let listening = Listening::at("http", address, String::new());
        Self::start_with(roamd, folder, farms, address, &listening)
    }

    /// Opens a connection, with TLS if the server has a certificate.
    ///
    /// # Errors
    /// If the server does not accept the connection.
    pub async fn connect(&self) -> Result<Connection> {
        Connection::open_with(self.address, self.tls.as_ref()).await
    }

    /// Like `start`, with another listener. Clients connect to `address`.
    fn start_with(
        roamd: &Path,
        folder: &Path,
        farms: &[FarmConfig],
        address: SocketAddr,
        listening: &Listening,
    ) -> Result<Self> {
        fs::create_dir(folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        let path = folder.join("roamd.toml");
        let data = folder.join("data");
        let store = StoreConfig::new("/Citrix/Store", farms.iter().cloned());
        let config = ServerConfig {
            listen: listening.listen.to_string(),
            base_url: listening.base_url.clone(),
            data_dir: data.display().to_string(),
            lines: listening.sections.clone() + &listening.limits.section(roamd)?,
            stores: vec![store],
        };
        fs::write(&path, config.to_string())?;
        let (process, store) = Process::start(
            Command::new(roamd)
                .args(["serve", "--config"])
                .arg(&path)
                .args(listening.arguments),
            &folder.join("log"),
        )?;
        Ok(Self {
            process,
            store,
            address,
            data,
            tls: None,
        })
    }
}

impl Listening {
    /// A listener at an address, for the load of one user, with more sections of the configuration.
    fn at(scheme: &str, address: SocketAddr, sections: String) -> Self {
        Self {
            listen: address,
            base_url: format!("{scheme}://{address}"),
            sections,
            limits: ClientLimits::OneUser,
            arguments: &[],
        }
    }

    /// A listener at an address, without effective limits per client.
    fn unlimited_at(scheme: &str, address: SocketAddr, sections: String) -> Self {
        Self {
            limits: ClientLimits::OneClient,
            ..Self::at(scheme, address, sections)
        }
    }
}

impl Setup {
    /// Creates the world and starts the farm and the server.
    ///
    /// # Errors
    /// If a file cannot be written, or a program does not start.
    pub fn start(roamd: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);

        fs::write(at("world.toml"), world())?;
        let made = Command::new(roamd)
            .args(["farm", "init", "--data"])
            .arg(at("farm"))
            .arg("--from")
            .arg(at("world.toml"))
            .output()
            .with_context(|| format!("cannot run {}", roamd.display()))?;
        if !made.status.success() {
            bail!(
                "roamd farm init failed: {}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
        let listen = Ipv4Addr::LOCALHOST.into();
        let farm = FarmProcess::start(roamd, &at("farm"), listen, &at("farm.log"))?;
        let server = ServerProcess::start(roamd, &at("server"), &[farm.config()])?;
        Ok(Self {
            server,
            farm,
            folder,
        })
    }

    /// Starts another controller of the farm, on a free port of every address of this machine.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_controller(&self, roamd: &Path, name: &str) -> Result<FarmProcess> {
        let at = |name: &str| self.folder.path().join(name);
        let log = at(&format!("{name}.log"));
        FarmProcess::start(roamd, &at("farm"), Ipv6Addr::UNSPECIFIED.into(), &log)
    }

    /// Starts another server in front of the farm. Clients connect to `address`.
    ///
    /// # Errors
    /// If a folder of this name exists, or the server does not start.
    pub fn start_server(
        &self,
        roamd: &Path,
        name: &str,
        address: SocketAddr,
        listening: &Listening,
    ) -> Result<ServerProcess> {
        self.start_server_of(roamd, name, &self.farm, address, listening)
    }

    /// Like [`start_server`](Self::start_server), in front of a controller of
    /// [`start_controller`](Self::start_controller).
    ///
    /// # Errors
    /// If a folder of this name exists, or the server does not start.
    pub fn start_server_of(
        &self,
        roamd: &Path,
        name: &str,
        controller: &FarmProcess,
        address: SocketAddr,
        listening: &Listening,
    ) -> Result<ServerProcess> {
        let folder = self.folder.path().join(name);
        let farms = [controller.config()];
        ServerProcess::start_with(roamd, &folder, &farms, address, listening)
    }

    /// Starts another server in front of the farm, on a free port.
    ///
    /// # Errors
    /// If a folder of this name exists, or the server does not start.
    pub fn start_plain_server(&self, roamd: &Path, name: &str) -> Result<ServerProcess> {
        let folder = self.folder.path().join(name);
        ServerProcess::start(roamd, &folder, &[self.farm.config()])
    }

    /// Starts another server in front of the farm, on a free port, without effective limits per
    /// client and with TLS if it gets a certificate.
    ///
    /// # Errors
    /// If a folder of this name exists, or the server does not start.
    pub fn start_unlimited_server(
        &self,
        roamd: &Path,
        name: &str,
        certificate: Option<&Certificate>,
    ) -> Result<ServerProcess> {
        let address = free_address();
        let listening = match certificate {
            None => Listening::unlimited_at("http", address, String::new()),
            Some(certificate) => {
                Listening::unlimited_at("https", address, certificate.section.clone())
            }
        };
        let mut server = self.start_server(roamd, name, address, &listening)?;
        server.tls = certificate.map(|certificate| certificate.clients.clone());
        Ok(server)
    }

    /// Starts a server of a group in front of the farm, on a free port, without effective limits
    /// per client. `sections` are those of the group; clients know it by `base_url`.
    ///
    /// # Errors
    /// If a folder of this name exists, or the server does not start.
    pub fn start_server_of_group(
        &self,
        roamd: &Path,
        name: &str,
        base_url: &str,
        sections: &str,
    ) -> Result<ServerProcess> {
        let address = free_address();
        let listening = Listening {
            base_url: base_url.to_owned(),
            ..Listening::unlimited_at("http", address, sections.to_owned())
        };
        self.start_server(roamd, name, address, &listening)
    }

    /// Issues a certificate for servers on the loopback address.
    ///
    /// # Errors
    /// If a folder of this name exists or cannot be written.
    pub fn certificate(&self, name: &str) -> Result<Certificate> {
        Certificate::issue(&self.folder.path().join(name))
    }

    /// Starts an nginx that forwards every request to the farm, with TLS in front if it gets a
    /// certificate.
    ///
    /// # Errors
    /// If a folder of this name exists or cannot be written, or nginx does not start.
    pub fn start_nginx(
        &self,
        nginx: &Path,
        name: &str,
        certificate: Option<&Certificate>,
    ) -> Result<Proxy> {
        let folder = self.folder.path().join(name);
        Proxy::nginx(nginx, &folder, self.farm.address, certificate)
    }

    /// Starts a HAProxy that forwards every request to the farm.
    ///
    /// # Errors
    /// If a folder of this name exists or cannot be written, or HAProxy does not start.
    pub fn start_haproxy(&self, haproxy: &Path, name: &str) -> Result<Proxy> {
        Proxy::haproxy(haproxy, &self.folder.path().join(name), self.farm.address)
    }
}
