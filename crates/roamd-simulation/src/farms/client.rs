//! Clients, which make one operation after the other, each with its own client name, and sometimes
//! leave before the response.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use roamd_citrixauth::{Grant, Realm, Service, TokenPolicy, TokenService, UserIdentity};
use roamd_seal::KeyRing;
use roamd_store_proto::auth::RequestToken;
use roamd_store_proto::{
    LaunchData, LaunchParams, Resources, SessionParams, SessionResult, SessionState, media_type,
};
use secrecy::ExposeSecret;
use tokio::time::{sleep, timeout};

use super::farm::FarmPlan;
use super::history::{History, LaunchResult, OperationId, OperationKind, OperationResult};
use super::mapping;
use crate::network::Network;

/// Host and port of the server.
pub(crate) const SERVER: &str = "server.test:80";
/// Path of the store.
pub(crate) const STORE: &str = "/Citrix/Store";
/// URL by which clients know the server.
pub(crate) const BASE_URL: &str = "http://server.test";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A client that issues its own tokens with the server's keys.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) network: Network,
    pub(crate) history: History,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub(crate) farms: Arc<[FarmPlan]>,
}

/// A session of a list.
#[derive(Debug, Clone)]
struct KnownSession {
    farm: usize,
    launch_path: String,
}

impl Client {
    /// Makes this many operations, with pauses.
    pub(crate) async fn make_operations(self, user: usize, mut rng: Rng, operations: usize) {
        let mut known: Vec<KnownSession> = Vec::new();
        for _ in 0..operations {
            sleep(Duration::from_millis(rng.u64(0..2_000))).await;
            let session = rng.choice(&known).cloned();
            let kind = match (rng.u8(0..12), &session) {
                (10.., _) => OperationKind::Resources,
                (0..2, _) => OperationKind::Disconnect,
                (2, _) => OperationKind::LogOff,
                (3..5, Some(session)) => OperationKind::Launch { farm: session.farm },
                _ => OperationKind::List {
                    active: rng.u8(0..3) == 0,
                    applications_only: rng.u8(0..3) == 0,
                },
            };
            let id = self.history.start_operation(user, kind);
            let patience = match rng.u8(0..12) {
                0 => Duration::from_micros(rng.u64(100..1_000_000)),
                _ => Duration::from_secs(600),
            };
            let operation = self.perform(user, id, kind, session);
            match timeout(patience, operation).await {
                Ok(Some((result, sessions))) => {
                    self.history.complete(id, result);
                    if !sessions.is_empty() {
                        known = sessions;
                    }
                }
                Ok(None) => {}
                Err(_) => self.history.abandon(id),
            }
        }
    }

    /// Lists once, and records the result.
    pub(crate) async fn list(&self, user: usize) -> OperationId {
        let kind = OperationKind::List {
            active: false,
            applications_only: false,
        };
        let id = self.history.start_operation(user, kind);
        if let Some((result, _)) = self.perform(user, id, kind, None).await {
            self.history.complete(id, result);
        }
        id
    }

    /// Makes an operation. Returns its result and the sessions of a list, or `None` if there was no
    /// response.
    async fn perform(
        &self,
        user: usize,
        id: OperationId,
        kind: OperationKind,
        session: Option<KnownSession>,
    ) -> Option<(OperationResult, Vec<KnownSession>)> {
        let (path, content, accept, body) = match kind {
            OperationKind::List {
                active,
                applications_only,
            } => (
                format!("{STORE}/sessions/v1/available"),
                media_type::SESSION_PARAMS,
                media_type::SESSION_STATE,
                params(id, active, applications_only),
            ),
            OperationKind::Disconnect => (
                format!("{STORE}/sessions/v1/disconnect"),
                media_type::SESSION_PARAMS,
                media_type::SESSION_RESULTS,
                params(id, false, false),
            ),
            OperationKind::LogOff => (
                format!("{STORE}/sessions/v1/logoff"),
                media_type::SESSION_PARAMS,
                media_type::SESSION_RESULTS,
                params(id, false, false),
            ),
            OperationKind::Launch { .. } => (
                session?.launch_path,
                media_type::LAUNCH_PARAMS,
                media_type::LAUNCH_DATA,
                LaunchParams {
                    client_name: Some(id.client_name()),
                    ..LaunchParams::default()
                }
                .to_xml(),
            ),
            OperationKind::Resources => (
                format!("{STORE}/resources/v2"),
                media_type::RESOURCES,
                media_type::RESOURCES,
                Vec::new(),
            ),
        };
        let method = match kind {
            OperationKind::Resources => Method::GET,
            _ => Method::POST,
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "server.test")
            .header(AUTHORIZATION, format!("CitrixAuth {}", self.token(user)?))
            .header(CONTENT_TYPE, content)
            .header(ACCEPT, accept)
            .body(Full::new(Bytes::from(body)))
            .ok()?;
        let socket = self
            .network
            .clone()
            .connect_to(SERVER.to_owned())
            .await
            .ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.ok()?;
        let response = async {
            let response = sender.send_request(request).await.ok()?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some((head.status, body))
        };
        // The connection ends with the operation, also when the client leaves.
        let (status, body) = tokio::select! {
            biased;
            response = response => response?,
            _ = connection => None?,
        };
        if status != StatusCode::OK {
            return Some((OperationResult::Status(status.as_u16()), Vec::new()));
        }
        let read = self.read(kind, &body);
        if read.is_none() {
            self.history
                .record_violation(format!("{id} got a malformed response"));
        }
        read
    }

