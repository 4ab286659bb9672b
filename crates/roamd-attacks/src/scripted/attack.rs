//! The attacks, each as data: who sends what, over how many connections.

use anyhow::Result;
use roamd_bench::{Request, SignedIn, split_url};
use roamd_store_proto::auth::DestroyToken;
use roamd_store_proto::{SessionParams, media_type};
use secrecy::{ExposeSecret, SecretString};

use super::hostile_farm::Cost;

/// Length of an unfinished head, in bytes.
const HEAD_BYTES: usize = 60_000;

/// One attack.
#[derive(Clone, Copy)]
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// Connections at the same time. Every hundred come from another address.
    pub(super) connections: usize,
    pub(super) action: Action,
}

/// What each connection of an attack does.
#[derive(Clone, Copy)]
pub(super) enum Action {
    /// A signed-in user disconnects sessions: a connection to a farm each time.
    Disconnect,
    /// The same with as many tickets as a request may have.
    DisconnectWithTickets,
    /// A signed-in user launches sessions that do not exist, each with a long audit line.
    LaunchNothing,
    /// A user of a hostile farm lists its sessions.
    ListHostileFarm(Cost),
    /// A stranger sends the first half of a body, and no more.
    HalfBody,
    /// A stranger sends a long head without its end.
    UnfinishedHead,
    /// A stranger tries a wrong password, from another network each time.
    WrongPassword,
}

/// All attacks. The numbers are several times the limits that they aim at.
pub(super) const ATTACKS: [Attack; 8] = [
    Attack {
        name: "changes of one user",
        connections: 64,
        action: Action::Disconnect,
    },
    Attack {
        name: "tickets to invalidate",
        connections: 200,
        action: Action::DisconnectWithTickets,
    },
    Attack {
        name: "launches of nothing",
        connections: 64,
        action: Action::LaunchNothing,
    },
    Attack {
        name: "farm with 63,000 sessions",
        connections: 48,
        action: Action::ListHostileFarm(Cost::Merge),
    },
    Attack {
        name: "farm with 1.2 million attributes",
        connections: 48,
        action: Action::ListHostileFarm(Cost::Memory),
    },
    Attack {
        name: "half bodies",
        connections: 9_000,
        action: Action::HalfBody,
    },
    Attack {
        name: "unfinished heads",
        connections: 9_600,
        action: Action::UnfinishedHead,
    },
    Attack {
        name: "wrong passwords from 6,000 networks",
        connections: 600,
        action: Action::WrongPassword,
    },
];

impl Action {
    /// Returns what is expensive about the responses of the hostile farm, if there is one.
    pub(super) fn cost_of_farm(self) -> Option<Cost> {
        match self {
            Self::ListHostileFarm(cost) => Some(cost),
            _ => None,
        }
    }
}

/// A list of sessions.
///
/// # Errors
/// If the URL of the store is malformed.
pub(super) fn list(store: &str, token: &SecretString) -> Result<Request> {
    sessions(store, "available", media_type::SESSION_STATE, token, 0)
}

/// A disconnect, with this many tickets to invalidate.
///
/// # Errors
/// If the URL of the store is malformed.
pub(super) fn disconnect(store: &str, token: &SecretString, tickets: usize) -> Result<Request> {
    let accept = media_type::SESSION_RESULTS;
    sessions(store, "disconnect", accept, token, tickets)
}

/// A disconnect with as many tickets as a request may have (SS-26).
///
/// # Errors
/// If the URL of the store is malformed.
pub(super) fn disconnect_with_tickets(store: &str, token: &SecretString) -> Result<Request> {
    disconnect(store, token, SessionParams::MAX_TICKETS)
}

/// A launch of a session that does not exist.
///
/// # Errors
/// If the URL of the store is malformed.
pub(super) fn launch_nothing(store: &str, token: &SecretString) -> Result<Request> {
    let (_, path) = split_url(store)?;
    let name = "\u{1F980}".repeat(256);
    let body = format!(
        "<launchParams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
         <clientName>{name}</clientName><deviceId>{name}</deviceId></launchParams>"
    );
    let path = format!("{path}/sessions/v1/AAAA/launch/ica");
    post(&path, media_type::LAUNCH_PARAMS, "*/*", token, body.into())
}

/// The end of a token, by a user who has signed in.
///
/// # Errors
/// If a token does not fit into a header.
pub(super) fn destroy(token: &SecretString, user: &SignedIn) -> Result<Request> {
    let message = DestroyToken {
        token: token.clone(),
    };
    let (_, path) = split_url(&user.token_service)?;
    post(
        &path,
        media_type::DESTROY_TOKEN,
        media_type::DESTROY_TOKEN_RESPONSE,
        &user.primary,
        message.to_xml(),
    )
}

/// The first half of a request without a token.
pub(super) fn half_body() -> Vec<u8> {
    format!(
        "{}Content-Length: 272\r\n\r\n{}",
        start_of_head(),
        "<".repeat(136)
    )
    .into_bytes()
}

/// A head without its end.
pub(super) fn unfinished_head() -> Vec<u8> {
    format!("{}a: {}", start_of_head(), "b".repeat(HEAD_BYTES)).into_bytes()
}

fn start_of_head() -> String {
    format!(
        "POST /Citrix/StoreAuth/auth/v1/protocols HTTP/1.1\r\nHost: a\r\nContent-Type: {}\r\n\
         Accept: {}\r\n",
        media_type::REQUEST_TOKEN,
        media_type::REQUEST_TOKEN_CHOICES
    )
}

fn sessions(
    store: &str,
    operation: &str,
    accept: &str,
    token: &SecretString,
    tickets: usize,
) -> Result<Request> {
    let (_, path) = split_url(store)?;
    let mut params = SessionParams::new("CLIENT-1");
    params.tickets = (0..tickets)
        .map(|number| format!("{number:020X}"))
        .collect();
    let path = format!("{path}/sessions/v1/{operation}");
    post(
        &path,
        media_type::SESSION_PARAMS,
        accept,
        token,
        params.to_xml(),
    )
}

fn post(
    path: &str,
    content_type: &str,
    accept: &str,
    token: &SecretString,
    body: Vec<u8>,
) -> Result<Request> {
    let authorization = format!("CitrixAuth {}", token.expose_secret());
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", content_type),
        ("Accept", accept),
    ];
    Request::post(path, &headers, body)
}
