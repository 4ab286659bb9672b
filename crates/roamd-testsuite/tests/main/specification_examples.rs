//! Examples of the specification: its requests byte for byte, and its responses with other ids.
//!
//! Damage by document conversion is repaired: headers on one line (SS-67), the closing tag of the
//! session state (SS-41), and `session/v1` in its launch URLs (SS-10).

use roamd_farm::World;
use roamd_testkit::StrictElement;
use roamd_testsuite::{HttpPeer, Options, Response, TestEnvironment, request, sign_in};

use crate::support::without_layout;

/// A user with the two sessions of the specification's response.
const AUTHORITY_WORLD: &str = r#"
[[domain]]
name = "DEMO"
dns = "demo.test"
[[domain.user]]
name = "alice"
password = "roam-demo"

[[farm]]
id = "XA1"
name = "Farm1"
generation = "xenapp-6"
[[farm.host]]
id = "40211"
name = "XA1-HOST11"
address = "192.0.2.11"
dns = "xa1-host11.demo.test"
[[farm.application]]
name = "MSPaint"
[[farm.application]]
name = "Notepad"

[[session]]
farm = "XA1"
user = 'DEMO\alice'
app = "MSPaint"
state = "disconnected"
[[session]]
farm = "XA1"
user = 'DEMO\alice'
app = "Notepad"
client_name = "DESK-A"
"#;

const AUTHORITY_AVAILABLE: &str = r#"POST http://www.example.com/Store/sessions/v1/available HTTP/1.1
Host: www.example.com
Accept: application/vnd.citrix.sessionstate+xml
Content-Type: application/vnd.citrix.sessionparams+xml
Content-Length: {length}
Authorization: CitrixAuth {token}

<?xml version="1.0"?>
<sessionparams xmlns="http://citrix.com/delivery-services/1-0/sessionparams">
<clientName>xxxxxxxxx</clientName> <deviceId>xxxxxxxxx</deviceId> <includeActiveSessions>true</includeActiveSessions>
</sessionparams>
"#;

const AUTHORITY_STATE: &str = r#"<?xml version="1.0"?>
<sessionState xmlns="http://citrix.com/delivery-services/1-0/sessionstate"
             enumeration="full">
  <sessions>
    <session id="zyxw9876">
      <serverType>win32</serverType>
      <launchIca>
<url>http://www.example.com/Store/sessions/v1/zyxw9876/launch/ica</url> </launchIca>
<initialapp>MSPaint</initialapp> <initialappresourceaggregated>false</initialappresourceaggregated> <initialappresourceid>XA1.MSPaint</initialappresourceid> <publishername>Farm1</publishername>
    </session>
    <session id="3e4d5f6g">
      <serverType>win32</serverType>
      <launchIca>
<url>http://www.example.com/Store/sessions/v1/3e4d5f6g/launch/ica</url> </launchIca>
<initialapp>Notepad</initialapp> <initialappresourceaggregated>false</initialappresourceaggregated> <initialappresourceid>XA1.Notepad</initialappresourceid> <publishername>Farm1</publishername>
    </session>
  </sessions>
</sessionState>
"#;

const AUTHORITY_DISCONNECT: &str = r#"POST http://www.example.com/Store/sessions/v1/disconnect HTTP/1.1
Host: www.example.com
Accept: application/vnd.citrix.sessionresults+xml
Content-Type: application/vnd.citrix.sessionparams+xml
Content-Length: {length}
Authorization: CitrixAuth {token}

<?xml version="1.0"?>
<sessionparams xmlns="http://citrix.com/delivery-services/1-0/sessionparams">
  <clientName>xxxxxxxxx</clientName>
  <deviceId>xxxxxxxxx</deviceId>
  <tickets>
<ticket>85EB92973D2C3804F93A99AAEC232D</ticket> </tickets>
</sessionparams>
"#;

const AUTHORITY_LOG_OFF: &str = r#"POST http://www.example.com/Store/sessions/v1/logoff HTTP/1.1
Host: www.example.com
Accept: application/vnd.citrix.sessionresults+xml
Content-Type: application/vnd.citrix.sessionparams+xml
Content-Length: {length}
Authorization: CitrixAuth {token}

<?xml version="1.0"?>
<sessionparams xmlns="http://citrix.com/delivery-services/1-0/sessionparams">
  <clientName>xxxxxxxxx</clientName>
  <deviceId>xxxxxxxxx</deviceId>
  <tickets>
    <ticket>85EB92973D2C3804F93A99AAEC232D</ticket>
    <ticket>85EB92973D2C3804F93A99AAEC232A</ticket>
  </tickets>
