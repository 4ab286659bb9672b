//! Replay of public scripts and launchers (web-api.md §12): what each sends, and readers as crude
//! as its own. Gateway sign-in and post credentials are replaced by the explicit form.

use regex::Regex;
use roamd_testsuite::{HttpPeer, Response, TestEnvironment};
use serde_json::Value;

use super::browser::{SITE, assert_challenge, set_cookies};

type Headers<'a> = &'a [(&'a str, &'a str)];

/// A script: a server, and the cookies as text, which each script keeps in its own way.
struct Script {
    server: HttpPeer,
    /// Begin of all URLs, as the script builds them.
    base: &'static str,
    cookies: Vec<(String, String)>,
}

impl Script {
    fn new(env: &TestEnvironment, base: &'static str) -> Self {
        Self {
            server: env.server,
            base,
            cookies: Vec::new(),
        }
    }

    async fn send(
        &mut self,
        method: &str,
        below: &str,
        headers: Headers<'_>,
        body: &str,
    ) -> Response {
        let path = format!("{}{below}", self.base);
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let pairs = pairs.join("; ");
        let mut all = headers.to_vec();
        if !pairs.is_empty() {
            all.push(("Cookie", &pairs));
        }
        let response = self.server.send(method, &path, &all, body.as_bytes()).await;
        assert!(response.status < 400, "{path}: {}", response.status);
        // A cookie jar: the last value counts.
        for line in set_cookies(&response) {
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap().to_owned();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value));
        }
        response
    }

    fn cookie(&self, name: &str) -> String {
        let mut cookies = self.cookies.iter();
        cookies.find(|(known, _)| known == name).unwrap().1.clone()
    }
}

fn json(response: &Response) -> Value {
    serde_json::from_str(response.text()).unwrap_or_else(|_| panic!("{}", response.text()))
}

/// Returns the first group of an expression.
fn find(text: &str, expression: &str) -> String {
    let expression = Regex::new(expression).unwrap();
    let found = expression
        .captures(text)
        .unwrap_or_else(|| panic!("{text}"));
    found[1].to_owned()
}

/// W1: a PowerShell script that moves all sessions here, the only public client of the session
/// calls. It sends `format` as a header, reads `CtxsAuthId` from the first `Set-Cookie`, adds a
/// second one for `/`, compares names with `-like`, and disconnects with GET.
#[tokio::test]
async fn w1_moves_sessions_here_and_disconnects_them() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, "/Citrix/StoreWeb/");
    let page = script.send("GET", "", &[], "").await;
    assert_eq!(set_cookies(&page), [""; 0], "WA-31");
    let https = ("X-Citrix-IsUsingHTTPS", "Yes");
    let accept = ("Accept", "application/xml, text/xml, */*; q=0.01");
    let configuration = script
        .send(
            "POST",
            "/Home/Configuration",
            &[accept, https, ("Content-Length", "0")],
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
            &[json_accept, csrf, https, format],
            "",
        )
        .await;
    assert_challenge(&listed, "WA-12");
    let methods = script
        .send(
            "POST",
            "/Authentication/GetAuthMethods",
            &[accept, csrf, https],
            "",
        )
        .await;
    let login = find(methods.text(), "name=\"ExplicitForms\" url=\"([^\"]+)\"");
    let form = script
        .send("POST", &format!("/{login}"), &[accept, csrf, https], "")
        .await;
    let protocol = form.header("X-Citrix-ExplicitAuthProtocol");
    assert_eq!(protocol, Some("ExplicitForms"), "WA-57");
    let post_back = find(form.text(), "<PostBack>([^<]+)</PostBack>");
    let body = "username=DEMO\\alice&password=roam-demo&saveCredentials=false&loginBtn=Log+On\
                &StateContext=";
    let form_type = ("Content-Type", "application/x-www-form-urlencoded");
    let signed_in = script
        .send(
            "POST",
            &format!("/{post_back}"),
            &[accept, csrf, https, form_type],
            body,
        )
        .await;
    // WA-60: its first `Set-Cookie` begins with the name.
    let auth = set_cookies(&signed_in)[0]
        .strip_prefix("CtxsAuthId=")
        .unwrap();
    let auth = auth.split(';').next().unwrap().to_owned();
    script.cookies.push(("CtxsAuthId".to_owned(), auth));
    assert_eq!(script.cookie("CsrfToken"), token, "WA-25: read once");
    let listed = script
        .send(
            "POST",
            &format!("/{list}"),
            &[json_accept, csrf, https, format],
            "",
        )
        .await;
    assert_eq!(json(&listed)["isSubscriptionEnabled"], false);
    for _ in 0..2 {
        let name = script
            .send("POST", "/Authentication/GetUserName", &[csrf, https], "")
            .await;
        assert_eq!(name.text(), "alice");
        assert_eq!(
            name.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        let self_service = "/ExplicitAuth/AllowSelfServiceAccountManagement";
        let allowed = script.send("POST", self_service, &[csrf, https], "").await;
        let value = "<AllowSelfServiceAccountManagement>([^<]+)<";
        assert_eq!(find(allowed.text(), value), "False");
    }
    let sessions = script
        .send(
            "POST",
            &format!("/{available}"),
            &[json_accept, csrf, https],
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
            &[json_accept, csrf, https],
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
            &[json_accept, csrf, https],
            "",
        )
        .await;
    assert_eq!(done.text(), "{\"status\":\"success\"}");
    assert!(!env.sessions("alice").contains(&here));
}

