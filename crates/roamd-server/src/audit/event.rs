//! Audit events and their form in JSON. `docs/audit.schema.json` describes the lines. Names and
//! values may be added here; those that exist keep their meaning.

use std::net::IpAddr;

use jiff::Timestamp;
use roamd_citrixauth::{ChangeRefusal, CredentialRefusal};
use roamd_sessions::{
    Busy, EndAction, EndOutcome, EndPoint, ErrorCodes, FarmError, FarmId, FarmResult,
    LaunchOutcome, SessionList, Target, User,
};
use roamd_store_proto::auth::Reason;
use roamd_store_proto::{EnumerationStatus, SessionStatus};
use serde::{Serialize, Serializer};

use super::allowances::LineKind;
use super::losses::Loss;
use super::operator::Operator;
use super::sign_in_id::SignInId;
use super::text::Text;
use crate::config::UrlPath;
use crate::farms::outcome as farm_outcome;
use crate::http::request_id::RequestId;

/// A line of the log.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// Time of the event.
    #[serde(serialize_with = "microseconds")]
    pub(super) time: Timestamp,
    /// `x-request-id` of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<RequestId>,
    /// Address of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<IpAddr>,
    #[serde(flatten)]
    pub(super) event: Event,
}

/// Something that a user or client did, or was refused.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// A password was accepted and a token issued.
    SignIn {
        /// Account, as the farm returned it.
        user: Text,
        sign_in: SignInId,
        /// Expiry of the token. A refresh makes it later.
        #[serde(serialize_with = "microseconds")]
        until: Timestamp,
        /// Session of a web site that the sign-in belongs to, which ends if it is idle.
        #[serde(skip_serializing_if = "Option::is_none")]
        web_session: Option<String>,
    },
    /// A sign-in was refused.
    SignInRefused {
        /// Account, as typed; `None` if the form had no user name.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<Text>,
        reason: &'static str,
        /// Codes of the farm, if one refused.
        #[serde(flatten)]
        codes: Option<Codes>,
    },
    /// A password was changed with a sign-in.
    PasswordChanged {
        /// Account, as typed.
        user: Text,
    },
    /// A password change was refused.
    PasswordChangeRefused {
        /// Account, as typed.
        user: Text,
        reason: &'static str,
    },
    /// A token was refused. A missing token is not recorded: every client begins without one.
    TokenRefused {
        /// Holder of the token, if it could be opened.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<Text>,
        /// Realm that the token was presented to.
        realm: Text,
        reason: &'static str,
    },
    /// A token of a sign-in was used from an address for the first time. The address of the
    /// sign-in itself is in its own line.
    TokenUsed {
        /// Holder of the token.
        user: Text,
        /// The sign-in that the token originates from.
        sign_in: SignInId,
        /// What the token was used for: the route, as in the metrics, or the message to the token
        /// service.
        operation: &'static str,
    },
    /// A token was revoked, with all tokens derived from it.
    TokenDestroyed {
        /// Holder of the token.
        user: Text,
        /// The sign-in that ended with the token; `None` if it continues.
        #[serde(skip_serializing_if = "Option::is_none")]
        sign_in: Option<SignInId>,
    },
    /// All sign-ins of a user up to a time were ended, with their tokens.
    TokensRevoked {
        user: Text,
        reason: RevocationReason,
        /// End of the block of new sign-ins.
        #[serde(
            serialize_with = "optional_microseconds",
            skip_serializing_if = "Option::is_none"
        )]
        blocked_until: Option<Timestamp>,
        /// `None` if no operator has ended them.
        #[serde(flatten)]
        operator: Option<Operator>,
        /// Reason that the operator gave.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// An operator has changed something by a command that needs no running server.
    OperatorCommand {
        command: &'static str,
        /// Account that it is about, as the operator typed it or as the farm names it.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<Text>,
        #[serde(skip_serializing_if = "Option::is_none")]
        farm: Option<Text>,
        /// What was changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        object: Option<Text>,
        #[serde(flatten)]
        operator: Operator,
        /// Reason that the operator gave.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// An operator has forgiven the failed sign-ins of a user.
    ThrottleReset {
        /// Account, as the operator typed it.
        user: Text,
        #[serde(flatten)]
        operator: Operator,
        /// Reason that the operator gave.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// A list disconnected active sessions (SS-29).
    List(OnFarms),
    /// The sessions of a client were disconnected.
    Disconnect(OnFarms),
    /// The sessions of a client were logged off.
    LogOff(OnFarms),
    /// A session was reconnected or a resource launched, or an attempt at it.
    Launch {
        #[serde(flatten)]
        actor: Actor,
        #[serde(flatten)]
        launchable: Launchable,
        /// The request came with a retry key.
        #[serde(rename = "retry", skip_serializing_if = "std::ops::Not::not")]
        is_retry: bool,
        /// `None` if the id names nothing of this user.
        #[serde(flatten)]
        target: Option<LaunchedTarget>,
        #[serde(flatten)]
        result: LaunchRecord,
    },
    /// A farm issued a ticket that the client had invalidated before; it was not handed out.
    TicketWithheld {
        #[serde(flatten)]
        actor: Actor,
        farm: Text,
    },
    /// The configuration was read again, and is in use.
    ConfigReloaded {
        /// `None` after a signal, whose sender is not known.
        #[serde(flatten)]
        operator: Option<Operator>,
    },
    /// The configuration was read again, and refused: the one before stays in use.
    ConfigReloadRefused {
        reason: ReloadRefusal,
        /// `None` after a signal, whose sender is not known.
        #[serde(flatten)]
        operator: Option<Operator>,
    },
    /// Lines are missing before this one, or near it.
    Missing {
        lines: u64,
        reason: Loss,
        /// The user who caused them; for [`Loss::User`] only.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<Text>,
    },
}

/// Why all sign-ins of a user were ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RevocationReason {
    /// An operator ended them.
    Operator,
    /// The user ended more tokens in a day than are remembered one by one.
    Limit,
}

