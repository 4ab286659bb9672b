//! The whole day of a user: a session starts, moves between clients, and ends.

use jiff::Timestamp;
use roamd_store_proto::{LaunchData, Resources};
use roamd_testsuite::{Response, SignedIn, TestEnvironment, sign_in};
use secrecy::ExposeSecret;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";
const RESOURCES: &str = "application/vnd.citrix.resources+xml";

/// Returns the launch URL of a resource.
async fn start_url(user: &SignedIn, resource: &str) -> String {
    let response = user
        .get_with("/Citrix/Store/resources/v2", &[("Accept", RESOURCES)])
        .await;
    let list = Resources::from_xml(&response.body).unwrap();
    let mut resources = list.resources.into_iter();
    let resource = resources.find(|listed| listed.id == resource).unwrap();
    resource.launch_ica.unwrap()
}

/// Connects with the ICA file of a launch, and returns the client name of the session.
fn connect(env: &TestEnvironment, response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.text());
    let LaunchData::Success { ica, .. } = LaunchData::from_xml(&response.body).unwrap() else {
        panic!("{}", response.text());
    };
    let session = env.farms.connect(ica.expose_secret(), Timestamp::now());
    session.unwrap().client_name.unwrap()
}

#[tokio::test]
async fn session_follows_its_user_through_a_whole_day() {
    for (resource, farm, app) in [
        ("XA1.MSPaint", "XA1", "MSPaint"),
        ("XA1.XADesktop", "XA1", "XADesktop"),
        ("XD5.Win7Desktop", "XD5", "Win7Desktop"),
        ("CVAD.Word", "CVAD", "Word"),
        ("CVAD.Win11Desktop", "CVAD", "Win11Desktop"),
    ] {
        let env = TestEnvironment::demo().await;
        let carol = sign_in(&env, "carol", "roam-demo").await;
        assert!(env.sessions("carol").is_empty());

        // The session starts on the first client.
        let url = start_url(&carol, resource).await;
        let started = carol.launch(&url, "WARD").await;
        assert_eq!(connect(&env, &started), "WARD", "{resource}");
        assert_eq!(env.sessions("carol"), [format!("{farm} {app} active WARD")]);
        assert_eq!(carol.resources("WARD", ACTIVE).await, Vec::<String>::new());

        // On the next client it is listed, also while it is active on the first.
        let url = carol.launch_url("LAB", ACTIVE, resource).await;
        assert_eq!(connect(&env, &carol.launch(&url, "LAB").await), "LAB");
        assert_eq!(env.sessions("carol"), [format!("{farm} {app} active LAB")]);

        // After a disconnect it is listed without active sessions.
        assert_eq!(carol.end("disconnect", "LAB", "").await, "success");
        let waiting = [format!("{farm} {app} disconnected -")];
        assert_eq!(env.sessions("carol"), waiting);
        let url = carol.launch_url("HOME", "", resource).await;
        assert_eq!(connect(&env, &carol.launch(&url, "HOME").await), "HOME");

        // A log-off ends it.
        assert_eq!(carol.end("logoff", "HOME", "").await, "success");
        assert!(env.sessions("carol").is_empty(), "{resource}");
        let gone = carol.launch(&url, "HOME").await;
        assert_eq!(gone.status, 404, "SS-55: {resource}");
    }
}

#[tokio::test]
async fn unknown_resource_and_retry_key_get_404() {
    // ST-52, ST-54
    let env = TestEnvironment::demo().await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let good = start_url(&carol, "CVAD.Word").await;
    let segment = |id: &str| data_encoding::BASE64URL_NOPAD.encode(id.as_bytes());
    for id in ["CVAD.Nothing", "NOWHERE.Word", "CVAD.", "Word"] {
        let url = good.replace(&segment("CVAD.Word"), &segment(id));
        let response = carol.launch(&url, "WARD").await;
        assert_eq!(response.status, 404, "{id}: {}", response.text());
        let reason = response.header("x-citrix-error-reason");
        assert_eq!(reason, Some("ResourceNotFound"), "{id}");
    }
    let key = carol.launch(&format!("{good}/k41x9"), "WARD").await;
    assert_eq!(key.status, 404, "a retry key that was never made");
    assert!(env.sessions("carol").is_empty());
}
