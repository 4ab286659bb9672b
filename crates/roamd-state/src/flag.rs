//! Flags.

/// Meaning of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlagKind {
    /// A sign-in conversation that issued a token or was cancelled (CA-50).
    SpentConversation,
    /// A logon ticket that must not be handed out again.
    InvalidatedTicket,
    /// A retry key of a launch, which continues it once (ST-46).
    UsedRetryKey,
    /// A ticket of a native client that was used: it gets an ICA file once, or reports once that
    /// the client is there (WA-90).
    UsedClientTicket,
    /// A token that was destroyed. All tokens derived from it are revoked too (CA-39).
    RevokedToken,
    /// A user whose sign-ins before a time have ended, with all their tokens. The caller derives
    /// the time from the expiry.
    EndedUser,
    /// A user about whose sign-ins an operator has decided at a time, which blocked or allowed
    /// them. The caller derives the time from the expiry.
    BlockDecision,
    /// A decision that has blocked the sign-ins of a user.
    BlockedUser,
    /// A network that a user has signed in from.
    KnownNetwork,
    /// A user whose attempts before a time an operator has forgiven. The caller derives the time
    /// from the expiry.
    ResetThrottle,
    /// A sign-in in a browser that was used lately.
    WebSignInInUse,
}

impl FlagKind {
    pub(crate) const ALL: [Self; 11] = [
        Self::SpentConversation,
        Self::InvalidatedTicket,
        Self::UsedRetryKey,
        Self::UsedClientTicket,
        Self::RevokedToken,
        Self::EndedUser,
        Self::BlockDecision,
        Self::BlockedUser,
        Self::KnownNetwork,
        Self::ResetThrottle,
        Self::WebSignInInUse,
    ];

    /// Returns whether removing such a flag before it expires is harmless.
    pub(crate) fn is_removable_early(self) -> bool {
        match self {
            Self::SpentConversation
            | Self::UsedRetryKey
            | Self::UsedClientTicket
            | Self::KnownNetwork
            | Self::ResetThrottle
            | Self::WebSignInInUse => true,
            Self::InvalidatedTicket
            | Self::RevokedToken
            | Self::EndedUser
            | Self::BlockDecision
            | Self::BlockedUser => false,
        }
    }

    /// Returns whether a server must not set such a flag alone, while it cannot reach the others:
    /// its setter would rely on something that holds at one server only.
    pub(crate) fn needs_all_servers(self) -> bool {
        match self {
            Self::InvalidatedTicket
            | Self::RevokedToken
            | Self::EndedUser
            | Self::BlockDecision
            | Self::BlockedUser
            | Self::ResetThrottle => true,
            Self::SpentConversation
            | Self::UsedRetryKey
            | Self::UsedClientTicket
            | Self::KnownNetwork
            | Self::WebSignInInUse => false,
        }
    }

    /// Returns whether the keys can be guessed, so that a digest without a secret would disclose
    /// them. The others contain a random id, or a ticket of a farm, or must hold even if the secret
    /// is lost.
    pub(crate) fn has_guessable_keys(self) -> bool {
        match self {
            Self::KnownNetwork | Self::ResetThrottle => true,
            Self::SpentConversation
            | Self::InvalidatedTicket
            | Self::UsedRetryKey
            | Self::UsedClientTicket
            | Self::RevokedToken
            | Self::EndedUser
            | Self::BlockDecision
            | Self::BlockedUser
            | Self::WebSignInInUse => false,
        }
    }

    /// Returns the name that an engine stores. The names are part of the file format and must not
    /// change, even if a variant is renamed.
    pub(crate) fn stored_name(self) -> &'static str {
        match self {
            Self::SpentConversation => "spent-conversation",
            Self::InvalidatedTicket => "invalidated-ticket",
            Self::UsedRetryKey => "ended-launch",
            Self::UsedClientTicket => "used-client-ticket",
            Self::RevokedToken => "revoked-token",
            Self::EndedUser => "ended-user",
            Self::BlockDecision => "block-decision",
            Self::BlockedUser => "blocked-user",
            Self::KnownNetwork => "known-place",
            Self::ResetThrottle => "reset-throttle",
            Self::WebSignInInUse => "web-sign-in-in-use",
        }
    }
}
