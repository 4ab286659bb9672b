//! Operations of a store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use roamd_store_proto::{
    Endpoints, LaunchData, LaunchParams, Resources, SessionExplanation, SessionParams,
    SessionResult, SessionState, SessionStatus, media_type,
};
use secrecy::SecretString;
use tokio::time::{sleep, timeout};
use url::Url;

use crate::audience::Audience;
use crate::authorities::Authorities;
use crate::error::ClientError;
use crate::printable::short_line;
use crate::sign_in::{Credentials, SignIn, Token, challenge, sign_in};
use crate::store_url::{StoreUrl, endpoints_of};
use crate::transport::{Call, Response, Transport, usable_url};

/// Limit of attempts to launch a session that is not ready (CQ-64).
const MAX_LAUNCH_ATTEMPTS: u32 = 30;

/// Wait before the next attempt, if the store does not set it.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// Limit of the wait before the next attempt.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// Timeout for signing out, which must not delay the end of a program.
const SIGN_OUT_TIMEOUT: Duration = Duration::from_secs(2);

/// Client name in requests without a token, which only get a challenge.
const CLIENT_NAME_FOR_CHALLENGE: &str = "roamd";

/// Client of one store, for one user.
///
/// It signs in when the store sends a challenge, and keeps the token for later requests. A clone
/// starts with the same token and shares the connections, so clones can send requests concurrently.
#[derive(Clone)]
pub struct StoreClient {
    transport: Transport,
    store: StoreUrl,
    /// URL of the store, once a response has shown it.
    found_at: Option<Url>,
    /// `None`: the client continues with an earlier sign-in.
    credentials: Option<Credentials>,
    endpoints: Option<Endpoints>,
    /// Tokens of the services of the store, which have different URLs (CA-8).
    tokens: Vec<Token>,
    /// Sign-ins of all clones.
    sign_ins: Arc<Mutex<Vec<SignIn>>>,
}

/// Session that is not ready for a launch yet (ST-44).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// Reason of the store, such as `resuming`.
    pub reason: String,
    /// Time until the next attempt.
    pub wait: Duration,
}

/// ICA file, which opens a session.
#[derive(Debug, Clone)]
pub struct IcaFile {
    /// Content of the file. It contains a ticket.
    pub text: SecretString,
    /// Logon ticket of the file, for [`StoreClient::disconnect`] or [`StoreClient::log_off`] if the
    /// file will not be used.
    pub logon_ticket: Option<SecretString>,
}

impl StoreClient {
    /// Creates a client that signs in with a password. It sends nothing yet.
    #[must_use]
    pub fn new(store: StoreUrl, credentials: Credentials) -> Self {
        Self::with(store, Some(credentials), Vec::new())
    }

    /// Creates a client that continues with an earlier sign-in. It sends nothing yet.
    #[must_use]
    pub fn resume(store: StoreUrl, sign_in: SignIn) -> Self {
        Self::with(store, None, vec![sign_in])
    }

    fn with(store: StoreUrl, credentials: Option<Credentials>, sign_ins: Vec<SignIn>) -> Self {
        Self {
            transport: Transport::new(Audience::of(store.most_likely())),
            store,
            found_at: None,
            credentials,
            endpoints: None,
            tokens: Vec::new(),
            sign_ins: Arc::new(Mutex::new(sign_ins)),
        }
    }

    /// Trusts these authorities for https, and no others.
    #[must_use]
    pub fn trusting(mut self, authorities: Authorities) -> Self {
        self.transport.trust(authorities);
        self
    }

    /// Returns the URL of the store, once a response has shown it.
    #[must_use]
    pub fn found_at(&self) -> Option<&Url> {
        self.found_at.as_ref()
    }

    /// Returns the URL of the store if it is not the most likely one of its [`StoreUrl`].
    #[must_use]
    pub fn found_elsewhere(&self) -> Option<&Url> {
        let likely = self.store.candidates().next();
        self.found_at.as_ref().filter(|url| Some(*url) != likely)
    }

