//! Monitors, load tests and testers.

use roamd_testsuite::TestEnvironment;

use super::super::browser::{SITE, assert_challenge, json, set_cookies};
use super::{FORM, HTTPS, Script, find};

/// W11: a monitor in Perl. It counts every redirect as a failure, reads the token with an
/// expression of upper-case letters and digits, and posts JSON as the name of a field.
#[tokio::test]
async fn w11_finds_the_application_it_monitors() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    let configuration = script
        .send("POST", "/Home/Configuration", &[HTTPS], "")
        .await;
    let lines = set_cookies(&configuration).join(", ");
    let token = find(&lines, "CsrfToken=([A-Z0-9]+)");
    let headers = [("Csrf-Token", token.as_str()), HTTPS, FORM];
    let mut answers = vec![configuration];
    let body = "username=DEMO%5Calice&password=roam-demo&StateContext=";
    // A browser's library escapes the name of the field.
    let list = "%7B%22format%22%3A%22json%22%2C%22resourceDetails%22%3A%22Default%22%7D=";
    for (below, body) in [
        ("/Authentication/GetAuthMethods", ""),
        ("/ExplicitAuth/Login", ""),
        ("/ExplicitAuth/LoginAttempt", body),
        ("/Resources/List", list),
    ] {
        answers.push(script.send("POST", below, &headers, body).await);
    }
    for answer in &answers {
        assert_eq!(answer.status, 200);
    }
    let listed = json(answers.last().unwrap());
    let mut resources = listed["resources"].as_array().unwrap().iter();
    assert!(resources.any(|it| it["name"] == "Excel"));
}

/// W16: recordings of load tests: all calls of a browser, with its headers, and values that are
/// found between a left and a right boundary.
#[tokio::test]
async fn w16_replays_the_calls_of_a_browser() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    let between = |text: &str, left: &str, right: &str| {
        let rest = text.split_once(left).unwrap_or_else(|| panic!("{text}")).1;
        rest.split_once(right).unwrap().0.to_owned()
    };
    let (origin, referer) = (env.url(""), env.url("/Citrix/StoreWeb/"));
    let browser = [
        HTTPS,
        FORM,
        ("Origin", origin.as_str()),
        ("Referer", referer.as_str()),
        ("X-Requested-With", "XMLHttpRequest"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Accept-Encoding", "gzip, deflate, br"),
    ];
    script.send("GET", "/", &[], "").await;
    let configuration = script
        .send("POST", "/Home/Configuration", &browser, "")
        .await;
    let lines = set_cookies(&configuration).join("\r\n");
    let token = between(&lines, "CsrfToken=", ";");
    let headers = [&browser[..], &[("Csrf-Token", token.as_str())]].concat();
    let list = "format=json&resourceDetails=Default";
    let first = script.send("POST", "/Resources/List", &headers, list).await;
    assert_challenge(&first, "before the sign-in");
    for below in ["/Authentication/GetAuthMethods", "/ExplicitAuth/Login"] {
        script.send("POST", below, &headers, "").await;
    }
    let form = "username=DEMO%5Calice&password=roam-demo&saveCredentials=false\
                &loginBtn=Log+On&StateContext=";
    let signed_in = script
        .send("POST", "/ExplicitAuth/LoginAttempt", &headers, form)
        .await;
    assert_eq!(
        between(signed_in.text(), "<Result>", "</Result>"),
        "success"
    );
    let available = script
        .send("POST", "/Sessions/ListAvailable", &headers, "")
        .await;
    assert!(available.text().starts_with("[{\"initialapp\":\""));
    let listed = script.send("POST", "/Resources/List", &headers, list).await;
    let text = listed.text();
    let icon = between(text, "\"iconurl\":\"", "\"");
    let status = between(text, "\"launchstatusurl\":\"", "\"");
    let launch = between(text, "\"launchurl\":\"", "\"");
    let name = script
        .send("POST", "/Authentication/GetUserName", &headers, "")
        .await;
    assert_eq!(name.text(), "alice");
    let icon = script.send("GET", &format!("/{icon}"), &[], "").await;
    assert!(icon.body.starts_with(b"\x89PNG"));
    let status = script
        .send("POST", &format!("/{status}"), &headers, "")
        .await;
    assert_eq!(between(status.text(), "\"status\":\"", "\""), "success");
    let query = format!("/{launch}?CsrfToken={token}&IsUsingHttps=Yes&launchId=1717");
    let ica = script.send("GET", &query, &[], "").await;
    assert!(between(ica.text(), "Address=", "\r\n").contains(':'));
    let alive = script.send("HEAD", "/Home/KeepAlive", &headers, "").await;
    assert_eq!((alive.status, alive.text()), (200, ""));
    let done = script
        .send("POST", "/Sessions/Disconnect", &headers, "")
        .await;
    assert_eq!(done.text(), "{\"status\":\"success\"}");
    let out = script
        .send("POST", "/Authentication/Logoff", &headers, "")
        .await;
    assert_eq!((out.text(), set_cookies(&out).len()), ("", 3));
}

/// W17: testers that try passwords. They take the device id of the challenge, and decide by
/// `CtxsAuthId` in `Set-Cookie`, or by the form.
#[tokio::test]
async fn w17_sees_a_sign_in_only_after_the_right_password() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    script
        .send("POST", "/Home/Configuration", &[HTTPS], "")
        .await;
    let token = script.cookie("CsrfToken");
    let headers = [("Csrf-Token", token.as_str()), HTTPS, FORM];
    let challenged = script.send("POST", "/Resources/List", &headers, "").await;
    assert!(
        set_cookies(&challenged)
            .join(",")
            .contains("CtxsDeviceId=WR_")
    );
    script
        .send("POST", "/Authentication/GetAuthMethods", &headers, "")
        .await;
    script
        .send("POST", "/ExplicitAuth/Login", &headers, "")
        .await;
    for (password, is_right) in [("Winter2026!", false), ("roam-demo", true)] {
        let body = format!("username=DEMO%5Calice&password={password}&StateContext=");
        let answer = script
            .send("POST", "/ExplicitAuth/LoginAttempt", &headers, &body)
            .await;
        let cookies = set_cookies(&answer).join(",");
        assert_eq!(cookies.contains("CtxsAuthId"), is_right, "{password}");
        assert_eq!(
            answer.text().contains("<AuthenticateResponse "),
            !is_right,
            "{password}"
        );
    }
}
