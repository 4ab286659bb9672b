//! Launch data: the answer to a launch (store-services.md §4.3).

use std::borrow::Cow;

use roamd_xml::{Fault, FaultKind, Writer, parse};
use secrecy::{ExposeSecret, SecretString};

use crate::DecodeError;
use crate::document::{self, Node, Word};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/launch";
const ROOT: &str = "launch";

/// What became of a launch. The ICA file holds a ticket: it is a secret.
#[derive(Debug, Clone)]
pub enum LaunchData {
    /// The client can connect.
    Success {
        /// The ICA file.
        ica: SecretString,
        /// The logon ticket inside it, so that a client can have it cancelled (ST-43).
        logon_ticket: Option<SecretString>,
    },
    /// Not ready yet: ask again.
    Retry {
        /// Absolute URL with the retry key.
        url: String,
        /// Seconds to wait.
        after: Option<u32>,
        /// Why.
        reason: RetryReason,
        /// What would help.
        remedy: Option<RemedyHint>,
    },
    /// It failed.
    Failure {
        /// What failed, for programs (ST-48).
        id: LaunchErrorId,
        /// What failed, for people.
        text: String,
        /// What would help.
        remedy: Option<RemedyHint>,
    },
}

/// Why a launch has to wait. The list is open; unknown words mean [`UNKNOWN`](Self::UNKNOWN).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryReason(pub Cow<'static, str>);

impl RetryReason {
    /// The machine restarts.
    pub const REBOOTING: Self = Self(Cow::Borrowed("rebooting"));
    /// The machine wakes up.
    pub const RESUMING: Self = Self(Cow::Borrowed("resuming"));
    /// Not known.
    pub const UNKNOWN: Self = Self(Cow::Borrowed("unknown"));
}

/// What would help a launch that waits or failed (ST-51). The list is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemedyHint(pub Cow<'static, str>);

impl RemedyHint {
    /// The user restarts the desktop.
    pub const RESTART_DESKTOP: Self = Self(Cow::Borrowed("restart-desktop"));
}

/// Identifier of a launch failure (ST-48). The list is open for readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchErrorId(pub Cow<'static, str>);

impl LaunchErrorId {
    /// Gone, switched off, or no longer visible to the user.
    pub const APP_REMOVED: Self = Self(Cow::Borrowed("AppRemoved"));
    /// Session limit of the user reached.
    pub const NO_MORE_ACTIVE_SESSIONS: Self = Self(Cow::Borrowed("NoMoreActiveSessions"));
    /// The server lacks the licence.
    pub const NOT_LICENSED: Self = Self(Cow::Borrowed("NotLicensed"));
    /// No desktop free.
    pub const UNAVAILABLE_DESKTOP: Self = Self(Cow::Borrowed("UnavailableDesktop"));
    /// The machine refused.
    pub const COULD_NOT_CONNECT_TO_WORKSTATION: Self =
        Self(Cow::Borrowed("CouldNotConnectToWorkstation"));
    /// The machine is in maintenance.
    pub const WORKSTATION_IN_MAINTENANCE: Self = Self(Cow::Borrowed("WorkstationInMaintenance"));
    /// Anything else about the resource.
    pub const RESOURCE_ERROR: Self = Self(Cow::Borrowed("ResourceError"));
    /// Anything else.
    pub const GENERAL_APP_LAUNCH_ERROR: Self = Self(Cow::Borrowed("GeneralAppLaunchError"));
}

/// Attribute `status`.
#[derive(Clone, Copy)]
enum Status {
    Success,
    Retry,
    Failure,
}

impl LaunchData {
    /// Reads an answer. Texts that a store leaves out are empty, a reason is unknown.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        let result = root.required("result")?;
        match root.attribute_word("status")? {
            Status::Success => Ok(Self::success(&result)?),
            Status::Retry => Ok(Self::retry(&result.required("retry")?)?),
            Status::Failure => {
                let error = result.required("error")?;
                Ok(Self::Failure {
                    id: LaunchErrorId(error.required("id")?.filled()?.to_owned().into()),
                    text: error.optional_text("text")?.unwrap_or_default(),
                    remedy: remedy(&error)?,
                })
            }
        }
    }

    /// Writes an answer. `type` equals the name of the child (ST-40), and the ICA file is one
    /// escaped text (ST-41).
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let (status, kind) = match self {
            Self::Success { .. } => (Status::Success, "ica"),
            Self::Retry { .. } => (Status::Retry, "retry"),
            Self::Failure { .. } => (Status::Failure, "error"),
        };
        let mut writer = document::begin(ROOT, NAMESPACE, &[("status", status.text())]);
        writer.open("result", &[("type", kind)]);
        match self {
            Self::Success { ica, logon_ticket } => {
                writer.leaf(kind, &[], ica.expose_secret());
                if let Some(ticket) = logon_ticket {
                    writer.leaf("logonTicket", &[], ticket.expose_secret());
                }
            }
            Self::Retry {
                url,
                after,
                reason,
                remedy,
            } => {
                writer.open(kind, &[]);
                writer.leaf("url", &[], url);
                if let Some(after) = after {
                    writer.leaf("after", &[], &after.to_string());
                }
                writer.leaf("reason", &[], &reason.0);
                write_remedy(&mut writer, remedy.as_ref());
            }
            Self::Failure { id, text, remedy } => {
                writer.open(kind, &[]);
                writer.leaf("id", &[], &id.0);
                writer.leaf("text", &[], text);
                write_remedy(&mut writer, remedy.as_ref());
            }
        }
        writer.finish()
    }

    fn success(result: &Node<'_>) -> Result<Self, Fault> {
        let ica = result.required("ica")?;
        if ica.text().is_empty() {
            return Err(ica.fault(FaultKind::Empty));
        }
        let ticket = result
            .optional_text("logonTicket")?
            .filter(|ticket| !ticket.is_empty());
        Ok(Self::Success {
            ica: ica.raw().into(),
            logon_ticket: ticket.map(SecretString::from),
        })
    }

    fn retry(retry: &Node<'_>) -> Result<Self, Fault> {
        let after = match retry.optional("after")? {
            Some(after) => Some(
                after
                    .text()
                    .parse()
                    .map_err(|_| after.unexpected("a whole number of seconds"))?,
            ),
            None => None,
        };
        let reason = retry
            .optional_text("reason")?
            .filter(|reason| !reason.is_empty());
        Ok(Self::Retry {
            url: retry.required("url")?.filled()?.to_owned(),
            after,
            reason: reason.map_or(RetryReason::UNKNOWN, |reason| RetryReason(reason.into())),
            remedy: remedy(retry)?,
        })
    }
}

/// Its place is not published: the last child of what it belongs to (ST-51).
fn remedy(parent: &Node<'_>) -> Result<Option<RemedyHint>, Fault> {
    let hint = parent.optional_text("remedyHint")?;
    Ok(hint
        .filter(|hint| !hint.is_empty())
        .map(|hint| RemedyHint(hint.into())))
}

fn write_remedy(writer: &mut Writer, remedy: Option<&RemedyHint>) {
    if let Some(RemedyHint(hint)) = remedy {
        writer.leaf("remedyHint", &[], hint);
    }
}

impl Word for Status {
    const ALL: &'static [Self] = &[Self::Success, Self::Retry, Self::Failure];
    const EXPECTED: &'static str = "success, retry or failure";

    fn text(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Retry => "retry",
            Self::Failure => "failure",
        }
    }
}
