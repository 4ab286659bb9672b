//! A token that was destroyed stays so, whatever happens to the gateway (CA-39).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::{Server, World, configuration, nobody, roamd};

const TOKEN: &str = "/Citrix/StoreAuth/auth/v1/token";
const REQUEST: &str = "application/vnd.citrix.requesttoken+xml";
const DESTROY: &str = "application/vnd.citrix.destroytoken+xml";

/// A gateway as a client without a library sees it.
struct Client(String);

impl Client {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.0).unwrap();
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Posts a message to a token service.
    fn message(&self, path: &str, token: &str, media_type: &str, body: &str) -> String {
        let authorization = format!("CitrixAuth {token}");
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", media_type),
        ];
        self.send("POST", path, &headers, body)
    }

    /// Asks for a token for a realm.
    fn request(&self, path: &str, token: &str, realm: &str) -> String {
        let url = format!("http://{}/", self.0);
        let namespace = "http://citrix.com/delivery-services/1-0/auth/requesttoken";
        let body = format!(
            "<requesttoken xmlns=\"{namespace}\"><for-service>{realm}</for-service>\
             <for-service-url>{url}</for-service-url></requesttoken>"
        );
        self.message(path, token, REQUEST, &body)
    }

    /// Signs alice in, and gives her primary token.
    fn sign_in(&self) -> String {
        let forms = "/Citrix/StoreAuth/ExplicitForms";
        let realm = "tokens:/Citrix/StoreAuth";
        let form = self.request(&format!("{forms}/Start"), "", realm);
        let context = between(&form, "<StateContext>", "</StateContext>");
        let cookie = between(&form, "set-cookie: ", ";");
        let post = format!(
            "StateContext={context}&loginBtn=Log+On&username=DEMO%5Calice&password=roam-demo"
        );
        let headers = [
            ("Cookie", cookie),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let attempt = format!("{forms}/AuthenticateAttempt");
        token(&self.send("POST", &attempt, &headers, &post))
    }

    fn destroy(&self, primary: &str, token: &str) {
        let namespace = "http://citrix.com/delivery-services/1-0/auth/destroytoken";
        let body =
            format!("<destroytoken xmlns=\"{namespace}\"><token>{token}</token></destroytoken>");
        let answer = self.message(TOKEN, primary, DESTROY, &body);
        assert!(answer.contains("<status>destroyed</status>"), "{answer}");
    }

    /// Why the store does not take a token; nothing when it does.
    fn reason(&self, token: &str) -> Option<String> {
        let authorization = format!("CitrixAuth {token}");
        let headers = [("Authorization", &*authorization)];
        let answer = self.send("GET", "/Citrix/Store/resources/v2", &headers, "");
        if answer.starts_with("HTTP/1.1 200 ") {
            return None;
        }
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        Some(between(&answer, "reason=\"", "\"").to_owned())
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{text}")).0
}

fn token(answer: &str) -> String {
    between(answer, "<token>", "</token>").to_owned()
}

#[test]
fn a_token_whose_destruction_was_acknowledged_is_refused_after_sigkill() {
    // Bad input 55.
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let listen = nobody();
    let config = configuration(&world, &listen, &[("CVAD", "cvad-7", farm.address())]);
    let serve = || Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let gateway = serve();
    let client = Client(listen.clone());
    let [ended, kept] = [(); 2].map(|()| client.sign_in());
    let store = "store:/Citrix/Store";
    let [of_ended, of_kept, alone] =
        [&ended, &kept, &kept].map(|primary| token(&client.request(TOKEN, primary, store)));
    for token in [&of_ended, &of_kept, &alone] {
        assert_eq!(client.reason(token), None);
    }

    client.destroy(&kept, &alone);
    client.destroy(&ended, &ended);
    gateway.kill();
    let gateway = serve();

    for token in [&of_ended, &alone] {
        assert_eq!(client.reason(token).as_deref(), Some("expired"));
    }
    let answer = client.request(TOKEN, &ended, store);
    assert_eq!(between(&answer, "reason=\"", "\""), "expired");
    assert_eq!(client.reason(&of_kept), None);
    gateway.stop();
    farm.stop();
}
