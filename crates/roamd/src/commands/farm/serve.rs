//! `roamd farm serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use roamd_farm::{Farms, ServeOptions, serve_tls};
use roamd_server::CertificateReloader;
use roamd_server::config::listen_address;

use super::args::DataArgs;
use crate::exit_code::Exit;
use crate::hardening::harden_process;
use crate::listen::{listen, refuse_plain_http};
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
    #[arg(long, value_name = "ADDR", value_parser = listen_address)]
    listen: SocketAddr,
    /// List applications and access lists without a sign-in, as old farms do.
    #[arg(long)]
    expose_catalog: bool,
    /// Certificate and intermediate certificates in PEM; turns TLS on. A changed file is read
    /// again.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    certificate_file: Option<PathBuf>,
    /// Private key of the certificate in PEM; only its owner and a group may read it.
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    key_file: Option<PathBuf>,
    /// Allow plain HTTP on an address that other machines can reach.
    #[arg(long)]
    insecure_plain_http: bool,
}

impl ServeFarm {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        harden_process()?;
        let files = self.certificate_file.zip(self.key_file);
        refuse_plain_http(
            self.listen,
            files.is_some(),
            self.insecure_plain_http,
            "pass --certificate-file and --key-file, or --insecure-plain-http on a network that \
             only servers can reach",
        )?;
        let reloader = files
            .map(|(certificate, key)| CertificateReloader::of_files(certificate, key))
            .transpose()?;
        let farm = Farms::open(&self.data.data)?.farm(&self.farm)?;
        let options = ServeOptions {
            expose_catalog: self.expose_catalog,
        };
        block_on(async {
            let listener = listen(self.listen, "pick another port with --listen").await?;
            let address = listener.local_addr()?;
            let stop = stop_on_signal_or_hangup()?;
            let tls = reloader.as_ref().map(CertificateReloader::tls);
            let scheme = if tls.is_some() { "https" } else { "http" };
            let running = serve_tls(farm, options, listener, tls, stop.clone());
            let running = tokio::spawn(running);
            if let Some(reloader) = reloader {
                tokio::spawn(reloader.run(stop));
            }
            output::print_line(format_args!("ready {scheme}://{address}/scripts/wpnbr.dll"))?;
            running.await??;
            Ok(Exit::Done)
        })
    }
}
