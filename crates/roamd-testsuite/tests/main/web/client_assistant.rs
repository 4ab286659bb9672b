//! Native clients: detection, and tickets for an ICA file (web-api.md §9.4).

use data_encoding::BASE64;
use roamd_testkit::ScriptedController;
use roamd_testsuite::{HttpPeer, Options, Response, TestEnvironment};
use serde_json::json;

use super::browser::{self, Browser, env_with_scripted_farm};

const STORE: &str = "/Citrix/Store";

/// A request of a native client, which has no cookies.
async fn native(server: HttpPeer, operation: &str, ticket: &str) -> Response {
    let form = format!("action=launch&serverProtocolVersion=1&transport=https&ticket={ticket}");
    let parameters = BASE64.encode(form.as_bytes()).replace('=', "-");
    let path = format!("{STORE}/clientAssistant/{operation}/{parameters}");
    server.send("GET", &path, &[], b"").await
}

/// Launches the first resource, and returns its ticket.
async fn file_ticket(browser: &mut Browser, status_url: &str) -> String {
    let body = "createFileFetchTicket=true";
    let status = browser::json(&browser.post(status_url, body).await);
    assert_eq!(status["status"], "success");
    let url = status["fileFetchUrl"].as_str().unwrap();
    assert!(
        url.ends_with("/Citrix/Store/clientAssistant/getIcaFile"),
        "{url}"
    );
    status["fileFetchTicket"].as_str().unwrap().to_owned()
}

