//! What is told. `docs/audit.schema.json` describes the lines; names and words may be added here, but
//! what is there keeps its meaning.

use std::net::IpAddr;

use jiff::Timestamp;
use roamd_citrixauth::{ChangeRefusal, CredentialRefusal};
use roamd_sessions::{
    Busy, EndAction, EndOutcome, EndPoint, FarmId, FarmResult, LaunchOutcome, SessionList, Target,
    User,
};
use roamd_store_proto::auth::Reason;
use roamd_store_proto::{EnumerationStatus, SessionStatus};
use serde::{Serialize, Serializer};

use super::losses::Loss;
use super::text::Text;
use crate::config::UrlPath;
use crate::http::request::RequestId;
use crate::metrics;

/// A line of the log.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// When it was noted.
    #[serde(serialize_with = "microseconds")]
    pub(super) time: Timestamp,
    /// `x-request-id` of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<RequestId>,
    /// Where the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<IpAddr>,
    #[serde(flatten)]
    pub(super) event: Event,
}

/// Something that somebody did, or was refused.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// A password was good, and a token went out.
    SignIn {
        /// The account, as the farm names it.
        user: Text,
    },
    /// A sign-in was refused.
    SignInRefused {
        /// The account, as it was typed; none where the form was not filled in properly.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<Text>,
        reason: &'static str,
    },
    /// A password was changed with a sign-in.
    PasswordChanged {
        /// The account, as it was typed.
        user: Text,
    },
    /// A farm did not change a password.
    PasswordChangeRefused {
        /// The account, as it was typed.
        user: Text,
        reason: &'static str,
    },
    /// A token was not taken. That none came is not told: every client begins so.
    TokenRefused {
        /// Whose it is, where it could be opened.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<Text>,
        /// What it was shown to.
        realm: Text,
        reason: &'static str,
    },
    /// A token was destroyed, and all that come from it.
    TokenDestroyed {
        /// Its holder.
        user: Text,
    },
    /// A list took active sessions away from their clients (SS-29).
    List(OnFarms),
    /// The sessions of a client were disconnected.
    Disconnect(OnFarms),
    /// The sessions of a client were logged off.
    LogOff(OnFarms),
    /// Somebody connected to a session or started a resource, or tried to.
    Launch {
        #[serde(flatten)]
        who: Who,
        #[serde(flatten)]
        what: What,
        /// It came with a retry key.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        retry: bool,
        /// Nothing where the id names nothing of this user's.
        #[serde(flatten)]
        place: Option<Place>,
        #[serde(flatten)]
        came_of_it: LaunchRecord,
    },
    /// A launch gave a ticket that its client had invalidated, and it was not handed out.
    TicketWithheld {
        #[serde(flatten)]
        who: Who,
        farm: Text,
    },
    /// Lines are missing before this one, or about here.
    Missing { lines: u64, reason: Loss },
}

/// Who acts, from where.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Who {
    user: Text,
    /// Path of the store.
    store: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Text>,
}

/// A change on all farms of a store.
#[derive(Debug, Serialize)]
pub(crate) struct OnFarms {
    #[serde(flatten)]
    who: Who,
    outcome: EventOutcome,
    /// Those that had to do with it, in configured order.
    farms: Vec<OnFarm>,
}

#[derive(Debug, Serialize)]
struct OnFarm {
    farm: Text,
    /// As in the metrics.
    outcome: &'static str,
}

/// A launch that nothing has come of yet.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) who: Who,
    pub(crate) what: What,
    /// It came with a retry key.
    pub(crate) retry: bool,
    /// The farms that are asked, in order, and what that is there. None where the id names nothing of
    /// this user's.
    pub(crate) places: Vec<(FarmId, Target)>,
}

/// What is launched, by its id as clients see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    Session(Text),
    Resource(Text),
}

/// Where that stands, in the words of its farm.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Place {
    farm: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Text>,
    /// Number of the session on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    host_session: Option<Text>,
    application: Text,
}

/// What came of a launch.
#[derive(Debug, Serialize)]
pub(crate) struct LaunchRecord {
    outcome: EventOutcome,
    /// What the client was told as the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Text>,
}

/// What came of it, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum EventOutcome {
    /// All of it.
    Success,
    /// Some of it.
    Partial,
    /// Nothing.
    Failure,
    /// Not yet; the client was told when to try again.
    Retry,
    /// The id or the key names nothing, or nothing any more.
    NotFound,
    /// No farm had a turn, and nothing was sent to any.
    Busy,
}

impl Event {
    /// Whether somebody without a good token or password can cause it, or with one that is not good any
    /// more.
    pub(super) const fn is_of_a_stranger(&self) -> bool {
        matches!(
            self,
            Self::SignInRefused { .. }
                | Self::PasswordChangeRefused { .. }
                | Self::TokenRefused { .. }
        )
    }

    pub(crate) fn sign_in_refused(user: Option<Text>, refusal: CredentialRefusal) -> Self {
        let reason = match refusal {
            CredentialRefusal::BadCredentials => "bad-credentials",
            CredentialRefusal::Disabled => "disabled",
            CredentialRefusal::LockedOut => "locked-out",
            CredentialRefusal::MustChange => "must-change",
            CredentialRefusal::Expired => "expired",
            CredentialRefusal::Unavailable => "unavailable",
        };
        Self::SignInRefused { user, reason }
    }

    /// Nobody looked at the password, since too many were tried before.
    pub(crate) fn sign_in_held_up(user: Text) -> Self {
        Self::SignInRefused {
            user: Some(user),
            reason: "held-up",
        }
    }

