//! A running controller of the embedded farm.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use roamd_testkit::FarmConfig;

use crate::process::Process;
use crate::url::split_url;

/// A running `roamd farm serve`.
pub struct FarmProcess {
    /// The program.
    pub process: Process,
    /// Address to which clients connect.
    pub address: SocketAddr,
    /// Path of the XML service.
    pub path: String,
}

impl FarmProcess {
    /// Starts a controller of the farm of a data folder, on a free port of an address.
    pub(crate) fn start(roamd: &Path, data: &Path, listen: IpAddr, log: &Path) -> Result<Self> {
        let (process, url) = Process::start(
            Command::new(roamd)
                .args(["farm", "serve", "--farm", "CVAD", "--insecure-plain-http"])
                .args(["--listen", &SocketAddr::new(listen, 0).to_string()])
                .arg("--data")
                .arg(data),
            log,
        )?;
        let (address, path) = split_url(&url)?;
        Ok(Self {
            process,
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
            path,
        })
    }

    /// Returns the section of the configuration of a server.
    pub(crate) fn config(&self) -> FarmConfig {
        FarmConfig {
            name: "Farm".to_owned(),
            ..FarmConfig::new("CVAD", format_args!("http://{}", self.address))
        }
    }
}
