//! What a farm decides, and how its generation changes that (nfuse.md §3.3, §4.2, §10). Pure: rows
//! in, decisions out.

use roamd_nfuse_proto::{Dialect, SessionType};

use crate::db::sessions::SessionRow;
use crate::error::TicketRefusal;
use crate::refusal::NewPasswordRefusal;
use crate::world::{Generation, SessionState};

/// Life of a logon ticket in seconds when nobody asks for another (nfuse.md §5.5: WI asks for 200).
const TICKET_LIFE: u32 = 200;

/// Longest life of a logon ticket in seconds.
const LONGEST_TICKET_LIFE: u32 = 3600;

/// Life of a ticket of the ticket authority in milliseconds, as on real controllers (nfuse.md §8).
pub(crate) const STA_TICKET_LIFE_MS: i64 = 100_000;

/// How far into the past the clock may step before tickets issued before that are refused. Without
/// this a clock set back by a year would make each of them good for a year.
const CLOCK_STEP_MS: i64 = 60_000;

/// Passwords of a user before the current one that must not come back.
pub(crate) const FORMER_PASSWORDS: u32 = 4;

/// Decides whether a new password is long enough, in characters.
pub(crate) fn check_length(password: &str, least: u32) -> Result<(), NewPasswordRefusal> {
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    if password.chars().count() < least {
        return Err(NewPasswordRefusal::TooShort);
    }
    Ok(())
}

/// An end-point, as far as it said who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Client {
    /// `ClientName`
    pub(crate) name: Option<String>,
    /// `DeviceId`
    pub(crate) device: Option<String>,
}

impl Client {
    /// An empty name or id is none.
    pub(crate) fn new(name: &Option<String>, device: &Option<String>) -> Self {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            name: given(name),
            device: given(device),
        }
    }

    fn is_unknown(&self) -> bool {
        self.name.is_none() && self.device.is_none()
    }

    /// Whether two descriptions mean the same end-point: by device id where both have one, else by
    /// name (nfuse.md §3.1).
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.device, &other.device) {
            (Some(device), Some(other)) => device == other,
            _ => self.name.is_some() && self.name == other.name,
        }
    }
}

/// What a list of sessions shows, and what making the list does.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Sessions to show, in the order that they were given in.
    pub(crate) shown: Vec<SessionRow>,
    /// Sessions to disconnect from their clients.
    pub(crate) disconnected: Vec<i64>,
}

/// Whether a list of these types may change something.
pub(crate) fn listing_disconnects(generation: Generation, types: &[SessionType]) -> bool {
    generation != Generation::Cvad7 && types.contains(&SessionType::Active)
}

/// Decides what a client is shown of a user's sessions: those of the wanted types that it is not
/// connected to itself. Without a type only disconnected ones are meant, which disturbs nobody.
pub(crate) fn list(
    generation: Generation,
    caller: &Client,
    types: &[SessionType],
    sessions: Vec<SessionRow>,
) -> Listing {
    let active = types.contains(&SessionType::Active);
    let disconnected = types.is_empty() || types.contains(&SessionType::Disconnected);
    let shown: Vec<_> = sessions
        .into_iter()
        .filter(|session| match session.state {
            SessionState::Active => active && !session.client.is(caller),
            SessionState::Disconnected => disconnected,
        })
        .collect();
    let disconnected = if listing_disconnects(generation, types) {
        let is_active = |session: &&SessionRow| session.state == SessionState::Active;
        shown
            .iter()
            .filter(is_active)
            .map(|session| session.id)
            .collect()
    } else {
        Vec::new()
    };
    Listing {
        shown,
        disconnected,
    }
}

/// Decides which of a user's sessions a disconnect or logoff means: the active ones from the calling
/// client, or all active ones when it does not say who it is.
pub(crate) fn select(caller: &Client, sessions: &[SessionRow]) -> Vec<i64> {
    sessions
        .iter()
        .filter(|session| session.state == SessionState::Active)
        .filter(|session| caller.is_unknown() || session.client.is(caller))
        .map(|session| session.id)
        .collect()
}

/// Whether filters let the only kind of session through that there is here.
pub(crate) fn filters_match(server_types: &[String], client_types: &[String]) -> bool {
    filters_let_through(server_types, client_types, "ica30")
}

/// Whether filters let something through that clients of this type show.
pub(crate) fn filters_let_through(
    server_types: &[String],
    client_types: &[String],
    client_type: &str,
) -> bool {
    let any = |types: &[String], kinds: [&str; 2]| {
        types
            .iter()
            .any(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)))
    };
    any(server_types, ["all", "win32"]) && any(client_types, ["all", client_type])
}

/// Life of a ticket in seconds, from the wish.
pub(crate) fn ticket_life(wanted: Option<u32>) -> u32 {
    wanted.unwrap_or(TICKET_LIFE).clamp(1, LONGEST_TICKET_LIFE)
}

/// What has happened to a ticket. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketState {
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) redeemed: bool,
    pub(crate) invalidated: bool,
}

/// Decides whether a ticket is still good.
pub(crate) fn redeemable(ticket: TicketState, now: i64) -> Result<(), TicketRefusal> {
    if ticket.redeemed {
        Err(TicketRefusal::Used)
    } else if ticket.invalidated {
        Err(TicketRefusal::Invalidated)
    } else if now >= ticket.expires_at || now < ticket.issued_at - CLOCK_STEP_MS {
        Err(TicketRefusal::Expired)
    } else {
        Ok(())
    }
}

/// The dialect that a farm answers in.
pub(crate) fn dialect(generation: Generation) -> Dialect {
    match generation {
        Generation::XenApp6 | Generation::XenDesktop5 => Dialect::new(5, 4),
        Generation::Cvad7 => Dialect::new(5, 9),
    }
}

/// Whether a request of this dialect is served: from the first to the newest that is known.
pub(crate) fn serves(dialect: Dialect) -> bool {
    (Dialect::new(1, 0)..=Dialect::new(5, 9)).contains(&dialect)
}

/// `HostId/@type`. None is known for generation 7: the word for it is ours.
pub(crate) fn host_id_kind(generation: Generation) -> &'static str {
    match generation {
        Generation::XenApp6 | Generation::XenDesktop5 => "ima-host-id",
        Generation::Cvad7 => "fma-host-id",
    }
}
