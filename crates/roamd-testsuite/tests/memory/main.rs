//! What hostile answers cost in memory. A program of its own, because the peak that the kernel
//! counts is that of the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use roamd_store_proto::EnumerationStatus;
use roamd_testsuite::{Options, Script, ScriptedFarm, Site, document, sign_in};

/// What all of it may cost above what the process needed before, in KiB.
const MOST: u64 = 64 * 1024;

#[tokio::test]
async fn neither_endless_answers_nor_bombs_fill_the_memory() {
    let farm = ScriptedFarm::friendly().await;
    let options = Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        more_farms: farm.section("GATE", "GATE") + "timeout_ms = 5000\n",
        ..Options::default()
    };
    let site = Site::start(options).await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
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
    let before = peak();
    for (name, script) in [
        ("endless", endless),
        ("announced", announced),
        ("compressed", compressed),
        ("entities", Script::body(bomb)),
    ] {
        farm.play("ReconnectSessionData", script);
        for _ in 0..3 {
            let state = carol.state("DESK-C", "").await.unwrap();
            assert_eq!(state.enumeration, EnumerationStatus::Partial, "{name}");
        }
        let grown = peak() - before;
        assert!(grown < MOST, "{name}: {grown} KiB");
    }
}

/// The most memory that the process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}
