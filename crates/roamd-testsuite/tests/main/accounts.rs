//! Accounts, provisioning files, and the probes of a NetScaler STOREFRONT monitor (ST-70 to ST-73).

use roamd_store_proto::{Accounts, Provisioning};
use roamd_testkit::{FarmConfig, ScriptedController, StoreConfig};
use roamd_testsuite::{Options, Response, TestEnvironment, path_of};

const ACCOUNTS: &str = "/Citrix/Roaming/accounts";

async fn env() -> (TestEnvironment, ScriptedController) {
    let farm = ScriptedController::healthy().await;
    let other = StoreConfig {
        lines: "[store.web]\nenabled = false".to_owned(),
        ..StoreConfig::new("/Citrix/Other", [FarmConfig::new("ELSE", farm.url())])
    };
    let options = Options {
        more_sections: other.to_string(),
        ..Options::default()
    };
    (TestEnvironment::start(options).await, farm)
}

async fn ask(env: &TestEnvironment, method: &str, target: &str) -> Response {
    // A load balancer sends no media type that the server knows.
    let headers = [("Accept", "text/html")];
    env.server.send(method, target, &headers, b"").await
}

async fn accounts(env: &TestEnvironment, method: &str, target: &str) -> Accounts {
    let response = ask(env, method, target).await;
    assert_eq!(response.status, 200, "{}", response.text());
    let media_type = "application/vnd.citrix.roamingaccounts+xml";
    assert_eq!(response.header("content-type"), Some(media_type));
    Accounts::from_xml(&response.body).unwrap()
}

/// ST-70, ST-71
#[tokio::test]
async fn every_store_has_one_account() {
    let (env, _farm) = env().await;
    let full = accounts(&env, "GET", ACCOUNTS).await;
    let found: Vec<_> = full
        .accounts
        .iter()
        .map(|it| (it.name.as_str(), it.published))
        .collect();
    assert_eq!(found, [("Store", true), ("Other", true)]);
    for (account, path) in full.accounts.iter().zip(["Store", "Other"]) {
        let store = account.store.as_ref().unwrap();
        let discovery = env.url(&format!("/Citrix/{path}/discovery"));
        assert_eq!(store.address, discovery);
        assert_eq!(store.internal_beacons, [discovery]);
        assert!(store.srid.parse::<u32>().is_ok());
    }
    assert_ne!(full.accounts[0].id, full.accounts[1].id);
    for (method, target) in [
        ("POST", ACCOUNTS),
        ("GET", "/Citrix/Roaming/Accounts/"),
        ("GET", "/citrix/roaming/accounts?other=1"),
    ] {
        assert_eq!(accounts(&env, method, target).await, full, "{target}");
    }
    assert_eq!(ask(&env, "PUT", ACCOUNTS).await.status, 405);
}

/// ST-72
#[tokio::test]
async fn summary_has_the_content_hashes_of_the_accounts() {
    let (env, _farm) = env().await;
    let mut full = accounts(&env, "GET", ACCOUNTS).await;
    for target in [
        "/Citrix/Roaming/accounts?summary",
        "/Citrix/Roaming/accounts/?summary=",
    ] {
        let summary = accounts(&env, "GET", target).await;
        for account in &mut full.accounts {
            account.store = None;
        }
        assert_eq!(summary, full, "{target}");
    }
    assert_ne!(full.accounts[0].content_hash, full.accounts[1].content_hash);
}

/// ST-70
#[tokio::test]
async fn accounts_survive_a_restart() {
    let (mut env, _farm) = env().await;
    let before = accounts(&env, "GET", ACCOUNTS).await;
    env.restart_server().await;
    assert_eq!(accounts(&env, "GET", ACCOUNTS).await, before);
}

/// ST-73
#[tokio::test]
async fn provisioning_file_is_downloaded_from_the_site() {
    let (env, _farm) = env().await;
    let path = "/Citrix/StoreWeb/ServiceRecord/GetDocument/receiverconfig.cr";
    let response = ask(&env, "GET", path).await;
    assert_eq!(response.status, 200, "{}", response.text());
    let header = |name| response.header(name);
    let media_type = "application/vnd.citrix.receiver.configure";
    assert_eq!(header("content-type"), Some(media_type));
    let disposition = "attachment; filename=\"receiverconfig.cr\"";
    assert_eq!(header("content-disposition"), Some(disposition));
    let file = Provisioning::from_xml(&response.body).unwrap();
    let accounts = accounts(&env, "GET", ACCOUNTS).await;
    let store = accounts.accounts[0].store.clone().unwrap();
    assert_eq!(file.stores, [store]);
    let elsewhere = path.replace("StoreWeb", "OtherWeb");
    assert_eq!(ask(&env, "GET", &elsewhere).await.status, 404);
}

/// The probes, in their order: accounts, discovery, authentication.
#[tokio::test]
async fn probes_of_a_load_balancer_find_every_store() {
    let (env, _farm) = env().await;
    for account in accounts(&env, "GET", ACCOUNTS).await.accounts {
        let address = account.store.unwrap().address;
        let discovery = ask(&env, "GET", path_of(&address)).await;
        assert_eq!(discovery.status, 200, "{address}");
        let text = discovery.text();
        let service = text.split("type=\"Authentication\"").nth(1).unwrap();
        let endpoints = service.split(['<', '>']).find(|it| it.starts_with("http"));
        let endpoints = path_of(endpoints.unwrap()).to_owned();
        let accept = [("Accept", "application/vnd.citrix.endpoints+xml")];
        let authentication = env.server.send("GET", &endpoints, &accept, b"").await;
        assert_eq!(authentication.status, 200, "{endpoints}");
    }
}
