//! Replay of client A: the vendor's PowerShell module for Store Services API 2.5 (client-quirks.md
//! §1, §6). It runs in strict mode on .NET's `HttpWebRequest`, with a new connection for each
//! request (CQ-21) and `Expect: 100-continue` for each body (CQ-20).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use roamd_testkit::{ScriptedController, StrictElement};
use roamd_testsuite::{
    HttpPeer, Options, Response, TestEnvironment, challenge_expression, request,
};

/// CQ-12: a content type without content.
const ENDPOINTS: &str = "\
GET /Citrix/Store/endpoints/v1 HTTP/1.1
Content-Type: application/x-www-form-urlencoded
Accept: application/vnd.citrix.endpoints+xml
Host: {host}
Connection: close

";

/// CQ-11: the first request has no `Accept`.
const FIRST: &str = "\
POST /Citrix/Store/sessions/v1/available HTTP/1.1
Content-Type: application/vnd.citrix.sessionparams+xml;charset=utf-8
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><sessionParams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\"><clientName>{client}</clientName><deviceId>{client}</deviceId><includeActiveSessions>false</includeActiveSessions><appSessionsOnly>false</appSessionsOnly></sessionParams>";

/// CQ-13: `for-service-url` is the hint.
const REQUEST_TOKEN: &str = "\
POST {path} HTTP/1.1
Content-Type: application/vnd.citrix.requesttoken+xml
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.requesttokenchoices+xml{authorization}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\"><for-service>{realm}</for-service><for-service-url>{hint}</for-service-url><reqtokentemplate></reqtokentemplate><requested-lifetime>01:00:00</requested-lifetime></requesttoken>";

const FORMS_START: &str = "\
POST {path} HTTP/1.1
Content-Type: application/vnd.citrix.requesttoken+xml
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\"><for-service>{realm}</for-service><for-service-url>{hint}</for-service-url><reqtokentemplate></reqtokentemplate><requested-lifetime>01:00:00</requested-lifetime></requesttoken>";

/// CQ-31, CQ-34, CQ-35, CQ-38: the state context unchanged, the button's value with a plus, and the
/// whole `Set-Cookie` value as cookie.
const FORM: &str = "\
POST {path} HTTP/1.1
Content-Type: application/x-www-form-urlencoded
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml
Cookie: {cookie}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

StateContext={context}&loginBtn=Log+On&{user}&password={password}&saveCredentials=false";

/// CQ-1, CQ-3 to CQ-6: without tickets there are both booleans.
const SESSIONS: &str = "\
POST /Citrix/Store/sessions/v1/{operation} HTTP/1.1
Content-Type: application/vnd.citrix.sessionparams+xml;charset=utf-8
Accept: {accept}
Authorization: CitrixAuth {token}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><sessionParams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\"><clientName>{client}</clientName><deviceId>{client}</deviceId><includeActiveSessions>false</includeActiveSessions><appSessionsOnly>false</appSessionsOnly></sessionParams>";

/// CQ-6: with tickets there are no booleans.
const WITH_TICKET: &str = "\
POST /Citrix/Store/sessions/v1/{operation} HTTP/1.1
Content-Type: application/vnd.citrix.sessionparams+xml;charset=utf-8
Accept: application/vnd.citrix.sessionresults+xml
Authorization: CitrixAuth {token}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><sessionParams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\"><clientName>{client}</clientName><deviceId>{client}</deviceId><tickets><ticket>{ticket}</ticket></tickets></sessionParams>";

/// CQ-7, CQ-9: UTF-8 that is declared as UTF-16, with every parameter.
const LAUNCH: &str = "\
POST {path} HTTP/1.1
Content-Type: application/vnd.citrix.launchparams+xml
Accept: application/vnd.citrix.launchdata+xml
Authorization: CitrixAuth {token}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-16\"?><launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\"><deviceId>{client}</deviceId><clientName>{client}</clientName><clientAddress>192.0.2.17</clientAddress><audio>high</audio><colourDepth>16</colourDepth><display>seamless</display><displayPercent>80</displayPercent><transparentKeyPassthrough>local</transparentKeyPassthrough><specialFolderRedirection>false</specialFolderRedirection><clearTypeRemoting>true</clearTypeRemoting><showDesktopViewer>true</showDesktopViewer><launcher>Test module</launcher><virtualComPort>false</virtualComPort><comPortMapping>false</comPortMapping><clientPrinter>true</clientPrinter></launchparams>";

