//! Limits on requests in progress: in total, per client, and for requests with and without a valid
//! token.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use roamd_http::{BodyRoom, ClientLimiter, LimitReached, Permit};

use crate::fairness::budgets::{BODY_BYTES, BODY_BYTES_PER_CLIENT, RESERVED_PLACES};
use crate::http::client_address::client_key;

/// Limits on requests in progress, and on the memory of bodies that are arriving.
///
/// A request is in progress from the end of its body to its response. Requests with a valid token
/// leave a share of the places to those without, which may be sign-ins, and the other way round.
/// The bodies of either have a budget of their own.
#[derive(Debug)]
pub(crate) struct RequestLimiter {
    total: AtomicUsize,
    places: Arc<ClientLimiter>,
    users: Arc<Share>,
    strangers: Arc<Share>,
}

/// Requests in progress at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestsInProgress {
    /// With a valid token.
    pub(crate) with_token: usize,
    /// Without one, such as sign-ins.
    pub(crate) without_token: usize,
    /// Maximum of both together.
    pub(crate) limit: usize,
    /// Maximum of either.
    pub(crate) limit_of_each: usize,
}

/// Places and bodies of all requests with, or of all without a valid token.
#[derive(Debug)]
struct Share {
    limit: AtomicUsize,
    taken: AtomicUsize,
    bodies: Arc<ClientLimiter>,
}

/// Admission of one request. The pipeline holds it until the response, because the body ends
/// within a handler.
#[derive(Debug)]
pub(crate) struct Admission {
    limiter: Arc<RequestLimiter>,
    client: Option<IpAddr>,
    has_token: AtomicBool,
    place: OnceLock<Place>,
}

/// Place of a request in progress. It is returned when it is dropped.
#[derive(Debug)]
struct Place {
    share: Arc<Share>,
    _permit: Permit,
}

impl RequestLimiter {
    /// Creates the limits, in requests.
    pub(crate) fn new(total: usize, per_client: usize) -> Arc<Self> {
        let share = || {
            Arc::new(Share {
                limit: AtomicUsize::new(share_of(total)),
                taken: AtomicUsize::new(0),
                bodies: ClientLimiter::new(BODY_BYTES, BODY_BYTES_PER_CLIENT, client_key),
            })
        };
        Arc::new(Self {
            total: AtomicUsize::new(total),
            places: ClientLimiter::new(total, per_client, client_key),
            users: share(),
            strangers: share(),
        })
    }

    /// The requests in progress, and their limits.
    pub(crate) fn in_progress(&self) -> RequestsInProgress {
        RequestsInProgress {
            with_token: self.users.taken.load(Ordering::Relaxed),
            without_token: self.strangers.taken.load(Ordering::Relaxed),
            limit: self.total.load(Ordering::Relaxed),
            limit_of_each: self.users.limit.load(Ordering::Relaxed),
        }
    }

    /// Replaces the limits. Requests in progress are counted, and finished.
    pub(crate) fn set_limits(&self, total: usize, per_client: usize) {
        self.total.store(total, Ordering::Relaxed);
        self.places.set_limits(total, per_client);
        for share in [&self.users, &self.strangers] {
            share.limit.store(share_of(total), Ordering::Relaxed);
        }
    }

    /// Returns the admission of a request that has no place yet. `client` is the address for limits
    /// per client; `None` is exempt.
    pub(crate) fn admission(self: &Arc<Self>, client: Option<IpAddr>) -> Arc<Admission> {
        Arc::new(Admission {
            limiter: Arc::clone(self),
            client,
            has_token: AtomicBool::new(false),
            place: OnceLock::new(),
        })
    }
}

impl Admission {
    /// Records that the token of the request is valid.
    pub(crate) fn record_valid_token(&self) {
        self.has_token.store(true, Ordering::Relaxed);
    }

    /// Takes the place of the request, unless it has one.
    ///
    /// # Errors
    /// If a limit is reached.
    pub(crate) fn take_place(&self) -> Result<(), LimitReached> {
        if self.place.get().is_some() {
            return Ok(());
        }
        let share = self.share();
        let permit = self.limiter.places.take(self.client)?;
        share.take()?;
        let place = Place {
            share: Arc::clone(share),
            _permit: permit,
        };
        // If another call was faster, this place is dropped.
        drop(self.place.set(place));
        Ok(())
    }

    /// Room for the body of the request while it arrives, of which `free` bytes count in no budget.
    pub(crate) fn body_room(&self, free: usize) -> BodyRoom {
        BodyRoom {
            free,
            permit: self.share().bodies.open(self.client),
        }
    }