/// W2: PowerShell and JavaScript that create an ICA file. It posts the form without token and
/// flag, reads the token once, and does not follow redirects.
#[tokio::test]
async fn w2_creates_an_ica_file() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, "/Citrix/StoreWeb/");
    let page = script.send("GET", "", &[], "").await;
    assert_eq!(page.status, 200, "no redirect is followed");
    let https = ("X-Citrix-IsUsingHTTPS", "Yes");
    let null = ("Csrf-Token", "null");
    script
        .send("POST", "/Home/Configuration", &[https, null], "")
        .await;
    let token = script.cookie("CsrfToken");
    let csrf = ("Csrf-Token", token.as_str());
    let headers = [csrf, https, ("format", "json&resourceDetails=Default")];
    script.send("POST", "/Resources/List", &headers, "").await;
    script
        .send("POST", "/Authentication/GetAuthMethods", &[csrf, https], "")
        .await;
    script
        .send("POST", "/ExplicitAuth/Login", &[csrf, https], "")
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
    let https = ("X-Citrix-IsUsingHTTPS", "Yes");
    let page = script.send("GET", "", &[], "").await;
    assert_eq!(page.status, 200);
    script
        .send("POST", "/Home/Configuration", &[https], "")
        .await;
    let token = script.cookie("CsrfToken");
    let csrf = ("Csrf-Token", token.as_str());
    let configuration = script
        .send("POST", "/Home/Configuration", &[csrf, https], "")
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
            &[csrf, https],
            "format=json&resourceDetails=Default",
        )
        .await;
    assert_challenge(&challenged, "before the sign-in");
    let device = script.cookie("CtxsDeviceId");
    assert!(device.starts_with("WR_") && device.len() == 20, "{device}");
    let methods = script
        .send("POST", "/Authentication/GetAuthMethods", &[csrf, https], "")
        .await;
    let method = Regex::new("<method name=\"([^\"]+)\" url=\"([^\"]+)\"/>").unwrap();
    let login = &method.captures(methods.text()).unwrap()[2];
    script
        .send("POST", &format!("/{login}"), &[csrf, https], "")
        .await;
    // WA-11: the credentials arrive unescaped.
    let body = "username=DEMO\\alice&password=roam-demo&saveCredentials=False&loginBtn=Anmelden\
                &StateContext=";
    let signed_in = script
        .send("POST", "/ExplicitAuth/LoginAttempt", &[csrf, https], body)
        .await;
    assert!(set_cookies(&signed_in).join(",").contains("CtxsAuthId"));
    let listed = script
        .send(
            "POST",
            &format!("/{list}"),
            &[csrf, https],
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
    let no = ("X-Citrix-IsUsingHTTPS", "No");
    let configuration = send("POST", "Home/Configuration", &[no], "").await;
    let cookie = |response: &Response, name: &str| {
        let lines = set_cookies(response);
        let line = lines.into_iter().find(|line| line.contains(name)).unwrap();
        line.split(';').next().unwrap().to_owned()
    };
    let session = cookie(&configuration, "ASP.NET_SessionId");
    let token_cookie = cookie(&configuration, "CsrfToken");
    let token = token_cookie.split_once('=').unwrap().1;
    let csrf = ("Csrf-Token", token);
    let both = format!("{token_cookie}; {session}");
    let gzip = ("Accept-Encoding", "gzip");
    let before = [("Cookie", both.as_str()), csrf, no, gzip];
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
    let auth = cookie(&signed_in, "CtxsAuthId");
    let head = send("HEAD", "Home/KeepAlive", &before, "").await;
    assert_eq!((head.status, head.text()), (200, ""));
    let all = format!("{both}; {auth}");
    let after = [("Cookie", all.as_str()), csrf, no];
    let listed = send("POST", "Resources/List", &after, "format=json").await;
    let device = cookie(&listed, "CtxsDeviceId");
    let listed = json(&listed);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let resource = resources.find(|it| it["name"] == "Win7Desktop").unwrap();
    assert_eq!(
        resource["desktophostname"], "",
        "it stops without this field"
    );
    assert_eq!(resource["isdesktop"], true);
    let all = format!("{all}; {device}");
    let after = [("Cookie", all.as_str()), csrf, no];
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
    // Stage 3
    assert_eq!(send("GET", "Sessions/List", &after, "").await.status, 404);
    let out = send("POST", "Authentication/Logoff", &[csrf, no], "").await;
    assert_eq!((out.status, out.text()), (200, ""));
    let name = send("POST", "Authentication/GetUserName", &after, "").await;
    assert_eq!(name.text(), "alice", "WA-72: nothing was done");
}