    /// Signs in, for clients that [continue](Self::resume) with this sign-in.
    ///
    /// # Errors
    /// If the store cannot be reached, refuses the user, or requires no sign-in.
    pub async fn sign_in(&mut self) -> Result<SignIn, ClientError> {
        self.token().await?;
        self.current_sign_in().ok_or(ClientError::NoSignIn)
    }

    /// Returns a token for the Sessions Service of the store.
    ///
    /// # Errors
    /// If the store cannot be reached, refuses the user, or requires no sign-in.
    pub async fn token(&mut self) -> Result<SecretString, ClientError> {
        let url = self.endpoint("ListSessions").await?;
        // Without a token, this request only gets a challenge.
        let body = SessionParams::new(CLIENT_NAME_FOR_CHALLENGE).to_xml();
        let call = Call {
            url: &url,
            body: Some((media_type::SESSION_PARAMS, &body)),
            accept: media_type::SESSION_STATE,
            token: None,
            cookies: None,
        };
        let response = self.transport.send(call).await?;
        match response.status {
            StatusCode::UNAUTHORIZED => {
                let earlier = self.sign_ins().clone();
                let token = self.new_token(&response, &earlier).await?;
                let text = token.text.clone();
                self.tokens.push(token);
                Ok(text)
            }
            StatusCode::OK => Err(ClientError::NoSignIn),
            _ => Err(response.unexpected()),
        }
    }

    /// Returns the sign-in that requests use now; `None` before the first one.
    #[must_use]
    pub fn current_sign_in(&self) -> Option<SignIn> {
        self.sign_ins().last().cloned()
    }

    /// Continues with another sign-in of the same user from now on. Sends nothing.
    ///
    /// A program that runs for long saves and [refreshes](Self::refresh) its sign-in; another
    /// program may have done so.
    pub fn continue_with(&mut self, sign_in: SignIn) {
        *self.sign_ins() = vec![sign_in];
    }

    /// Gets a later expiry for the sign-in that this client continues with, and returns it
    /// (CA-36). A store may not support this.
    ///
    /// # Errors
    /// If the store cannot be reached or refuses the sign-in.
    pub async fn refresh(&mut self) -> Result<SignIn, ClientError> {
        let sign_in = self.current_sign_in();
        let sign_in = sign_in.ok_or(ClientError::SignInEnded)?;
        let refreshed = sign_in.refreshed(&self.transport).await?;
        self.continue_with(refreshed.clone());
        Ok(refreshed)
    }

    /// Signs out: destroys the tokens of this client and of its clones (CA-39), the latest first,
    /// since earlier ones may have expired. It ignores errors, and ends after 2 seconds, because
    /// tokens expire anyway.
    pub async fn sign_out(&mut self) {
        drop(timeout(SIGN_OUT_TIMEOUT, self.end_sign_ins()).await);
    }

    /// Like [`sign_out`](Self::sign_out), without its time limit.
    ///
    /// # Errors
    /// If the store has not confirmed the end of each sign-in.
    pub async fn end_sign_ins(&mut self) -> Result<(), ClientError> {
        self.tokens.clear();
        let sign_ins = std::mem::take(&mut *self.sign_ins());
        let mut result = Ok(());
        for sign_in in sign_ins.iter().rev() {
            result = sign_in.end(&self.transport).await.and(result);
        }
        result
    }

    /// Lists the sessions that the user can reconnect to on this client.
    ///
    /// # Errors
    /// If the store cannot be reached, refuses the user, or sends an invalid response.
    pub async fn list(&mut self, params: &SessionParams) -> Result<SessionState, ClientError> {
        let response = self
            .operation("ListSessions", params, media_type::SESSION_STATE)
            .await?;
        response.message(SessionState::from_xml)
    }

