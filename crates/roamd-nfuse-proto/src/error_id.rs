//! Errors in the responses of a farm (nfuse.md §7).

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use roamd_xml::{Element, Writer};

use crate::nfuse_element::NfuseElement;

/// Longest accepted `ErrorId` or code; no known one is longer. Longer texts, and those with other
/// characters than visible ASCII, are ignored because these texts appear in logs.
const LONGEST_IDENTIFIER: usize = 64;

/// An `ErrorId`. Farms may send values that have no constant here. The comparison ignores case.
#[derive(Debug, Clone, Eq)]
pub struct ErrorId(pub Cow<'static, str>);

/// Error of a farm: the `ErrorId` in a `Response…` element.
///
/// The text has both codes, because administrators search for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FarmError {
    /// The error.
    pub id: ErrorId,
    /// Error code of the farm's subsystem, if the farm sent one.
    pub native: Option<NativeError>,
}

/// Error code of the farm's subsystem, sent in addition to the `ErrorId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NativeError {
    /// `MPSError`, with the family in its attribute `type`.
    Mps {
        /// Family of the code; only `IMA` is known.
        family: String,
        /// Hexadecimal code as text.
        code: String,
    },
    /// `BrowserError`.
    Browser {
        /// Hexadecimal code as text.
        code: String,
    },
}

impl ErrorId {
    /// The credentials are wrong or unsuitable.
    pub const FAILED_CREDENTIALS: Self = Self::named("failed-credentials");
    /// The credentials are right, but the user must change the password first.
    pub const MUST_CHANGE_CREDENTIALS: Self = Self::named("must-change-credentials");
    /// The credentials are right, but have expired.
    pub const EXPIRED_CREDENTIALS: Self = Self::named("expired-credentials");
    /// The account is disabled.
    pub const ACCOUNT_DISABLED: Self = Self::named("account-disabled");
    /// The account is locked.
    pub const ACCOUNT_LOCKED_OUT: Self = Self::named("account-locked-out");
    /// The account may not log on at this time.
    pub const INVALID_LOGON_HOURS: Self = Self::named("invalid-logon-hours");
    /// The new password is too short. This identifier and the next one are roamd's own; see
    /// [`ChangePasswordRequest`](crate::ChangePasswordRequest).
    pub const NEW_PASSWORD_TOO_SHORT: Self = Self::named("new-password-too-short");
    /// The user had the new password before.
    pub const NEW_PASSWORD_USED_BEFORE: Self = Self::named("new-password-used-before");
    /// The farm does not trust the caller to act for users. Says nothing about the credentials.
    pub const NOT_TRUSTED: Self = Self::named("not-trusted");
    /// The farm has no licence for this.
    pub const NOT_LICENSED: Self = Self::named("not-licensed");
    /// No server is available.
    pub const NO_SERVER: Self = Self::named("no-server");
    /// All suitable servers are at full load.
    pub const MFSERVER_OVERLOADED: Self = Self::named("mfserver-overloaded");
    /// The name has no alternate address.
    pub const NO_ALT_ADDRESS: Self = Self::named("no-alt-address");
    /// No machine can serve the request, or the farm has no such name (7 and later).
    pub const NO_AVAILABLE_WORKSTATION: Self = Self::named("no-available-workstation");
    /// Not ready yet; the client has to retry (7 and later).
    pub const RETRY_REQUIRED: Self = Self::named("retry-required");
    /// The machine is in maintenance. Components beside farms use this identifier and the next two;
    /// that farms send them is inferred (nfuse.md §7).
    pub const IN_MAINTENANCE_MODE: Self = Self::named("in-maintenance-mode");
    /// The machine refuses connections.
    pub const CONNECTION_REFUSED: Self = Self::named("connection-refused");
    /// The user has reached the limit of sessions.
    pub const NO_MORE_ACTIVE_SESSIONS: Self = Self::named("NoMoreActiveSessions");
    /// This controller cannot process requests now; another one may be able to.
    pub const SERVICE_UNAVAILABLE: Self = Self::named("service-unavailable");
    /// The farm cannot serve the dialect of the request.
    pub const VERSION_MISMATCH: Self = Self::named("version-mismatch");
    /// Ticketing is not licensed (MetaFrame XP).
    pub const TICKETING_DISABLED: Self = Self::named("Ticketing-Disabled");
    /// Enumeration by group is not licensed (MetaFrame XP).
    pub const GROUP_ENUMERATION_DISABLED: Self = Self::named("GroupEnumeration-Disabled");
    /// Folders are not licensed (MetaFrame XP).
    pub const FOLDER_ENUMERATION_DISABLED: Self = Self::named("FolderEnumeration-Disabled");
    /// Any other error; also the time-out of farms of version 7 and later.
    pub const UNSPECIFIED: Self = Self::named("unspecified");

    const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl FarmError {
    /// Finds the first `ErrorId` anywhere in a response (nfuse.md §1.2).
    pub(crate) fn find(element: Element<'_>) -> Option<Self> {
        // Most responses have none, and a look at the names alone is fast.
        let is_error = |element: Element<'_>| element.name().eq_ignore_ascii_case("ErrorId");
        if !element.descendants().any(is_error) {
            return None;
        }
        std::iter::once(element)
            .chain(element.descendants())
            .find_map(|parent| Self::read(&NfuseElement::root(parent)))
    }

    /// Reads the error of an element that has an `ErrorId` among its children.
    fn read(parent: &NfuseElement<'_>) -> Option<Self> {
        let id = parent.first_child("ErrorId")?;
        let id = identifier(id.text()).map_or(ErrorId::UNSPECIFIED, |text| {
            ErrorId(Cow::Owned(text.to_owned()))
        });
        Some(Self {
            id,
            native: NativeError::read(parent),
        })
    }

    /// Writes the children of a response with an error.
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.leaf("ErrorId", &[], &self.id.0);
        match &self.native {
            Some(NativeError::Mps { family, code }) => {
                writer.leaf("MPSError", &[("type", family)], code);
            }
            Some(NativeError::Browser { code }) => writer.leaf("BrowserError", &[], code),
            None => {}
        }
    }
}

impl NativeError {
    fn read(parent: &NfuseElement<'_>) -> Option<Self> {
        if let Some(error) = parent.first_child("MPSError") {
            let family = error
                .attribute("type")
                .and_then(identifier)
                .unwrap_or_default()
                .to_owned();
            return identifier(error.text()).map(|code| Self::Mps {
                family,
                code: code.to_owned(),
            });
        }
        let code = identifier(parent.first_child("BrowserError")?.text())?.to_owned();
        Some(Self::Browser { code })
    }
}

impl fmt::Display for FarmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "farm refused the request: {}", self.id)?;
        match &self.native {
            Some(native) => write!(f, ", {native}"),
            None => Ok(()),
        }
    }
}

/// The family and the code, such as `IMA 0x8000000D`.
impl fmt::Display for NativeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mps { family, code } if family.is_empty() => write!(f, "MPS {code}"),
            Self::Mps { family, code } => write!(f, "{family} {code}"),
            Self::Browser { code } => write!(f, "browser {code}"),
        }
    }
}

impl From<ErrorId> for FarmError {
    fn from(id: ErrorId) -> Self {
        Self { id, native: None }
    }
}

impl fmt::Display for ErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for ErrorId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Hash for ErrorId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

/// Returns the text if it is short and visible ASCII.
fn identifier(text: &str) -> Option<&str> {
    let plain = !text.is_empty()
        && text.len() <= LONGEST_IDENTIFIER
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(text)
}
