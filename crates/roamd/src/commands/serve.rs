//! `roamd serve`.

use std::path::PathBuf;

use clap::Args;
use roamd_server::{Gateway, config};

use super::config::tell_faults;
use crate::exit::Exit;
use crate::output;
use crate::server::{block_on, listen, stop_on_signal};

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
        let config = config::read(&self.config).inspect_err(tell_faults)?;
        block_on(async {
            let listener = listen(config.listen, "change `listen` in the configuration").await?;
            let gateway = Gateway::with_listener(&config, listener)?;
            let stop = stop_on_signal()?;
            let urls = gateway.store_urls();
            let running = tokio::spawn(gateway.run(stop));
            for url in urls {
                output::line(format_args!("ready {url}"))?;
            }
            running.await?;
            Ok(Exit::Done)
        })
    }
}
