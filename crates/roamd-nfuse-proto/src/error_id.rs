//! Errors that a farm answers with (nfuse.md §7).

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use roamd_xml::{Element, Writer};

use crate::read::Node;

/// No known `ErrorId` or code is longer. One that is, or that is no plain word, is not believed,
/// because these words end up in logs and messages.
const LONGEST_WORD: usize = 64;

/// An `ErrorId`. The list is open: a farm may send what is not named here. Compared without case.
#[derive(Debug, Clone, Eq)]
pub struct ErrorId(pub Cow<'static, str>);

/// A refused request: the `Response…` element held an `ErrorId`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("farm answered {id}")]
pub struct FarmError {
    /// What the farm says was wrong.
    pub id: ErrorId,
    /// The code of the farm's own subsystem, when it gave one.
    pub native: Option<NativeError>,
}

/// A code of the farm's own subsystem beside the `ErrorId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NativeError {
    /// `MPSError`, with the family in its attribute `type`.
    Mps {
        /// Family, `IMA` as far as known.
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
    /// Wrong or unsuitable credentials.
    pub const FAILED_CREDENTIALS: Self = Self::named("failed-credentials");
    /// Right credentials that are only good for changing the password.
    pub const MUST_CHANGE_CREDENTIALS: Self = Self::named("must-change-credentials");
    /// Right credentials that have expired.
    pub const EXPIRED_CREDENTIALS: Self = Self::named("expired-credentials");
    /// The account is disabled.
    pub const ACCOUNT_DISABLED: Self = Self::named("account-disabled");
    /// The account is locked.
    pub const ACCOUNT_LOCKED_OUT: Self = Self::named("account-locked-out");
    /// The account may not log on at this time.
    pub const INVALID_LOGON_HOURS: Self = Self::named("invalid-logon-hours");
    /// A new password is too short. A word of our own, as the one below: see
    /// [`ChangePasswordRequest`](crate::ChangePasswordRequest).
    pub const NEW_PASSWORD_TOO_SHORT: Self = Self::named("new-password-too-short");
    /// A new password is one that the user had before.
    pub const NEW_PASSWORD_USED_BEFORE: Self = Self::named("new-password-used-before");
    /// The farm does not trust its caller to speak for a user; says nothing about credentials.
    pub const NOT_TRUSTED: Self = Self::named("not-trusted");
    /// No licence for this.
    pub const NOT_LICENSED: Self = Self::named("not-licensed");
    /// No server is there for it.
    pub const NO_SERVER: Self = Self::named("no-server");
    /// All suitable servers are at full load.
    pub const MFSERVER_OVERLOADED: Self = Self::named("mfserver-overloaded");
    /// That name has no alternate address.
    pub const NO_ALT_ADDRESS: Self = Self::named("no-alt-address");
    /// No machine can serve the request, or the name is not in this site (7 and later).
    pub const NO_AVAILABLE_WORKSTATION: Self = Self::named("no-available-workstation");
    /// Not ready yet, ask again (7 and later).
    pub const RETRY_REQUIRED: Self = Self::named("retry-required");
    /// The machine is in maintenance. Known from services around farms; that farms send it is inferred
    /// (nfuse.md §7), as it is for the next two.
    pub const IN_MAINTENANCE_MODE: Self = Self::named("in-maintenance-mode");
    /// The machine refuses connections.
    pub const CONNECTION_REFUSED: Self = Self::named("connection-refused");
    /// The user has as many sessions as they may have.
    pub const NO_MORE_ACTIVE_SESSIONS: Self = Self::named("NoMoreActiveSessions");
    /// This controller cannot process requests now; another one may.
    pub const SERVICE_UNAVAILABLE: Self = Self::named("service-unavailable");
    /// The farm cannot serve the dialect of the request.
    pub const VERSION_MISMATCH: Self = Self::named("version-mismatch");
    /// Ticketing is not licensed (MetaFrame XP).
    pub const TICKETING_DISABLED: Self = Self::named("Ticketing-Disabled");
    /// EnumerationStatus by group is not licensed (MetaFrame XP).
    pub const GROUP_ENUMERATION_DISABLED: Self = Self::named("GroupEnumeration-Disabled");
    /// Folders are not licensed (MetaFrame XP).
    pub const FOLDER_ENUMERATION_DISABLED: Self = Self::named("FolderEnumeration-Disabled");
    /// Anything else; also the time-out of farms of generation 7.
    pub const UNSPECIFIED: Self = Self::named("unspecified");

    const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl FarmError {
    /// Finds the first `ErrorId` anywhere in an answer (nfuse.md §1.2).
    pub(crate) fn find(element: &Element) -> Option<Self> {
        let node = Node::top(element);
        if let Some(id) = node.first("ErrorId") {
            let id = word(id.text()).map_or(ErrorId::UNSPECIFIED, |word| {
                ErrorId(Cow::Owned(word.to_owned()))
            });
            return Some(Self {
                id,
                native: NativeError::read(&node),
            });
        }
        element.children.iter().find_map(Self::find)
    }

    /// Writes the children of a refused request's answer.
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
    fn read(parent: &Node<'_>) -> Option<Self> {
        if let Some(error) = parent.first("MPSError") {
            let family = error
                .attribute("type")
                .and_then(word)
                .unwrap_or_default()
                .to_owned();
            return word(error.text()).map(|code| Self::Mps {
                family,
                code: code.to_owned(),
            });
        }
        let code = word(parent.first("BrowserError")?.text())?.to_owned();
        Some(Self::Browser { code })
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

fn word(text: &str) -> Option<&str> {
    let plain = !text.is_empty()
        && text.len() <= LONGEST_WORD
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(text)
}