/// W7: PowerShell that begins at the site without a slash, takes the token from the joined
/// `Set-Cookie` by its position, and launches with POST.
#[tokio::test]
async fn w7_finds_the_token_by_its_position() {
    let env = TestEnvironment::demo().await;
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
    let no = ("X-Citrix-IsUsingHTTPS", "No");
    let first = script.send("POST", "/Resources/List", &[no], "").await;
    let joined = set_cookies(&first).join(",");
    let parts: Vec<_> = joined.split(';').collect();
    let token = parts[2].strip_prefix(" HttpOnly,CsrfToken=").unwrap();
    assert_eq!(token.len(), 32);
    let csrf = ("Csrf-Token", token);
    let raw = "username=DEMO\\alice&password=roam-demo";
    script
        .send("POST", "/ExplicitAuth/Login", &[csrf, no], "")
        .await;
    let signed_in = script
        .send("POST", "/ExplicitAuth/LoginAttempt", &[csrf, no], raw)
        .await;
    assert!(!signed_in.text().contains("fail"));
    let listed = script
        .send("POST", "/Resources/List", &[csrf, no], "")
        .await;
    let listed = json(&listed);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let resource = resources.find(|it| it["name"] == "Word").unwrap();
    let url = format!("/{}", resource["launchurl"].as_str().unwrap());
    let ica = script.send("POST", &url, &[csrf, no], "").await;
    let text = &ica.text()[ica.text().find("[Encoding]").unwrap()..];
    env.farms.connect(text, jiff::Timestamp::now()).unwrap();
}

/// W10: a Node module with a test, which selects a resource by name and type.
#[tokio::test]
async fn w10_selects_by_name_and_type() {
    let env = TestEnvironment::demo().await;
    let mut script = Script::new(&env, SITE);
    script.send("GET", "/", &[], "").await;
    let https = ("X-Citrix-IsUsingHTTPS", "Yes");
    script
        .send("POST", "/Home/Configuration", &[https], "")
        .await;
    let token = script.cookie("CsrfToken");
    let headers = [("Csrf-Token", token.as_str()), https];
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
    let https = ("X-Citrix-IsUsingHTTPS", "Yes");
    script
        .send("POST", "/Home/Configuration", &[https], "")
        .await;
    let again = script
        .send("POST", "/Home/Configuration", &[https], "")
        .await;
    // It reads the token of the second answer.
    let line = set_cookies(&again)[0];
    let token = find(line, "^CsrfToken=([0-9A-F]{32});");
    assert_eq!(set_cookies(&again).len(), 1);
    let text = again.text();
    let proxy = text.find("resourcesProxy").unwrap();
    let list = find(&text[proxy..], "listURL=\"([^\"]+)\"");
    let headers = [("Csrf-Token", token.as_str()), https];
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