    fn read(
        &self,
        kind: OperationKind,
        body: &[u8],
    ) -> Option<(OperationResult, Vec<KnownSession>)> {
        let result = match kind {
            OperationKind::List { .. } => {
                let state = SessionState::from_xml(body).ok()?;
                let known: Option<Vec<KnownSession>> = state
                    .sessions
                    .iter()
                    .map(|session| {
                        Some(KnownSession {
                            farm: self.farm_of(&session.resource_id)?,
                            launch_path: session.launch_url.strip_prefix(BASE_URL)?.to_owned(),
                        })
                    })
                    .collect();
                let known = known?;
                let result = OperationResult::List {
                    enumeration: state.enumeration,
                    farms: known.iter().map(|known| known.farm).collect(),
                };
                return Some((result, known));
            }
            OperationKind::Disconnect | OperationKind::LogOff => {
                OperationResult::End(SessionResult::from_xml(body).ok()?.status)
            }
            OperationKind::Resources => {
                let list = Resources::from_xml(body).ok()?;
                let farms = list.resources.iter();
                OperationResult::Resources {
                    enumeration: list.enumeration,
                    farms: farms
                        .map(|resource| self.farm_of(&resource.id))
                        .collect::<Option<_>>()?,
                }
            }
            OperationKind::Launch { .. } => {
                OperationResult::Launch(match LaunchData::from_xml(body).ok()? {
                    LaunchData::Success { .. } => LaunchResult::Ready,
                    LaunchData::Retry { .. } => LaunchResult::Retry,
                    LaunchData::Failure { .. } => LaunchResult::Failed,
                })
            }
        };
        Some((result, Vec::new()))
    }

    /// Returns the farm in the id of a resource.
    fn farm_of(&self, resource: &str) -> Option<usize> {
        let (farm, _) = resource.strip_prefix('F')?.split_once('.')?;
        farm.parse().ok().filter(|farm| *farm < self.farms.len())
    }

    /// Issues a token at the time of the server's clock.
    fn token(&self, user: usize) -> Option<String> {
        let realm = Realm::new(format!("store:{STORE}"));
        let request = RequestToken {
            for_service: realm.to_string(),
            for_service_url: BASE_URL.to_owned(),
            template: String::new(),
            requested_lifetime: None,
        };
        let policy = TokenPolicy {
            issuer: format!("tokens:{STORE}Auth"),
            default_lifetime: DAY,
            max_lifetime: DAY,
            min_lifetime: DAY,
        };
        let grant = Grant {
            user: UserIdentity::new("SIM", format!("user{user}"))
                .with_sids(mapping::held_sids(user, &self.farms)),
            password: "simulated".into(),
            service: Service::of(&request, &[realm], &[BASE_URL.parse().ok()?]).ok()?,
        };
        let service = TokenService::new(Arc::clone(&self.keys), policy);
        let issued = service.issue(&grant, (self.clock)(), &mut UnwrapErr(SysRng));
        Some(issued.ok()?.token.expose_secret().to_owned())
    }
}

fn params(id: OperationId, active: bool, applications_only: bool) -> Vec<u8> {
    SessionParams {
        include_active_sessions: active,
        app_sessions_only: applications_only,
        ..SessionParams::new(id.client_name())
    }
    .to_xml()
}
