//! Tests of the server in a hostile environment: signals, exhausted file descriptors, locale (bad
//! input 92).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{
    CommandOutput, Server, World, configuration, roamd, unused_address, wrapped_in,
};

/// A proxy in front of a farm that delays one kind of request.
struct DelayingProxy {
    address: String,
    /// Receives a message for each delayed request.
    delayed: Receiver<()>,
    /// Forwards one delayed request.
    forward: Sender<()>,
}

impl DelayingProxy {
    /// Delays requests that contain `marker`.
    fn start(farm: &str, marker: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (report, delayed) = channel();
        let (forward, wait) = channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let farm = farm.to_owned();
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut farm = TcpStream::connect(&farm).unwrap();
                let mut responses = (farm.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    // Ends when either side closes.
                    std::io::copy(&mut responses.0, &mut responses.1).ok();
                    responses.1.shutdown(Shutdown::Both).ok();
                });
                let (report, wait) = (report.clone(), Arc::clone(&wait));
                thread::spawn(move || {
                    let mut bytes = vec![0; 64 * 1024];
                    while let Ok(length @ 1..) = client.read(&mut bytes) {
                        let part = &bytes[..length];
                        if String::from_utf8_lossy(part).contains(marker) {
                            report.send(()).unwrap();
                            wait.lock().unwrap().recv().unwrap();
                        }
                        if farm.write_all(part).is_err() {
                            break;
                        }
                    }
                    farm.shutdown(Shutdown::Both).ok();
                });
            }
        });
        Self {
            address,
            delayed,
            forward,
        }
    }
}

#[test]
fn server_stopped_during_disconnect_completes_it() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let proxy = DelayingProxy::start(farm.address(), "<RequestDisconnectUserSessions>");
    let config = configuration(
        &world,
        &unused_address(),
        &[("XA1", "xenapp-6", &proxy.address)],
    );
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    thread::scope(|scope| {
        let client = scope.spawn(|| server.alice(&["disconnect", "--client-name", "DESK-A"]));
        proxy.delayed.recv().unwrap();
        server.terminate();
        // The server accepts no more connections once it has handled the signal.
        wait_until(|| TcpStream::connect(server.address()).is_err());
        proxy.forward.send(()).unwrap();
        let ran = client.join().unwrap();
        assert_eq!(ran.code, 0, "{ran:?}");
    });
    let (status, _) = server.stop();
    assert_eq!(status.code(), Some(0));
    let sessions = world.sessions("alice");
    let notepad = sessions.iter().find(|it| it.starts_with("Notepad"));
    assert_eq!(notepad.unwrap(), "Notepad disconnected -");
}

#[test]
fn server_out_of_file_descriptors_recovers() {
    let world = World::new();
    let config = configuration(
        &world,
        &unused_address(),
        &[("XA1", "xenapp-6", "127.0.0.1:1")],
    );
    let serve = ["serve", "--config", &config];
    // Two workers for each processor have a few descriptors each.
    let processors = thread::available_parallelism().unwrap().get();
    let files = 24 + 8 * processors;
    let limit = format!("--nofile={files}");
    let server = Server::start(&mut wrapped_in(&["prlimit", &limit], &serve), 1);
    let connections: Vec<TcpStream> = (0..10 * files)
        .map(|_| TcpStream::connect(server.address()).unwrap())
        .collect();
    let open = || {
        std::fs::read_dir(format!("/proc/{}/fd", server.pid()))
            .unwrap()
            .count()
    };
    wait_until(|| open() >= files);
    drop(connections);
    wait_until(|| is_healthy(server.address()));
    server.stop();
}

#[test]
fn system_locale_and_time_zone_have_no_effect() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let config = configuration(
        &world,
        &unused_address(),
        &[("XA1", "xenapp-6", farm.address())],
    );
    let mut serve = roamd(&["serve", "--config", &config]);
    serve
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Apia");
    let server = Server::start(&mut serve, 1);
    let mut list = roamd(&["sessions", "list", "--store", server.url(), "--json"]);
    // The lower case of I is not i in Turkish.
    list.args(["--user", r"DEMO\ALICE"])
        .env("ROAMD_PASSWORD", "roam-demo")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Asia/Kathmandu");
    let ran = CommandOutput::of(list.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.column("/sessions", "resource_id"), ["XA1.MSPaint"]);
}

/// Whether `/healthz` responds within a second.
fn is_healthy(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut response = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut response).is_ok()
        && response.starts_with("HTTP/1.1 200")
}

/// Waits until a condition holds, for a minute at most.
fn wait_until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the condition never holds"
        );
        thread::sleep(Duration::from_millis(10));
    }
}
