//! The scripts that reconnect sessions.

use roamd_testsuite::TestEnvironment;

use super::super::browser::{assert_challenge, json, set_cookies};
use super::{FORM, HTTPS, Script, find};

/// W1: a PowerShell script that moves all sessions here, the only public client of the session
/// calls. It sends `format` as a header, reads `CtxsAuthId` from the first `Set-Cookie`, adds a
/// second one for `/`, compares names with `-like`, and disconnects with GET.
#[tokio::test]
async fn w1_moves_sessions_here_and_disconnects_them() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, "/Citrix/StoreWeb/");
    let page = script.send("GET", "", &[], "").await;
    assert_eq!(set_cookies(&page), [""; 0], "WA-31");
    let accept = ("Accept", "application/xml, text/xml, */*; q=0.01");
    let configuration = script
        .send(
            "POST",
            "/Home/Configuration",
            &[accept, HTTPS, ("Content-Length", "0")],
            "",
        )
        .await;
    let text = configuration.text();
    let list = find(text, "<resourcesProxy listURL=\"([^\"]+)\"");
    let available = find(text, "listAvailableURL=\"([^\"]+)\"");
    let disconnect = find(text, "disconnectURL=\"([^\"]+)\"");
    let token = script.cookie("CsrfToken");
    let csrf = ("Csrf-Token", token.as_str());
    let format = ("format", "json&resourceDetails=Default");
    let json_accept = ("Accept", "application/json, text/javascript, */*; q=0.01");
    let listed = script
        .send(
            "POST",
            &format!("/{list}"),
            &[json_accept, csrf, HTTPS, format],
            "",
        )
        .await;
    assert_challenge(&listed, "WA-12");
    let methods = script
        .send(
            "POST",
            "/Authentication/GetAuthMethods",
            &[accept, csrf, HTTPS],
            "",
        )
        .await;
    let login = find(methods.text(), "name=\"ExplicitForms\" url=\"([^\"]+)\"");
    let form = script
        .send("POST", &format!("/{login}"), &[accept, csrf, HTTPS], "")
        .await;
    let protocol = form.header("X-Citrix-ExplicitAuthProtocol");
    assert_eq!(protocol, Some("ExplicitForms"), "WA-57");
    let post_back = find(form.text(), "<PostBack>([^<]+)</PostBack>");
    let body = "username=DEMO\\alice&password=roam-demo&saveCredentials=false&loginBtn=Log+On\
                &StateContext=";
    let signed_in = script
        .send(
            "POST",
            &format!("/{post_back}"),
            &[accept, csrf, HTTPS, FORM],
            body,
        )
        .await;
    // WA-60: its first `Set-Cookie` begins with the name.
    let auth = set_cookies(&signed_in)[0]
        .strip_prefix("CtxsAuthId=")
        .unwrap();
    let auth = auth.split(';').next().unwrap();
    // It adds a second cookie for `/`, so it sends the sign-in twice.
    let second = format!("{auth}; CtxsAuthId={auth}");
    script.cookies.insert("CtxsAuthId".to_owned(), second);
    assert_eq!(script.cookie("CsrfToken"), token, "WA-25: read once");
    let listed = script
        .send(
            "POST",
            &format!("/{list}"),
            &[json_accept, csrf, HTTPS, format],
            "",
        )
        .await;
    assert_eq!(json(&listed)["isSubscriptionEnabled"], false);
    for _ in 0..2 {
        let name = script
            .send("POST", "/Authentication/GetUserName", &[csrf, HTTPS], "")
            .await;
        assert_eq!(name.text(), "alice");
        assert_eq!(
            name.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        let self_service = "/ExplicitAuth/AllowSelfServiceAccountManagement";
        let allowed = script.send("POST", self_service, &[csrf, HTTPS], "").await;
        let value = "<AllowSelfServiceAccountManagement>([^<]+)<";
        assert_eq!(find(allowed.text(), value), "False");
    }
    let sessions = script
        .send(
            "POST",
            &format!("/{available}"),
            &[json_accept, csrf, HTTPS],
            "",
        )
        .await;
    let sessions = json(&sessions);
    // `"MSPaint" -like "<initialapp>*"`
    let mut sessions = sessions.as_array().unwrap().iter();
    let session = sessions
        .find(|session| "MSPaint".starts_with(session["initialapp"].as_str().unwrap()))
        .unwrap();
    let status = session["launchstatusurl"].as_str().unwrap();
    let status = script
        .send(
            "POST",
            &format!("/{status}"),
            &[json_accept, csrf, HTTPS],
            "",
        )
        .await;
    assert_eq!(
        status.text(),
        "{\"fileFetchUrl\":null,\"status\":\"success\"}"
    );
    let url = session["launchurl"].as_str().unwrap();
    assert!(
        url.ends_with(".ica"),
        "the file is named by the last segment"
    );
    let query = format!("/{url}?CsrfToken={token}&launchId=1717");
    let launched = script.send("GET", &query, &[csrf], "").await;
    assert!(
        !launched
            .header("content-type")
            .unwrap()
            .starts_with("text/")
    );
    let ica = String::from_utf8(launched.body).unwrap();
    let address = find(&ica, "Address=([^\r\n]+)\r\n");
    assert!(address.starts_with("xa1-host"), "{address}");
    env.farms.connect(&ica, jiff::Timestamp::now()).unwrap();
    let device = script.cookie("CtxsDeviceId");
    let here = format!("XA1 MSPaint active {device}");
    assert!(
        env.sessions("alice").contains(&here),
        "{:?}",
        env.sessions("alice")
    );
    let done = script
        .send(
            "GET",
            &format!("/{disconnect}"),
            &[json_accept, csrf, HTTPS],
            "",
        )
        .await;
    assert_eq!(done.text(), "{\"status\":\"success\"}");
    assert!(!env.sessions("alice").contains(&here));
}
