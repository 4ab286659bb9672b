//! Logon tickets as the shared state knows them.

use std::time::Duration;

use jiff::SignedDuration;
use roamd_sessions::UserKey;
use roamd_state::Digest;
use secrecy::{ExposeSecret, SecretString};

/// The least time for which a ticket that was invalidated is remembered: farms may let tickets live longer
/// than they were asked to.
const LEAST_MEMORY: SignedDuration = SignedDuration::from_hours(1);

/// A ticket of a user. The user is part of it: nobody can invalidate what somebody else was given
/// (SS-46).
pub(crate) fn digest(user: &UserKey, ticket: &SecretString) -> Digest {
    // No user key has a NUL, so no two pairs give the same text.
    Digest::of(format!("{user}\0{}", ticket.expose_secret()).as_bytes())
}

/// How long a ticket that was invalidated is remembered where farms are asked for tickets that live so
/// long: until none can be of use any more.
pub(crate) fn memory(lifetimes: impl IntoIterator<Item = Duration>) -> SignedDuration {
    let longest = lifetimes.into_iter().max().unwrap_or_default();
    SignedDuration::try_from(longest)
        .unwrap_or(SignedDuration::MAX)
        .max(LEAST_MEMORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalidated_ticket_is_remembered_as_long_as_any_ticket_lives() {
        // SS-46
        let hour = SignedDuration::from_hours(1);
        for (seconds, expected) in [
            (&[][..], hour),
            (&[200], hour),
            (&[200, 86_400, 3_600], SignedDuration::from_hours(24)),
        ] {
            let lifetimes = seconds.iter().copied().map(Duration::from_secs);
            assert_eq!(memory(lifetimes), expected, "{seconds:?}");
        }
    }
}
