//! The operations of a store.

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

use crate::error::{ClientError, shown};
use crate::sign_in::{Credentials, SignIn, Token, challenge, sign_in};
use crate::store_url::StoreUrl;
use crate::transport::{Answer, Call, Transport, link};

/// How often a session that is not ready is asked for, the first time included (CQ-64).
const ATTEMPTS: u32 = 30;

/// How long to wait if the store does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// The longest wait, whatever the store says.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// For signing out: nobody waits for it.
const SIGN_OUT_DEADLINE: Duration = Duration::from_secs(2);

/// A client of one store, for one user.
///
/// It signs in when the store first asks for it, and keeps the token for the requests that follow. A
/// clone begins with the same token and shares the connections, so that several clones can ask at
/// once.
#[derive(Clone)]
pub struct StoreClient {
    transport: Transport,
    store: StoreUrl,
    credentials: Credentials,
    endpoints: Option<Endpoints>,
    token: Option<Token>,
    /// Those of all clones.
    sign_ins: Arc<Mutex<Vec<SignIn>>>,
}

/// A session that the store is still making ready (ST-44).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// Why, in the word of the store, such as `resuming`.
    pub reason: String,
    /// How long the store wants to be left alone.
    pub wait: Duration,
}

/// What opens a session: an ICA file.
#[derive(Debug, Clone)]
pub struct IcaFile {
    /// The file. It holds a ticket.
    pub text: SecretString,
    /// The logon ticket in it, for [`StoreClient::disconnect`] or [`StoreClient::log_off`] if the
    /// file will not be used.
    pub logon_ticket: Option<SecretString>,
}

impl StoreClient {
    /// A client of a store for one user. Nothing is sent yet.
    #[must_use]
    pub fn new(store: StoreUrl, credentials: Credentials) -> Self {
        let transport = Transport::new(store.is_encrypted());
        Self {
            transport,
            store,
            credentials,
            endpoints: None,
            token: None,
            sign_ins: Arc::default(),
        }
    }

    /// Ends the sign-ins of this client and of its clones, so that their tokens are of no use to
    /// anybody (CA-39). A store that cannot do that, or not within 2 seconds, is no error: tokens end
    /// by themselves.
    pub async fn sign_out(&mut self) {
        self.token = None;
        let sign_ins = std::mem::take(&mut *self.sign_ins());
        let ended = async {
            for sign_in in &sign_ins {
                drop(sign_in.end(&self.transport).await);
            }
        };
        drop(timeout(SIGN_OUT_DEADLINE, ended).await);
    }

    /// Lists the sessions that the client may connect to.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn list(&mut self, params: &SessionParams) -> Result<SessionState, ClientError> {
        let answer = self
            .operation("ListSessions", params, media_type::SESSION_STATE)
            .await?;
        answer.message(SessionState::from_xml)
    }

    /// Lists what the user may start, without subscribing to anything.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn resources(&mut self, client_name: &str) -> Result<Resources, ClientError> {
        let mut url = self.endpoint("ListResources").await?;
        url.query_pairs_mut().append_pair("clientName", client_name);
        let answer = self.send(&url, None, media_type::RESOURCES).await?;
        match answer.status {
            StatusCode::OK => answer.message(Resources::from_xml),
            _ => Err(answer.unexpected()),
        }
    }

    /// Disconnects the sessions that are connected from this client, and invalidates tickets.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn disconnect(
        &mut self,
        params: &SessionParams,
    ) -> Result<SessionStatus, ClientError> {
        let answer = self
            .operation("DisconnectSessions", params, media_type::SESSION_RESULTS)
            .await?;
        answer
            .message(SessionResult::from_xml)
            .map(|result| result.status)
    }

    /// Logs off the sessions that are connected from this client, and invalidates tickets.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn log_off(&mut self, params: &SessionParams) -> Result<SessionStatus, ClientError> {
        let answer = self
            .operation("LogOffSessions", params, media_type::SESSION_RESULTS)
            .await?;
        answer
            .message(SessionResult::from_xml)
            .map(|result| result.status)
    }

    /// Connects to a session at the launch URL of its listing. As long as the store says that the
    /// session is not ready, tells `before_wait`, waits and asks again as told, 30 times at most.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn launch(
        &mut self,
        launch_url: &str,
        params: &LaunchParams,
        mut before_wait: impl FnMut(NotReady),
    ) -> Result<IcaFile, ClientError> {
        let mut url = link("the session's address", launch_url)?;
        let body = params.to_xml();
        let mut attempts = 1;
        loop {
            let body = (media_type::LAUNCH_PARAMS, body.as_slice());
            let answer = self.send(&url, Some(body), media_type::LAUNCH_DATA).await?;
            let data = match answer.status {
                StatusCode::OK => answer.message(LaunchData::from_xml)?,
                StatusCode::NOT_FOUND => return Err(ClientError::NothingToLaunch),
                _ => return Err(answer.unexpected()),
            };
            match data {
                LaunchData::Success { ica, logon_ticket } => {
                    return Ok(IcaFile {
                        text: ica,
                        logon_ticket,
                    });
                }
                LaunchData::Failure { id, text, .. } => {
                    let (id, text) = (shown(&id.0), shown(&text));
                    return Err(ClientError::LaunchFailed { id, text });
                }
                LaunchData::Retry { reason, .. } if attempts == ATTEMPTS => {
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
                    let wait = wait.min(LONGEST_WAIT);
                    let reason = shown(&reason.0);
                    before_wait(NotReady { reason, wait });
                    sleep(wait).await;
                    url = link("the next address of the launch", &next)?;
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
    ) -> Result<Answer, ClientError> {
        let url = self.endpoint(id).await?;
        let body = params.to_xml();
        let answer = self
            .send(&url, Some((media_type::SESSION_PARAMS, &body)), accept)
            .await?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            _ => Err(answer.unexpected()),
        }
    }

    /// The URL of a service of the store.
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
            .and_then(|endpoint| link("an endpoint", &endpoint.url));
        self.endpoints = Some(endpoints);
        url
    }

    async fn read_endpoints(&self) -> Result<Endpoints, ClientError> {
        let url = self.store.endpoints();
        let accept = media_type::ENDPOINTS;
        let call = Call {
            url: &url,
            body: None,
            accept,
            token: None,
            cookies: None,
        };
        let answer = self.transport.send(call).await?;
        if answer.status.is_server_error() {
            return Err(answer.unexpected());
        }
        Endpoints::from_xml(&answer.body)
            .ok()
            .filter(|_| answer.status == StatusCode::OK)
            .ok_or_else(|| ClientError::NotAStore(self.store.clone()))
    }

    /// Sends a request, and once more with a fresh token if the store asks for one. A request that
    /// was answered `401` has changed nothing (SS-4).
    async fn send(
        &mut self,
        url: &Url,
        body: Option<(&'static str, &[u8])>,
        accept: &'static str,
    ) -> Result<Answer, ClientError> {
        let token = self.token.as_ref().filter(|token| token.opens(url));
        let token = token.map(|token| &token.header);
        let call = Call {
            url,
            body,
            accept,
            token,
            cookies: None,
        };
        let answer = self.transport.send(call).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let challenge = challenge(&answer)?;
        let (token, sign_in) = sign_in(&self.transport, &self.credentials, url, &challenge).await?;
        self.sign_ins().extend(sign_in);
        let call = Call {
            token: Some(&token.header),
            ..call
        };
        let answer = self.transport.send(call).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(ClientError::TokenRefused(self::challenge(&answer)?.reason));
        }
        self.token = Some(token);
        Ok(answer)
    }
}
