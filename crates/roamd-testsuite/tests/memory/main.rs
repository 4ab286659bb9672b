//! Memory for hostile responses. This is a program of its own, because the kernel counts the peak
//! of the whole process.

#![cfg(target_os = "linux")]

use std::time::Duration;

use roamd_store_proto::EnumerationStatus;
use roamd_testkit::{Script, ScriptedController, document, peak_memory};
use roamd_testsuite::{Options, TestEnvironment, sign_in};

/// Highest growth of the peak over all cases, in KiB.
const MOST: u64 = 64 * 1024;

#[tokio::test]
async fn hostile_responses_do_not_exhaust_memory() {
    let farm = ScriptedController::healthy().await;
    let options = Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: farm.farm_section("SCRIPTED", "SCRIPTED") + "timeout_ms = 5000\n",
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let state = carol.state("DESK-C", "").await.unwrap();
    assert_eq!(state.enumeration, EnumerationStatus::Full);

    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n";
    let entities: String = (1..64)
        .map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10)))
        .collect();
    let bomb = document("ReconnectSessionData", "&e63;").replace(
        "SYSTEM \"NFuse.dtd\"",
        &format!("[<!ENTITY e0 \"lol\">{entities}]"),
    );
    let endless = Script::bytes(format!("{head}Connection: close\r\n\r\n"))
        .then(vec![b'<'; 1 << 20], 100, Duration::ZERO)
        .then_close();
    let announced = Script::bytes(format!("{head}Content-Length: 104857600\r\n\r\n")).then(
        vec![b' '; 1 << 20],
        100,
        Duration::ZERO,
    );
    let zeros = [
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xec\xc1".as_slice(),
        &[0; 100_000],
    ]
    .concat();
    let compressed = Script::bytes(
        [
            format!(
                "{head}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                zeros.len()
            )
            .as_bytes(),
            &zeros,
        ]
        .concat(),
    );
    let before = peak_memory();
    for (name, script) in [
        ("endless", endless),
        ("announced", announced),
        ("compressed", compressed),
        ("entities", Script::body(bomb)),
    ] {
        farm.set_script("ReconnectSessionData", script);
        for _ in 0..3 {
            let state = carol.state("DESK-C", "").await.unwrap();
            assert_eq!(state.enumeration, EnumerationStatus::Partial, "{name}");
        }
        let grown = peak_memory() - before;
        assert!(grown < MOST, "{name}: {grown} KiB");
    }
}