const STATE: &str = "application/vnd.citrix.sessionstate+xml";
const RESULTS: &str = "application/vnd.citrix.sessionresults+xml";

/// State of the module between commands.
struct ClientA {
    server: HttpPeer,
    /// Base URL of the store that the user has configured, `http://host:port`.
    base_url: String,
    /// Name of the client, and its device id.
    name: String,
    /// Tokens by service root, with the time until which the client uses them (CQ-49, CQ-52).
    tokens: HashMap<String, (String, Timestamp)>,
}

/// Result of a launch.
#[derive(Debug, PartialEq)]
enum LaunchOutcome {
    Ica(String),
    Retry(String),
    Error(String, String),
}

impl ClientA {
    fn new(env: &TestEnvironment, name: &str) -> Self {
        Self {
            server: env.server,
            base_url: format!("http://{}", env.server.address()),
            name: name.to_owned(),
            tokens: HashMap::new(),
        }
    }

    async fn send(&self, text: &str, values: &[(&str, &str)]) -> Response {
        let host = self.server.address().to_string();
        let mut all = vec![("host", host.as_str()), ("client", &self.name)];
        all.extend_from_slice(values);
        let bytes = request(text, &all);
        if text.contains("Expect: 100-continue") {
            self.server.exchange_expecting_continue(&bytes).await.1
        } else {
            self.server.exchange(&bytes).await
        }
    }

    /// Signs in, and returns the error labels of the refused attempts (CQ-54).
    async fn sign_in(&mut self, user: &str, passwords: &[&str]) -> Vec<String> {
        let store = Challenge::of(&self.send(FIRST, &[]).await);
        let token_service = self.path(&store.locations[0]).to_owned();
        let message = |path: &str, challenge: &Challenge| {
            [
                ("path", path.to_owned()),
                ("realm", challenge.realm.clone()),
                ("hint", challenge.hint.clone()),
            ]
        };
        let values = message(&token_service, &store);
        let response = self.send_token(REQUEST_TOKEN, &values, "").await;
        let tokens = Challenge::of(&response);
        assert_eq!(tokens.reason, "notoken");
        // CQ-48: locations are tried in order.
        let protocols = self.path(&tokens.locations[0]).to_owned();
        let response = self
            .send_token(REQUEST_TOKEN, &message(&protocols, &tokens), "")
            .await;
        assert_eq!(response.status, 300);
        let choices = document(
            &response,
            "http://citrix.com/delivery-services/1-0/auth/requesttokenchoices",
        );
        // CQ-44: the client tries every protocol and takes the first with a form.
        let mut begun = None;
        for choice in choices.child("choices").elements() {
            let location = choice.child("location").text();
            let values = message(self.path(location), &tokens);
            let response = self.send_token(FORMS_START, &values, "").await;
            assert_eq!(response.status, 200, "a protocol that does not work");
            begun = begun.or(Some(response));
        }
        let mut response = begun.unwrap();
        let cookie = response.header("set-cookie").unwrap().to_owned();
        let mut errors = Vec::new();
        for password in passwords {
            let text = response.text();
            let form = document(&response, "http://citrix.com/authentication/response/1");
            // CQ-53: all four elements are required.
            assert_eq!(form.child("Status").text(), "success");
            assert_eq!(form.child("Result").text(), "more-info");
            let context = form.child("StateContext").text();
            let requirements = form.child("AuthenticationRequirements");
            // CQ-42: scheme, host and port of the protocol's location, and the path.
            let path = requirements.child("PostBack").text();
            let user = if text.contains("<ID>domain</ID>") {
                format!("username={user}&domain=DEMO")
            } else {
                format!("username=DEMO%5C{user}")
            };
            let values = [
                ("path", path),
                ("cookie", &cookie),
                ("context", context),
                ("user", &user),
                ("password", password),
            ];
            response = self.send(FORM, &values).await;
            assert_eq!(response.status, 200);
            errors.extend(error_labels(&response));
        }
        let (primary, _) = token(&response);
        let values = message(&token_service, &store);
        let authorization = format!("\nAuthorization: CitrixAuth {primary}");
        let response = self
            .send_token(REQUEST_TOKEN, &values, &authorization)
            .await;
        self.tokens.insert(store.hint, token(&response));
        errors
    }

