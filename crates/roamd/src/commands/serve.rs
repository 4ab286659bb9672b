//! `roamd serve`.

use std::path::PathBuf;

use clap::Args;
use roamd_server::{Gateway, config};

use super::config::tell_faults;
use crate::exit::Exit;
use crate::hardening::harden;
use crate::server::{PlainHttp, block_on, listen, notify_on_hangup, stop_on_signal};
use crate::{output, supervisor};

/// Runs the gateway before your farms.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd serve --config /etc/roamd.toml")]
pub(crate) struct Serve {
    /// The configuration; `roamd config init` prints one.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    plain_http: PlainHttp,
}

/// How passwords are kept from those who listen on the network.
const SAFE: &str = "add a [tls] section to the configuration; or let a proxy before the gateway end TLS, \
                    and pass --insecure-plain-http";

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        harden()?;
        let config = config::read(&self.config).inspect_err(tell_faults)?;
        if config.front.tls.is_none() {
            self.plain_http.check(config.listen, SAFE)?;
        }
        block_on(async {
            let listener = listen(config.listen, "change `listen` in the configuration").await?;
            let gateway = Gateway::with_listener(&config, listener)?;
            let stop = stop_on_signal()?;
            notify_on_hangup(gateway.certificate_changed())?;
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
