//! Servers in front of farms: one embedded farm of generation 7 with a server and an nginx.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig, free_address};
use tempfile::TempDir;

use crate::process::Process;
use crate::url::split_url;
use crate::world::world;

/// A running `roamd serve`.
pub struct ServerProcess {
    /// The program.
    pub process: Process,
    /// URL of the store, `http://HOST:PORT/Citrix/Store`.
    pub store: String,
    /// Address to which clients connect.
    pub address: SocketAddr,
}

/// A farm and a server, which run in a temporary folder.
pub struct Setup {
    /// The server.
    pub server: ServerProcess,
    /// The farm.
    pub farm: Process,
    /// Address of the farm's controller.
    pub farm_address: SocketAddr,
    /// Path of the farm's XML service.
    pub farm_path: String,
    /// Removed last.
    folder: TempDir,
}

/// An nginx in front of the farm.
pub struct Nginx {
    /// The program.
    pub process: Process,
    /// Address to which clients connect.
    pub address: SocketAddr,
}

/// Listener of a server.
pub struct Listening {
    /// Address of the listener.
    pub listen: SocketAddr,
    /// URL by which clients know the server, `http://HOST:PORT`.
    pub base_url: String,
    /// More sections of the configuration.
    pub sections: String,
    /// More arguments of `roamd serve`.
    pub arguments: &'static [&'static str],
}

impl ServerProcess {
    /// Starts a server in front of these farms, with its files in a new folder.
    ///
    /// # Errors
    /// If the folder exists, or the server does not start.
    pub fn start(roamd: &Path, folder: &Path, farms: &[FarmConfig]) -> Result<Self> {
        let address = free_address();
        let listening = Listening {
            listen: address,
            base_url: format!("http://{address}"),
            sections: String::new(),
            arguments: &[],
        };
        Self::start_with(roamd, folder, farms, address, &listening)
    }

    /// Like `start`, with another listener. Clients connect to `address`.
    fn start_with(
        roamd: &Path,
        folder: &Path,
        farms: &[FarmConfig],
        address: SocketAddr,
        listening: &Listening,
    ) -> Result<Self> {
        fs::create_dir(folder)?;
        let path = folder.join("roamd.toml");
        let store = StoreConfig::new("/Citrix/Store", farms.iter().cloned());
        let config = ServerConfig {
            listen: listening.listen.to_string(),
            base_url: listening.base_url.clone(),
            data_dir: folder.join("data").display().to_string(),
            lines: listening.sections.clone(),
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
        })
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
        let (farm, farm_url) = Process::start(
            Command::new(roamd)
                .args([
                    "farm",
                    "serve",
                    "--farm",
                    "CVAD",
                    "--listen",
                    "127.0.0.1:0",
                    "--data",
                ])
                .arg(at("farm")),
            &at("farm.log"),
        )?;
        let (farm_address, farm_path) = split_url(&farm_url)?;

        let server = ServerProcess::start(roamd, &at("server"), &[farm_config(farm_address)])?;
        Ok(Self {
            server,
            farm,
            farm_address,
            farm_path,
            folder,
        })
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
        let folder = self.folder.path().join(name);
        let farms = [farm_config(self.farm_address)];
        ServerProcess::start_with(roamd, &folder, &farms, address, listening)
    }

    /// Starts another server in front of the farm, on a free port.
    ///
    /// # Errors
    /// If a folder of this name exists, or the server does not start.
    pub fn start_plain_server(&self, roamd: &Path, name: &str) -> Result<ServerProcess> {
        let folder = self.folder.path().join(name);
        ServerProcess::start(roamd, &folder, &[farm_config(self.farm_address)])
    }

    /// Starts an nginx that forwards every request to the farm.
    ///
    /// # Errors
    /// If its configuration cannot be written, or nginx does not start.
    pub fn start_nginx(&self, nginx: &Path) -> Result<Nginx> {
        let address = free_address();
        let folder = self.folder.path();
        let config = folder.join("nginx.conf");
        fs::write(&config, nginx_config(address, self.farm_address, folder))?;
        let log = folder.join("nginx.log");
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(&config)
            .args(["-e", "stderr"]);
        Ok(Nginx {
            process: Process::start_silent(&mut command, &log, address)?,
            address,
        })
    }
}

/// Returns the section of the embedded farm.
fn farm_config(controller: SocketAddr) -> FarmConfig {
    FarmConfig {
        name: "Farm".to_owned(),
        ..FarmConfig::new("CVAD", format_args!("http://{controller}"))
    }
}

/// Returns a configuration of nginx that keeps connections on both sides, as the server does, and
/// writes no log.
fn nginx_config(listen: SocketAddr, farm: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    upstream farm {{
        server {farm};
        keepalive 128;
        keepalive_requests 1000000;
    }}
    server {{
        listen {listen};
        location / {{
            proxy_pass http://farm;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"#
    )
}
