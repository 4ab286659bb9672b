//! Tests of `roamd farm probe`.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig, closed_url};

use crate::support::{
    CommandOutput, Server, World, roamd, run, self_signed, unused_address, write_configuration,
};

/// Probes farms F0, F1, … with one controller each.
fn probe(world: &World, controllers: &[&str], more: &[&str]) -> CommandOutput {
    let farms = controllers.iter().enumerate();
    let farms = farms.map(|(number, controller)| FarmConfig {
        lines: "timeout_ms = 2000".to_owned(),
        ..FarmConfig::new(&format!("F{number}"), controller)
    });
    let config = configuration(world, "", farms.collect());
    run(&[&["farm", "probe", "--config", &config], more].concat())
}

/// Writes a configuration of one store with these keys and farms, and returns its path. There is
/// no data folder: a probe needs none.
fn configuration(world: &World, store: &str, farms: Vec<FarmConfig>) -> String {
    let config = ServerConfig {
        listen: "127.0.0.1:8080".to_owned(),
        base_url: "http://127.0.0.1:8080".to_owned(),
        data_dir: "/no/such/folder".to_owned(),
        lines: String::new(),
        stores: vec![StoreConfig {
            path: "/Citrix/Store".to_owned(),
            lines: store.to_owned(),
            farms,
        }],
    };
    write_configuration(world, &config)
}

#[test]
fn embedded_farm_is_served_over_tls() {
    let world = World::new();
    let (certificate, key) = (world.path("cert.pem"), world.path("key.pem"));
    self_signed(&certificate, &key);
    let listen = unused_address();
    let serve = [
        "farm",
        "serve",
        "--data",
        world.data(),
        "--farm",
        "CVAD",
        "--listen",
        &listen,
        "--certificate-file",
        certificate.to_str().unwrap(),
        "--key-file",
        key.to_str().unwrap(),
    ];
    let farm = Server::start(&mut roamd(&serve), 1);
    assert_eq!(
        farm.ready(),
        [format!("https://{listen}/scripts/wpnbr.dll")]
    );
    let port = listen.rsplit(':').next().unwrap();
    for (scheme, expected) in [("https", 0), ("http", 1)] {
        let authority = match scheme {
            "https" => format!("tls_ca_file = {certificate:?}\n"),
            _ => String::new(),
        };
        let controller = FarmConfig {
            lines: format!("{authority}timeout_ms = 2000"),
            ..FarmConfig::new("CVAD", format!("{scheme}://localhost:{port}"))
        };
        let config = configuration(&world, "", vec![controller]);
        let ran = run(&["farm", "probe", "--config", &config]);
        assert_eq!(ran.code, expected, "{scheme}: {ran:?}");
    }
    // A key that others can read is refused.
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let ran = run(&serve);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("chmod o="), "{}", ran.err);
}

#[test]
fn probe_requests_ticket_from_each_ticket_authority() {
    let world = World::new();
    let farm = embedded_farm(&world);
    let refusing = fixed_response(
        "200 OK",
        "<?xml version=\"1.0\"?><CtxSTAProtocol version=\"4.0\"><ResponseTicket>\
         <ErrorId>unspecified</ErrorId></ResponseTicket></CtxSTAProtocol>",
    );
    let controller = format!("http://{}", farm.address());
    // Another controller of the same farm, and so another URL of the same ticket authority.
    let other = embedded_farm(&world);
    let other_port = format!("http://{}", other.address());
    let gateway = format!(
        "[store.gateway]\naddress = \"gw.example.net\"\nsta = {:?}\n",
        [&controller, &refusing, &closed_url(), &other_port]
    );
    let farms = vec![FarmConfig::new("CVAD", &controller)];
    let config = configuration(&world, &gateway, farms);
    let ran = run(&["farm", "probe", "--config", &config, "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    // Ticket authorities are listed under the Citrix Gateway of their store.
    let gateway = "gateway of /Citrix/Store";
    let farms = ["CVAD", gateway, gateway, gateway, gateway];
    assert_eq!(ran.column("", "farm"), farms);
    let rows = ran.json();
    let up: Vec<_> = (0..5).map(|row| rows[row]["up"] == true).collect();
    assert_eq!(up, [true, true, false, false, true]);
    // Operators compare the ids with those in the configuration of Citrix Gateway.
    let id = rows[1]["authority_id"].as_str().unwrap();
    assert!(id.starts_with("STA"), "{id}");
    assert_eq!(rows[4]["authority_id"], id);
    let warning = format!("{controller} and {other_port} of the {gateway} have the same id, {id}");
    assert!(ran.err.contains(&warning), "{}", ran.err);
    let table = run(&["farm", "probe", "--config", &config, "-o", "wide"]);
    assert!(
        table.out.lines().nth(2).unwrap().contains(id),
        "{}",
        table.out
    );
    assert_eq!(rows[1]["dialect"], "4.0");
    assert_eq!(rows[2]["reason"], "farm refused the request: unspecified");
}

/// Starts a controller of an embedded farm.
fn embedded_farm(world: &World) -> Server {
    let serve = ["farm", "serve", "--data", world.data(), "--farm", "CVAD"];
    let args = [&serve[..], &["--listen", "127.0.0.1:0"]].concat();
    Server::start(&mut roamd(&args), 1)
}

/// Starts a server with a fixed response, and returns its URL.
fn fixed_response(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let length = body.len();
    let response = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            assert!(read > 0, "a connection without a request");
            stream.write_all(response.as_bytes()).unwrap();
        }
    });
    url
}

