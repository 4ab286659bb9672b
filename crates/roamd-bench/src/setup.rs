//! Gateways before farms; and one embedded farm of generation 7 with a gateway and an nginx before
//! it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::service::{Service, free_address};

/// The user of the world below.
pub(crate) const USER: &str = "alice";
pub(crate) const DOMAIN: &str = "BENCH";
pub(crate) const PASSWORD: &str = "bench";
/// How many sessions the user has there.
pub(crate) const SESSIONS: usize = 3;

/// A running gateway.
pub(crate) struct Gateway {
    pub(crate) service: Service,
    /// `http://HOST:PORT/Citrix/Store`
    pub(crate) store: String,
    pub(crate) address: SocketAddr,
}

/// A farm of generation 7 as a gateway knows it.
pub(crate) struct Farm {
    pub(crate) id: String,
    pub(crate) controllers: Vec<SocketAddr>,
}

/// Farm and gateway, running in a temporary folder.
pub(crate) struct Setup {
    pub(crate) gateway: Gateway,
    pub(crate) farm: Service,
    pub(crate) farm_address: SocketAddr,
    /// Path of the farm's XML service.
    pub(crate) farm_path: String,
    /// Removed last.
    folder: TempDir,
}

/// How a gateway is reached, in its own words.
pub(crate) struct Reached {
    /// What it listens on.
    pub(crate) listen: SocketAddr,
    /// `http://HOST:PORT`
    pub(crate) base_url: String,
    /// Sections of the configuration that say more.
    pub(crate) sections: String,
    /// Arguments that it needs for it.
    pub(crate) arguments: &'static [&'static str],
}

impl Gateway {
    /// Starts a gateway before these farms that keeps its files in a folder of its own.
    pub(crate) fn start(roamd: &Path, folder: &Path, farms: &[Farm]) -> Result<Self> {
        let address = free_address()?;
        let reached = Reached {
            listen: address,
            base_url: format!("http://{address}"),
            sections: String::new(),
            arguments: &[],
        };
        Self::start_at(roamd, folder, farms, address, &reached)
    }

    /// The same, reached in another way. Its usual clients come to `address`.
    pub(crate) fn start_at(
        roamd: &Path,
        folder: &Path,
        farms: &[Farm],
        address: SocketAddr,
        reached: &Reached,
    ) -> Result<Self> {
        fs::create_dir(folder)?;
        let config = folder.join("roamd.toml");
        fs::write(&config, gateway_config(reached, farms, folder))?;
        let (service, store) = Service::start(
            Command::new(roamd)
                .args(["serve", "--config"])
                .arg(&config)
                .args(reached.arguments),
            &folder.join("log"),
        )?;
        Ok(Self {
            service,
            store,
            address,
        })
    }
}

impl Setup {
    /// Makes the world and starts farm and gateway.
    pub(crate) fn start(roamd: &Path) -> Result<Self> {
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
                "the world was not made: {}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
        let (farm, farm_url) = Service::start(
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
        let (farm_address, farm_path) = split(&farm_url)?;

        let gateway = Gateway::start(roamd, &at("gateway"), &[cvad(farm_address)])?;
        Ok(Self {
            gateway,
            farm,
            farm_address,
            farm_path,
            folder,
        })
    }

    /// Starts another gateway before the farm, reached in another way.
    pub(crate) fn start_gateway(
        &self,
        roamd: &Path,
        name: &str,
        address: SocketAddr,
        reached: &Reached,
    ) -> Result<Gateway> {
        let folder = self.folder.path().join(name);
        Gateway::start_at(roamd, &folder, &[cvad(self.farm_address)], address, reached)
    }

    /// Starts an nginx that passes everything on to the farm.
    pub(crate) fn start_nginx(&self, nginx: &Path) -> Result<Nginx> {
        let address = free_address()?;
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
            service: Service::start_silent(&mut command, &log, address)?,
            address,
        })
    }
}

/// The farm of the world below, as a gateway knows it.
fn cvad(controller: SocketAddr) -> Farm {
    Farm {
        id: "CVAD".to_owned(),
        controllers: vec![controller],
    }
}

/// An nginx before the farm.
pub(crate) struct Nginx {
    pub(crate) service: Service,
    pub(crate) address: SocketAddr,
}

/// Address and path of an `http` URL whose host is an address.
pub(crate) fn split(url: &str) -> Result<(SocketAddr, String)> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} is not http"))?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = address
        .parse()
        .with_context(|| format!("{url} has no address and port"))?;
    Ok((address, format!("/{path}")))
}

fn world() -> String {
    format!(
        r#"[[domain]]
name = "{DOMAIN}"
dns = "bench.test"
[[domain.user]]
name = "{USER}"
password = "{PASSWORD}"

[[farm]]
id = "CVAD"
name = "Farm"
generation = "cvad-7"
[[farm.host]]
id = "1"
name = "HOST1"
address = "192.0.2.1"
dns = "host1.bench.test"
[[farm.application]]
name = "Excel"
[[farm.application]]
name = "Word"
[[farm.application]]
name = "Desktop"
kind = "desktop"

[[session]]
farm = "CVAD"
user = "{USER}"
app = "Excel"
state = "disconnected"
[[session]]
farm = "CVAD"
user = "{USER}"
app = "Word"
state = "disconnected"
[[session]]
farm = "CVAD"
user = "{USER}"
app = "Desktop"
state = "disconnected"
"#
    )
}

fn gateway_config(reached: &Reached, farms: &[Farm], folder: &Path) -> String {
    let data = folder.join("data");
    let farms: String = farms.iter().map(Farm::section).collect();
    let Reached {
        listen,
        base_url,
        sections,
        ..
    } = reached;
    format!(
        r#"listen = "{listen}"
base_url = "{base_url}"
data_dir = "{}"

{sections}
[[store]]
path = "/Citrix/Store"
{farms}"#,
        data.display()
    )
}

impl Farm {
    fn section(&self) -> String {
        let id = &self.id;
        let urls = self.controllers.iter().map(|at| format!("http://{at}"));
        let urls: Vec<String> = urls.collect();
        format!(
            r#"
[[store.farm]]
id = "{id}"
name = "Farm"
generation = "cvad-7"
controllers = {urls:?}
"#
        )
    }
}

/// Both sides keep their connections, as the gateway does, and nothing is logged.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_into_address_and_path() {
        let cases = [
            ("http://127.0.0.1:80/a/b", "127.0.0.1:80", "/a/b"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "/"),
        ];
        for (url, address, path) in cases {
            assert_eq!(
                split(url).unwrap(),
                (address.parse().unwrap(), path.to_owned())
            );
        }
        assert!(split("https://127.0.0.1:80/").is_err());
        assert!(split("http://localhost:80/").is_err());
    }
}
