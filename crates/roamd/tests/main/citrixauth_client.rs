//! A client without a library: what it sends and hears is text.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Path of the token service.
pub(crate) const TOKEN: &str = "/Citrix/StoreAuth/auth/v1/token";

const FORMS: &str = "/Citrix/StoreAuth/ExplicitForms";
const MESSAGES: &str = "http://citrix.com/delivery-services/1-0/auth";

/// Host and port of a gateway.
pub(crate) struct Client(pub(crate) String);

/// A form that waits to be filled in.
pub(crate) struct Form {
    pub(crate) context: String,
    /// The cookie's name and value.
    pub(crate) cookie: String,
}

impl Form {
    fn of(answer: &str) -> Self {
        Self {
            context: between(answer, "<StateContext>", "</StateContext>").to_owned(),
            cookie: between(answer, "set-cookie: ", ";").to_owned(),
        }
    }
}

impl Client {
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
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

    /// Posts a message of Citrix's: `kind` is the middle of its media type.
    pub(crate) fn message(&self, path: &str, token: &str, kind: &str, body: &str) -> String {
        let authorization = format!("CitrixAuth {token}");
        let media_type = format!("application/vnd.citrix.{kind}+xml");
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", &*media_type),
        ];
        self.send("POST", path, &headers, body)
    }

    /// Asks for a token for a realm.
    pub(crate) fn request(&self, path: &str, token: &str, realm: &str) -> String {
        let url = format!("http://{}/", self.0);
        let body = format!(
            "<requesttoken xmlns=\"{MESSAGES}/requesttoken\"><for-service>{realm}</for-service>\
             <for-service-url>{url}</for-service-url></requesttoken>"
        );
        self.message(path, token, "requesttoken", &body)
    }

    /// Begins a sign-in.
    pub(crate) fn begin(&self) -> Form {
        let realm = "tokens:/Citrix/StoreAuth";
        Form::of(&self.request(&format!("{FORMS}/Start"), "", realm))
    }

    /// Posts a form with these fields, which are encoded already.
    pub(crate) fn fill_in(&self, form: &Form, fields: &str) -> String {
        let post = format!("StateContext={}&{fields}", form.context);
        let headers = [
            ("Cookie", &*form.cookie),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.send(
            "POST",
            &format!("{FORMS}/AuthenticateAttempt"),
            &headers,
            &post,
        )
    }

    /// Types alice's name and a password.
    pub(crate) fn log_on(&self, form: &Form, password: &str) -> String {
        let fields = format!("loginBtn=Log+On&username=DEMO%5Calice&password={password}");
        self.fill_in(form, &fields)
    }

    /// Chooses another password, and gives the form for that beside the answer.
    pub(crate) fn change_password(&self, asked: &str, old: &str, new: &str) -> (Form, String) {
        let form = Form::of(asked);
        let fields = format!(
            "changePasswordBtn=Change&oldPassword={old}&newPassword={new}&confirmPassword={new}"
        );
        let answer = self.fill_in(&form, &fields);
        (form, answer)
    }

    /// Signs alice in, and gives her primary token.
    pub(crate) fn sign_in(&self, password: &str) -> String {
        token(&self.log_on(&self.begin(), password))
    }

    /// Asks for a later end of a token.
    pub(crate) fn refresh(&self, primary: &str, token: &str) -> String {
        let body = format!(
            "<refreshtoken xmlns=\"{MESSAGES}/refreshtoken\"><token>{token}</token></refreshtoken>"
        );
        self.message(TOKEN, primary, "refreshtoken", &body)
    }

    pub(crate) fn destroy(&self, primary: &str, token: &str) {
        let body = format!(
            "<destroytoken xmlns=\"{MESSAGES}/destroytoken\"><token>{token}</token></destroytoken>"
        );
        let answer = self.message(TOKEN, primary, "destroytoken", &body);
        assert!(answer.contains("<status>destroyed</status>"), "{answer}");
    }

    /// Why the store does not take a token; nothing when it does.
    pub(crate) fn reason(&self, token: &str) -> Option<String> {
        let answer = self.resources(token);
        if answer.starts_with("HTTP/1.1 200 ") {
            return None;
        }
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        Some(between(&answer, "reason=\"", "\"").to_owned())
    }

    /// Asks for what the user may launch.
    pub(crate) fn resources(&self, token: &str) -> String {
        let authorization = format!("CitrixAuth {token}");
        let headers = [("Authorization", &*authorization)];
        self.send("GET", "/Citrix/Store/resources/v2", &headers, "")
    }
}

/// What is between two texts, which have to be there.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{text}")).0
}

/// The token of an answer.
pub(crate) fn token(answer: &str) -> String {
    between(answer, "<token>", "</token>").to_owned()
}
