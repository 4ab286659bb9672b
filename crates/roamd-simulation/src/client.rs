//! Clients: they ask one thing after the other, each under a client name of its own, and sometimes
//! leave before they are answered.

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
    LaunchData, LaunchParams, SessionParams, SessionResult, SessionState, Spelling, media_type,
};
use secrecy::ExposeSecret;
use tokio::time::{sleep, timeout};

use crate::ledger::{Launch, Ledger, Ticket, Told, Wish};
use crate::network::Network;

/// The host of the gateway.
pub(crate) const GATEWAY: &str = "gateway.test:80";
/// The store's path.
pub(crate) const STORE: &str = "/Citrix/Store";
/// The URL of the gateway, for its configuration.
pub(crate) const BASE_URL: &str = "http://gateway.test";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Whoever can make tokens that the gateway takes.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) network: Network,
    pub(crate) ledger: Ledger,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// How many farms there are.
    pub(crate) farms: usize,
}

/// A session that a list told of.
#[derive(Debug, Clone)]
struct Known {
    farm: usize,
    launch_path: String,
}

impl Visitor {
    /// A client's whole stay: so many operations, with pauses.
    pub(crate) async fn stay(self, user: usize, mut rng: Rng, operations: usize) {
        let mut known: Vec<Known> = Vec::new();
        for _ in 0..operations {
            sleep(Duration::from_millis(rng.u64(0..2_000))).await;
            let session = rng.choice(&known).cloned();
            let wish = match (rng.u8(0..10), &session) {
                (0..2, _) => Wish::Disconnect,
                (2, _) => Wish::LogOff,
                (3..5, Some(session)) => Wish::Launch { farm: session.farm },
                _ => Wish::List {
                    active: rng.u8(0..3) == 0,
                    applications_only: rng.u8(0..3) == 0,
                },
            };
            let ticket = self.ledger.ask(wish);
            let patience = match rng.u8(0..12) {
                0 => Duration::from_micros(rng.u64(100..1_000_000)),
                _ => Duration::from_secs(600),
            };
            let asking = self.ask(user, ticket, wish, session);
            match timeout(patience, asking).await {
                Ok(Some((told, sessions))) => {
                    self.ledger.tell(ticket, told);
                    if !sessions.is_empty() {
                        known = sessions;
                    }
                }
                Ok(None) => {}
                Err(_) => self.ledger.leave(ticket),
            }
        }
    }

    /// Lists once, and tells what came of it.
    pub(crate) async fn list(&self, user: usize) -> Ticket {
        let wish = Wish::List {
            active: false,
            applications_only: false,
        };
        let ticket = self.ledger.ask(wish);
        if let Some((told, _)) = self.ask(user, ticket, wish, None).await {
            self.ledger.tell(ticket, told);
        }
        ticket
    }

    /// Nothing if the gateway gave no answer. The sessions are those of a list.
    async fn ask(
        &self,
        user: usize,
        ticket: Ticket,
        wish: Wish,
        session: Option<Known>,
    ) -> Option<(Told, Vec<Known>)> {
        let (path, content, accept, body) = match wish {
            Wish::List {
                active,
                applications_only,
            } => (
                format!("{STORE}/sessions/v1/available"),
                media_type::SESSION_PARAMS,
                media_type::SESSION_STATE,
                params(ticket, active, applications_only),
            ),
            Wish::Disconnect => (
                format!("{STORE}/sessions/v1/disconnect"),
                media_type::SESSION_PARAMS,
                media_type::SESSION_RESULTS,
                params(ticket, false, false),
            ),
            Wish::LogOff => (
                format!("{STORE}/sessions/v1/logoff"),
                media_type::SESSION_PARAMS,
                media_type::SESSION_RESULTS,
                params(ticket, false, false),
            ),
            Wish::Launch { .. } => (
                session?.launch_path,
                media_type::LAUNCH_PARAMS,
                media_type::LAUNCH_DATA,
                LaunchParams {
                    client_name: Some(ticket.client_name()),
                    ..LaunchParams::default()
                }
                .to_xml(),
            ),
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, "gateway.test")
            .header(AUTHORIZATION, format!("CitrixAuth {}", self.token(user)?))
            .header(CONTENT_TYPE, content)
            .header(ACCEPT, accept)
            .body(Full::new(Bytes::from(body)))
            .ok()?;
        let wire = self
            .network
            .clone()
            .connect_to(GATEWAY.to_owned())
            .await
            .ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.ok()?;
        let answer = async {
            let response = sender.send_request(request).await.ok()?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some((head.status, body))
        };
        // The connection ends with the question, also when the client leaves.
        let (status, body) = tokio::select! {
            biased;
            answer = answer => answer?,
            _ = connection => None?,
        };
        if status != StatusCode::OK {
            return Some((Told::Status(status.as_u16()), Vec::new()));
        }
        let read = self.read(wish, &body);
        if read.is_none() {
            self.ledger
                .fault(format!("{ticket} is told something that is no answer"));
        }
        read
    }

    fn read(&self, wish: Wish, body: &[u8]) -> Option<(Told, Vec<Known>)> {
        let told = match wish {
            Wish::List { .. } => {
                let state = SessionState::from_xml(body).ok()?;
                let known: Option<Vec<Known>> = state
                    .sessions
                    .iter()
                    .map(|session| {
                        let farm = session.resource_id.strip_prefix('F')?.split_once('.')?.0;
                        Some(Known {
                            farm: farm.parse().ok().filter(|farm| *farm < self.farms)?,
                            launch_path: session.launch_url.strip_prefix(BASE_URL)?.to_owned(),
                        })
                    })
                    .collect();
                let known = known?;
                let told = Told::List {
                    enumeration: state.enumeration,
                    farms: known.iter().map(|known| known.farm).collect(),
                };
                return Some((told, known));
            }
            Wish::Disconnect | Wish::LogOff => {
                Told::EndOutcome(SessionResult::from_xml(body).ok()?.status)
            }
            Wish::Launch { .. } => Told::Launch(match LaunchData::from_xml(body).ok()? {
                LaunchData::Success { .. } => Launch::Ready,
                LaunchData::Retry { .. } => Launch::Retry,
                LaunchData::Failure { .. } => Launch::Failed,
            }),
        };
        Some((told, Vec::new()))
    }

    /// A token that was issued now, by the gateway's clock.
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
            user: UserIdentity::new("SIM", format!("user{user}")),
            password: "simulated".into(),
            service: Service::of(&request, &[realm], &[BASE_URL.parse().ok()?]).ok()?,
        };
        let service = TokenService::new(Arc::clone(&self.keys), policy);
        let issued = service.issue(&grant, (self.clock)(), &mut UnwrapErr(SysRng));
        Some(issued.ok()?.token.expose_secret().to_owned())
    }
}

fn params(ticket: Ticket, active: bool, applications_only: bool) -> Vec<u8> {
    SessionParams {
        include_active_sessions: active,
        app_sessions_only: applications_only,
        ..SessionParams::new(ticket.client_name())
    }
    .to_xml()
}
