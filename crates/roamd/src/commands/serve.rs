//! `roamd serve`.

use std::net::SocketAddr;

use clap::Args;
use roamd_server::Server;
use roamd_server::config::Config;
use tracing::info;

use super::config_file::ConfigFile;
use crate::exit_code::Exit;
use crate::hardening::harden_process;
use crate::listen::{listen, refuse_plain_http};
use crate::reload::reload_on_hangup;
use crate::runtime::block_on_main_thread;
use crate::signals::{hangups, stop_on_signal};
use crate::{output, systemd};

/// Runs the server in front of your farms.
///
/// SIGHUP reloads the configuration: requests in progress finish with the old one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd serve --config /etc/roamd/roamd.toml")]
pub(crate) struct ServeCommand {
    #[command(flatten)]
    config: ConfigFile,
    /// Allow plain HTTP on an address that other machines can reach.
    #[arg(long)]
    insecure_plain_http: bool,
}

impl ServeCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        harden_process()?;
        let config = self.config.read()?;
        refuse_plain_http(
            config.listen,
            config.listener.tls.is_some(),
            self.insecure_plain_http,
            "add a [tls] section to the configuration, or terminate TLS at a proxy in front of \
             the server and pass --insecure-plain-http",
        )?;
        block_on_main_thread(async {
            let listener = listen(config.listen, "change `listen` in the configuration").await?;
            let server = Server::with_listener(&config, listener)?;
            self.log_start(&config, server.local_addr()?);
            let stop = stop_on_signal()?;
            let reloader = server.reloader(self.config.path().to_owned(), stop.clone());
            let reloading = reload_on_hangup(hangups()?, reloader, stop.clone());
            let reloading = tokio::spawn(reloading);
            let (urls, liveness) = (server.store_urls(), server.liveness());
            let running = tokio::spawn(server.run(stop.clone()));
            for url in urls {
                output::print_line(format_args!("ready {url}"))?;
            }
            let notified = tokio::spawn(systemd::notify_service_manager(liveness, stop));
            running.await?;
            reloading.await?;
            notified.await?;
            Ok(Exit::Done)
        })
    }

    /// Logs what starts here, so that the log of each run shows its version and its configuration.
    fn log_start(&self, config: &Config, listen: SocketAddr) {
        let (version, path) = (env!("CARGO_PKG_VERSION"), self.config.path().display());
        let base_urls: Vec<_> = config.base_urls.iter().map(ToString::to_string).collect();
        let base_url = base_urls.join(", ");
        info!(version, config = %path, %listen, base_url, "Server starting");
        for store in &config.stores {
            let farms: Vec<_> = store.farms.iter().map(|farm| &*farm.id).collect();
            let controllers: usize = store.farms.iter().map(|farm| farm.controllers.len()).sum();
            let gateways = store.gateways.iter();
            let gateways: Vec<_> = gateways.map(|it| it.access.gateway.to_string()).collect();
            let gateway = (!gateways.is_empty()).then(|| gateways.join(", "));
            let farms = farms.join(", ");
            info!(store = %store.path, farms, controllers, gateway, "Store configured");
        }
    }
}
