//! `roamd serve`.

use std::path::PathBuf;

use clap::Args;
use roamd_server::{Gateway, config};

use super::config::tell_faults;
use crate::exit::Exit;
use crate::hardening::harden;
use crate::server::{block_on, listen, stop_on_signal};
use crate::{output, supervisor};

/// Runs the gateway before your farms.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd serve --config /etc/roamd.toml")]
pub(crate) struct Serve {
    /// The configuration; `roamd config init` prints one.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        harden()?;
        let config = config::read(&self.config).inspect_err(tell_faults)?;
        block_on(async {
            let listener = listen(config.listen, "change `listen` in the configuration").await?;
            let gateway = Gateway::with_listener(&config, listener)?;
            let stop = stop_on_signal()?;
            let (urls, pulse) = (gateway.store_urls(), gateway.pulse());
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
