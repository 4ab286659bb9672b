//! A client with a token, which reads as strictly as client A (client-quirks.md §4).

use roamd_store_proto::{DecodeError, SessionState};

use crate::http_peer::{HttpPeer, Response};
use crate::paths::path_of;

/// A user with a service token for a store.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The server that issued the tokens, or another one with the same keys.
    pub server: HttpPeer,
    /// Path of the store.
    pub store: &'static str,
    /// Service token of the store.
    pub token: String,
    /// Primary token, for the token service.
    pub primary: String,
}

impl SignedIn {
    /// Returns the value of `Authorization` for the store.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("CitrixAuth {}", self.token)
    }

    /// Posts session parameters to an operation of the store.
    pub async fn post(&self, operation: &str, accept: &str, body: &str) -> Response {
        let path = format!("{}/sessions/v1/{operation}", self.store);
        let headers = [
            ("Authorization", &*self.authorization()),
            ("Accept", accept),
            ("Content-Type", "application/vnd.citrix.sessionparams+xml"),
        ];
        self.server
            .send("POST", &path, &headers, body.as_bytes())
            .await
    }

    /// Gets a path with the token.
    pub async fn get(&self, target: &str) -> Response {
        self.get_with(target, &[]).await
    }

    /// Gets a path with the token and these headers.
    pub async fn get_with(&self, target: &str, more: &[(&str, &str)]) -> Response {
        let authorization = self.authorization();
        let mut headers = vec![("Authorization", authorization.as_str())];
        headers.extend_from_slice(more);
        self.server.send("GET", target, &headers, b"").await
    }

    /// Lists sessions from a client, and returns the whole state. `extra` are more elements of the
    /// session parameters.
    pub async fn state(&self, client: &str, extra: &str) -> Result<SessionState, DecodeError> {
        let accept = "application/vnd.citrix.sessionstate+xml";
        let body = session_params(client, extra);
        let response = self.post("available", accept, &body).await;
        assert_eq!(response.status, 200, "{}", response.text());
        SessionState::from_xml(&response.body)
    }

    /// Lists sessions from a client, and returns their resource ids.
    pub async fn resources(&self, client: &str, extra: &str) -> Vec<String> {
        let state = self.state(client, extra).await.unwrap();
        state
            .sessions
            .into_iter()
            .map(|session| session.resource_id)
            .collect()
    }

    /// Lists sessions from a client, and returns the launch URL of the session of a resource.
    pub async fn launch_url(&self, client: &str, extra: &str, resource: &str) -> String {
        let state = self.state(client, extra).await.unwrap();
        let mut sessions = state.sessions.into_iter();
        let session = sessions.find(|session| session.resource_id == resource);
        session.unwrap().launch_url
    }

    /// Disconnects (`disconnect`) or logs off (`logoff`) the sessions of a client, and returns the
    /// status.
    pub async fn end(&self, operation: &str, client: &str, extra: &str) -> String {
        let accept = "application/vnd.citrix.sessionresults+xml";
        let body = session_params(client, extra);
        let response = self.post(operation, accept, &body).await;
        assert_eq!(response.status, 200, "{}", response.text());
        let text = response.text();
        text.split("status=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    }

    /// Launches a session from a client, by its absolute launch URL.
    pub async fn launch(&self, url: &str, client: &str) -> Response {
        let parameters = format!("<clientName>{client}</clientName><deviceId>{client}</deviceId>");
        self.launch_with(url, &parameters).await
    }

    /// Launches a session with this `Accept-Language`.
    pub async fn launch_in(&self, url: &str, client: &str, languages: Option<&str>) -> Response {
        let parameters = format!("<clientName>{client}</clientName>");
        self.send_launch(url, &parameters, languages).await
    }

    /// Launches a session with these elements of the launch parameters.
    pub async fn launch_with(&self, url: &str, parameters: &str) -> Response {
        self.send_launch(url, parameters, None).await
    }

    async fn send_launch(&self, url: &str, parameters: &str, languages: Option<&str>) -> Response {
        let body = format!(
            "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
             {parameters}</launchparams>"
        );
        let authorization = self.authorization();
        let mut headers = vec![
            ("Authorization", &*authorization),
            ("Accept", "application/vnd.citrix.launchdata+xml"),
            ("Content-Type", "application/vnd.citrix.launchparams+xml"),
        ];
        headers.extend(languages.map(|languages| ("Accept-Language", languages)));
        self.server
            .send("POST", path_of(url), &headers, body.as_bytes())
            .await
    }
}

/// Returns session parameters in the spelling of the specification, with more elements in `extra`.
#[must_use]
pub fn session_params(client: &str, extra: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<sessionparams xmlns=\"http://citrix.com/delivery-services/1-0/\
         sessionparams\"><clientName>{client}</clientName>{extra}</sessionparams>"
    )
}
