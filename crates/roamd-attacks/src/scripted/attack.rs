//! The attacks, each as data: who sends what, over how many connections.

use anyhow::Result;
use roamd_bench::{Request, SignedIn, path_of_url};
use roamd_store_proto::auth::DestroyToken;
use roamd_store_proto::{LaunchParams, SessionParams, media_type};
use secrecy::{ExposeSecret, SecretString};

use super::farm_requests;
use super::frames::FrameFlood;
use super::hostile_farm::Cost;
use super::http2::Flood;
use super::tally::Outcome;

/// Length of an unfinished head, in bytes.
const HEAD_BYTES: usize = 60_000;

/// Length of the longest message, in bytes.
const MESSAGE_BYTES: usize = 64 * 1024;

/// Path of a service that strangers may use.
const PROTOCOLS: &str = "/Citrix/StoreAuth/auth/v1/protocols";

/// One attack.
#[derive(Clone, Copy)]
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// Connections at the same time.
    pub(super) connections: usize,
    /// Connections from one address.
    pub(super) per_address: usize,
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
    /// A signed-in user lists its sessions as often as it can.
    List,
    /// A user of a hostile farm lists its sessions.
    ListHostileFarm(Cost),
    /// The same, without reading the response.
    LeaveListUnread,
    /// A stranger sends the first half of a body, and no more.
    HalfBody(Listener),
    /// A stranger sends a long head without its end.
    UnfinishedHead(Listener),
    /// A stranger holds a connection with the first byte of a head.
    HoldConnection,
    /// A stranger begins TLS handshakes with a recorded message.
    BeginHandshakes,
    /// A stranger tries a wrong password, from another network each time.
    WrongPassword,
    /// A stranger sends the longest message that the sign-in reads, full of references.
    LongMessage,
    /// A stranger begins sign-ins and cancels them.
    CancelSignIn,
    /// A stranger floods an HTTP/2 connection.
    Http2(Flood),
    /// A stranger has the farm check the password of an unknown user.
    PasswordAtFarm,
    /// A stranger requests a ticket of the farm's ticket authority.
    TicketAtFarm,
}

/// Listener at which an attack is aimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listener {
    /// That of the server.
    Server,
    /// That of the farm.
    Farm,
}

