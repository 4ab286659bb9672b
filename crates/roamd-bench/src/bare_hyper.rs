//! A bare hyper server, the upper bound of what a server on hyper can reach.
//!
//! It sends one fixed response to every request. It has one runtime per processor, as the server
//! has, hyper's default settings, and the server's allocator.

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
use hyper::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use roamd_bench::{HttpResponse, Process, split_url};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The response to send.
#[derive(clap::Args)]
pub(crate) struct Args {
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
    fs::create_dir(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let body = folder.join("body");
    fs::write(&body, &response.body)?;
    let mut command = Command::new(env::current_exe()?);
    command
        .args(["bare-hyper", "--status", &response.status.to_string()])
        .arg("--body")
        .arg(&body);
    for (name, value) in &response.headers {
        // hyper adds these.
        if ![CONNECTION, CONTENT_LENGTH, DATE].contains(name) {
            let value = value.to_str()?;
            command.arg("--header").arg(format!("{name}: {value}"));
        }
    }
    let (process, url) = Process::start(&mut command, &folder.join("log"))?;
    Ok((process, split_url(&url)?.0))
}

/// Serves until the process is ended.
///
/// # Errors
/// If the response is invalid, or no connection can be accepted.
#[expect(clippy::print_stdout, reason = "the line `ready` is read by `Process`")]
pub(crate) fn serve(args: &Args) -> Result<()> {
    let response = Arc::new(response(args)?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut workers = Vec::new();
    for _ in 0..thread::available_parallelism()?.get() {
        let (sender, receiver) = unbounded_channel();
        let response = Arc::clone(&response);
        thread::spawn(move || work(receiver, &response));
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

fn response(args: &Args) -> Result<Response<Full<Bytes>>> {
    let mut headers = HeaderMap::new();
    for header in &args.header {
        let (name, value) = header.split_once(": ").context("a header has no value")?;
        headers.append(name.parse::<HeaderName>()?, value.parse()?);
    }
    let body = fs::read(&args.body)
        .with_context(|| format!("cannot read the body {}", args.body.display()))?;
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(args.status)?;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Serves the connections that the acceptor sends to this worker.
fn work(
    mut connections: UnboundedReceiver<std::net::TcpStream>,
    response: &Arc<Response<Full<Bytes>>>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        while let Some(stream) = connections.recv().await {
            let stream = TokioIo::new(TcpStream::from_std(stream)?);
            let response = Arc::clone(response);
            let service = service_fn(move |_| {
                let response = Response::clone(&response);
                async { anyhow::Ok(response) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(stream, service));
        }
        Ok(())
    })
}
