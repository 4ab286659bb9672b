//! Services and libraries that speak the Web API for other programs.

use data_encoding::BASE64;
use roamd_testsuite::TestEnvironment;

use super::super::browser::{SITE, assert_challenge, assert_refused, json, set_cookies};
use super::{FORM, HTTPS, Headers, NO_HTTPS, Script, cookie_line, env_with_post_credentials, find};

/// W4: a Java service that keeps the cookies of the first answer by searching its lines, keeps the
/// session alive with HEAD, polls, and signs out without cookies.
#[tokio::test]
async fn w4_keeps_alive_polls_and_signs_out_without_cookies() {
    let env = TestEnvironment::demo().await;
    let server = env.server;
    let send = async |method: &str, below: &str, headers: Headers<'_>, body: &str| {
        let path = format!("{SITE}/{below}");
        server.send(method, &path, headers, body.as_bytes()).await
    };
    let configuration = send("POST", "Home/Configuration", &[NO_HTTPS], "").await;
    let session = cookie_line(&configuration, "ASP.NET_SessionId");
    let token_cookie = cookie_line(&configuration, "CsrfToken");
    let token = token_cookie.split_once('=').unwrap().1;
    let csrf = ("Csrf-Token", token);
    let both = format!("{token_cookie}; {session}");
    let gzip = ("Accept-Encoding", "gzip");
    let before = [("Cookie", both.as_str()), csrf, NO_HTTPS, gzip];
    send("POST", "Authentication/GetAuthMethods", &before, "").await;
    let form = send("POST", "ExplicitAuth/Login", &before, "").await;
    assert_eq!(form.header("content-encoding"), None, "WA-22");
    let attempt = |password: &str| {
        format!("username=DEMO%5Calice&password={password}&loginBtn=Log+On&StateContext=")
    };
    let refused = send(
        "POST",
        "ExplicitAuth/LoginAttempt",
        &before,
        &attempt("wrong"),
    )
    .await;
    // It compares the text of the error label.
    let label = find(refused.text(), "<Text>([^<]+)</Text><Type>error</Type>");
    assert_eq!(label, "Incorrect user name or password");
    let good = attempt("roam-demo");
    let signed_in = send("POST", "ExplicitAuth/LoginAttempt", &before, &good).await;
    let text = signed_in.text();
    assert_eq!(find(text, "<Result>([^<]+)</Result>"), "success");
    assert_eq!(find(text, "<AuthType>([^<]+)</AuthType>"), "ExplicitForms");
    let auth = cookie_line(&signed_in, "CtxsAuthId");
    let head = send("HEAD", "Home/KeepAlive", &before, "").await;
    assert_eq!((head.status, head.text()), (200, ""));
    let all = format!("{both}; {auth}");
    let after = [("Cookie", all.as_str()), csrf, NO_HTTPS];
    let listed = send("POST", "Resources/List", &after, "format=json").await;
    let device = cookie_line(&listed, "CtxsDeviceId");
    let listed = json(&listed);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let resource = resources.find(|it| it["name"] == "Win7Desktop").unwrap();
    assert_eq!(
        resource["desktophostname"], "",
        "it stops without this field"
    );
    assert_eq!(resource["isdesktop"], true);
    let all = format!("{all}; {device}");
    let after = [("Cookie", all.as_str()), csrf, NO_HTTPS];
    let status_url = resource["launchstatusurl"].as_str().unwrap();
    let title = "displayNameDesktopTitle=My+desk&createFileFetchTicket=false";
    let status = send("POST", status_url, &after, title).await;
    for value in json(&status).as_object().unwrap().values() {
        assert!(!value.is_array() && !value.is_object(), "{value}");
    }
    let query = format!(
        "{}?CsrfToken={token}&IsUsingHttps=No&displayNameDesktopTitle=My+desk&launchId=7",
        resource["launchurl"].as_str().unwrap()
    );
    let ica = send("GET", &query, &after[..1], "").await;
    assert_eq!(find(ica.text(), "Title=([^\r\n]*)\r\n"), "My desk");
    // It stops at null, and compares the id of the machine.
    let activity = json(&send("GET", "Sessions/List", &after, "").await);
    for session in activity["sessions"].as_array().unwrap() {
        assert!(session["machineData"]["machineId"].is_string(), "{session}");
        assert!(
            session["machineData"]["powerState"].is_string(),
            "{session}"
        );
        assert!(session["applications"].is_array(), "{session}");
    }
    let out = send("POST", "Authentication/Logoff", &[csrf, NO_HTTPS], "").await;
    assert_eq!((out.status, out.text()), (200, ""));
    let name = send("POST", "Authentication/GetUserName", &after, "").await;
    assert_eq!(name.text(), "alice", "WA-72: nothing was done");
}