    /// Explains which sessions the store lists for these parameters, and why. Only roamd has this
    /// service, beside that of the list (SS-72).
    ///
    /// # Errors
    /// [`ClientError::NotOffered`] if the store has no such service; those of
    /// [`StoreClient::list`].
    pub async fn explain(
        &mut self,
        params: &SessionParams,
    ) -> Result<SessionExplanation, ClientError> {
        let mut url = self.endpoint("ListSessions").await?;
        url = url.join("explain").map_err(|_| ClientError::BadLink {
            part: "an endpoint",
        })?;
        url.query_pairs_mut().extend_pairs(params.to_query());
        let response = self.send(&url, None, media_type::JSON).await?;
        match response.status {
            StatusCode::OK => response.message(SessionExplanation::from_json),
            StatusCode::NOT_FOUND => Err(ClientError::NotOffered { id: "explanations" }),
            _ => Err(response.unexpected()),
        }
    }

    /// Lists the resources that the user may launch. It subscribes to none.
    ///
    /// # Errors
    /// Those of [`StoreClient::list`].
    pub async fn resources(&mut self, client_name: &str) -> Result<Resources, ClientError> {
        let mut url = self.endpoint("ListResources").await?;
        url.query_pairs_mut().append_pair("clientName", client_name);
        let response = self.send(&url, None, media_type::RESOURCES).await?;
        match response.status {
            StatusCode::OK => response.message(Resources::from_xml),
            _ => Err(response.unexpected()),
        }
    }

    /// Disconnects the sessions that are connected to this client, and invalidates tickets.
    ///
    /// # Errors
    /// Those of [`StoreClient::list`].
    pub async fn disconnect(
        &mut self,
        params: &SessionParams,
    ) -> Result<SessionStatus, ClientError> {
        let response = self
            .operation("DisconnectSessions", params, media_type::SESSION_RESULTS)
            .await?;
        response
            .message(SessionResult::from_xml)
            .map(|result| result.status)
    }

    /// Logs off the sessions that are connected to this client, and invalidates tickets.
    ///
    /// # Errors
    /// Those of [`StoreClient::list`].
    pub async fn log_off(&mut self, params: &SessionParams) -> Result<SessionStatus, ClientError> {
        let response = self
            .operation("LogOffSessions", params, media_type::SESSION_RESULTS)
            .await?;
        response
            .message(SessionResult::from_xml)
            .map(|result| result.status)
    }

    /// Launches a session or a resource at the launch URL of a list. While the session is not
    /// ready, it calls `before_wait`, waits as the store demands, and tries again, at most 30
    /// times.
    ///
    /// # Errors
    /// Those of [`StoreClient::list`].
    pub async fn launch(
        &mut self,
        launch_url: &str,
        params: &LaunchParams,
        mut before_wait: impl FnMut(NotReady),
    ) -> Result<IcaFile, ClientError> {
        let mut url = usable_url("the launch URL", launch_url)?;
        let body = params.to_xml();
        let mut attempts = 1;
        loop {
            let body = (media_type::LAUNCH_PARAMS, body.as_slice());
            let response = self.send(&url, Some(body), media_type::LAUNCH_DATA).await?;
            let data = match response.status {
                StatusCode::OK => response.message(LaunchData::from_xml)?,
                StatusCode::NOT_FOUND => return Err(ClientError::NothingToLaunch),
                _ => return Err(response.unexpected()),
            };
            match data {
                LaunchData::Success { ica, logon_ticket } => {
                    return Ok(IcaFile {
                        text: ica,
                        logon_ticket,
                    });
                }
                LaunchData::Failure { id, text, .. } => {
                    let (id, text) = (short_line(&id.0), short_line(&text));
                    return Err(ClientError::LaunchFailed { id, text });
                }
                LaunchData::Retry { reason, .. } if attempts == MAX_LAUNCH_ATTEMPTS => {
                    return Err(ClientError::NeverReady { attempts, reason });
                }
                LaunchData::Retry {
                    url: next,
                    after,
                    reason,
                    ..
                } => {
                    let wait =
                        after.map_or(DEFAULT_WAIT, |after| Duration::from_secs(after.into()));
                    let wait = wait.min(MAX_WAIT);
                    let reason = short_line(&reason.0);
                    before_wait(NotReady { reason, wait });
                    sleep(wait).await;
                    url = usable_url("the next launch URL", &next)?;
                    attempts += 1;
                }
            }
        }
    }

