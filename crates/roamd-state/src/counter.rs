//! Counters.

use jiff::Timestamp;

/// Meaning of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterKind {
    /// Failed attempts in one sign-in conversation (CA-72).
    ConversationFailures,
    /// Attempts at the password of a user from one known network of this user.
    AttemptsFromKnownNetwork,
    /// Attempts at the password of a user from all unknown networks together.
    AttemptsFromUnknownNetworks,
    /// Attempts from one network at the passwords of users for whom it is unknown.
    AttemptsByNetwork,
    /// Users for whom a network has become known.
    KnownUsersOfNetwork,
    /// Networks that have become known for a user recently.
    KnownNetworksByUser,
    /// Tokens that a user has revoked recently.
    RevocationsByUser,
    /// Logon tickets that a user has invalidated recently.
    InvalidatedTicketsByUser,
}

/// Value of a counter. The default is that of a counter that does not exist or has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// The count.
    pub count: u32,
    /// Expiry, as set by the last increment. A caller that always counts for the same time span can
    /// compute the time of the last increment from it.
    pub until: Option<Timestamp>,
}

impl CounterKind {
    pub(crate) const ALL: [Self; 8] = [
        Self::ConversationFailures,
        Self::AttemptsFromKnownNetwork,
        Self::AttemptsFromUnknownNetworks,
        Self::AttemptsByNetwork,
        Self::KnownUsersOfNetwork,
        Self::KnownNetworksByUser,
        Self::RevocationsByUser,
        Self::InvalidatedTicketsByUser,
    ];

    /// Returns whether the keys can be guessed, so that a digest without a secret would disclose
    /// them: names of users and addresses of networks.
    pub(crate) fn has_guessable_keys(self) -> bool {
        match self {
            Self::AttemptsFromKnownNetwork
            | Self::AttemptsFromUnknownNetworks
            | Self::AttemptsByNetwork
            | Self::KnownUsersOfNetwork
            | Self::KnownNetworksByUser
            | Self::RevocationsByUser
            | Self::InvalidatedTicketsByUser => true,
            Self::ConversationFailures => false,
        }
    }

    /// Returns the name that an engine stores. The names are part of the file format and must not
    /// change, even if a variant is renamed.
    pub(crate) fn stored_name(self) -> &'static str {
        match self {
            Self::ConversationFailures => "conversation-failures",
            Self::AttemptsFromKnownNetwork => "attempts-at-place",
            Self::AttemptsFromUnknownNetworks => "attempts-of-strangers",
            Self::AttemptsByNetwork => "attempts-from-place",
            Self::KnownUsersOfNetwork => "people-of-place",
            Self::KnownNetworksByUser => "places-by-user",
            Self::RevocationsByUser => "ended-by-user",
            Self::InvalidatedTicketsByUser => "tickets-by-user",
        }
    }
}
