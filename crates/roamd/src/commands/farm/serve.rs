//! `roamd farm serve`.

use std::net::SocketAddr;

use clap::Args;
use roamd_farm::{Farms, ServeOptions, serve};

use super::args::DataArgs;
use crate::exit_code::Exit;
use crate::hardening::harden_process;
use crate::listen::{listen, parse_listen_address};
use crate::output;
use crate::runtime::block_on;
use crate::signals::stop_on_signal_or_hangup;

/// Runs one controller of an embedded farm: an NFuse XML service at /scripts/wpnbr.dll.
///
/// Several processes can serve the same farm from one data folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm serve --data world --farm XA1 --listen 127.0.0.1:8081"
)]
pub(super) struct ServeFarm {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    farm: String,
    /// Address of the controller; port 0 picks a free port.
    #[arg(long, value_name = "ADDR", value_parser = parse_listen_address)]
    listen: SocketAddr,
    /// List applications and access lists without a sign-in, as old farms do.
    #[arg(long)]
    expose_catalog: bool,
}

impl ServeFarm {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        harden_process()?;
        let farm = Farms::open(&self.data.data)?.farm(&self.farm)?;
        let options = ServeOptions {
            expose_catalog: self.expose_catalog,
        };
        block_on(async {
            let listener = listen(self.listen, "pick another port with --listen").await?;
            let address = listener.local_addr()?;
            let stop = stop_on_signal_or_hangup()?;
            let running = tokio::spawn(serve(farm, options, listener, stop));
            output::print_line(format_args!("ready http://{address}/scripts/wpnbr.dll"))?;
            running.await??;
            Ok(Exit::Done)
        })
    }
}
