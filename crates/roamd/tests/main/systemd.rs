//! A gateway under a service manager, and what it gave up before it began.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use crate::support::{Server, World, configuration, nobody, roamd};

fn gateway(world: &World) -> (String, String) {
    let listen = nobody();
    let config = configuration(world, &listen, &[("XA1", "xenapp-6", "127.0.0.1:1")]);
    (listen, config)
}

#[test]
fn the_service_manager_hears_that_it_is_ready_alive_and_stopping() {
    let world = World::new();
    let (_, config) = gateway(&world);
    let socket = world.path("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let heard = || {
        let mut bytes = [0; 256];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    };
    let mut serve = roamd(&["serve", "--config", &config]);
    serve
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "50000");
    let gateway = Server::start(&mut serve, 1);
    assert_eq!(heard(), "READY=1");
    assert_eq!([heard(), heard()], ["WATCHDOG=1", "WATCHDOG=1"]);
    let (status, _) = gateway.stop();
    assert_eq!(status.code(), Some(0));
    let last = loop {
        match heard().as_str() {
            "WATCHDOG=1" => {}
            other => break other.to_owned(),
        }
    };
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn what_a_gateway_holds_is_for_its_own_user_alone() {
    let world = World::new();
    let (_, config) = gateway(&world);
    let gateway = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let proc = Path::new("/proc").join(gateway.id().to_string());
    let limits = fs::read_to_string(proc.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"]);
    let status = fs::read_to_string(proc.join("status")).unwrap();
    assert!(status.contains("Umask:\t0077\n"), "{status}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let data_dir = world.path("state");
    assert_eq!(mode(&data_dir), 0o700);
    for file in fs::read_dir(&data_dir).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file) & 0o077, 0, "{}", file.display());
    }
    gateway.stop();
}