</sessionparams>
"#;

const AUTHORITY_RESULT: &str = r#"<?xml version="1.0"?>
<sessionResults xmlns="http://citrix.com/delivery-services/1-0/sessionresult" status="success" />
"#;

/// A user with an application on one farm, and a desktop that two farms publish.
const LAB_WORLD: &str = r#"
[[domain]]
name = "DEMO"
dns = "demo.test"
[[domain.user]]
name = "alice"
password = "roam-demo"

[[farm]]
id = "Lab1"
name = "Lab1"
generation = "cvad-7"
[[farm.host]]
id = "204"
name = "LAB1"
address = "192.0.2.80"
dns = "lab1.demo.test"
[[farm.application]]
name = "Ledger"

[[farm]]
id = "Lab2"
name = "Lab2"
generation = "cvad-7"
[[farm.host]]
id = "9"
name = "LAB2"
address = "192.0.2.81"
dns = "lab2.demo.test"
[[farm.application]]
name = "Office"
title = "Büro-Desktop"
kind = "desktop"

[[farm]]
id = "Lab3"
name = "Lab3"
generation = "cvad-7"
[[farm.host]]
id = "10"
name = "LAB3"
address = "192.0.2.82"
dns = "lab3.demo.test"
[[farm.application]]
name = "Desktop2"
title = "Büro-Desktop"
kind = "desktop"

[[session]]
farm = "Lab1"
user = 'DEMO\alice'
app = "Ledger"
client_name = "elsewhere"
[[session]]
farm = "Lab2"
user = 'DEMO\alice'
app = "Office"
state = "disconnected"
"#;

const LAB_AVAILABLE: &str = r#"POST /Citrix/Store/sessions/v1/available HTTP/1.1
Host: sf.example.net
Accept: application/vnd.citrix.sessionstate+xml
Authorization: CitrixAuth {token}
Content-Type: application/vnd.citrix.sessionparams+xml
Content-Length: 281

<?xml version="1.0"?>
<sessionparams xmlns="http://citrix.com/delivery-services/1-0/sessionparams">
  <clientName>kiosk-07</clientName>
  <deviceId>7f3a0c52</deviceId>
  <includeActiveSessions>true</includeActiveSessions>
  <appSessionsOnly>true</appSessionsOnly>
</sessionparams>
"#;

const LAB_STATE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<sessionState xmlns="http://citrix.com/delivery-services/1-0/sessionstate" enumeration="full">
  <sessions>
    <session id="bGFiMS4yMDQuMQ">
      <serverType>win32</serverType>
      <launchIca>
        <url>https://sf.example.net/Citrix/Store/sessions/v1/bGFiMS4yMDQuMQ/launch/ica</url>
      </launchIca>
      <initialapp>Ledger</initialapp>
      <initialappresourceaggregated>false</initialappresourceaggregated>
      <initialappresourceid>Lab1.Ledger</initialappresourceid>
      <publishername>Lab1</publishername>
    </session>
  </sessions>
</sessionState>
"#;

const LAB_NATIVE_AVAILABLE: &str = r#"POST /Citrix/Store/sessions/v1/available HTTP/1.1
Host: sf.example.net
Accept: application/vnd.citrix.sessionstate+xml
Authorization: CitrixAuth {token}
Content-Type: application/vnd.citrix.sessionparams+xml
Content-Length: {length}

<?xml version="1.0"?>
<sessionParams xmlns="http://citrix.com/delivery-services/1-0/sessionparams">
  <clientName>WS-114</clientName>
  <deviceId>WS-114</deviceId>
  <includeActiveSessions>false</includeActiveSessions>
  <appSessionsOnly>false</appSessionsOnly>
</sessionParams>
"#;

const LAB_NATIVE_STATE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<sessionState xmlns="http://citrix.com/delivery-services/1-0/sessionstate" enumeration="partial">
  <sessions>
    <session id="bGFiMi45LjE">
      <servertype>win32</servertype>
      <launchica>
        <url>https://sf.example.net/Citrix/Store/sessions/v1/bGFiMi45LjE/launch/ica</url>
      </launchica>
      <initialapp>B&#xFC;ro-Desktop</initialapp>
      <initialappresourceaggregated>true</initialappresourceaggregated>
      <initialappresourceid>Lab2.Office</initialappresourceid>
      <publishername>Lab2</publishername>
    </session>
  </sessions>
</sessionState>
"#;