    fn sign_ins(&self) -> MutexGuard<'_, Vec<SignIn>> {
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn operation(
        &mut self,
        id: &'static str,
        params: &SessionParams,
        accept: &'static str,
    ) -> Result<Response, ClientError> {
        let url = self.endpoint(id).await?;
        let body = params.to_xml();
        let response = self
            .send(&url, Some((media_type::SESSION_PARAMS, &body)), accept)
            .await?;
        match response.status {
            StatusCode::OK => Ok(response),
            _ => Err(response.unexpected()),
        }
    }

    /// Returns the URL of an endpoint. The endpoints document is requested once.
    async fn endpoint(&mut self, id: &'static str) -> Result<Url, ClientError> {
        let endpoints = match self.endpoints.take() {
            Some(endpoints) => endpoints,
            None => self.read_endpoints().await?,
        };
        let endpoint = endpoints
            .endpoints
            .iter()
            .find(|endpoint| endpoint.id == id);
        let url = endpoint
            .ok_or(ClientError::NotOffered { id })
            .and_then(|endpoint| usable_url("an endpoint", &endpoint.url));
        self.endpoints = Some(endpoints);
        url
    }

    /// Finds the store at its possible URLs, and returns its endpoints.
    async fn read_endpoints(&mut self) -> Result<Endpoints, ClientError> {
        for store in self.store.candidates() {
            let call = Call {
                url: &endpoints_of(store),
                body: None,
                accept: media_type::ENDPOINTS,
                token: None,
                cookies: None,
            };
            let response = self.transport.send(call).await?;
            if response.status.is_server_error() {
                return Err(response.unexpected());
            }
            let endpoints = Endpoints::from_xml(&response.body).ok();
            if let Some(endpoints) = endpoints.filter(|_| response.status == StatusCode::OK) {
                self.found_at = Some(store.clone());
                return Ok(endpoints);
            }
        }
        Err(ClientError::NotAStore(self.store.clone().into()))
    }

    /// Sends a request, and again with a new token if the response is `401`. Such a request has
    /// changed nothing (SS-4).
    async fn send(
        &mut self,
        url: &Url,
        body: Option<(&'static str, &[u8])>,
        accept: &'static str,
    ) -> Result<Response, ClientError> {
        let known = self.tokens.iter().find(|token| token.is_for(url));
        let known = known.map(|token| token.header.clone());
        let call = Call {
            url,
            body,
            accept,
            token: known.as_ref(),
            cookies: None,
        };
        let response = self.transport.send(call).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.tokens.retain(|token| !token.is_for(url));
        // If the store has refused a token, its sign-in may be over too.
        let earlier = match known.is_some() && self.credentials.is_some() {
            true => Vec::new(),
            false => self.sign_ins().clone(),
        };
        let token = self.new_token(&response, &earlier).await?;
        let call = Call {
            token: Some(&token.header),
            ..call
        };
        let response = self.transport.send(call).await?;
        if response.status == StatusCode::UNAUTHORIZED {
            return Err(ClientError::TokenRefused(challenge(&response)?.reason));
        }
        self.tokens.push(token);
        Ok(response)
    }

    /// Gets the token that a challenge demands.
    async fn new_token(
        &self,
        refusal: &Response,
        earlier: &[SignIn],
    ) -> Result<Token, ClientError> {
        let challenge = challenge(refusal)?;
        let credentials = self.credentials.as_ref();
        let signed_in = sign_in(&self.transport, credentials, earlier, &challenge);
        let (token, sign_in) = signed_in.await?;
        self.sign_ins().extend(sign_in);
        Ok(token)
    }
}