    pub(crate) fn password_change(user: Text, refusal: Option<&ChangeRefusal>) -> Self {
        let reason = match refusal {
            None => return Self::PasswordChanged { user },
            Some(ChangeRefusal::OldPassword) => "bad-credentials",
            Some(
                ChangeRefusal::NoPassword
                | ChangeRefusal::NotConfirmed
                | ChangeRefusal::TooShort
                | ChangeRefusal::UsedBefore,
            ) => "bad-new-password",
            Some(ChangeRefusal::Unavailable) => "unavailable",
            Some(ChangeRefusal::Unsure) => "unsure",
        };
        Self::PasswordChangeRefused { user, reason }
    }

    pub(crate) fn token_refused(user: Option<&User>, realm: &str, reason: Reason) -> Self {
        Self::TokenRefused {
            user: user.map(|user| account(&user.domain, &user.name)),
            realm: Text::new(realm),
            reason: reason.as_str(),
        }
    }

    pub(crate) fn listed(who: Who, listed: &Result<SessionList, Busy>) -> Self {
        Self::List(match listed {
            Ok(list) => OnFarms::new(who, list.enumeration.into(), &list.disconnected_on),
            Err(Busy) => OnFarms::new(who, EventOutcome::Busy, &[]),
        })
    }

    pub(crate) fn ended(who: Who, how: EndAction, ended: &Result<EndOutcome, Busy>) -> Self {
        let on_farms = match ended {
            Ok(ended) => OnFarms::new(who, ended.status.into(), &ended.farms),
            Err(Busy) => OnFarms::new(who, EventOutcome::Busy, &[]),
        };
        match how {
            EndAction::Disconnect => Self::Disconnect(on_farms),
            EndAction::LogOff => Self::LogOff(on_farms),
        }
    }

    /// A launch that came to its end, or to a retry: at the farm that made it so, where one did.
    pub(crate) fn launch(launch: Launch, launched: &Result<LaunchOutcome, Busy>) -> Self {
        let Launch {
            who,
            what,
            retry,
            mut places,
        } = launch;
        let farm = match launched {
            Ok(LaunchOutcome::Ready { farm, .. } | LaunchOutcome::NotReady { farm, .. }) => {
                Some(farm)
            }
            Ok(LaunchOutcome::Failed(_) | LaunchOutcome::NotFound(_)) | Err(Busy) => None,
        };
        let at = places.iter().position(|(place, _)| Some(place) == farm);
        let place = (!places.is_empty()).then(|| places.swap_remove(at.unwrap_or_default()));
        Self::Launch {
            who,
            what,
            retry,
            place: place.map(Place::from),
            came_of_it: launched.into(),
        }
    }

    pub(crate) fn ticket_withheld(who: Who, farm: &FarmId) -> Self {
        let farm = Text::new(farm.as_str());
        Self::TicketWithheld { who, farm }
    }
}

impl Who {
    pub(crate) fn new(user: &User, store: &UrlPath, end_point: &EndPoint) -> Self {
        Self {
            user: account(&user.domain, &user.name),
            store: Text::new(store.as_str()),
            client: end_point.client_name.as_deref().map(Text::new),
            device: end_point.device_id.as_deref().map(Text::new),
        }
    }
}

/// An account as `DOMAIN\name`.
pub(crate) fn account(domain: &str, name: &str) -> Text {
    Text::new(&format!("{domain}\\{name}"))
}

impl OnFarms {
    fn new(who: Who, outcome: EventOutcome, farms: &[FarmResult]) -> Self {
        let farms = farms.iter().map(|FarmResult { farm, result }| OnFarm {
            farm: Text::new(farm.as_str()),
            outcome: metrics::outcome(result.as_ref().err()),
        });
        Self {
            who,
            outcome,
            farms: farms.collect(),
        }
    }
}

impl From<(FarmId, Target)> for Place {
    fn from((farm, target): (FarmId, Target)) -> Self {
        let (host, host_session) = match &target {
            Target::Session(key) => (Some(&key.host_id), Some(&key.session_id)),
            Target::Application(_) => (None, None),
        };
        let text = |text: &String| Text::new(text);
        Self {
            farm: Text::new(farm.as_str()),
            host: host.map(text),
            host_session: host_session.map(text),
            application: Text::new(target.in_name()),
        }
    }
}

impl From<&Result<LaunchOutcome, Busy>> for LaunchRecord {
    fn from(launched: &Result<LaunchOutcome, Busy>) -> Self {
        let plain = |outcome| Self {
            outcome,
            error: None,
        };
        match launched {
            Ok(LaunchOutcome::Ready { .. }) => plain(EventOutcome::Success),
            Ok(LaunchOutcome::NotReady { .. }) => plain(EventOutcome::Retry),
            Ok(LaunchOutcome::Failed(failure)) => Self {
                outcome: EventOutcome::Failure,
                error: Some(Text::new(&failure.id().0)),
            },
            Ok(LaunchOutcome::NotFound(reason)) => Self {
                outcome: EventOutcome::NotFound,
                error: Some(Text::new(reason.as_str())),
            },
            Err(Busy) => plain(EventOutcome::Busy),
        }
    }
}

impl From<SessionStatus> for EventOutcome {
    fn from(status: SessionStatus) -> Self {
        match status {
            SessionStatus::Success => Self::Success,
            SessionStatus::Partial => Self::Partial,
            SessionStatus::Failure => Self::Failure,
        }
    }
}

impl From<EnumerationStatus> for EventOutcome {
    fn from(enumeration: EnumerationStatus) -> Self {
        match enumeration {
            EnumerationStatus::Full => Self::Success,
            EnumerationStatus::Partial => Self::Partial,
            EnumerationStatus::Failed => Self::Failure,
        }
    }
}

/// RFC 3339 in UTC, with as many digits each time, so that lines sort as text.
fn microseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.6}"))
}
