//! Launches in two steps, and icons (web-api.md §9.2, §9.3).

use std::sync::Arc;
use std::time::Duration;

use roamd_testsuite::TestEnvironment;
use tokio::sync::Semaphore;

use super::browser::{Browser, assert_refused, env_with_scripted_farm, status_url};

const SUCCESS: &str = "{\"fileFetchUrl\":null,\"status\":\"success\"}";

/// Returns the status URL and the launch URL of `Ledger`.
async fn ledger(browser: &mut Browser) -> (String, String) {
    let resource = browser.resource("Ledger").await;
    let text = |name: &str| resource[name].as_str().unwrap().to_owned();
    (text("launchstatusurl"), text("launchurl"))
}

#[tokio::test]
async fn ica_file_of_a_status_is_given_out_once() {
    // WA-80, WA-81
    let (env, farm) = env_with_scripted_farm().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let (status, launch) = ledger(&mut browser).await;
    farm.discard_requests();
    let launches = || farm.request_count("Address");
    for _ in 0..2 {
        assert_eq!(browser.post(&status, "").await.text(), SUCCESS);
        assert_eq!(launches(), 1, "the file is kept");
    }
    let ica = browser.get(&launch).await;
    assert!(ica.text().starts_with("[Encoding]"));
    assert_eq!(launches(), 1);
    let disposition = ica.header("content-disposition");
    assert_eq!(disposition, Some("inline; filename=\"Ledger.ica\""));
    // The next one launches itself, and so does another browser of the user.
    assert!(browser.get(&launch).await.text().starts_with("[Encoding]"));
    assert_eq!(launches(), 2);
    browser.post(&status, "").await;
    assert_eq!(launches(), 3);
    let mut other = Browser::signed_in(&env, "alice").await;
    other.get(&launch).await;
    assert_eq!(launches(), 4);
}

#[tokio::test]
async fn another_server_launches_itself() {
    // WA-81: the file is in the memory of the server that launched.
    let (mut env, farm) = env_with_scripted_farm().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let (status, launch) = ledger(&mut browser).await;
    farm.discard_requests();
    assert_eq!(browser.post(&status, "").await.text(), SUCCESS);
    let mut elsewhere = browser.clone();
    elsewhere.server = env.second_server().await;
    let ica = elsewhere.get(&launch).await;
    assert!(ica.text().starts_with("[Encoding]"), "{}", ica.text());
    assert_eq!(farm.request_count("Address"), 2);
    let ica = browser.get(&launch).await;
    assert!(ica.text().starts_with("[Encoding]"), "{}", ica.text());
    assert_eq!(farm.request_count("Address"), 2, "still kept");
}

#[tokio::test]
async fn concurrent_requests_share_one_launch() {
    // WA-83
    let (env, farm) = env_with_scripted_farm().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let (status, _) = ledger(&mut browser).await;
    farm.discard_requests();
    let held = Arc::new(Semaphore::new(0));
    farm.hold("Address", &held);
    let mut other = browser.clone();
    let path = status.clone();
    let first = tokio::spawn(async move { other.post(&path, "").await });
    farm.wait_for_requests("Address", 1).await;
    let second = tokio::spawn(async move { browser.post(&status, "").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    held.close();
    for response in [first, second] {
        assert_eq!(response.await.unwrap().text(), SUCCESS);
    }
    assert_eq!(farm.request_count("Address"), 1);
}

#[tokio::test]
async fn launch_that_is_not_ready_or_fails_is_reported() {
    // WA-82, WA-85, WA-102
    let (env, farm) = env_with_scripted_farm().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let (status, launch) = ledger(&mut browser).await;
    let sessions = browser.sessions().await;
    let (_, session) = sessions.iter().find(|(app, _)| app == "Ledger").unwrap();
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let retry = "{\"fileFetchUrl\":null,\"pollTimeout\":5,\"status\":\"retry\"}";
    assert_eq!(browser.post(&status, "").await.text(), retry);
    let response = browser.get(&launch).await;
    assert_eq!(response.text(), retry);
    let media = response.header("content-type");
    assert_eq!(media, Some("text/plain; charset=utf-8"));
    farm.set_content("Address", "<ErrorId>no-available-workstation</ErrorId>");
    let failed = browser.post(&status, "").await;
    assert_eq!(
        failed.text(),
        "{\"errorId\":\"UnavailableDesktop\",\"fileFetchUrl\":null,\"status\":\"failure\"}"
    );
    // A session that has ended since it was listed
    farm.set_content(
        "Address",
        "<ErrorId>unspecified</ErrorId><MPSError type=\"IMA\">0x80060001</MPSError>",
    );
    let ended = browser.post(&status_url(session), "").await;
    assert!(
        ended.text().contains("\"errorId\":\"AppRemoved\""),
        "{}",
        ended.text()
    );
    for below in [
        "Sessions/GetLaunchStatus/AAAA",
        "Resources/GetLaunchStatus/AAAA",
    ] {
        assert_refused(&browser.post(below, "").await, 404, below);
    }
}

#[tokio::test]
async fn icons_need_a_sign_in_and_no_token() {
    // WA-87
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let resource = browser.resource("Excel").await;
    let url = resource["iconurl"].as_str().unwrap().to_owned();
    assert!(url.ends_with("?size=128"), "{url}");
    let (path, _) = url.split_once('?').unwrap();
    for (method, below, status) in [
        ("GET", url.clone(), 200),
        ("POST", url.clone(), 200),
        ("GET", path.to_owned(), 200),
        ("GET", format!("{path}/48"), 200),
        ("GET", format!("{path}?size=512"), 200),
        ("GET", format!("{path}?size=17"), 400),
        ("GET", format!("{path}?size=x"), 400),
        ("GET", "Resources/Icon/WEEx".to_owned(), 404),
        ("GET", format!("{path}AA"), 404),
    ] {
        let icon = browser.send(method, &below, &[], "").await;
        assert_eq!(icon.status, status, "{below}");
        if status == 200 {
            assert_eq!(icon.header("content-type"), Some("image/png"));
            assert!(icon.body.starts_with(b"\x89PNG"), "{below}");
            let control = icon.header("cache-control").unwrap();
            assert!(control.starts_with("private, max-age="), "{control}");
            assert_eq!(icon.header("pragma"), None);
        }
    }
    let mut stranger = Browser::new(&env);
    assert_refused(
        &stranger.send("GET", &url, &[], "").await,
        403,
        "no session",
    );
}
