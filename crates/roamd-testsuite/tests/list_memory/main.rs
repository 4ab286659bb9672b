//! Memory for many lists of a hostile farm at once. This is a program of its own, because the
//! kernel counts the peak of the whole process.

#![cfg(target_os = "linux")]

use roamd_store_proto::EnumerationStatus;
use roamd_testkit::{FarmConfig, ScriptedController, StoreConfig, peak_memory};
use roamd_testsuite::{Options, TestEnvironment, sign_in, sign_in_to};
use tokio::task::JoinSet;

/// Highest growth of the peak, in KiB: what the server allows all responses, and the buffers of the
/// farm's sockets.
const MOST: u64 = 400 * 1024;

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
    let before = peak_memory();
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
    let grown = peak_memory() - before;
    println!("{grown} KiB for {LISTS} lists");
    assert!(grown < MOST, "{grown} KiB");
}
