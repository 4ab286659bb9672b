//! Tests of `roamd serve`.

use std::net::TcpListener;

use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig};

use crate::support::{
    Server, World, roamd, run, self_signed, server_config, unused_address, write_configuration,
};

/// Returns a configuration of two stores, whose farms have controllers at these addresses.
fn two_stores(world: &World, listen: &str, farms: [&str; 2]) -> ServerConfig {
    let [one, two] = farms.map(|address| format!("http://{address}"));
    let old_farm = |id, controller: &str| FarmConfig {
        generation: "xenapp-6",
        ..FarmConfig::new(id, controller)
    };
    let new_farm = FarmConfig {
        lines: "timeout_ms = 1000".to_owned(),
        ..FarmConfig::new("CVAD", &two)
    };
    let with_path = format!("{one}/scripts/wpnbr.dll");
    let stores = vec![
        StoreConfig::new("/Citrix/Store", [old_farm("XA1", &one), new_farm]),
        StoreConfig::new("/Citrix/Other", [old_farm("ALONE", &with_path)]),
    ];
    server_config(world, listen, stores)
}

/// Writes this configuration, and returns its path.
fn configuration(world: &World, listen: &str, farms: [&str; 2]) -> String {
    write_configuration(world, &two_stores(world, listen, farms))
}

#[test]
fn server_lists_partially_if_a_farm_does_not_respond() {
    let world = World::new();
    let farm = [
        "farm",
        "serve",
        "--data",
        world.data(),
        "--farm",
        "XA1",
        "--listen",
        "127.0.0.1:0",
    ];
    let farm = Server::start(&mut roamd(&farm), 1);
    let listen = unused_address();
    let config = configuration(&world, &listen, [farm.address(), &unused_address()]);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 2);
    assert_eq!(
        server.ready(),
        [
            format!("http://{listen}/Citrix/Store"),
            format!("http://{listen}/Citrix/Other")
        ]
    );

    let list = server.alice(&["list", "--json"]);
    assert_eq!(list.code, 4, "{list:?}");
    assert!(
        list.err.contains("Some farms did not respond"),
        "{}",
        list.err
    );
    assert_eq!(list.json()["enumeration"], "partial");
    assert_eq!(list.column("/sessions", "resource_id"), ["XA1.MSPaint"]);
    let explained = server.alice(&["explain", "--json"]);
    assert_eq!(explained.code, 4, "{explained:?}");
    assert_eq!(explained.json()["enumeration"], "partial");
    let disconnect = server.alice(&["disconnect", "--client-name", "DESK-A", "--json"]);
    assert_eq!(disconnect.code, 4, "{disconnect:?}");
    assert_eq!(disconnect.json()["status"], "partial");

    let (status, rest) = server.stop();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    farm.stop();
}

#[test]
fn log_of_a_start_has_version_configuration_and_farms() {
    let world = World::new();
    let listen = unused_address();
    let config = configuration(&world, &listen, ["127.0.0.1:1", "127.0.0.1:1"]);
    let log = world.path("log");
    let file = std::fs::File::create(&log).unwrap();
    let serve = &mut roamd(&["serve", "--config", &config]);
    let server = Server::start_with_logs(serve, 2, file);
    // Programs that read the `ready` lines see nothing else.
    assert_eq!(server.lines.len(), 2);
    server.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let find = |message: &str| {
        let mut found = lines.iter();
        found.find(|line| line["message"] == message).unwrap()
    };
    let start = find("Server starting");
    assert_eq!(start["version"], env!("CARGO_PKG_VERSION"), "{log}");
    assert_eq!(start["config"], config.as_str());
    assert_eq!(start["listen"], listen.as_str());
    let store = find("Store configured");
    assert_eq!(store["store"], "/Citrix/Store");
    assert_eq!(store["farms"], "XA1, CVAD");
}

#[test]
fn server_with_bad_configuration_or_busy_port_exits() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let config = configuration(&world, &listen, ["127.0.0.1:1", "127.0.0.1:1"]);
    let ran = run(&["serve", "--config", &config]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("change `listen` in the configuration"),
        "{}",
        ran.err
    );

    std::fs::write(&config, "listen = 1\n").unwrap();
    let ran = run(&["serve", "--config", &config]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err
            .contains(&format!("{config}:1: `listen` has to be text in quotes"))
    );
}

#[test]
fn plain_http_on_public_address_requires_flag() {
    let world = World::new();
    let down = unused_address();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let config = ServerConfig {
            // Port 0 is not valid in a base URL.
            base_url: "http://store.example.net".to_owned(),
            ..two_stores(&world, listen, [&down, &down])
        };
        let config = write_configuration(&world, &config);
        let refused = run(&["serve", "--config", &config]);
        assert_eq!(refused.code, 2, "{refused:?}");
        for part in ["[tls]", "--insecure-plain-http", "in the clear"] {
            assert!(refused.err.contains(part), "{}", refused.err);
        }
        let serve = ["serve", "--config", &config, "--insecure-plain-http"];
        let server = Server::start(&mut roamd(&serve), 2);
        assert_eq!(server.ready().len(), 2);
    }
}

/// The demo has passwords that are public, and a farm gets those of all users.
#[test]
fn demo_and_farm_on_public_address_require_flag() {
    let world = World::new();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let demo = ["demo", "--data", world.data(), "--listen", listen];
        let farm = [
            "farm",
            "serve",
            "--data",
            world.data(),
            "--farm",
            "CVAD",
            "--listen",
            listen,
        ];
        for serve in [&demo[..], &farm[..]] {
            let refused = run(serve);
            assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
            for part in [listen, "--insecure-plain-http", "in the clear"] {
                assert!(refused.err.contains(part), "{}", refused.err);
            }
            let flag = ["--insecure-plain-http"];
            Server::start(&mut roamd(&[serve, &flag].concat()), 1);
        }
    }
}

#[test]
fn thousand_sighups_load_new_certificate() {
    let world = World::new();
    let down = unused_address();
    let listen = unused_address();
    let issue = |name: &str| {
        self_signed(&world.path("cert.pem"), &world.path("key.pem"));
        std::fs::copy(world.path("cert.pem"), world.path(name)).unwrap();
        world.path(name)
    };
    let old = issue("old.pem");
    let base_url = format!(
        "https://localhost:{}",
        listen.split(':').next_back().unwrap()
    );
    let url = format!("{base_url}/healthz");
    let config = ServerConfig {
        base_url,
        lines: format!(
            "[tls]\ncertificate_file = {:?}\nkey_file = {:?}",
            world.path("cert.pem"),
            world.path("key.pem")
        ),
        ..two_stores(&world, &listen, [&down, &down])
    };
    let config = write_configuration(&world, &config);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 2);
    let trusts = |authority: &std::path::Path| {
        let curl = std::process::Command::new("curl")
            .args(["--silent", "--fail", "--max-time", "20", "--cacert"])
            .arg(authority)
            .arg(&url)
            .output();
        curl.unwrap().status.success()
    };
    assert!(trusts(&old));
    let new = issue("new.pem");
    let pid = server.pid().to_string();
    let hangups = format!("for n in $(seq 1000); do kill -HUP {pid}; done");
    let shell = std::process::Command::new("sh")
        .args(["-c", &hangups])
        .status();
    assert!(shell.unwrap().success());
    let begin = std::time::Instant::now();
    while !trusts(&new) {
        assert!(
            begin.elapsed().as_secs() < 20,
            "the new certificate is not used"
        );
    }
    assert!(!trusts(&old));
}