    /// The share that the request takes from now.
    fn share(&self) -> &Arc<Share> {
        if self.has_token.load(Ordering::Relaxed) {
            &self.limiter.users
        } else {
            &self.limiter.strangers
        }
    }
}

impl Share {
    fn take(&self) -> Result<(), LimitReached> {
        let order = Ordering::Relaxed;
        let limit = self.limit.load(order);
        let more = |taken| (taken < limit).then_some(taken + 1);
        let taken = self.taken.fetch_update(order, order, more);
        taken.map(drop).map_err(|_| LimitReached::ForAll)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.share.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The places of requests with, or without a valid token.
fn share_of(total: usize) -> usize {
    total - total / RESERVED_PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from((0x0A00_0000 + number).to_be_bytes()))
    }

    /// Takes a place for a request; returns it if there is one.
    fn start(
        limiter: &Arc<RequestLimiter>,
        client: u32,
        has_token: bool,
    ) -> Option<Arc<Admission>> {
        let admission = limiter.admission(address(client));
        if has_token {
            admission.record_valid_token();
        }
        admission.take_place().ok().map(|()| admission)
    }

    #[test]
    fn request_whose_body_is_on_the_way_has_no_place() {
        let limiter = RequestLimiter::new(2_048, 256);
        let waiting: Vec<_> = (0..20_480)
            .map(|number| limiter.admission(address(number % 80)))
            .collect();
        for has_token in [false, true] {
            assert!(start(&limiter, 1, has_token).is_some());
            assert!(start(&limiter, 9_999, has_token).is_some());
        }
        drop(waiting);
    }

    #[test]
    fn requests_with_and_without_token_leave_places_to_each_other() {
        for (total, share) in [(2_048, 1_536), (4, 3), (3, 3), (2, 2), (1, 1)] {
            for has_token in [false, true] {
                let limiter = RequestLimiter::new(total, 256);
                let clients = 0..10 * u32::try_from(total).unwrap();
                let held: Vec<_> = clients
                    .filter_map(|client| start(&limiter, client, has_token))
                    .collect();
                assert_eq!(held.len(), share, "{total}");
                let other = start(&limiter, 1, !has_token);
                assert_eq!(other.is_some(), share < total, "{total}");
                drop((held, other));
                assert!(start(&limiter, 1, has_token).is_some(), "{total}");
            }
        }
    }

    #[test]
    fn new_limits_count_the_requests_in_progress() {
        let limiter = RequestLimiter::new(8, 8);
        let held: Vec<_> = (0..3).map(|_| start(&limiter, 1, false)).collect();
        limiter.set_limits(4, 3);
        assert!(start(&limiter, 1, true).is_none(), "limit per client");
        assert!(start(&limiter, 2, false).is_none(), "three quarters of all");
        let other = start(&limiter, 2, true);
        assert!(other.is_some() && start(&limiter, 3, true).is_none());
        limiter.set_limits(8, 8);
        assert!(start(&limiter, 1, false).is_some());
        drop((held, other));
    }

    #[test]
    fn bodies_with_and_without_token_have_budgets_of_their_own() {
        for has_token in [false, true] {
            let limiter = RequestLimiter::new(2_048, 256);
            let room = |client, has_token| {
                let admission = limiter.admission(address(client));
                if has_token {
                    admission.record_valid_token();
                }
                let mut permit = admission.body_room(0).permit;
                permit.grow_to(BODY_BYTES_PER_CLIENT).map(|()| permit)
            };
            let clients = u32::try_from(BODY_BYTES / BODY_BYTES_PER_CLIENT).unwrap();
            let held: Vec<_> = (0..clients).map(|client| room(client, has_token)).collect();
            assert!(held.iter().all(Result::is_ok));
            assert_eq!(room(clients, has_token).unwrap_err(), LimitReached::ForAll);
            assert!(room(0, !has_token).is_ok());
            assert!(room(clients, !has_token).is_ok());
        }
    }

    #[test]
    fn request_takes_one_place_and_returns_it() {
        let limiter = RequestLimiter::new(8, 1);
        let held = start(&limiter, 1, false).unwrap();
        assert_eq!(held.take_place(), Ok(()));
        assert_eq!(limiter.strangers.taken.load(Ordering::Relaxed), 1);
        let again = limiter.admission(address(1));
        assert_eq!(again.take_place(), Err(LimitReached::ForClient));
        drop(held);
        assert_eq!(again.take_place(), Ok(()));
        drop(again);
        assert_eq!(limiter.strangers.taken.load(Ordering::Relaxed), 0);
    }
}