    async fn send_token(
        &self,
        text: &str,
        values: &[(&str, String)],
        authorization: &str,
    ) -> Response {
        let mut values: Vec<_> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        values.push(("authorization", authorization));
        self.send(text, &values).await
    }

    /// Returns the token of the sessions service (CQ-49).
    fn token(&self) -> &str {
        let (token, until) = &self.tokens[&format!("{}/Citrix/Store/sessions/v1", self.base_url)];
        assert!(*until > Timestamp::now());
        token
    }

    /// Returns the application and the launch URL of each session (CQ-57).
    async fn sessions(&self) -> Vec<(String, String)> {
        let values = [
            ("operation", "available"),
            ("accept", STATE),
            ("token", self.token()),
        ];
        let root = self.send(SESSIONS, &values).await;
        assert_eq!(root.status, 200);
        assert_eq!(root.header("content-type"), Some(STATE));
        let state = document(
            &root,
            "http://citrix.com/delivery-services/1-0/sessionstate",
        );
        assert_eq!(state.name, "sessionState");
        state
            .child("sessions")
            .elements()
            .map(|session| {
                let url = session.child("launchica").child("url").text();
                (
                    session.child("initialapp").text().to_owned(),
                    url.to_owned(),
                )
            })
            .collect()
    }

    /// Launches at a URL, and returns the result (CQ-61).
    async fn launch(&self, url: &str) -> LaunchOutcome {
        let values = [("path", self.path(url)), ("token", self.token())];
        let root = self.send(LAUNCH, &values).await;
        assert_eq!(root.status, 200);
        let launch = document(&root, "http://citrix.com/delivery-services/1-0/launch");
        let result = launch.child("result");
        let kind = result.attribute("type");
        let content = result.child(kind);
        match launch.attribute("status") {
            "success" => LaunchOutcome::Ica(content.text().to_owned()),
            "retry" => {
                // CQ-64
                content.child("after").text().parse::<u32>().unwrap();
                assert!(!content.child("reason").text().is_empty());
                LaunchOutcome::Retry(content.child("url").text().to_owned())
            }
            status => {
                assert_eq!(status, "failure");
                // CQ-65
                let [id, text] = ["id", "text"].map(|name| content.child(name).text().to_owned());
                LaunchOutcome::Error(id, text)
            }
        }
    }

    /// Disconnects or logs off, with or without a ticket to invalidate, and returns the status
    /// (CQ-59).
    async fn end(&self, operation: &str, ticket: Option<&str>) -> String {
        let token = self.token();
        let mut values = vec![("operation", operation), ("token", token)];
        let root = match ticket {
            Some(ticket) => {
                values.push(("ticket", ticket));
                self.send(WITH_TICKET, &values).await
            }
            None => {
                values.push(("accept", RESULTS));
                self.send(SESSIONS, &values).await
            }
        };
        assert_eq!(root.status, 200);
        assert_eq!(root.header("content-type"), Some(RESULTS));
        let result = document(
            &root,
            "http://citrix.com/delivery-services/1-0/sessionresult",
        );
        assert_eq!(result.name, "sessionResult");
        result.attribute("status").to_owned()
    }

    /// Returns the path of a URL, which has to be on the configured server.
    fn path<'u>(&self, url: &'u str) -> &'u str {
        url.strip_prefix(&self.base_url).unwrap_or_else(|| {
            panic!("{url} is on another server");
        })
    }
}

struct Challenge {
    realm: String,
    reason: String,
    locations: Vec<String>,
    hint: String,
}

