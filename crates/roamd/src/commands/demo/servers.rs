//! Several servers of a demo, which share their state in etcd.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use roamd_server::Server;
use roamd_server::config::{Config, ControllerUrl, Etcd, State, WhenUnreachable};
use roamd_server::keys::make_cluster_key;

use super::etcd::DemoEtcd;
use crate::listen::listen;
use crate::output;

/// Time for a call of etcd. It may still be starting.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Starts servers with the same configuration on ports of their own, and prints a line for each.
///
/// # Errors
/// If one of them cannot start.
pub(super) async fn start(
    number: u8,
    config: &Config,
    etcd: &DemoEtcd,
    folder: &Path,
) -> anyhow::Result<Vec<Server>> {
    let cluster_key_file = folder.join("cluster.key");
    if !cluster_key_file.exists() {
        make_cluster_key(&cluster_key_file, Timestamp::now())?;
    }
    let etcd = Etcd {
        endpoints: vec![ControllerUrl::parse(&format!("http://{}", etcd.address()))?],
        prefix: "/roamd/demo/".to_owned(),
        tls_ca_file: None,
        tls_identity: None,
        user: None,
        timeout: TIMEOUT,
        when_unreachable: WhenUnreachable::Serve,
        cluster_key_file,
    };
    let mut servers = Vec::new();
    for number in 1..=number {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = listen(any_port, "try again").await?;
        let mut config = config.clone();
        config.listen = listener.local_addr()?;
        config.state = State::Etcd(Box::new(etcd.clone()));
        if number > 1 {
            config.data_dir = folder.join(format!("server-{number}"));
        }
        let data_dir = config.data_dir.display();
        output::print_line(format_args!("server http://{} {data_dir}", config.listen))?;
        servers.push(Server::with_listener(&config, listener)?);
    }
    Ok(servers)
}
