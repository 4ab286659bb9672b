//! Operations of a store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use roamd_store_proto::{
    Endpoints, LaunchData, LaunchParams, Resources, SessionParams, SessionResult, SessionState,
    SessionStatus, media_type,
};
use secrecy::SecretString;
use tokio::time::{sleep, timeout};
use url::Url;

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
    credentials: Credentials,
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
    /// Creates a client. It sends nothing yet.
    #[must_use]
    pub fn new(store: StoreUrl, credentials: Credentials) -> Self {
        let transport = Transport::new(store.is_encrypted());
        Self {
            transport,
            store,
            found_at: None,
            credentials,
            endpoints: None,
            tokens: Vec::new(),
            sign_ins: Arc::default(),
        }
    }

    /// Returns the URL of the store if it is not the most likely one of its [`StoreUrl`].
    #[must_use]
    pub fn found_elsewhere(&self) -> Option<&Url> {
        let likely = self.store.candidates().next();
        self.found_at.as_ref().filter(|url| Some(*url) != likely)
    }

    /// Signs out: destroys the tokens of this client and of its clones (CA-39), the latest first,
    /// since earlier ones may have expired. It ignores errors, and ends after 2 seconds, because
    /// tokens expire anyway.
    pub async fn sign_out(&mut self) {
        self.tokens.clear();
        let sign_ins = std::mem::take(&mut *self.sign_ins());
        let ended = async {
            for sign_in in sign_ins.iter().rev() {
                drop(sign_in.end(&self.transport).await);
            }
        };
        drop(timeout(SIGN_OUT_TIMEOUT, ended).await);
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
        let challenge = challenge(&response)?;
        // If the store has refused a token, its sign-in may be over too.
        self.tokens.retain(|token| !token.is_for(url));
        let earlier = match known {
            Some(_) => Vec::new(),
            None => self.sign_ins().clone(),
        };
        let (token, sign_in) = sign_in(
            &self.transport,
            &self.credentials,
            &earlier,
            url,
            &challenge,
        )
        .await?;
        self.sign_ins().extend(sign_in);
        let call = Call {
            token: Some(&token.header),
            ..call
        };
        let response = self.transport.send(call).await?;
        if response.status == StatusCode::UNAUTHORIZED {
            return Err(ClientError::TokenRefused(
                self::challenge(&response)?.reason,
            ));
        }
        self.tokens.push(token);
        Ok(response)
    }
}
