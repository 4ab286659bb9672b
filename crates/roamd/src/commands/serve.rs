//! `roamd serve`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use roamd_server::{Server, config};

use super::config::tell_faults;
use crate::exit::{Exit, UsageError};
use crate::hardening::harden;
use crate::server::{block_on, listen, notify_on_hangup, stop_on_signal};
use crate::{output, supervisor};

/// Runs the gateway before your farms.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd serve --config /etc/roamd.toml")]
pub(crate) struct Serve {
    /// The configuration; `roamd config init` prints one.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Speak HTTP in the clear on an address that others can reach.
    #[arg(long)]
    insecure_plain_http: bool,
}

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        harden()?;
        let config = config::read(&self.config).inspect_err(tell_faults)?;
        if config.is_in_the_clear() && !self.insecure_plain_http {
            bail!(UsageError(format!(
                "passwords and tokens would cross the network at {} in the clear; add a [tls] section to \
                 the configuration; or let a proxy before the gateway end TLS, and pass \
                 --insecure-plain-http",
                config.listen
            )));
        }
        block_on(async {
            let listener = listen(config.listen, "change `listen` in the configuration").await?;
            let gateway = Server::with_listener(&config, listener)?;
            let stop = stop_on_signal()?;
            notify_on_hangup(gateway.certificate_changed())?;
            let (urls, pulse) = (gateway.store_urls(), gateway.liveness());
            let running = tokio::spawn(gateway.run(stop.clone()));
            for url in urls {
                output::line(format_args!("ready {url}"))?;
            }
            let attended = tokio::spawn(supervisor::attend(pulse, stop));
            running.await?;
            attended.await?;
            Ok(Exit::Done)
        })
    }
}
