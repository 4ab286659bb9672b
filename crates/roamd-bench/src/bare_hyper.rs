//! Bare hyper, the upper bound of what a server on hyper can reach: a server that sends one fixed
//! response to every request, and a proxy that forwards every request to a farm.
//!
//! Both have one runtime per processor, as roamd has, hyper's default settings, and roamd's
//! allocator.

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1 as client;
use hyper::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderName};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use roamd_bench::{HttpResponse, Process, Proxy, split_url};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What is served.
#[derive(clap::Subcommand)]
pub(crate) enum Service {
    /// One fixed response.
    Fixed(FixedResponse),
    /// Forwards every request to a farm.
    Proxy {
        /// Address of the farm.
        farm: SocketAddr,
    },
}

/// The response to send.
#[derive(clap::Args)]
pub(crate) struct FixedResponse {
    /// Status code.
    #[arg(long)]
    status: u16,
    /// Header, as `NAME: VALUE`.
    #[arg(long)]
    header: Vec<String>,
    /// File with the body.
    #[arg(long)]
    body: PathBuf,
}

/// Starts this program as a server that sends this response. The folder is new.
///
/// # Errors
/// If the folder exists, or the program does not start.
pub(crate) fn start(folder: &Path, response: &HttpResponse) -> Result<(Process, SocketAddr)> {
    let mut command = command(folder)?;
    let body = folder.join("body");
    fs::write(&body, &response.body)?;
    command
        .args(["fixed", "--status", &response.status.to_string()])
        .arg("--body")
        .arg(&body);
    for (name, value) in &response.headers {
        // hyper adds these.
        if ![CONNECTION, CONTENT_LENGTH, DATE].contains(name) {
            let value = value.to_str()?;
            command.arg("--header").arg(format!("{name}: {value}"));
        }
    }
    ready(command, folder)
}

/// Starts this program as a proxy in front of a farm. The folder is new.
///
/// # Errors
/// If the folder exists, or the program does not start.
pub(crate) fn start_proxy(folder: &Path, farm: SocketAddr) -> Result<Proxy> {
    let mut command = command(folder)?;
    command.arg("proxy").arg(farm.to_string());
    let (process, address) = ready(command, folder)?;
    Ok(Proxy {
        process,
        address,
        tls: None,
    })
}

/// Makes a folder, and returns the command that runs this program in it.
fn command(folder: &Path) -> Result<Command> {
    fs::create_dir(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let mut command = Command::new(env::current_exe()?);
    command.arg("bare-hyper");
    Ok(command)
}

fn ready(mut command: Command, folder: &Path) -> Result<(Process, SocketAddr)> {
    let (process, url) = Process::start(&mut command, &folder.join("log"))?;
    Ok((process, split_url(&url)?.0))
}

/// Serves until the process is ended.
///
/// # Errors
/// If the response is invalid, or no connection can be accepted.
pub(crate) fn serve(service: &Service) -> Result<()> {
    match service {
        Service::Fixed(response) => {
            let response = Arc::new(response.read()?);
            serve_with(move |stream| respond(stream, Arc::clone(&response)))
        }
        Service::Proxy { farm } => {
            let farm = *farm;
            serve_with(move |stream| forward(stream, farm))
        }
    }
}

/// Serves each connection on one of the workers.
#[expect(clippy::print_stdout, reason = "the line `ready` is read by `Process`")]
fn serve_with<F: Future<Output = Result<()>> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Clone + Send + 'static,
) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut workers = Vec::new();
    for _ in 0..thread::available_parallelism()?.get() {
        let (sender, receiver) = unbounded_channel();
        let serve = serve.clone();
        thread::spawn(move || work(receiver, serve));
        workers.push(sender);
    }
    println!("ready http://{}", listener.local_addr()?);
    for worker in workers.iter().cycle() {
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        worker.send(stream).context("a worker has ended")?;
    }
    Ok(())
}

impl FixedResponse {
    fn read(&self) -> Result<Response<Full<Bytes>>> {
        let mut headers = HeaderMap::new();
        for header in &self.header {
            let (name, value) = header.split_once(": ").context("a header has no value")?;
            headers.append(name.parse::<HeaderName>()?, value.parse()?);
        }
        let body = fs::read(&self.body)
            .with_context(|| format!("cannot read the body {}", self.body.display()))?;
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status)?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Sends the fixed response to every request of a connection.
async fn respond(stream: TcpStream, response: Arc<Response<Full<Bytes>>>) -> Result<()> {
    let service = service_fn(move |_| {
        let response = Response::clone(&response);
        async { anyhow::Ok(response) }
    });
    let connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
    Ok(connection.await?)
}

/// Forwards every request of a connection over one connection to the farm.
async fn forward(stream: TcpStream, farm: SocketAddr) -> Result<()> {
    let farm = TcpStream::connect(farm).await?;
    farm.set_nodelay(true)?;
    let (sender, driver) = client::handshake(TokioIo::new(farm)).await?;
    tokio::spawn(driver);
    let sender = Arc::new(Mutex::new(sender));
    let service = service_fn(move |request| {
        let sender = Arc::clone(&sender);
        async move { sender.lock().await.send_request(request).await }
    });
    let connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
    Ok(connection.await?)
}

/// Serves the connections that the acceptor sends to this worker.
fn work<F: Future<Output = Result<()>> + Send + 'static>(
    mut connections: UnboundedReceiver<std::net::TcpStream>,
    serve: impl Fn(TcpStream) -> F,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        while let Some(stream) = connections.recv().await {
            tokio::spawn(serve(TcpStream::from_std(stream)?));
        }
        Ok(())
    })
}
