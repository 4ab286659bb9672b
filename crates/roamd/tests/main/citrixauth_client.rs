//! A CitrixAuth client that sends and receives text, independent of the crates under test.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Path of the token service.
pub(crate) const TOKEN: &str = "/Citrix/StoreAuth/auth/v1/token";

const FORMS: &str = "/Citrix/StoreAuth/ExplicitForms";
const MESSAGES: &str = "http://citrix.com/delivery-services/1-0/auth";

/// A client of the server at this host and port.
pub(crate) struct Client(pub(crate) String);

/// A sign-in form.
pub(crate) struct Form {
    pub(crate) context: String,
    /// Name and value of the cookie.
    pub(crate) cookie: String,
}

impl Form {
    fn of(response: &str) -> Self {
        Self {
            context: between(response, "<StateContext>", "</StateContext>").to_owned(),
            cookie: between(response, "Set-Cookie: ", ";").to_owned(),
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
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    /// Posts a message with the media type `application/vnd.citrix.KIND+xml`.
    pub(crate) fn message(&self, path: &str, token: &str, kind: &str, body: &str) -> String {
        let authorization = format!("CitrixAuth {token}");
        let media_type = format!("application/vnd.citrix.{kind}+xml");
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", &*media_type),
        ];
        self.send("POST", path, &headers, body)
    }

    /// Requests a token for a realm.
    pub(crate) fn request(&self, path: &str, token: &str, realm: &str) -> String {
        let url = format!("http://{}/", self.0);
        let body = format!(
            "<requesttoken xmlns=\"{MESSAGES}/requesttoken\"><for-service>{realm}</for-service>\
             <for-service-url>{url}</for-service-url></requesttoken>"
        );
        self.message(path, token, "requesttoken", &body)
    }

    /// Starts a sign-in.
    pub(crate) fn begin(&self) -> Form {
        let realm = "tokens:/Citrix/StoreAuth";
        Form::of(&self.request(&format!("{FORMS}/Start"), "", realm))
    }

    /// Posts a form with these URL-encoded fields.
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

    /// Posts the name alice and a password.
    pub(crate) fn log_on(&self, form: &Form, password: &str) -> String {
        self.log_on_as(form, "alice", password)
    }

    /// Posts a name of the domain DEMO and a password.
    pub(crate) fn log_on_as(&self, form: &Form, user: &str, password: &str) -> String {
        let fields = format!("loginBtn=Log+On&username=DEMO%5C{user}&password={password}");
        self.fill_in(form, &fields)
    }

    /// Posts the password change form in `response`, and returns that form and the response.
    pub(crate) fn change_password(&self, response: &str, old: &str, new: &str) -> (Form, String) {
        let form = Form::of(response);
        let fields = format!(
            "changePasswordBtn=Change&oldPassword={old}&newPassword={new}&confirmPassword={new}"
        );
        let changed = self.fill_in(&form, &fields);
        (form, changed)
    }

    /// Signs alice in, and returns her primary token.
    pub(crate) fn sign_in(&self, password: &str) -> String {
        token(&self.log_on(&self.begin(), password))
    }

    /// Requests a later expiry of a token.
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
        let response = self.message(TOKEN, primary, "destroytoken", &body);
        assert!(
            response.contains("<status>destroyed</status>"),
            "{response}"
        );
    }

    /// Returns why the store rejects a token; `None` if it accepts it.
    pub(crate) fn reason(&self, token: &str) -> Option<String> {
        let response = self.resources(token);
        if response.starts_with("HTTP/1.1 200 ") {
            return None;
        }
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
        Some(between(&response, "reason=\"", "\"").to_owned())
    }

    /// Requests the resources of the user.
    pub(crate) fn resources(&self, token: &str) -> String {
        let authorization = format!("CitrixAuth {token}");
        let headers = [("Authorization", &*authorization)];
        self.send("GET", "/Citrix/Store/resources/v2", &headers, "")
    }
}

/// Returns the text between two markers, both of which must be present.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{text}")).0
}

/// Returns the token in a response.
pub(crate) fn token(response: &str) -> String {
    between(response, "<token>", "</token>").to_owned()
}