/// W5: a C# sample that signs in with its first request, without a form and with a random token. It
/// splits the joined `Set-Cookie` at `,`, `;` and `=`, and sends names of cookies in lower case. It
/// stops at a resource without `subscriptionurl`, so it cannot be supported further.
#[tokio::test]
async fn w5_signs_in_with_its_first_request() {
    let env = env_with_post_credentials().await;
    let mut script = Script::new(&env, SITE);
    let random = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let body = "username=DEMO\\alice&password=roam-demo";
    let headers = [("Csrf-Token", random), NO_HTTPS];
    let login = "/PostCredentialsAuth/Login";
    let signed_in = script.send("POST", login, &headers, body).await;
    let joined = set_cookies(&signed_in).join(",");
    let parts = joined.split([',', ';']).map(str::trim);
    let pairs: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
    let value = |name: &str| {
        let found: Vec<_> = pairs.iter().filter(|(known, _)| *known == name).collect();
        assert_eq!(found.len(), 1, "a dictionary has each name once: {joined}");
        found[0].1
    };
    let (session, token) = (value("ASP.NET_SessionId"), value("CsrfToken"));
    let auth = value("CtxsAuthId");
    let cookies = format!("csrftoken={token};asp.net_sessionid={session};ctxsauthid={auth}");
    let headers = [("Csrf-Token", token), NO_HTTPS, ("Cookie", &cookies)];
    let path = format!("{SITE}/Resources/List");
    let listed = env.server.send("POST", &path, &headers, b"").await;
    let listed = json(&listed);
    let resource = &listed["resources"][0];
    assert!(resource["launchurl"].is_string());
    assert!(resource.get("subscriptionurl").is_none(), "WA-77");
    let status = format!("{SITE}/{}", resource["launchstatusurl"].as_str().unwrap());
    let status = env.server.send("POST", &status, &headers, b"").await;
    assert_eq!(
        status.text(),
        "{\"fileFetchUrl\":null,\"status\":\"success\"}"
    );
    let launch = format!("{SITE}/{}", resource["launchurl"].as_str().unwrap());
    let ica = env.server.send("GET", &launch, &headers, b"").await;
    assert!(ica.text().starts_with("[Encoding]"));
}

/// W6: a C# library that brings its own device id, compares the text of the challenge, finds
/// everything with expressions, and launches with POST.
#[tokio::test]
async fn w6_finds_everything_with_expressions() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    let device = "WR_client_of_library".to_owned();
    script
        .cookies
        .insert("CtxsDeviceId".to_owned(), device.clone());
    script
        .send("POST", "/Home/Configuration", &[HTTPS], "")
        .await;
    let token = script.cookie("CsrfToken");
    let headers = [("Csrf-Token", token.as_str()), HTTPS];
    let list = "format=json&resourceDetails=Default";
    let challenged = script.send("POST", "/Resources/List", &headers, list).await;
    assert_eq!(challenged.text(), "{\"unauthorized\": true}");
    let header = challenged.header("CitrixWebReceiver-Authenticate").unwrap();
    let location = find(header, "location=\"(.*?)\"");
    let methods = format!("/{location}");
    let methods = script.send("POST", &methods, &headers, "").await;
    let login = find(
        methods.text(),
        "<method name=\"ExplicitForms\" url=\"(.*?)\"",
    );
    script
        .send("POST", &format!("/{login}"), &headers, "")
        .await;
    let body = "username=DEMO%5Calice&password=roam-demo&loginBtn=Log+On&StateContext=";
    script
        .send("POST", "/ExplicitAuth/LoginAttempt", &headers, body)
        .await;
    let listed = script.send("POST", "/Resources/List", &headers, list).await;
    assert_eq!(script.cookie("CtxsDeviceId"), device);
    let url = find(
        listed.text(),
        "\"launchurl\":\"([^\"]*)\",\"name\":\"Excel\"",
    );
    let ica = script.send("POST", &format!("/{url}"), &headers, "").await;
    assert_eq!(
        find(ica.text(), "(?m)^ClientName=([^\r\n]*)\r?$"),
        device,
        "WA-33"
    );
}

