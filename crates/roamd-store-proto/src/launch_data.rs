//! Launch data: the response to a launch (store-services.md §4.3).

use std::borrow::Cow;

use roamd_xml::{Fault, FaultKind, Writer, parse};
use secrecy::{ExposeSecret, SecretString};

use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::{EnumValue, StoreElement};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/launch";
const ROOT: &str = "launch";

/// Outcome of a launch. The ICA file contains a ticket, so it is a secret.
#[derive(Debug, Clone)]
pub enum LaunchData {
    /// The client can connect.
    Success {
        /// The ICA file.
        ica: SecretString,
        /// The logon ticket in the ICA file, with which a client can invalidate it (ST-43).
        logon_ticket: Option<SecretString>,
    },
    /// The host is not ready yet, and the client has to retry.
    Retry {
        /// Absolute URL with the retry key.
        url: String,
        /// Delay before the retry, in seconds.
        after: Option<u32>,
        /// Reason of the delay.
        reason: RetryReason,
        /// Suggested remedy.
        remedy: Option<RemedyHint>,
    },
    /// The launch failed.
    Failure {
        /// Identifier of the failure, for programs (ST-48).
        id: LaunchErrorId,
        /// Description of the failure, for users.
        text: String,
        /// Suggested remedy.
        remedy: Option<RemedyHint>,
    },
}

/// Reason of a retry. Stores may send other values, which mean [`UNKNOWN`](Self::UNKNOWN).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryReason(pub Cow<'static, str>);

impl RetryReason {
    /// The machine restarts.
    pub const REBOOTING: Self = Self(Cow::Borrowed("rebooting"));
    /// The machine wakes up.
    pub const RESUMING: Self = Self(Cow::Borrowed("resuming"));
    /// The reason is not known.
    pub const UNKNOWN: Self = Self(Cow::Borrowed("unknown"));
}

/// Suggested remedy of a delayed or failed launch (ST-51). Stores may send other values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemedyHint(pub Cow<'static, str>);

impl RemedyHint {
    /// The user restarts the desktop.
    pub const RESTART_DESKTOP: Self = Self(Cow::Borrowed("restart-desktop"));
}

/// Identifier of a launch failure (ST-48). Stores may send other values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchErrorId(pub Cow<'static, str>);

impl LaunchErrorId {
    /// The application is gone, disabled, or no longer visible to the user.
    pub const APP_REMOVED: Self = Self(Cow::Borrowed("AppRemoved"));
    /// The user has reached the limit of sessions.
    pub const NO_MORE_ACTIVE_SESSIONS: Self = Self(Cow::Borrowed("NoMoreActiveSessions"));
    /// The server has no licence.
    pub const NOT_LICENSED: Self = Self(Cow::Borrowed("NotLicensed"));
    /// No desktop is available.
    pub const UNAVAILABLE_DESKTOP: Self = Self(Cow::Borrowed("UnavailableDesktop"));
    /// The machine refused the connection.
    pub const COULD_NOT_CONNECT_TO_WORKSTATION: Self =
        Self(Cow::Borrowed("CouldNotConnectToWorkstation"));
    /// The machine is in maintenance.
    pub const WORKSTATION_IN_MAINTENANCE: Self = Self(Cow::Borrowed("WorkstationInMaintenance"));
    /// Another error of the resource.
    pub const RESOURCE_ERROR: Self = Self(Cow::Borrowed("ResourceError"));
    /// Any other error.
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
    /// Decodes a response. A missing text is empty, and a missing reason is unknown.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let result = root.required("result")?;
        match root.attribute_enum("status")? {
            Status::Success => Ok(Self::success(&result)?),
            Status::Retry => Ok(Self::retry(&result.required("retry")?)?),
            Status::Failure => {
                let error = result.required("error")?;
                Ok(Self::Failure {
                    id: LaunchErrorId(error.required("id")?.required_text()?.to_owned().into()),
                    text: error.optional_text("text")?.unwrap_or_default(),
                    remedy: remedy(&error)?,
                })
            }
        }
    }

    /// Encodes a response. `type` equals the name of the child (ST-40), and the ICA file is an
    /// escaped text (ST-41).
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let (status, kind) = match self {
            Self::Success { .. } => (Status::Success, "ica"),
            Self::Retry { .. } => (Status::Retry, "retry"),
            Self::Failure { .. } => (Status::Failure, "error"),
        };
        let mut writer = document::begin_secret(ROOT, NAMESPACE, &[("status", status.text())]);
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

    fn success(result: &StoreElement<'_>) -> Result<Self, Fault> {
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

    fn retry(retry: &StoreElement<'_>) -> Result<Self, Fault> {
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
            url: retry.required("url")?.required_text()?.to_owned(),
            after,
            reason: reason.map_or(RetryReason::UNKNOWN, |reason| RetryReason(reason.into())),
            remedy: remedy(retry)?,
        })
    }
}

/// Reads `remedyHint`. Its position is not published; roamd writes it as the last child (ST-51).
fn remedy(parent: &StoreElement<'_>) -> Result<Option<RemedyHint>, Fault> {
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

impl EnumValue for Status {
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