/// nfuse.md §10: the dialect of a farm is a hint at its generation.
#[test]
fn farm_of_another_generation_than_configured_is_a_warning() {
    let world = World::new();
    let farm = embedded_farm(&world);
    let old = fixed_response(
        "200 OK",
        "<?xml version=\"1.0\"?><NFuseProtocol version=\"5.4\"><ResponseCapabilities>\
         <CapabilityId>launch-reference</CapabilityId></ResponseCapabilities></NFuseProtocol>",
    );
    for (url, generation, warning) in [
        (farm.url(), "cvad-7", None),
        (&old, "xenapp-6", None),
        (&old, "xendesktop-5", None),
        (
            farm.url(),
            "xenapp-6",
            Some("Farm F has the generation xenapp-6, but"),
        ),
        (
            &old,
            "cvad-7",
            Some("Farm F has the generation cvad-7, but"),
        ),
    ] {
        let farms = vec![FarmConfig {
            generation,
            ..FarmConfig::new("F", url)
        }];
        let config = configuration(&world, "", farms);
        for args in [
            &["farm", "probe", "--config", &config][..],
            &["config", "check", "--probe", &config],
        ] {
            let ran = run(args);
            assert_eq!(ran.code, 0, "{ran:?}");
            let found = ran.err.contains("Farm F has the generation");
            assert_eq!(found, warning.is_some(), "{generation}: {ran:?}");
            assert!(ran.err.contains(warning.unwrap_or_default()), "{ran:?}");
        }
    }
}

#[test]
fn probe_exit_code_reflects_how_many_controllers_respond() {
    let world = World::new();
    let farm = embedded_farm(&world);
    let (good, dead) = (farm.url().to_owned(), closed_url());
    for (controllers, code) in [
        (vec![&*good], 0),
        (vec![&*good, &*dead], 4),
        (vec![&*dead], 1),
    ] {
        let ran = probe(&world, &controllers, &[]);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{ran:?}");
        assert_eq!(ran.out.lines().count(), 1 + controllers.len(), "{ran:?}");
    }
    let config = world.path("wrong.toml");
    std::fs::write(&config, "listen = 1\n").unwrap();
    let ran = run(&["farm", "probe", "--config", config.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("wrong.toml:1: `listen` has"), "{ran:?}");
}

#[test]
fn probe_lists_capabilities_or_reason_of_each_controller() {
    let world = World::new();
    let farm = embedded_farm(&world);
    let html = fixed_response("200 OK", "<html><body>It works!</body></html>");
    let missing = fixed_response("404 Not Found", "");
    let refusing = fixed_response(
        "200 OK",
        "<?xml version=\"1.0\"?><NFuseProtocol version=\"4.1\"><ResponseCapabilities>\
         <ErrorId>unspecified</ErrorId></ResponseCapabilities></NFuseProtocol>",
    );
    let no_tls = html.replace("http://", "https://");
    let controllers = [
        farm.url(),
        &closed_url(),
        "http://no-such-host.invalid:80",
        &html,
        &missing,
        &no_tls,
        &refusing,
    ];
    let ran = probe(&world, &controllers, &["--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let rows = ran.json();
    assert_eq!(
        ran.column("", "farm"),
        ["F0", "F1", "F2", "F3", "F4", "F5", "F6"]
    );
    let good = &rows[0];
    assert_eq!(good["store"], "/Citrix/Store");
    assert_eq!(good["controller"], format!("http://{}", farm.address()));
    let dialect = good["dialect"].as_str().unwrap();
    assert!(dialect.starts_with("5."), "{dialect}");
    assert_eq!(good["certificate_expiry"], serde_json::Value::Null);
    let capabilities = good["capabilities"].as_array().unwrap();
    assert!(capabilities.contains(&"launch-reference".into()), "{good}");
    let reasons = ran.column("", "reason");
    let expected = [
        ("yes", "-"),
        ("no", "Connection refused"),
        ("no", "dns error"),
        ("no", "root element is not NFuseProtocol"),
        ("no", "HTTP status 404 Not Found"),
        ("no", "TLS failed: "),
        // A farm that rejects the capability request still works.
        ("yes", "unspecified"),
    ];
    for ((row, reason), (up, expected)) in
        rows.as_array().unwrap().iter().zip(reasons).zip(expected)
    {
        assert_eq!(row["up"], up == "yes", "{row}");
        assert!(row["milliseconds"].is_u64(), "{row}");
        assert!(reason.contains(expected), "{reason} without {expected}");
    }

    let table = probe(&world, &controllers, &["-o", "wide"]);
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(lines[0].starts_with("STORE"), "{}", lines[0]);
    assert!(lines[1].contains("yes  5."), "{}", lines[1]);
    assert!(
        lines[2].ends_with("Connection refused (os error 111)"),
        "{}",
        lines[2]
    );
}
