//! A gateway in an environment that is against it (bad-inputs 92).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Ran, Server, World, behind, configuration, nobody, roamd};

/// A way to a farm on which one kind of request is held up.
struct SlowRoad {
    address: String,
    /// Hears of each request that is held up.
    held: Receiver<()>,
    /// Lets one go on.
    go: Sender<()>,
}

impl SlowRoad {
    fn to(farm: &str, slow: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (tell, held) = channel();
        let (go, wait) = channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let farm = farm.to_owned();
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut farm = TcpStream::connect(&farm).unwrap();
                let mut back = (farm.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    // It ends when either side does.
                    std::io::copy(&mut back.0, &mut back.1).ok();
                    back.1.shutdown(Shutdown::Both).ok();
                });
                let (tell, wait) = (tell.clone(), Arc::clone(&wait));
                thread::spawn(move || {
                    let mut bytes = vec![0; 64 * 1024];
                    while let Ok(length @ 1..) = client.read(&mut bytes) {
                        let part = &bytes[..length];
                        if String::from_utf8_lossy(part).contains(slow) {
                            tell.send(()).unwrap();
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
        Self { address, held, go }
    }
}

#[test]
fn a_gateway_that_is_stopped_amid_a_disconnect_ends_it_and_answers_first() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let road = SlowRoad::to(farm.address(), "<RequestDisconnectUserSessions>");
    let config = configuration(&world, &nobody(), &[("XA1", "xenapp-6", &road.address)]);
    let gateway = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    thread::scope(|scope| {
        let client = scope.spawn(|| gateway.alice(&["disconnect", "--client-name", "DESK-A"]));
        road.held.recv().unwrap();
        gateway.terminate();
        // It has heard: nobody new is let in.
        until(|| TcpStream::connect(gateway.address()).is_err());
        road.go.send(()).unwrap();
        let ran = client.join().unwrap();
        assert_eq!(ran.code, 0, "{ran:?}");
    });
    let (status, _) = gateway.stop();
    assert_eq!(status.code(), Some(0));
    let sessions = world.sessions("alice");
    let notepad = sessions.iter().find(|it| it.starts_with("Notepad"));
    assert_eq!(notepad.unwrap(), "Notepad disconnected -");
}

#[test]
fn a_gateway_without_file_descriptors_serves_again_when_some_are_free() {
    let world = World::new();
    let config = configuration(&world, &nobody(), &[("XA1", "xenapp-6", "127.0.0.1:1")]);
    let serve = ["serve", "--config", &config];
    let gateway = Server::start(&mut behind(&["prlimit", "--nofile=32"], &serve), 1);
    let crowd: Vec<TcpStream> = (0..64)
        .map(|_| TcpStream::connect(gateway.address()).unwrap())
        .collect();
    let open = || {
        std::fs::read_dir(format!("/proc/{}/fd", gateway.id()))
            .unwrap()
            .count()
    };
    until(|| open() >= 32);
    drop(crowd);
    until(|| health(gateway.address()));
    gateway.stop();
}

#[test]
fn place_and_language_of_the_system_change_nothing() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let config = configuration(&world, &nobody(), &[("XA1", "xenapp-6", farm.address())]);
    let mut serve = roamd(&["serve", "--config", &config]);
    serve
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Apia");
    let gateway = Server::start(&mut serve, 1);
    let mut list = roamd(&["sessions", "list", "--store", gateway.url(), "--json"]);
    // In Turkish the small letter of I is another one.
    list.args(["--user", r"DEMO\ALICE"])
        .env("ROAMD_PASSWORD", "roam-demo")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Asia/Kathmandu");
    let ran = Ran::of(list.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.column("/sessions", "resource_id"), ["XA1.MSPaint"]);
}

/// Asks whether it is well, and waits a second for the answer.
fn health(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// Waits until something is so, and not for ever.
fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never is");
        thread::sleep(Duration::from_millis(10));
    }
}