/// Why a configuration was not reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReloadRefusal {
    /// The file cannot be read.
    Unreadable,
    /// The file has errors, or names something that cannot be used.
    Invalid,
    /// It changes what a running server cannot change.
    NeedsRestart,
    /// The server is stopping.
    Stopping,
    /// The server failed.
    Failed,
}

/// The user who acts, the store, and the client device.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Actor {
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
    actor: Actor,
    outcome: EventOutcome,
    /// The farms that were queried, in configured order.
    farms: Vec<OnFarm>,
}

#[derive(Debug, Serialize)]
struct OnFarm {
    farm: Text,
    /// As in the metrics.
    outcome: &'static str,
    #[serde(flatten)]
    codes: Option<Codes>,
}

/// Error codes of a farm that refused.
#[derive(Debug, Serialize)]
pub(crate) struct Codes {
    error_id: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    native_code: Option<Text>,
}

/// A launch before its result is known.
#[derive(Debug)]
pub(crate) struct LaunchRequest {
    pub(crate) actor: Actor,
    pub(crate) launchable: Launchable,
    /// The request came with a retry key.
    pub(crate) is_retry: bool,
    /// The farms that are queried, in order, with the target on each. Empty if the id names nothing
    /// of this user.
    pub(crate) targets: Vec<(FarmId, Target)>,
}

/// Target of a launch, by the id that clients see.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Launchable {
    Session(Text),
    Resource(Text),
}

/// Target of a launch, by the names of its farm.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LaunchedTarget {
    farm: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Text>,
    /// Number of the session on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    host_session: Option<Text>,
    application: Text,
}

/// Result of a launch.
#[derive(Debug, Serialize)]
pub(crate) struct LaunchRecord {
    outcome: EventOutcome,
    /// Error that was sent to the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Text>,
    #[serde(flatten)]
    codes: Option<Codes>,
}

/// Result of an event, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum EventOutcome {
    /// Done completely.
    Success,
    /// Done in part.
    Partial,
    /// Not done.
    Failure,
    /// Not done yet; the client gets a retry URL.
    Retry,
    /// The id or the retry key names nothing, or nothing that still exists.
    NotFound,
    /// All farms are at their concurrency limit; nothing was sent.
    Busy,
}

