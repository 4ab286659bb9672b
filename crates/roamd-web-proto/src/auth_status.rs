//! End of a sign-in: the user is signed in, or the sign-in has failed (WA-60, WA-63).

use crate::document;

const NAMESPACE: &str = "http://citrix.com/delivery-services/webAPI/2-6/authStatus";

/// End of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthStatus {
    /// The user is signed in.
    Success {
        /// How the user has signed in.
        auth_type: AuthType,
        /// Whether the user can ask for the form that changes the password (WA-65).
        can_change_password: bool,
    },
    /// The sign-in has ended without a user.
    Fail(LogMessage),
}

/// How the user has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthType {
    /// With a form.
    ExplicitForms,
    /// With one request that holds user name and password.
    PostCredentials,
}

/// Why a sign-in has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogMessage {
    /// It cannot be continued: too many attempts, an account that has to be changed elsewhere, or
    /// no farm that responds.
    FatalError,
    /// User name or password are wrong. A form says so itself, so only the sign-in without a form
    /// ends in this way (WA-66).
    LoginFailed,
    /// The web session is not known, or has expired.
    SessionTimeout,
}

impl AuthStatus {
    /// Encodes the status. `Result` is first, because a client reads the first child (WA-60).
    #[must_use]
    pub fn to_xml(self) -> Vec<u8> {
        let mut writer = document::begin("AuthenticationStatus", NAMESPACE);
        match self {
            Self::Success {
                auth_type,
                can_change_password,
            } => {
                writer.leaf("Result", &[], "success");
                writer.leaf("AuthType", &[], auth_type.as_str());
                if can_change_password {
                    writer.leaf("IsChangePasswordEnabled", &[], document::boolean(true));
                }
            }
            Self::Fail(message) => {
                writer.leaf("Result", &[], "fail");
                writer.leaf("LogMessage", &[], message.as_str());
            }
        }
        writer.finish()
    }
}

impl AuthType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ExplicitForms => "ExplicitForms",
            Self::PostCredentials => "PostCredentials",
        }
    }
}

impl LogMessage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::FatalError => "fatalerror",
            Self::LoginFailed => "loginfailed",
            Self::SessionTimeout => "sessiontimeout",
        }
    }
}