const LAB_LOG_OFF: &str = r#"POST /Citrix/Store/sessions/v1/logoff HTTP/1.1
Host: sf.example.net
Accept: application/vnd.citrix.sessionresults+xml
Authorization: CitrixAuth {token}
Content-Type: application/vnd.citrix.sessionparams+xml
Content-Length: {length}

<?xml version="1.0"?>
<{root} xmlns="http://citrix.com/delivery-services/1-0/sessionparams">
  <clientName>kiosk-07</clientName>
  <deviceId>7f3a0c52</deviceId>
  <tickets>
    <ticket>0F51C2D9A8B74E60B1</ticket>
    <ticket>7718AA03E4D24C55F2</ticket>
  </tickets>
</{root}>
"#;

/// Sends an example and reads the response, on a connection that the example keeps open.
async fn ask(server: HttpPeer, example: &str, values: &[(&str, &str)]) -> Response {
    let mut connection = server.connect().await;
    let response = connection.exchange(&request(example, values)).await;
    assert_eq!(response.status, 200, "{}", response.text());
    // SS-43, SS-52, SS-68
    let caching = response.header("cache-control").unwrap();
    assert!(caching.starts_with("no-cache"), "{caching}");
    assert!(response.header("content-length").is_some());
    response
}

/// Compares a session state with an example, in which `ids` stand for the session ids of the
/// response.
fn assert_state(response: &Response, example: &str, ids: &[&str]) {
    let media_type = "application/vnd.citrix.sessionstate+xml";
    assert_eq!(response.header("content-type"), Some(media_type));
    let state = StrictElement::last(&response.body);
    let sessions: Vec<_> = state.child("sessions").elements().collect();
    assert_eq!(sessions.len(), ids.len(), "{}", response.text());
    let expected = ids
        .iter()
        .zip(sessions)
        .fold(example.to_owned(), |text, (id, session)| {
            text.replace(id, session.attribute("id"))
        });
    assert_same(response, &expected);
}

fn assert_result(response: &Response, example: &str) {
    let media_type = "application/vnd.citrix.sessionresults+xml";
    assert_eq!(response.header("content-type"), Some(media_type));
    assert_same(response, example);
}

/// Compares documents without their declarations and layout.
fn assert_same(response: &Response, expected: &str) {
    assert_eq!(without_layout(response.text()), without_layout(expected));
}

#[tokio::test]
async fn specification_examples_get_the_specified_responses() {
    // SS-10, SS-12, SS-36 to SS-50, SS-66, CQ-2, CQ-28
    let options = Options {
        world: World::from_toml(AUTHORITY_WORLD).unwrap(),
        base_url: Some("http://www.example.com".to_owned()),
        store_path: "/Store",
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let token = sign_in(&env, "alice", "roam-demo").await.token;
    let values = [("token", token.as_str())];
    let response = ask(env.server, AUTHORITY_AVAILABLE, &values).await;
    assert_state(&response, AUTHORITY_STATE, &["zyxw9876", "3e4d5f6g"]);
    for example in [AUTHORITY_DISCONNECT, AUTHORITY_LOG_OFF] {
        let response = ask(env.server, example, &values).await;
        assert_result(&response, AUTHORITY_RESULT);
    }
}

#[tokio::test]
async fn requirement_examples_get_the_specified_responses() {
    // sessions-service.md §9, SS-37, SS-47, SS-69
    let options = Options {
        world: World::from_toml(LAB_WORLD).unwrap(),
        base_url: Some("https://sf.example.net".to_owned()),
        farm: |id| match id {
            "Lab2" | "Lab3" => "aggregation_group = \"office\"",
            _ => "",
        },
        ..Options::default()
    };
    let mut env = TestEnvironment::start(options).await;
    let token = sign_in(&env, "alice", "roam-demo").await.token;
    let values = [("token", token.as_str())];
    let response = ask(env.server, LAB_AVAILABLE, &values).await;
    assert_state(&response, LAB_STATE, &["bGFiMS4yMDQuMQ"]);

    for (root, result) in [
        ("sessionparams", "sessionResults"),
        ("sessionParams", "sessionResult"),
    ] {
        let values = [("token", token.as_str()), ("root", root)];
        let response = ask(env.server, LAB_LOG_OFF, &values).await;
        let expected = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{result} xmlns=\"http://citrix.com/\
             delivery-services/1-0/sessionresult\" status=\"success\"/>\n"
        );
        assert_result(&response, &expected);
    }

    env.stop_farm("Lab1").await;
    let response = ask(env.server, LAB_NATIVE_AVAILABLE, &values).await;
    assert_state(&response, LAB_NATIVE_STATE, &["bGFiMi45LjE"]);
}
