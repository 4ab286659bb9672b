//! Scripts and programs that launch a resource.

use regex::Regex;
use roamd_testsuite::TestEnvironment;
use serde_json::Value;

use super::super::browser::{SITE, assert_challenge, json, set_cookies};
use super::{HTTPS, NO_HTTPS, Script, env_with_post_credentials, find};

/// W2: PowerShell and JavaScript that create an ICA file. It posts the form without token and
/// flag, reads the token once, and does not follow redirects.
#[tokio::test]
async fn w2_creates_an_ica_file() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, "/Citrix/StoreWeb/");
    let page = script.send("GET", "", &[], "").await;
    assert_eq!(page.status, 200, "no redirect is followed");
    let null = ("Csrf-Token", "null");
    script
        .send("POST", "/Home/Configuration", &[HTTPS, null], "")
        .await;
    let token = script.cookie("CsrfToken");
    let csrf = ("Csrf-Token", token.as_str());
    let headers = [csrf, HTTPS, ("format", "json&resourceDetails=Default")];
    script.send("POST", "/Resources/List", &headers, "").await;
    script
        .send("POST", "/Authentication/GetAuthMethods", &[csrf, HTTPS], "")
        .await;
    script
        .send("POST", "/ExplicitAuth/Login", &[csrf, HTTPS], "")
        .await;
    let body = "username=DEMO\\alice&password=roam-demo&saveCredentials=false&loginBtn=Log+On\
                &StateContext=";
    let form_type = (
        "Content-Type",
        "application/x-www-form-urlencoded; charset=UTF-8",
    );
    // WA-37, WA-38: neither token nor flag
    let signed_in = script
        .send("POST", "/ExplicitAuth/LoginAttempt", &[form_type], body)
        .await;
    assert!(signed_in.text().contains("<Result>success</Result>"));
    let listed = script.send("POST", "/Resources/List", &headers, "").await;
    let listed = json(&listed);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let resource = resources.find(|it| it["name"] == "Excel").unwrap();
    let url = resource["launchurl"].as_str().unwrap();
    let query = format!("/{url}?CsrfToken={token}&IsUsingHttps=Yes");
    let ica = script.send("GET", &query, &[], "").await;
    assert!(ica.text().starts_with("[Encoding]\r\n"), "{}", ica.text());
}

/// W3: a Python client. Its base URL ends with a slash, it asks for the configuration twice, keeps
/// `CtxsDeviceId` of the challenged list, walks the configuration, and sends a form body with GET.
#[tokio::test]
async fn w3_walks_the_configuration_and_launches() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, "/Citrix/StoreWeb/");
    let page = script.send("GET", "", &[], "").await;
    assert_eq!(page.status, 200);
    script
        .send("POST", "/Home/Configuration", &[HTTPS], "")
        .await;
    let token = script.cookie("CsrfToken");
    let csrf = ("Csrf-Token", token.as_str());
    let configuration = script
        .send("POST", "/Home/Configuration", &[csrf, HTTPS], "")
        .await;
    // Attributes of elements, by a parser without namespaces.
    let text = configuration.text();
    let order = [
        "<clientSettings",
        "<storeProxy",
        "<resourcesProxy",
        "listURL=",
    ];
    let mut at = 0;
    for part in order {
        at += text[at..].find(part).unwrap();
    }
    let list = find(text, "listURL=\"([^\"]+)\"");
    let challenged = script
        .send(
            "POST",
            &format!("/{list}"),
            &[csrf, HTTPS],
            "format=json&resourceDetails=Default",
        )
        .await;
    assert_challenge(&challenged, "before the sign-in");
    let device = script.cookie("CtxsDeviceId");
    assert!(device.starts_with("WR_") && device.len() == 20, "{device}");
    let methods = script
        .send("POST", "/Authentication/GetAuthMethods", &[csrf, HTTPS], "")
        .await;
    let method = Regex::new("<method name=\"([^\"]+)\" url=\"([^\"]+)\"/>").unwrap();
    let login = &method.captures(methods.text()).unwrap()[2];
    script
        .send("POST", &format!("/{login}"), &[csrf, HTTPS], "")
        .await;
    // WA-11: the credentials arrive unescaped.
    let body = "username=DEMO\\alice&password=roam-demo&saveCredentials=False&loginBtn=Anmelden\
                &StateContext=";
    let signed_in = script
        .send("POST", "/ExplicitAuth/LoginAttempt", &[csrf, HTTPS], body)
        .await;
    assert!(set_cookies(&signed_in).join(",").contains("CtxsAuthId"));
    let listed = script
        .send(
            "POST",
            &format!("/{list}"),
            &[csrf, HTTPS],
            "format=json&resourceDetails=Default",
        )
        .await;
    assert_eq!(script.cookie("CtxsDeviceId"), device, "the same end-point");
    let listed = json(&listed);
    let url = listed["resources"][0]["launchurl"].as_str().unwrap();
    let query = format!("/{url}?CsrfToken={token}&IsUsingHttps=Yes&launchId=1");
    let form = "displayNameDesktopTitle=x&launchId=1";
    let ica = script.send("GET", &query, &[], form).await;
    assert_eq!(
        ica.header("content-type"),
        Some("application/x-ica; charset=utf-8")
    );
}

