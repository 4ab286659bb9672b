//! A client with a token, reading as strictly as client A does (client-quirks.md §4).

use roamd_store_proto::{DecodeError, SessionState};

use crate::sign_in::{TokenService, token_of};
use crate::{Response, Site, Wire};

/// A user with a service token for the store.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The gateway.
    pub wire: Wire,
    /// Path of the store.
    pub store: &'static str,
    /// Service token of the store.
    pub token: String,
    /// Primary token, for the token service.
    pub primary: String,
}

/// Signs a user of the domain `DEMO` in to the store of a site, step by step (citrixauth.md §2).
pub async fn sign_in(site: &Site, user: &str, password: &str) -> SignedIn {
    sign_in_to(site, site.store_path, user, password).await
}

/// The same to the store at this path.
pub async fn sign_in_to(site: &Site, store: &'static str, user: &str, password: &str) -> SignedIn {
    sign_in_over(site.gateway, store, user, password).await
}

/// The same over another way to the gateway.
pub async fn sign_in_over(wire: Wire, store: &'static str, user: &str, password: &str) -> SignedIn {
    let service = TokenService::discover_from(wire, store).await;
    let conversation = service.begin().await;
    let primary = token_of(&conversation.attempt(user, password, Some("DEMO")).await);
    let token = token_of(&service.exchange(&primary).await);
    SignedIn {
        wire,
        store,
        token,
        primary,
    }
}

impl SignedIn {
    /// The value of `Authorization` for the store.
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
        self.wire
            .send("POST", &path, &headers, body.as_bytes())
            .await
    }

    /// Gets what is at a path.
    pub async fn get(&self, target: &str) -> Response {
        self.get_with(target, &[]).await
    }

    /// The same, with these headers beside the token.
    pub async fn get_with(&self, target: &str, more: &[(&str, &str)]) -> Response {
        let authorization = self.authorization();
        let mut headers = vec![("Authorization", authorization.as_str())];
        headers.extend_from_slice(more);
        self.wire.send("GET", target, &headers, b"").await
    }

    /// Lists sessions from an end-point, and gives the whole state.
    pub async fn state(&self, client: &str, extra: &str) -> Result<SessionState, DecodeError> {
        let accept = "application/vnd.citrix.sessionstate+xml";
        let body = session_params(client, extra);
        let response = self.post("available", accept, &body).await;
        assert_eq!(response.status, 200, "{}", response.text());
        SessionState::from_xml(&response.body)
    }

    /// The resource ids of the sessions listed from an end-point.
    pub async fn resources(&self, client: &str, extra: &str) -> Vec<String> {
        let state = self.state(client, extra).await.unwrap();
        state
            .sessions
            .into_iter()
            .map(|session| session.resource_id)
            .collect()
    }

    /// The launch URL of the one session of a resource that is listed from an end-point.
    pub async fn launch_url(&self, client: &str, extra: &str, resource: &str) -> String {
        let state = self.state(client, extra).await.unwrap();
        let mut sessions = state.sessions.into_iter();
        let session = sessions.find(|session| session.resource_id == resource);
        session.unwrap().launch_url
    }

    /// Disconnects (`disconnect`) or logs off (`logoff`) from an end-point, and gives the status.
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

    /// Launches a session from an end-point. `url` is the absolute launch URL.
    pub async fn launch(&self, url: &str, client: &str) -> Response {
        let parameters = format!("<clientName>{client}</clientName><deviceId>{client}</deviceId>");
        self.launch_with(url, &parameters).await
    }

    /// The same for a person who reads these languages.
    pub async fn launch_in(&self, url: &str, client: &str, languages: Option<&str>) -> Response {
        let parameters = format!("<clientName>{client}</clientName>");
        self.send_launch(url, &parameters, languages).await
    }

    /// Launches a session with these elements as launch parameters.
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
        self.wire
            .send("POST", path_of(url), &headers, body.as_bytes())
            .await
    }
}

/// Session parameters in the specification's spelling.
#[must_use]
pub fn session_params(client: &str, extra: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<sessionparams xmlns=\"http://citrix.com/delivery-services/1-0/\
         sessionparams\"><clientName>{client}</clientName>{extra}</sessionparams>"
    )
}

/// The path of an absolute URL.
#[must_use]
pub fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    &rest[rest.find('/').unwrap()..]
}
