//! Proxies in front of a farm: nginx and HAProxy.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use roamd_testkit::free_address;

use crate::process::Process;
use crate::tls::{Certificate, TlsClients};

/// A program that forwards every request to the farm.
pub struct Proxy {
    /// The program.
    pub process: Process,
    /// Address to which clients connect.
    pub address: SocketAddr,
    /// Clients that trust its certificate; `None` without TLS.
    pub tls: Option<TlsClients>,
}

impl Proxy {
    /// Starts an nginx, with TLS in front if it gets a certificate.
    pub(crate) fn nginx(
        nginx: &Path,
        folder: &Path,
        farm: SocketAddr,
        certificate: Option<&Certificate>,
    ) -> Result<Self> {
        let address = free_address();
        let config = nginx_config(address, farm, folder, certificate);
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(folder)
            .args(["-e", "stderr"])
            .arg("-c");
        let process = start(command, folder, &config, address)?;
        Ok(Self {
            process,
            address,
            tls: certificate.map(|certificate| certificate.clients.clone()),
        })
    }

    /// Starts a HAProxy with two threads.
    pub(crate) fn haproxy(haproxy: &Path, folder: &Path, farm: SocketAddr) -> Result<Self> {
        let address = free_address();
        let mut command = Command::new(haproxy);
        // In the foreground, and without warnings about timeouts that loopback does not need.
        command.args(["-db", "-q", "-f"]);
        let process = start(command, folder, &haproxy_config(address, farm), address)?;
        Ok(Self {
            process,
            address,
            tls: None,
        })
    }
}

/// Writes the configuration into a new folder and starts the program with its path as the last
/// argument.
fn start(
    mut command: Command,
    folder: &Path,
    config: &str,
    address: SocketAddr,
) -> Result<Process> {
    fs::create_dir(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let file = folder.join("proxy.conf");
    fs::write(&file, config)?;
    command.arg(&file);
    Process::start_silent(&mut command, &folder.join("log"), address)
}

/// Returns a configuration of nginx that keeps connections on both sides, as the server does, and
/// writes no log.
fn nginx_config(
    listen: SocketAddr,
    farm: SocketAddr,
    folder: &Path,
    certificate: Option<&Certificate>,
) -> String {
    let folder = folder.display();
    let (ssl, files) = match certificate {
        None => ("", String::new()),
        Some(Certificate {
            certificate, key, ..
        }) => (
            " ssl",
            format!(
                "ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3;",
                certificate.display(),
                key.display()
            ),
        ),
    };
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
        listen {listen}{ssl};
        {files}
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

/// Returns a configuration of HAProxy that keeps connections on both sides and writes no log.
fn haproxy_config(listen: SocketAddr, farm: SocketAddr) -> String {
    format!(
        "global
    nbthread 2
    maxconn 2048
defaults
    mode http
    no log
    option http-keep-alive
    http-reuse always
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen farm
    bind {listen}
    server farm {farm}
"
    )
}