impl Challenge {
    /// Parses the only challenge with the client's expression (CQ-45).
    fn of(response: &Response) -> Self {
        assert_eq!(response.status, 401);
        let value = response.header("www-authenticate").unwrap();
        let found = challenge_expression().captures(value).unwrap();
        let text = |index: usize| found[index].to_owned();
        Self {
            realm: text(1),
            reason: text(3),
            locations: found[4].split('|').map(str::to_owned).collect(),
            hint: text(5),
        }
    }
}

/// Reads a document. The client identifies it by `xmlns` of the last node (CQ-50).
fn document(response: &Response, namespace: &str) -> StrictElement {
    let root = StrictElement::last(&response.body);
    assert_eq!(root.attribute("xmlns"), namespace);
    root
}

/// Returns a token and the time until which the client uses it (CQ-51, CQ-52).
fn token(response: &Response) -> (String, Timestamp) {
    assert_eq!(response.status, 200);
    let namespace = "http://citrix.com/delivery-services/1-0/auth/requesttokenresponse";
    let root = document(response, namespace);
    let [issued, expiry, lifetime, token, service] =
        ["issued", "expiry", "lifetime", "token", "for-service"]
            .map(|name| root.child(name).text());
    assert!(expiry.ends_with('Z') && issued.ends_with('Z') && !service.is_empty());
    let [issued, expiry]: [Timestamp; 2] = [issued, expiry].map(|time| time.parse().unwrap());
    // A service token expires with its primary token, a moment before a full hour (CA-29).
    let hour = SignedDuration::from_hours(1);
    let lasts = expiry.duration_since(issued);
    assert!(lasts <= hour && lasts > hour - SignedDuration::from_mins(1));
    assert!(lifetime.starts_with("0.01:00:00") || lifetime.starts_with("0.00:59:"));
    (token.to_owned(), expiry - SignedDuration::from_mins(1))
}

/// Returns the texts of the error labels if the response is a form (CQ-54).
fn error_labels(response: &Response) -> Vec<String> {
    let root = StrictElement::last(&response.body);
    if root.name != "AuthenticateResponse" {
        return Vec::new();
    }
    let requirements = root.child("AuthenticationRequirements");
    requirements
        .child("Requirements")
        .elements()
        .map(|requirement| requirement.child("Label"))
        .filter(|label| label.child("Type").text() == "error")
        .map(|label| label.child("Text").text().to_owned())
        .collect()
}

/// Returns the value of an ICA line. The client splits the line at every `=`, which has to give two
/// parts (CQ-62).
fn line<'i>(ica: &'i str, key: &str) -> &'i str {
    let line = ica
        .lines()
        .find(|line| line.starts_with(&format!("{key}=")))
        .unwrap();
    let parts: Vec<_> = line.split('=').collect();
    assert_eq!(parts.len(), 2, "{key} cannot be cut at its equals sign");
    parts[1]
}