/// All attacks. The numbers are several times the limits that they aim at.
pub(super) const ATTACKS: [Attack; 26] = [
    Attack {
        name: "changes of one user",
        connections: 64,
        per_address: 100,
        action: Action::Disconnect,
    },
    Attack {
        name: "tickets to invalidate",
        connections: 200,
        per_address: 100,
        action: Action::DisconnectWithTickets,
    },
    Attack {
        name: "launches of nothing",
        connections: 64,
        per_address: 100,
        action: Action::LaunchNothing,
    },
    Attack {
        name: "lists of one user",
        connections: 2_000,
        per_address: 10,
        action: Action::List,
    },
    Attack {
        name: "farm with 63,000 sessions",
        connections: 48,
        per_address: 100,
        action: Action::ListHostileFarm(Cost::Merge),
    },
    Attack {
        name: "farm with 1.2 million attributes",
        connections: 48,
        per_address: 100,
        action: Action::ListHostileFarm(Cost::Memory),
    },
    Attack {
        name: "farm with endless interim responses",
        connections: 48,
        per_address: 100,
        action: Action::ListHostileFarm(Cost::Interim),
    },
    Attack {
        name: "farm that is slow for one user",
        // Eight for each permit of the farm. They all wait, so that none of them uses a processor.
        connections: 512,
        per_address: 100,
        action: Action::ListHostileFarm(Cost::Time),
    },
    Attack {
        name: "unread responses",
        connections: 400,
        per_address: 10,
        action: Action::LeaveListUnread,
    },
    Attack {
        name: "half bodies",
        connections: 9_000,
        per_address: 100,
        action: Action::HalfBody(Listener::Server),
    },
    Attack {
        name: "unfinished heads",
        connections: 9_600,
        per_address: 100,
        action: Action::UnfinishedHead(Listener::Server),
    },
    Attack {
        name: "12,000 connections of strangers",
        connections: 12_000,
        per_address: 100,
        action: Action::HoldConnection,
    },
    Attack {
        name: "TLS handshakes of one network",
        connections: 250,
        per_address: 250,
        action: Action::BeginHandshakes,
    },
    Attack {
        name: "wrong passwords from 6,000 networks",
        connections: 600,
        per_address: 100,
        action: Action::WrongPassword,
    },
    Attack {
        name: "long messages of strangers",
        connections: 1_000,
        per_address: 1,
        action: Action::LongMessage,
    },
    Attack {
        name: "cancelled sign-ins",
        connections: 1_000,
        per_address: 1,
        action: Action::CancelSignIn,
    },
    Attack {
        name: "HTTP/2 rapid reset",
        connections: 200,
        per_address: 1,
        action: Action::Http2(Flood::RapidReset),
    },
    Attack {
        name: "HTTP/2 zero window",
        connections: 2_000,
        per_address: 10,
        action: Action::Http2(Flood::ZeroWindow),
    },
    Attack {
        name: "HTTP/2 heads without bodies",
        connections: 400,
        per_address: 10,
        action: Action::Http2(Flood::UnfinishedRequests),
    },
    Attack {
        name: "HTTP/2 CONTINUATION frames",
        connections: 200,
        per_address: 1,
        action: Action::Http2(Flood::Frames(FrameFlood::Continuation)),
    },
    Attack {
        name: "HTTP/2 SETTINGS frames",
        connections: 200,
        per_address: 1,
        action: Action::Http2(Flood::Frames(FrameFlood::Settings)),
    },
    Attack {
        name: "HTTP/2 PING frames",
        connections: 200,
        per_address: 1,
        action: Action::Http2(Flood::Frames(FrameFlood::Ping)),
    },
    Attack {
        name: "farm: half bodies",
        connections: 9_000,
        per_address: 100,
        action: Action::HalfBody(Listener::Farm),
    },
    Attack {
        name: "farm: unfinished heads",
        connections: 9_600,
        per_address: 100,
        action: Action::UnfinishedHead(Listener::Farm),
    },
    Attack {
        name: "farm: passwords from 4,500 networks",
        connections: 4_500,
        per_address: 1,
        action: Action::PasswordAtFarm,
    },
    Attack {
        name: "farm: tickets of its authority",
        connections: 1_000,
        per_address: 1,
        action: Action::TicketAtFarm,
    },
];

impl Action {
    /// Returns what is expensive about the responses of the hostile farm, if there is one.
    pub(super) fn cost_of_farm(self) -> Option<Cost> {
        match self {
            Self::ListHostileFarm(cost) => Some(cost),
            Self::LeaveListUnread => Some(Cost::Length),
            _ => None,
        }
    }

    /// Returns the listener at which the attack is aimed.
    pub(super) fn listener(self) -> Listener {
        match self {
            Self::HalfBody(listener) | Self::UnfinishedHead(listener) => listener,
            Self::PasswordAtFarm | Self::TicketAtFarm => Listener::Farm,
            _ => Listener::Server,
        }
    }

    /// Returns whether the server has a certificate: it speaks HTTP/2 over TLS only.
    pub(super) fn needs_tls(self) -> bool {
        matches!(self, Self::Http2(_) | Self::BeginHandshakes)
    }

