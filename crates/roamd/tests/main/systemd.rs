//! Tests of the server under a service manager, and of its process hardening.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Server, ServiceManager, World, configuration, roamd, unused_address};

fn serve_config(world: &World) -> (String, String) {
    let listen = unused_address();
    let config = configuration(world, &listen, &[("XA1", "xenapp-6", "127.0.0.1:1")]);
    (listen, config)
}

#[test]
fn service_manager_gets_ready_watchdog_and_stopping() {
    let world = World::new();
    let (_, config) = serve_config(&world);
    let manager = ServiceManager::new(&world);
    let mut serve = roamd(&["serve", "--config", &config]);
    let serve = manager.manages(&mut serve).env("WATCHDOG_USEC", "50000");
    let server = Server::start(serve, 1);
    assert_eq!(manager.next(), "READY=1");
    assert_eq!(
        [manager.next(), manager.next()],
        ["WATCHDOG=1", "WATCHDOG=1"]
    );
    let (status, _) = server.stop();
    assert_eq!(status.code(), Some(0));
    let last = loop {
        match manager.next().as_str() {
            "WATCHDOG=1" => {}
            other => break other.to_owned(),
        }
    };
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn service_manager_gets_reloading_and_status() {
    let world = World::new();
    let (_, config) = serve_config(&world);
    let manager = ServiceManager::new(&world);
    let mut serve = roamd(&["serve", "--config", &config]);
    let server = Server::start(manager.manages(&mut serve), 1);
    assert_eq!(manager.next(), "READY=1");
    let valid = fs::read_to_string(&config).unwrap();
    for (text, status) in [
        (valid.clone(), String::new()),
        (
            String::new(),
            format!("Configuration not reloaded: the configuration {config} has 4 errors;"),
        ),
        (valid, String::new()),
    ] {
        fs::write(&config, text).unwrap();
        server.hang_up();
        let reloading = manager.next();
        let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        assert!(time.unwrap().parse::<u64>().unwrap() > 0, "{reloading}");
        let ready = manager.next();
        let shown = ready.strip_prefix("READY=1\nSTATUS=").unwrap();
        assert!(shown.starts_with(&status), "{shown}");
        assert_eq!(shown.is_empty(), status.is_empty(), "{shown}");
    }
}

/// A credential of systemd is a copy from the start, so a reload would read the old file.
#[test]
fn unit_reads_the_file_that_a_reload_reads() {
    let unit = include_str!("../../../../dist/roamd.service");
    let setting = |name: &str| unit.lines().find_map(|line| line.strip_prefix(name));
    let serve = setting("ExecStart=").unwrap();
    assert!(serve.ends_with("--config /etc/roamd/roamd.toml"), "{serve}");
    assert_eq!(setting("LoadCredential="), None);
    assert_eq!(setting("ExecReload="), Some("/usr/bin/kill -HUP $MAINPID"));
}

/// The system gives the entries in `/proc` of such a process to root. As root, the test therefore
/// runs the command as another user; other users cannot, and test nothing here.
#[test]
fn client_command_is_not_dumpable() {
    const OTHER: u32 = 65_534;
    let probe = tempfile::tempdir().unwrap();
    if fs::metadata(probe.path()).unwrap().uid() != 0 {
        return;
    }
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("http://{}/Citrix/Store", silent.local_addr().unwrap());
    let mut command = roamd(&["sessions", "list", "--store", &store, "--user", "ada"]);
    command.env("ROAMD_PASSWORD", "s3cret!").uid(OTHER);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    // It waits for the store.
    let _connection = silent.accept().unwrap();
    let proc = Path::new("/proc").join(child.id().to_string());
    let status = fs::read_to_string(proc.join("status")).unwrap();
    let owner = fs::metadata(proc.join("environ")).unwrap().uid();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(status.contains(&format!("Uid:\t{OTHER}\t")), "{status}");
    assert_eq!(owner, 0);
}

#[test]
fn server_process_and_files_are_private_to_its_user() {
    let world = World::new();
    let (_, config) = serve_config(&world);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let proc = Path::new("/proc").join(server.pid().to_string());
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
    server.stop();
}
