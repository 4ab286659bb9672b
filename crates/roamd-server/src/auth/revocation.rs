//! Revoked tokens and invalidated logon tickets (CA-39, SS-46).

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{PresentedToken, Revocation};
use roamd_sessions::{Busy, UserKey};
use roamd_state::{CounterKind, Digest, FlagKind, SharedState, StateError};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use crate::clock::Clock;
use crate::http::error::ApiError;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Number of tokens and tickets that a user may end in one day. Several people may share an
/// account, and each sign-out ends two tokens.
const MAX_ENDED_PER_DAY: u32 = 20_000;

/// Minimum time for which an invalidated ticket is remembered: farms may let tickets live longer
/// than they were asked to.
const MIN_TICKET_MEMORY: SignedDuration = SignedDuration::from_hours(1);

/// Revokes tokens and invalidates tickets in the shared state.
pub(crate) struct Revocations {
    state: Arc<dyn SharedState>,
    clock: Clock,
    /// Time for which an invalidated ticket is remembered.
    ticket_memory: SignedDuration,
}

impl Revocations {
    /// `ticket_lifetimes` are those that are requested from farms.
    pub(crate) fn new(
        state: Arc<dyn SharedState>,
        clock: Clock,
        ticket_lifetimes: impl IntoIterator<Item = Duration>,
    ) -> Self {
        Self {
            state,
            clock,
            ticket_memory: ticket_memory(ticket_lifetimes),
        }
    }

    /// Whether a token was revoked, or the token that it was derived from.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn is_revoked(&self, token: &PresentedToken) -> Result<bool, StateError> {
        let keys = token.ids().map(|id| Digest::of(id.as_bytes()));
        let kind = FlagKind::RevokedToken;
        self.state.is_any_flag_set(kind, keys, self.now()).await
    }

    /// Revokes a token of a user and all tokens derived from it.
    ///
    /// # Errors
    /// [`Busy`] if the user has ended too many tokens today; or the shared state does not respond,
    /// and it is unknown whether the token is revoked.
    pub(crate) async fn revoke(
        &self,
        user: &UserKey,
        revocation: &Revocation,
    ) -> Result<(), ApiError> {
        let key = Digest::of(revocation.id.as_bytes());
        self.end(user, FlagKind::RevokedToken, key, revocation.until)
            .await
    }

    /// Records that a ticket of a user must not be handed out (again).
    ///
    /// # Errors
    /// As of [`Revocations::revoke`].
    pub(crate) async fn invalidate_ticket(
        &self,
        user: &UserKey,
        ticket: &SecretString,
    ) -> Result<(), ApiError> {
        let until = self
            .now()
            .checked_add(self.ticket_memory)
            .unwrap_or(Timestamp::MAX);
        let key = ticket_digest(user, ticket);
        self.end(user, FlagKind::InvalidatedTicket, key, until)
            .await
    }

    /// Whether a ticket of a user was invalidated.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn is_invalidated(
        &self,
        user: &UserKey,
        ticket: &SecretString,
    ) -> Result<bool, StateError> {
        let key = ticket_digest(user, ticket);
        let kind = FlagKind::InvalidatedTicket;
        self.state.is_flag_set(kind, key, self.now()).await
    }

    /// Sets the flag of something that a user has ended. It is kept for as long as that would have
    /// lived, so the number per user is bounded.
    async fn end(
        &self,
        user: &UserKey,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> Result<(), ApiError> {
        let now = self.now();
        let day = now.as_second() / SECONDS_PER_DAY;
        let user_today = Digest::of(format!("{day} {user}").as_bytes());
        let tomorrow = now
            .checked_add(SignedDuration::from_secs(SECONDS_PER_DAY))
            .unwrap_or(Timestamp::MAX);
        let counter = CounterKind::RevocationsByUser;
        let ended = self
            .state
            .increment(counter, user_today, now, tomorrow)
            .await?;
        if ended > MAX_ENDED_PER_DAY {
            warn!(%user, "User reached the daily limit of ended tokens and tickets");
            return Err(Busy.into());
        }
        self.state.set_flag(kind, key, until).await?;
        Ok(())
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// Digest of a ticket of a user. The user is part of it, so that no user can invalidate another
/// user's ticket (SS-46).
fn ticket_digest(user: &UserKey, ticket: &SecretString) -> Digest {
    // A user key holds no NUL, so two pairs never give the same text.
    Digest::of(format!("{user}\0{}", ticket.expose_secret()).as_bytes())
}

/// Returns the time for which an invalidated ticket is remembered, given the lifetimes that
/// are requested from farms.
fn ticket_memory(lifetimes: impl IntoIterator<Item = Duration>) -> SignedDuration {
    let longest = lifetimes.into_iter().max().unwrap_or_default();
    SignedDuration::try_from(longest)
        .unwrap_or(SignedDuration::MAX)
        .max(MIN_TICKET_MEMORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SS-46
    #[test]
    fn ticket_memory_is_longest_ticket_lifetime_or_an_hour() {
        let hour = SignedDuration::from_hours(1);
        for (seconds, expected) in [
            (&[][..], hour),
            (&[200], hour),
            (&[200, 86_400, 3_600], SignedDuration::from_hours(24)),
        ] {
            let lifetimes = seconds.iter().copied().map(Duration::from_secs);
            assert_eq!(ticket_memory(lifetimes), expected, "{seconds:?}");
        }
    }
}