    /// Returns the outcomes that show that the attack reaches its aim. Others, such as `400`, come
    /// before it.
    pub(super) fn aims(self) -> &'static [Outcome] {
        use Outcome::{Closed, Dropped, GoAway, Open, Signed, Status};
        const CALM: u32 = 11;
        match self {
            Self::LaunchNothing => &[Status(404)],
            Self::LongMessage => &[Status(400), Status(503)],
            Self::HalfBody(_) => &[Open, Status(408), Status(503)],
            Self::UnfinishedHead(_) | Self::HoldConnection => &[Open, Closed],
            Self::BeginHandshakes => &[Signed, Closed],
            Self::Http2(Flood::ZeroWindow) => &[Status(200)],
            Self::Http2(Flood::UnfinishedRequests) => &[Open, Closed, Status(408), Status(503)],
            Self::Http2(_) => &[Open, Dropped, GoAway(CALM)],
            _ => &[Status(200), Status(503)],
        }
    }
}

impl Listener {
    /// Returns the start of the head of a request without a token.
    fn start_of_head(self) -> String {
        let (path, content_type) = match self {
            Self::Server => (PROTOCOLS, media_type::REQUEST_TOKEN),
            Self::Farm => (farm_requests::FARM, "text/xml"),
        };
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n\
             Accept: {}\r\n",
            media_type::REQUEST_TOKEN_CHOICES
        )
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
    let path = path_of_url(store)?;
    let name = "\u{1F980}".repeat(256);
    let params = LaunchParams {
        client_name: Some(name.clone()),
        device_id: Some(name),
        ..LaunchParams::default()
    };
    let path = format!("{path}/sessions/v1/AAAA/launch/ica");
    let body = params.to_xml();
    post(&path, media_type::LAUNCH_PARAMS, "*/*", token, body)
}

/// The end of a token, by a user who has signed in.
///
/// # Errors
/// If a token does not fit into a header.
pub(super) fn destroy(token: &SecretString, user: &SignedIn) -> Result<Request> {
    let message = DestroyToken {
        token: token.clone(),
    };
    let path = path_of_url(&user.token_service)?;
    post(
        &path,
        media_type::DESTROY_TOKEN,
        media_type::DESTROY_TOKEN_RESPONSE,
        &user.primary,
        message.to_xml(),
    )
}

/// A message of a stranger to the sign-in, as long as it may be (SS-27). Nothing takes the parser
/// longer than references.
///
/// # Errors
/// If a header is malformed.
pub(super) fn long_message() -> Result<Request> {
    let headers = [
        ("Content-Type", media_type::REQUEST_TOKEN),
        ("Accept", media_type::REQUEST_TOKEN_CHOICES),
    ];
    let body = format!("<a>{}</a>", "&lt;".repeat(MESSAGE_BYTES / 4 - 2));
    Request::post(PROTOCOLS, &headers, body.into_bytes())
}

/// The bytes of a list of sessions.
///
/// # Errors
/// If the URL of the store is malformed.
pub(super) fn list_in_bytes(store: &str, token: &SecretString) -> Result<Vec<u8>> {
    let path = path_of_url(store)?;
    let body = SessionParams::new("CLIENT-1").to_xml();
    let head = format!(
        "POST {path}/sessions/v1/available HTTP/1.1\r\nHost: a\r\nAuthorization: CitrixAuth {}\r\n\
         Content-Type: {}\r\nAccept: {}\r\nContent-Length: {}\r\n\r\n",
        token.expose_secret(),
        media_type::SESSION_PARAMS,
        media_type::SESSION_STATE,
        body.len()
    );
    Ok([head.as_bytes(), &body].concat())
}

/// The first half of a request without a token.
pub(super) fn half_body(listener: Listener) -> Vec<u8> {
    format!(
        "{}Content-Length: 272\r\n\r\n{}",
        listener.start_of_head(),
        "<".repeat(136)
    )
    .into_bytes()
}

/// A head without its end.
pub(super) fn unfinished_head(listener: Listener) -> Vec<u8> {
    format!("{}a: {}", listener.start_of_head(), "b".repeat(HEAD_BYTES)).into_bytes()
}

fn sessions(
    store: &str,
    operation: &str,
    accept: &str,
    token: &SecretString,
    tickets: usize,
) -> Result<Request> {
    let path = path_of_url(store)?;
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