/// W8: a Go client that reads the challenge as an object, and takes its cookies from the answers to
/// the configuration, the list and the sign-in. It has the native client detected, and gives it a
/// ticket for the ICA file.
#[tokio::test]
async fn w8_reads_the_challenge_as_an_object() {
    let env = TestEnvironment::demo().await;
    let server = env.server;
    let send = async |below: &str, headers: Headers<'_>, body: &str| {
        let path = format!("{SITE}/{below}");
        server.send("POST", &path, headers, body.as_bytes()).await
    };
    let configuration = send("Home/Configuration", &[HTTPS], "").await;
    let session = cookie_line(&configuration, "ASP.NET_SessionId");
    let token_cookie = cookie_line(&configuration, "CsrfToken");
    let csrf = ("Csrf-Token", token_cookie.split_once('=').unwrap().1);
    let both = format!("{session}; {token_cookie}");
    let headers = [("Cookie", both.as_str()), csrf, HTTPS];
    let detection = json(&send("ClientAssistant/GetDetectionTicket", &headers, "").await);
    assert_eq!(detection["serverProtocolVersion"], "1");
    let ticket = detection["clientDetectionTicket"].as_str().unwrap();
    let poll = format!("ticket={ticket}");
    let status = send("ClientAssistant/GetDetectionStatus", &headers, &poll).await;
    assert_eq!(json(&status)["status"], "Waiting", "WA-89");
    let report = opened_url("reportDetectionStatus", "detect", ticket);
    assert_eq!(server.send("GET", &report, &[], b"").await.status, 200);
    let status = send("ClientAssistant/GetDetectionStatus", &headers, &poll).await;
    assert_eq!(json(&status)["status"], "Success", "WA-89");
    let challenged = send("Resources/List", &headers, "").await;
    assert_eq!(json(&challenged)["unauthorized"], true);
    let device = cookie_line(&challenged, "CtxsDeviceId");
    let body = "username=DEMO%5Calice&password=roam-demo&StateContext=";
    let signed_in = send("ExplicitAuth/LoginAttempt", &headers, body).await;
    let auth = cookie_line(&signed_in, "CtxsAuthId");
    let all = format!("{both}; {device}; {auth}");
    let headers = [("Cookie", all.as_str()), csrf, HTTPS];
    let listed = json(&send("Resources/List", &headers, "").await);
    assert_eq!(listed["isSubscriptionEnabled"], false);
    let status = listed["resources"][0]["launchstatusurl"].as_str().unwrap();
    let body = "displayNameDesktopTitle=x&createFileFetchTicket=true";
    let status = json(&send(status, &headers, body).await);
    assert_eq!(status["status"], "success");
    assert_eq!(status["serverProtocolVersion"], "1");
    let ticket = status["fileFetchTicket"].as_str().unwrap();
    let fetch = opened_url("getIcaFile", "launch", ticket);
    let ica = server.send("GET", &fetch, &[], b"").await;
    assert!(
        ica.text().starts_with("[Encoding]"),
        "WA-88: {}",
        ica.text()
    );
}

/// The path that W8 opens with the scheme `receiver`: standard Base64 with two hyphens behind it.
fn opened_url(operation: &str, action: &str, ticket: &str) -> String {
    let form = format!(
        "action={action}&serverProtocolVersion=1&transport=https&ticket={ticket}&staTicket="
    );
    let parameters = BASE64.encode(form.as_bytes());
    format!("/Citrix/Store/clientAssistant/{operation}/{parameters}--")
}

/// W9: a TypeScript client whose first request is the list, with a JSON body and an empty token. It
/// compares the text of the challenge, and takes the first child of the status as the result.
#[tokio::test]
async fn w9_begins_with_the_list() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    let yes = ("X-Citrix-IsUsingHTTPS", "yes");
    let json_type = ("Content-Type", "application/json");
    let body = "{\"format\":\"json\",\"resourceDetails\":\"Full\"}";
    let first = script
        .send(
            "POST",
            "/Resources/List",
            &[("Csrf-Token", ""), yes, json_type],
            body,
        )
        .await;
    assert_challenge(&first, "the first request");
    let token = script.cookie("CsrfToken");
    let headers = [("Csrf-Token", token.as_str()), yes];
    let methods = script
        .send("POST", "/Authentication/GetAuthMethods", &headers, "")
        .await;
    // The first child, whatever its name.
    let login = find(methods.text(), "<authMethods[^>]*><[^>]*url=\"([^\"]+)\"");
    script
        .send("POST", &format!("/{login}"), &headers, "")
        .await;
    let form = "username=DEMO%5Calice&password=roam-demo&StateContext=undefined";
    let signed_in = script
        .send("POST", "/ExplicitAuth/LoginAttempt", &headers, form)
        .await;
    let result = find(
        signed_in.text(),
        "<AuthenticationStatus[^>]*><[^>]*>([^<]*)<",
    );
    assert_eq!(result, "success");
    let full = [headers[0], yes, json_type];
    let listed = script.send("POST", "/Resources/List", &full, body).await;
    let listed = json(&listed);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let desktop = resources.find(|it| it["isdesktop"] == true).unwrap();
    assert_eq!(desktop["desktopassignmenttype"], "shared");
    assert!(desktop["subscriptionstatus"].is_null());
    let url = format!("/{}", desktop["launchurl"].as_str().unwrap());
    let ica = script.send("GET", &url, &headers[..1], "").await;
    assert!(ica.text().starts_with("[Encoding]"));
}

/// W14: a client of a cloud portal, which puts the password into the URL. It is refused, even where
/// sign-ins without a form are allowed.
#[tokio::test]
async fn w14_is_refused_with_a_password_in_the_url() {
    let env = env_with_post_credentials().await;
    let path = format!("{SITE}/PostCredentialsAuth/Login");
    let query = format!("{path}?username=DEMO%5Calice&password=roam-demo");
    for body in ["", "username=DEMO%5Calice&password=roam-demo"] {
        let refused = env
            .server
            .send("POST", &query, &[NO_HTTPS, FORM], body.as_bytes())
            .await;
        assert_refused(&refused, 400, body);
    }
}
