//! The kinds of operations on farms.

/// Operation on a farm, which may take several requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperationKind {
    /// Listing the sessions of a user.
    List,
    /// Disconnecting the sessions of a client.
    Disconnect,
    /// Logging off the sessions of a client.
    LogOff,
    /// Preparing a session or resource for a connection.
    Launch,
    /// Checking a password.
    SignIn,
    /// Replacing a password.
    PasswordChange,
    /// Waiting for a permit, which every other operation needs; counted only if there was none.
    Permit,
    /// Requesting a ticket of a ticket authority. The label `farm` then names the Citrix Gateway.
    Ticket,
}

impl OperationKind {
    /// All operations on farms, without [`OperationKind::Ticket`].
    pub(crate) const OF_FARMS: [Self; 7] = [
        Self::List,
        Self::Disconnect,
        Self::LogOff,
        Self::Launch,
        Self::SignIn,
        Self::PasswordChange,
        Self::Permit,
    ];

    /// Name of the operation in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Disconnect => "disconnect",
            Self::LogOff => "logoff",
            Self::Launch => "launch",
            Self::SignIn => "sign_in",
            Self::PasswordChange => "password_change",
            Self::Permit => "permit",
            Self::Ticket => "ticket",
        }
    }
}