fn ica(launched: LaunchOutcome) -> String {
    match launched {
        LaunchOutcome::Ica(ica) => ica,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn client_a_finds_session_services_among_endpoints() {
    // CQ-12, CQ-68
    let env = TestEnvironment::demo().await;
    let client = ClientA::new(&env, "WS-114");
    let response = client.send(ENDPOINTS, &[]).await;
    let namespace = "http://citrix.com/dazzleservices/2-0/endpoints";
    let endpoints = document(&response, namespace);
    for (id, capability, path) in [
        ("ListSessions", "listSessions", "available"),
        ("DisconnectSessions", "disconnectSessions", "disconnect"),
        ("LogOffSessions", "logOffSessions", "logoff"),
    ] {
        let endpoint = endpoints
            .elements()
            .find(|endpoint| endpoint.attribute("id") == id)
            .unwrap();
        let url = env.url(&format!("/Citrix/Store/sessions/v1/{path}"));
        assert_eq!(endpoint.child("url").text(), url);
        let found = endpoint.child("capabilities").child("capability");
        assert_eq!(found.text(), capability);
    }
}

#[tokio::test]
async fn client_a_completes_its_whole_conversation() {
    let env = TestEnvironment::demo().await;
    let mut client = ClientA::new(&env, "WS-114");
    let errors = client.sign_in("alice", &["wrong", "roam-demo"]).await;
    assert_eq!(errors, ["Incorrect user name or password"]);

    let listed = client.sessions().await;
    let names: Vec<_> = listed.iter().map(|(app, _)| app.as_str()).collect();
    assert_eq!(names, ["MSPaint", "Excel"]);

    let excel = ica(client.launch(&listed[1].1).await);
    assert_eq!(line(&excel, "Title"), "Excel");
    env.farms.connect(&excel, Timestamp::now()).unwrap();
    assert!(
        env.sessions("alice")
            .contains(&"CVAD Excel active WS-114".to_owned())
    );
    let listed = client.sessions().await;
    assert_eq!(listed.len(), 1, "what is connected from here is not listed");

    assert_eq!(client.end("disconnect", None).await, "success");
    let listed = client.sessions().await;
    assert_eq!(listed.len(), 2, "it runs on, disconnected");

    // The ticket of an unused launch is invalidated.
    for operation in ["disconnect", "logoff"] {
        let paint = ica(client.launch(&listed[0].1).await);
        let ticket = line(&paint, "LogonTicket");
        assert_eq!(client.end(operation, Some(ticket)).await, "success");
        env.farms.connect(&paint, Timestamp::now()).unwrap_err();
    }

    let excel = ica(client.launch(&listed[1].1).await);
    env.farms.connect(&excel, Timestamp::now()).unwrap();
    assert_eq!(client.end("logoff", None).await, "success");
    let left = env.sessions("alice");
    assert!(!left.iter().any(|session| session.contains("Excel")));
    assert_eq!(left.len(), 5, "nothing else has ended: {left:?}");
}

#[tokio::test]
async fn client_a_prefixes_the_domain_without_a_domain_field() {
    // CQ-35
    let options = Options {
        authentication: String::new(),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let mut client = ClientA::new(&env, "WS-114");
    client.sign_in("bob", &["roam-demo"]).await;
    let listed = client.sessions().await;
    assert_eq!(listed.len(), 1);
    let word = ica(client.launch(&listed[0].1).await);
    assert_eq!(line(&word, "Title"), "Word");
}

#[tokio::test]
async fn client_a_retries_a_launch_until_it_ends() {
    // CQ-64, CQ-65
    let farm = ScriptedController::refusing().await;
    farm.set_content(
        "ReconnectSessionData",
        "<AppDataSet><AppData type=\"session\"><InName>CAD</InName><DataType value=\"session\"/>\
         <ServerType>win32</ServerType><ClientType>ica30</ClientType><HostId>7</HostId>\
         <SessionId>2</SessionId></AppData></AppDataSet>",
    );
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let options = Options {
        authentication: "credentials = \"CVAD\"".to_owned(),
        more_sections: farm.farm_section("LAB", "Lab"),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let mut client = ClientA::new(&env, "WS-114");
    client.sign_in("carol", &["roam-demo"]).await;
    let first = client.sessions().await.remove(0).1;
    let mut url = first.clone();
    for _ in 0..30 {
        match client.launch(&url).await {
            LaunchOutcome::Retry(next) => url = next,
            other => panic!("{other:?}"),
        }
    }
    farm.set_content("Address", "<ErrorId>no-server</ErrorId>");
    let LaunchOutcome::Error(id, text) = client.launch(&url).await else {
        panic!("a launch without a host has to fail");
    };
    assert_eq!(id, "UnavailableDesktop");
    assert_eq!(text, "No machine is free. Try again later.");
    farm.set_content(
        "Address",
        "<ServerAddress addresstype=\"dns-port\">cad7.demo.test:1494</ServerAddress>\
         <ServerType>win32</ServerType><ConnectionType>tcp</ConnectionType>\
         <ClientType>ica30</ClientType><TicketTag>tag</TicketTag><Ticket>0F1E2D3C</Ticket>",
    );
    // ST-46: that launch has ended, so that a new one starts.
    let file = ica(client.launch(&first).await);
    assert_eq!(line(&file, "LogonTicket"), "0F1E2D3C");
}
