//! A browser: it keeps cookies, and sends what a page sends.

use std::collections::BTreeMap;

use roamd_testkit::ScriptedController;
use roamd_testsuite::{HttpPeer, Options, Response, TestEnvironment};
use serde_json::Value;

/// Path of the site of the demo's store.
pub(super) const SITE: &str = "/Citrix/StoreWeb";

/// Header of a challenge.
pub(super) const CHALLENGE: &str = "CitrixWebReceiver-Authenticate";

/// A browser with its cookies.
#[derive(Debug, Clone)]
pub(super) struct Browser {
    pub(super) server: HttpPeer,
    pub(super) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(super) fn new(env: &TestEnvironment) -> Self {
        Self::at(env.server)
    }

    pub(super) fn at(server: HttpPeer) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
        }
    }

    /// A browser in which a user has signed in.
    pub(super) async fn signed_in(env: &TestEnvironment, user: &str) -> Self {
        let mut browser = Self::new(env);
        let signed_in = browser.sign_in(user, "roam-demo").await;
        assert!(signed_in.text().contains("success"), "{}", signed_in.text());
        browser
    }

    /// Sends a request with the cookies, and keeps those of the response.
    pub(super) async fn send(
        &mut self,
        method: &str,
        below: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let path = format!("{SITE}/{below}");
        let jar = &mut self.cookies;
        send_with(&self.server, method, &path, headers, body, jar).await
    }

    /// Posts as a page does: with the token and the flag of https.
    pub(super) async fn post(&mut self, below: &str, body: &str) -> Response {
        let token = self.token();
        let headers = [
            ("Csrf-Token", token.as_str()),
            ("X-Citrix-IsUsingHTTPS", "No"),
            ("X-Requested-With", "XMLHttpRequest"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.send("POST", below, &headers, body).await
    }

    /// Gets a URL with the token in its query, as a frame does.
    pub(super) async fn get(&mut self, below: &str) -> Response {
        let below = format!("{below}?CsrfToken={}&launchId=1717", self.token());
        self.send("GET", &below, &[], "").await
    }

    /// The token of the web session, empty before it begins.
    pub(super) fn token(&self) -> String {
        self.cookies.get("CsrfToken").cloned().unwrap_or_default()
    }

    /// Signs in from the first request on, and returns the answer to the filled form.
    pub(super) async fn sign_in(&mut self, user: &str, password: &str) -> Response {
        self.post("Home/Configuration", "").await;
        self.post("Resources/List", "format=json").await;
        self.post("ExplicitAuth/Login", "").await;
        self.attempt(user, password).await
    }

    /// Posts the filled form.
    pub(super) async fn attempt(&mut self, user: &str, password: &str) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("username", &format!("DEMO\\{user}"))
            .append_pair("password", password)
            .append_pair("loginBtn", "Log On")
            .append_pair("StateContext", "")
            .finish();
        self.post("ExplicitAuth/LoginAttempt", &body).await
    }

    /// Lists the sessions, and returns their applications and launch URLs.
    pub(super) async fn sessions(&mut self) -> Vec<(String, String)> {
        let listed = self.post("Sessions/ListAvailable", "").await;
        let listed = json(&listed);
        let sessions = listed.as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        sessions
            .map(|session| (text(&session["initialapp"]), text(&session["launchurl"])))
            .collect()
    }

    /// Lists the sessions, and returns their applications.
    pub(super) async fn applications(&mut self) -> Vec<String> {
        let sessions = self.sessions().await;
        sessions.into_iter().map(|(app, _)| app).collect()
    }

    /// Lists the resources, and returns the one of this name.
    pub(super) async fn resource(&mut self, name: &str) -> Value {
        let listed = json(&self.post("Resources/List", "format=json").await);
        let mut resources = listed["resources"].as_array().unwrap().iter();
        resources.find(|it| it["name"] == name).unwrap().clone()
    }
}

/// Sends a request with the cookies of a jar, and keeps those of the response in it.
pub(super) async fn send_with(
    server: &HttpPeer,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
    jar: &mut BTreeMap<String, String>,
) -> Response {
    let cookies: Vec<_> = jar.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let cookies = cookies.join("; ");
    let mut all = headers.to_vec();
    if !cookies.is_empty() {
        all.push(("Cookie", &cookies));
    }
    let response = server.send(method, path, &all, body.as_bytes()).await;
    for line in set_cookies(&response) {
        let (name, rest) = line.split_once('=').unwrap();
        let value = rest.split(';').next().unwrap();
        if line.contains("Max-Age=0") {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }
    response
}

/// An environment with a scripted farm, which publishes `Ledger` and has a session of it.
pub(super) async fn env_with_scripted_farm() -> (TestEnvironment, ScriptedController) {
    let farm = ScriptedController::healthy().await;
    let options = Options {
        more_sections: farm.farm_section("SCRIPTED", "Scripted"),
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        ..Options::default()
    };
    (TestEnvironment::start(options).await, farm)
}

/// Reads the JSON of a response.
pub(super) fn json(response: &Response) -> Value {
    serde_json::from_str(response.text()).unwrap_or_else(|_| panic!("{}", response.text()))
}

/// Returns the status URL of a launch URL.
pub(super) fn status_url(launch_url: &str) -> String {
    launch_url
        .replace("LaunchIca", "GetLaunchStatus")
        .replace(".ica", "")
}

/// Lines of `Set-Cookie`.
pub(super) fn set_cookies(response: &Response) -> Vec<&str> {
    let headers = response.headers.iter();
    headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .map(|(_, value)| value.as_str())
        .collect()
}

/// Panics unless the response is the challenge.
pub(super) fn assert_challenge(response: &Response, case: &str) {
    assert_eq!(response.status, 200, "{case}: {}", response.text());
    assert_eq!(response.text(), "{\"unauthorized\": true}", "{case}");
    let expected = "reason=\"notoken\", location=\"Authentication/GetAuthMethods\"";
    assert_eq!(response.header(CHALLENGE), Some(expected), "{case}");
}

/// Panics unless the response is refused: with this status, an empty body and no cookie (WA-39).
pub(super) fn assert_refused(response: &Response, status: u16, case: &str) {
    assert_eq!(response.status, status, "{case}: {}", response.text());
    assert_eq!(response.text(), "", "{case}");
    assert!(set_cookies(response).is_empty(), "{case}");
    assert_eq!(response.header(CHALLENGE), None, "{case}");
}
