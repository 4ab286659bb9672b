//! Addresses of stores as people have them.

use crate::support::{CommandOutput, Server, World, roamd};

fn list(store: &str) -> CommandOutput {
    let args = [
        "sessions",
        "list",
        "--store",
        store,
        "--user",
        r"DEMO\alice",
        "-o",
        "name",
    ];
    let mut command = roamd(&args);
    CommandOutput::of(command.env("ROAMD_PASSWORD", "roam-demo").output().unwrap())
}

#[test]
fn store_is_found_at_addresses_near_it() {
    let world = World::new();
    let demo = Server::demo(&world);
    let host = demo.address();
    let store = format!("http://{host}/Citrix/Store");
    let expected = list(&store);
    assert_eq!(
        (expected.code, expected.err.as_str()),
        (0, ""),
        "{expected:?}"
    );
    for (address, is_elsewhere) in [
        (format!("{store}/"), false),
        (format!("{store}/discovery"), false),
        (format!("{store}/endpoints/v1"), false),
        (format!("{store}/PNAgent/config.xml"), false),
        (format!("http://{host}/Citrix/PNAgent/config.xml"), false),
        (format!("http://{host}"), false),
        (host.to_owned(), false),
        (format!("{host}/Citrix/Store"), false),
        (format!("{store}Web"), true),
        (format!("{store}Web/#/home"), true),
    ] {
        let ran = list(&address);
        assert_eq!(
            (ran.code, &ran.out),
            (0, &expected.out),
            "{address}: {ran:?}"
        );
        let hint = match is_elsewhere {
            true => format!("The store is at {store}\n"),
            false => String::new(),
        };
        assert_eq!(ran.err, hint, "{address}");
    }
}

#[test]
fn missing_store_is_reported_with_the_right_form() {
    let world = World::new();
    let demo = Server::demo(&world);
    let base = format!("http://{}", demo.address());
    for (address, tried) in [
        (format!("{base}/HR"), format!("{base}/HR")),
        (
            format!("{base}/Citrix/HRWeb"),
            format!("{base}/Citrix/HRWeb or {base}/Citrix/HR"),
        ),
    ] {
        let ran = list(&address);
        let advice = "check its address, such as https://store.example.net/Citrix/Store";
        let expected = format!("roamd: there is no store at {tried}; {advice}\n");
        assert_eq!((ran.code, ran.err), (1, expected));
    }
}
