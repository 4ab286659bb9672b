//! What all nodes of a gateway share, and what expires: one trait, [`SharedState`], its promise, and
//! the engine for one machine, [`SqliteState`].
//!
//! What is shared is small: flags ("this conversation is spent") and counters ("four wrong
//! passwords"). Everything else that a node needs travels sealed with the client.
//!
//! The crate must not know what its flags mean, what a token or a ticket looks like, or HTTP. It
//! never sees a key: only [`Digest`]s of keys are kept, since a key may be a ticket that still
//! works.

mod digest;
mod sqlite;

use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;

pub use digest::Digest;
pub use sqlite::{OpenError, SqliteState};

/// What a flag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlagKind {
    /// A sign-in conversation that gave a token or was cancelled (CA-50).
    SpentConversation,
    /// A logon ticket that must not be handed out again.
    InvalidatedTicket,
    /// A launch that took several attempts and has come to its end (ST-46).
    FinishedLaunch,
    /// A token that was destroyed, and with it those that come from it (CA-39).
    RevokedToken,
    /// A place that a user has signed in from.
    KnownNetwork,
}

/// What a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterKind {
    /// Bad attempts in one sign-in conversation (CA-72).
    ConversationFailures,
    /// Attempts at a user's password from one place where the user is known.
    AttemptsFromKnownNetwork,
    /// Attempts at a user's password from all places where the user is not known.
    AttemptsFromUnknownNetworks,
    /// Attempts from one place at the passwords of users who are not known there.
    AttemptsByNetwork,
    /// Users who have become known at a place.
    KnownUsersOfNetwork,
    /// Tokens and tickets that a user has ended lately.
    RevocationsByUser,
}

/// What a counter says. By default it says nothing: it has not begun, or its end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// How often it was counted.
    pub count: u32,
    /// The end that the last count gave it. Who always counts for the same span of time knows from
    /// this when that was.
    pub until: Option<Timestamp>,
}

/// The state that nodes share.
///
/// # Promise
/// - What was acknowledged stays: a flag or a count whose future gave `Ok` survives the end of
///   every process, also by `SIGKILL`. A flag that says that something must not be used again survives
///   a loss of power, too; of counts and of known places the last may be lost then, since what they
///   protect from is somebody who tries for hours, and each sign-in writes several.
/// - What was acknowledged is seen: every node that asks afterwards gets it.
/// - Each write is atomic: of callers that set one flag at the same time, one is told that it was
///   not there before; of callers that count one key, no two get the same number unless one was taken
///   back meanwhile.
/// - Nothing outlives its `until` in what is answered. When it is removed from the disk is up to the
///   engine.
/// - It is bounded: of counters of one kind an engine keeps at least [`MIN_COUNTERS_KEPT`], and of flags
///   of a kind that strangers or time bring about at least [`MIN_FLAGS_KEPT`]. What it lets go beyond that is
///   what ends first. Flags that end a token or a ticket are kept, so who sets them has to see to it that
///   nobody sets too many.
/// - An error means "not known": the write may or may not have happened. Who asks whether something
///   is spent and gets an error has to behave as if it were.
pub trait SharedState: Send + Sync {
    /// Sets a flag, and says whether it was not there before. Setting it again keeps the later of
    /// both times.
    fn set_flag(&self, kind: FlagKind, key: Digest, until: Timestamp) -> StateFuture<'_, bool>;

    /// Whether the flag is set and its time has not come yet: at `until` itself it has.
    fn is_flag_set(&self, kind: FlagKind, key: Digest, now: Timestamp) -> StateFuture<'_, bool> {
        self.is_any_flag_set(kind, [key, key], now)
    }

    /// Whether one flag of two is set and its time has not come yet. Every request asks this, so it
    /// has to take little more than memory does.
    fn is_any_flag_set(
        &self,
        kind: FlagKind,
        keys: [Digest; 2],
        now: Timestamp,
    ) -> StateFuture<'_, bool>;

    /// Counts one more and gives the new number, 1 for the first. Each count moves the end to
    /// `until`; a counter whose end has come begins anew.
    fn increment(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32>;

    /// What a counter says.
    fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> StateFuture<'_, Counter>;

    /// Takes counts back, down to none. The end of the counter stays.
    fn decrement(&self, kind: CounterKind, key: Digest, by: u32) -> StateFuture<'_, ()>;

    /// Moves the end of a counter that goes on to a later time. One whose end has come stays as it is.
    fn extend_counter(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()>;

    /// Whether something could be written now. Nothing is.
    fn is_alive(&self) -> StateFuture<'_, ()>;
}

/// How many counters of one kind are kept at least. Strangers can make counters begin, so there has to
/// be an end to it.
pub const MIN_COUNTERS_KEPT: u32 = 500_000;

/// How many flags of one kind are kept at least, where one that is let go early harms nobody: a sign-in
/// conversation that could be taken up again still asks for the password.
pub const MIN_FLAGS_KEPT: u32 = 500_000;

/// The answer of a [`SharedState`]: a boxed future, so that the engine can be chosen at run time.
pub type StateFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StateError>> + Send + 'a>>;

/// Why the shared state gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// The engine failed.
    #[error("the shared state failed: {0}")]
    Engine(Arc<dyn std::error::Error + Send + Sync>),
    /// The engine is silent.
    #[error("the shared state did not answer in time")]
    TimedOut,
    /// The engine has stopped.
    #[error("the shared state has stopped")]
    Stopped,
}

impl FlagKind {
    const ALL: [Self; 5] = [
        Self::SpentConversation,
        Self::InvalidatedTicket,
        Self::FinishedLaunch,
        Self::RevokedToken,
        Self::KnownNetwork,
    ];

    /// Whether it harms nobody when such a flag is let go before its end.
    fn may_end_early(self) -> bool {
        match self {
            Self::SpentConversation | Self::FinishedLaunch | Self::KnownNetwork => true,
            Self::InvalidatedTicket | Self::RevokedToken => false,
        }
    }

    /// The name under which an engine keeps it.
    fn name(self) -> &'static str {
        match self {
            Self::SpentConversation => "spent-conversation",
            Self::InvalidatedTicket => "invalidated-ticket",
            Self::FinishedLaunch => "ended-launch",
            Self::RevokedToken => "revoked-token",
            Self::KnownNetwork => "known-place",
        }
    }
}

impl CounterKind {
    const ALL: [Self; 6] = [
        Self::ConversationFailures,
        Self::AttemptsFromKnownNetwork,
        Self::AttemptsFromUnknownNetworks,
        Self::AttemptsByNetwork,
        Self::KnownUsersOfNetwork,
        Self::RevocationsByUser,
    ];

    /// The name under which an engine keeps it.
    fn name(self) -> &'static str {
        match self {
            Self::ConversationFailures => "conversation-failures",
            Self::AttemptsFromKnownNetwork => "attempts-at-place",
            Self::AttemptsFromUnknownNetworks => "attempts-of-strangers",
            Self::AttemptsByNetwork => "attempts-from-place",
            Self::KnownUsersOfNetwork => "people-of-place",
            Self::RevocationsByUser => "ended-by-user",
        }
    }
}
