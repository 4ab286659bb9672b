//! Memory for hostile responses. This is a program of its own, because the kernel counts the peak
//! of the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use roamd_store_proto::EnumerationStatus;
use roamd_testkit::{FarmConfig, Script, ScriptedController, StoreConfig, document};
use roamd_testsuite::{Options, TestEnvironment, sign_in, sign_in_to};
use tokio::task::JoinSet;

/// Highest growth of the peak over all cases, in KiB.
const MOST: u64 = 64 * 1024;

/// Highest growth of the peak for many lists at once, in KiB: what the server allows all responses,
/// and the buffers of the farm's sockets.
const MOST_OF_LISTS: u64 = 400 * 1024;

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
    let before = peak();
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
        let grown = peak() - before;
        assert!(grown < MOST, "{name}: {grown} KiB");
    }
}

/// 8 MiB of attributes, which are many times larger in a tree than in the document, on 48 lists at
/// once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_attributes_take_bounded_memory() {
    const LISTS: usize = 48;
    let (farm, other) = (
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    );
    let only = FarmConfig::new("OTHER", other.url());
    let options = Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: farm.farm_section("SCRIPTED", "SCRIPTED")
            + "timeout_ms = 20000\n"
            + &StoreConfig::new("/Citrix/Other", [only]).to_string(),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let elsewhere = sign_in_to(&env, "/Citrix/Other", "bob", "roam-demo").await;
    let element = "<x a=\"\" b=\"\" c=\"\" d=\"\" e=\"\" f=\"\" g=\"\" h=\"\"/>";
    let group = format!("<AppData>{}</AppData>", element.repeat(1_000));
    let count = ((8 << 20) - 4096) / group.len();
    farm.set_content("ReconnectSessionData", &group.repeat(count));
    let before = peak();
    let mut lists = JoinSet::new();
    for _ in 0..LISTS {
        let carol = carol.clone();
        lists.spawn(async move { carol.state("DESK-C", "").await.unwrap() });
    }
    farm.wait_for_requests("ReconnectSessionData", 1).await;
    // Meanwhile a list of another farm is served.
    let state = elsewhere.state("DESK-B", "").await.unwrap();
    assert_eq!(state.enumeration, EnumerationStatus::Full);
    while let Some(state) = lists.join_next().await {
        assert_eq!(state.unwrap().enumeration, EnumerationStatus::Partial);
    }
    let grown = peak() - before;
    println!("{grown} KiB for {LISTS} lists");
    assert!(grown < MOST_OF_LISTS, "{grown} KiB");
}

/// Returns the peak of the process's resident memory, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}