/// The party whose allowance of lines an event uses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Party<'e> {
    /// All clients without a valid token or password together.
    Unauthenticated,
    /// A user, with the kind of the line.
    User(&'e Text, LineKind),
    /// An operator, whose lines have no limit: no user may displace them.
    Operator,
}

impl Event {
    /// The party that caused it.
    pub(super) fn party(&self) -> Party<'_> {
        match self {
            Self::SignInRefused { .. }
            | Self::PasswordChangeRefused { .. }
            | Self::TokenRefused { user: None, .. }
            | Self::Missing { .. } => Party::Unauthenticated,
            Self::TokenRefused {
                user: Some(user), ..
            } => Party::User(user, LineKind::RefusedToken),
            Self::TokenUsed { user, .. } => Party::User(user, LineKind::NewAddress),
            Self::SignIn { user, .. }
            | Self::PasswordChanged { user }
            | Self::TokenDestroyed { user, .. } => Party::User(user, LineKind::Change),
            Self::List(change) | Self::Disconnect(change) | Self::LogOff(change) => {
                Party::User(&change.actor.user, change.outcome.line_kind())
            }
            Self::Launch { actor, result, .. } => {
                let kind = match result.outcome {
                    EventOutcome::Failure => LineKind::WithoutEffect,
                    outcome => outcome.line_kind(),
                };
                Party::User(&actor.user, kind)
            }
            Self::TicketWithheld { actor, .. } => Party::User(&actor.user, LineKind::Change),
            Self::ThrottleReset { .. }
            | Self::OperatorCommand { .. }
            | Self::ConfigReloaded { .. }
            | Self::ConfigReloadRefused { .. } => Party::Operator,
            Self::TokensRevoked { user, reason, .. } => match reason {
                RevocationReason::Operator => Party::Operator,
                RevocationReason::Limit => Party::User(user, LineKind::Change),
            },
        }
    }

    pub(crate) fn sign_in_refused(
        user: Option<Text>,
        refusal: CredentialRefusal,
        codes: Option<&ErrorCodes>,
    ) -> Self {
        let reason = match refusal {
            CredentialRefusal::BadCredentials => "bad-credentials",
            CredentialRefusal::Disabled => "disabled",
            CredentialRefusal::LockedOut => "locked-out",
            CredentialRefusal::MustChange => "must-change",
            CredentialRefusal::Expired => "expired",
            CredentialRefusal::Unavailable => "unavailable",
        };
        let codes = codes.map(Codes::from);
        Self::SignInRefused {
            user,
            reason,
            codes,
        }
    }

    /// A sign-in that was throttled: its password was not checked.
    pub(crate) fn sign_in_throttled(user: Text) -> Self {
        Self::SignInRefused {
            user: Some(user),
            reason: "throttled",
            codes: None,
        }
    }

    /// A sign-in with the right password that an operator has blocked.
    pub(crate) fn sign_in_blocked(user: Text) -> Self {
        Self::SignInRefused {
            user: Some(user),
            reason: "blocked",
            codes: None,
        }
    }

    /// All sign-ins of a user ended because the user ended more tokens than are remembered.
    pub(crate) fn tokens_revoked_at_limit(user: Text) -> Self {
        Self::TokensRevoked {
            user,
            reason: RevocationReason::Limit,
            blocked_until: None,
            operator: None,
            note: None,
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

    /// A refused token, with its user if it could be opened.
    pub(crate) fn token_refused(user: Option<Text>, realm: &str, reason: Reason) -> Self {
        Self::TokenRefused {
            user,
            realm: Text::new(realm),
            reason: reason.as_str(),
        }
    }

    pub(crate) fn listed(actor: Actor, listed: &Result<SessionList, Busy>) -> Self {
        Self::List(match listed {
            Ok(list) => OnFarms::new(actor, list.enumeration.into(), &list.disconnected_on),
            Err(Busy) => OnFarms::new(actor, EventOutcome::Busy, &[]),
        })
    }

    pub(crate) fn ended(actor: Actor, action: EndAction, ended: &Result<EndOutcome, Busy>) -> Self {
        let on_farms = match ended {
            Ok(ended) => OnFarms::new(actor, ended.status.into(), &ended.farms),
            Err(Busy) => OnFarms::new(actor, EventOutcome::Busy, &[]),
        };
        match action {
            EndAction::Disconnect => Self::Disconnect(on_farms),
            EndAction::LogOff => Self::LogOff(on_farms),
        }
    }

    /// A finished launch, or one to be retried, with the target on the farm that decided the
    /// result.
    pub(crate) fn launch(request: LaunchRequest, launched: &Result<LaunchOutcome, Busy>) -> Self {
        let LaunchRequest {
            actor,
            launchable,
            is_retry,
            mut targets,
        } = request;
        let farm = match launched {
            Ok(LaunchOutcome::Ready { farm, .. } | LaunchOutcome::NotReady { farm, .. }) => {
                Some(farm)
            }
            Ok(LaunchOutcome::Failed(_) | LaunchOutcome::NotFound(_)) | Err(Busy) => None,
        };
        let at = targets.iter().position(|(id, _)| Some(id) == farm);
        let target = (!targets.is_empty()).then(|| targets.swap_remove(at.unwrap_or_default()));
        Self::Launch {
            actor,
            launchable,
            is_retry,
            target: target.map(LaunchedTarget::from),
            result: launched.into(),
        }
    }

    pub(crate) fn ticket_withheld(actor: Actor, farm: &FarmId) -> Self {
        let farm = Text::new(farm.as_str());
        Self::TicketWithheld { actor, farm }
    }
}

impl Actor {
    pub(crate) fn new(user: &User, store: &UrlPath, end_point: &EndPoint) -> Self {
        Self {
            user: account(user.domain(), user.name()),
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
    fn new(actor: Actor, outcome: EventOutcome, farms: &[FarmResult]) -> Self {
        let farms = farms.iter().map(|FarmResult { farm, result }| {
            let error = result.as_ref().err();
            OnFarm {
                farm: Text::new(farm.as_str()),
                outcome: farm_outcome(error),
                codes: error.and_then(FarmError::codes).map(Codes::from),
            }
        });
        Self {
            actor,
            outcome,
            farms: farms.collect(),
        }
    }
}

impl From<&ErrorCodes> for Codes {
    fn from(codes: &ErrorCodes) -> Self {
        Self {
            error_id: Text::new(&codes.id),
            native_code: codes.native.as_deref().map(Text::new),
        }
    }
}

impl From<(FarmId, Target)> for LaunchedTarget {
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
            codes: None,
        };
        match launched {
            Ok(LaunchOutcome::Ready { .. }) => plain(EventOutcome::Success),
            Ok(LaunchOutcome::NotReady { .. }) => plain(EventOutcome::Retry),
            Ok(LaunchOutcome::Failed(failure)) => Self {
                outcome: EventOutcome::Failure,
                error: Some(Text::new(&failure.id().0)),
                codes: failure.cause.codes().map(Codes::from),
            },
            Ok(LaunchOutcome::NotFound(reason)) => Self {
                outcome: EventOutcome::NotFound,
                error: Some(Text::new(reason.as_str())),
                codes: None,
            },
            Err(Busy) => plain(EventOutcome::Busy),
        }
    }
}

impl EventOutcome {
    /// The kind of a line about a change with this outcome. A change that failed may have happened
    /// at a farm all the same.
    const fn line_kind(self) -> LineKind {
        match self {
            Self::Success | Self::Partial | Self::Failure | Self::Retry => LineKind::Change,
            Self::NotFound | Self::Busy => LineKind::WithoutEffect,
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

/// RFC 3339 in UTC with a fixed number of digits, so that lines sort as text.
fn microseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.6}"))
}

fn optional_microseconds<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => microseconds(time, serializer),
        None => serializer.serialize_none(),
    }
}