/// W7: PowerShell that begins at the site without a slash, takes the token from the joined
/// `Set-Cookie` by its position, signs in without a form, and launches with POST.
#[tokio::test]
async fn w7_finds_the_token_by_its_position() {
    let env = env_with_post_credentials().await;
    let mut script = Script::new(&env, SITE);
    let redirect = script.send("GET", "", &[], "").await;
    assert_eq!(redirect.status, 301);
    assert_eq!(redirect.header("location"), Some("/Citrix/StoreWeb/"));
    assert_eq!(set_cookies(&redirect), [""; 0]);
    let page = script.send("GET", "/", &[], "").await;
    assert_eq!(
        set_cookies(&page),
        [""; 0],
        "the session begins at the list"
    );
    let first = script
        .send("POST", "/Resources/List", &[NO_HTTPS], "")
        .await;
    let joined = set_cookies(&first).join(",");
    let parts: Vec<_> = joined.split(';').collect();
    let token = parts[2].strip_prefix(" HttpOnly,CsrfToken=").unwrap();
    assert_eq!(token.len(), 32);
    let headers = [("Csrf-Token", token), NO_HTTPS];
    let raw = "username=DEMO\\alice&password=roam-demo";
    let login = "/PostCredentialsAuth/Login";
    let signed_in = script.send("POST", login, &headers, raw).await;
    assert!(!signed_in.text().contains("fail"));
    let listed = script.send("POST", "/Resources/List", &headers, "").await;
    let listed = json(&listed);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let resource = resources.find(|it| it["name"] == "Word").unwrap();
    let url = format!("/{}", resource["launchurl"].as_str().unwrap());
    let ica = script.send("POST", &url, &headers, "").await;
    let text = &ica.text()[ica.text().find("[Encoding]").unwrap()..];
    env.farms.connect(text, jiff::Timestamp::now()).unwrap();
}

/// W10: a Node module with a test, which selects a resource by name and type.
#[tokio::test]
async fn w10_selects_by_name_and_type() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    script.send("GET", "/", &[], "").await;
    script
        .send("POST", "/Home/Configuration", &[HTTPS], "")
        .await;
    let token = script.cookie("CsrfToken");
    let headers = [("Csrf-Token", token.as_str()), HTTPS];
    let full = "format=json&resourceDetails=Full";
    script.send("POST", "/Resources/List", &headers, full).await;
    script
        .send("POST", "/Authentication/GetAuthMethods", &headers, "")
        .await;
    script
        .send("POST", "/ExplicitAuth/Login", &headers, "")
        .await;
    let body = "username=DEMO%5Calice&password=roam-demo&saveCredentials=true&loginBtn=Log+On\
                &StateContext=";
    script
        .send("POST", "/ExplicitAuth/LoginAttempt", &headers, body)
        .await;
    let listed = script.send("POST", "/Resources/List", &headers, full).await;
    let listed = json(&listed);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let wanted = |it: &&Value| it["name"] == "Win11Desktop" && it["type"] == "Citrix.MPS.Desktop";
    let resource = resources.find(wanted).unwrap();
    assert_eq!(resource["publishername"], "Farm3");
    let url = resource["launchurl"].as_str().unwrap();
    let query = format!("/{url}?CsrfToken={token}&IsUsingHttps=Yes");
    let ica = script.send("GET", &query, &[], "").await;
    assert!(ica.text().contains("[WFClient]"));
}

/// W12: Rust launchers, which search texts, ask twice for the configuration without a token, poll,
/// and decide by the first byte.
#[tokio::test]
async fn w12_searches_texts_and_polls() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    script
        .send("POST", "/Home/Configuration", &[HTTPS], "")
        .await;
    let again = script
        .send("POST", "/Home/Configuration", &[HTTPS], "")
        .await;
    // It reads the token of the second answer.
    let line = set_cookies(&again)[0];
    let token = find(line, "^CsrfToken=([0-9A-F]{32});");
    assert_eq!(set_cookies(&again).len(), 1);
    let text = again.text();
    let proxy = text.find("resourcesProxy").unwrap();
    let list = find(&text[proxy..], "listURL=\"([^\"]+)\"");
    let headers = [("Csrf-Token", token.as_str()), HTTPS];
    let challenged = script.send("POST", &format!("/{list}"), &headers, "").await;
    let header = challenged.header("CitrixWebReceiver-Authenticate").unwrap();
    let location = find(header, "location=\"([^\"]+)\"");
    let methods = script
        .send("POST", &format!("/{location}"), &headers, "")
        .await;
    let login = find(methods.text(), "url=\"([^\"]+)\"");
    script
        .send("POST", &format!("/{login}"), &headers, "")
        .await;
    let body = "username=DEMO%5Calice&password=roam-demo&StateContext=";
    script
        .send("POST", "/ExplicitAuth/LoginAttempt", &headers, body)
        .await;
    let listed = script.send("POST", &format!("/{list}"), &headers, "").await;
    let status = find(
        listed.text(),
        "\"launchstatusurl\":\"([^\"]+)\",\"launchurl\":\"[^\"]+\",\"name\":\"Notepad\"",
    );
    let url = find(
        listed.text(),
        "\"launchurl\":\"([^\"]+)\",\"name\":\"Notepad\"",
    );
    let status = script
        .send("POST", &format!("/{status}"), &headers, "")
        .await;
    assert!(status.text().contains("\"status\":\"success\""));
    let query = format!("/{url}?CsrfToken={token}&launchId=3");
    let ica = script.send("GET", &query, &[], "").await;
    assert_eq!(ica.body[0], b'[');
    assert!(ica.text().contains("[WFClient]"));
}