async fn status_url(browser: &mut Browser) -> String {
    let resource = browser.resource("Ledger").await;
    resource["launchstatusurl"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn file_ticket_gets_the_file_of_its_launch_once() {
    // WA-88, WA-90
    let (env, farm) = env_with_scripted_farm().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let url = status_url(&mut browser).await;
    farm.discard_requests();
    let ticket = file_ticket(&mut browser, &url).await;
    let ica = native(env.server, "getIcaFile", &ticket).await;
    assert!(ica.text().starts_with("[Encoding]"), "{}", ica.text());
    assert_eq!(
        ica.header("content-type"),
        Some("application/x-ica; charset=utf-8")
    );
    assert_eq!(ica.header("cache-control"), Some("no-cache, no-store"));
    let device = format!("ClientName={}", browser.cookies["CtxsDeviceId"]);
    assert!(ica.text().contains(&device), "WA-33: {}", ica.text());
    assert_eq!(farm.request_count("Address"), 1, "the kept file");
    let again = native(env.server, "getIcaFile", &ticket).await;
    assert_eq!(again.status, 403);
    assert_eq!(farm.request_count("Address"), 1);
    let lines = env.audit().lines_until(&again).await;
    let used = lines.last().unwrap();
    assert_eq!(
        (&used["event"], &used["outcome"]),
        (&json!("launch"), &json!("not-found"))
    );
}

#[tokio::test]
async fn file_ticket_of_a_refused_password_gets_no_challenge() {
    // WA-90
    let farm = ScriptedController::healthy().await;
    let options = Options {
        more_sections: farm.farm_section("SCRIPTED", "Scripted"),
        authentication: "credentials = \"SCRIPTED\"\ndomains = [\"DEMO\"]".to_owned(),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let resource = browser.resource("Ledger").await;
    let text = |name: &str| resource[name].as_str().unwrap().to_owned();
    let ticket = file_ticket(&mut browser, &text("launchstatusurl")).await;
    // The kept file is collected, so the ticket launches.
    browser.get(&text("launchurl")).await;
    for request in ["Address", "ValidateCredentials"] {
        farm.set_content(request, "<ErrorId>failed-credentials</ErrorId>");
    }
    let refused = native(env.server, "getIcaFile", &ticket).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(refused.header("www-authenticate"), None);
}

#[tokio::test]
async fn request_without_its_body_uses_no_ticket_up() {
    // WA-90
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let listed = browser::json(&browser.post("Resources/List", "format=json").await);
    let url = listed["resources"][0]["launchstatusurl"].as_str().unwrap();
    let ticket = file_ticket(&mut browser, url).await;
    let path = format!("{STORE}/clientAssistant/getIcaFile?ticket={ticket}");
    let body = vec![b'a'; 100 * 1024];
    let refused = env.server.send("POST", &path, &[], &body).await;
    assert_eq!(refused.status, 413);
    let ica = env.server.send("POST", &path, &[], b"").await;
    assert!(ica.text().starts_with("[Encoding]"), "{}", ica.text());
}

#[tokio::test]
async fn file_ticket_works_at_another_server_once() {
    // WA-90: the other server has no kept file, so it launches.
    let (mut env, farm) = env_with_scripted_farm().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let url = status_url(&mut browser).await;
    let ticket = file_ticket(&mut browser, &url).await;
    let other = env.second_server().await;
    let ica = native(other, "getIcaFile", &ticket).await;
    assert!(ica.text().starts_with("[Encoding]"), "{}", ica.text());
    assert_eq!(farm.request_count("Address"), 2);
}

#[tokio::test]
async fn file_ticket_of_an_ended_sign_in_gets_nothing() {
    // WA-90
    let (env, farm) = env_with_scripted_farm().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let url = status_url(&mut browser).await;
    let ticket = file_ticket(&mut browser, &url).await;
    assert_eq!(browser.post("Authentication/Logoff", "").await.status, 200);
    let refused = native(env.server, "getIcaFile", &ticket).await;
    assert_eq!(refused.status, 403);
    assert_eq!(farm.request_count("Address"), 1, "that of the status");
}

#[tokio::test]
async fn foreign_tickets_of_clients_are_refused() {
    // WA-90
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let listed = browser::json(&browser.post("Resources/List", "format=json").await);
    let url = listed["resources"][0]["launchstatusurl"].as_str().unwrap();
    let file = file_ticket(&mut browser, url).await;
    let detection = browser::json(&browser.post("ClientAssistant/GetDetectionTicket", "").await);
    let detection = detection["clientDetectionTicket"].as_str().unwrap();
    let [cookie, auth] =
        ["ASP.NET_SessionId", "CtxsAuthId"].map(|name| browser.cookies[name].clone());
    for ticket in [
        "",
        "x",
        detection,
        &file[1..],
        &cookie,
        &auth,
        &"A".repeat(5000),
    ] {
        let refused = native(env.server, "getIcaFile", ticket).await;
        assert_eq!(refused.status, 403, "{ticket}");
    }
    for ticket in ["", "CDT_", "CDT_x", &file, &detection[4..], &cookie] {
        let refused = native(env.server, "reportDetectionStatus", ticket).await;
        assert_eq!(refused.status, 403, "{ticket}");
        let poll = format!("ticket={ticket}");
        let status = browser
            .post("ClientAssistant/GetDetectionStatus", &poll)
            .await;
        assert_eq!(browser::json(&status)["status"], "Failure", "{ticket}");
    }
    for parameters in ["", "/", "/%00", "//", "/=", "/----", "/%41"] {
        let path = format!("{STORE}/clientAssistant/getIcaFile{parameters}");
        let refused = env.server.send("GET", &path, &[], b"").await;
        assert_eq!(refused.status, 403, "{parameters}");
    }
}

#[tokio::test]
async fn detection_succeeds_once_the_native_client_has_reported_to_any_server() {
    // WA-89
    let mut env = TestEnvironment::demo().await;
    let other = env.second_server().await;
    // Before the sign-in, and with no cookie at all
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    for browser in [&mut browser, &mut Browser::new(&env)] {
        let detection =
            browser::json(&browser.post("ClientAssistant/GetDetectionTicket", "").await);
        let ticket = detection["clientDetectionTicket"].as_str().unwrap();
        assert!(ticket.starts_with("CDT_"), "{ticket}");
        let url = detection["postbackUrl"].as_str().unwrap();
        assert!(
            url.ends_with("/clientAssistant/reportDetectionStatus"),
            "{url}"
        );
        let poll = format!("ticket={ticket}");
        for (reports, expected) in [(false, "Waiting"), (true, "Success"), (true, "Success")] {
            if reports {
                let report = native(other, "reportDetectionStatus", ticket).await;
                assert_eq!(report.status, 200);
            }
            let status = browser
                .post("ClientAssistant/GetDetectionStatus", &poll)
                .await;
            assert_eq!(browser::json(&status)["status"], expected);
        }
    }
}
