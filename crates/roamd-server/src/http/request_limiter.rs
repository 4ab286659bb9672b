//! Limits on requests in progress: in total, per client, per user, and for requests with and
//! without a valid token.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use roamd_fairness::{
    FairSemaphore, FairSemaphoreLimits, NoPermit, Party, PartyShare, RateLimiter, RateLimits, Share,
};
use roamd_http::{BodyRoom, ClientLimiter, LimitReached, Permit};
use roamd_sessions::UserKey;
use tokio::time::{Instant, sleep, sleep_until};

use crate::config::ServerLimits;
use crate::fairness::budgets::{
    BODY_BYTES, BODY_BYTES_PER_CLIENT, END_BURST, ENDS_PER_SECOND, LONG_BODIES_OF_STRANGERS,
    LONG_BODIES_WAITING, LONG_BODY_BYTES, REQUEST_BURST_SECONDS, REQUESTING_USERS,
    REQUESTS_OF_A_USER, REQUESTS_WAITING, RESERVED_PLACES,
};
use crate::fairness::strangers::{StrangerPermit, StrangerTurns};
use crate::http::client_address::client_key;

/// Time for which a request of a user waits until it may begin.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Time for which a stranger with a long body has its turn before the body is parsed. It limits how
/// many are parsed in a second.
const BEFORE_LONG_BODY: Duration = Duration::from_millis(10);

/// Limits on requests in progress, and on the memory of bodies that are arriving.
///
/// A request is in progress from the end of its body to its response. Requests with a valid token
/// leave a share of the places to those without, which may be sign-ins, and the other way round.
/// The bodies of either have a budget of their own. A user has few places and a rate, and waits for
/// more.
/// Strangers wait for turns with long bodies: these are no sign-ins, and cost most to parse.
#[derive(Debug)]
pub(crate) struct RequestLimiter {
    total: AtomicUsize,
    clients: Arc<ClientLimiter>,
    users: FairSemaphore<UserKey>,
    rates_of_users: RateLimiter<UserKey>,
    /// By user and client: neither a thief elsewhere nor a colleague takes the turns of the other.
    rates_of_ends: RateLimiter<(UserKey, Option<IpAddr>)>,
    bodies_of_users: Arc<ClientLimiter>,
    strangers: Arc<ClientLimiter>,
    bodies_of_strangers: Arc<ClientLimiter>,
    long_bodies_of_strangers: StrangerTurns,
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

/// Admission of one request. The pipeline holds it until the response, because the body ends
/// within a handler.
#[derive(Debug)]
pub(crate) struct Admission {
    limiter: Arc<RequestLimiter>,
    client: Option<IpAddr>,
    /// The user of the valid token.
    user: OnceLock<UserKey>,
    ends_sign_in: AtomicBool,
    place: OnceLock<Place>,
}

/// Place of a request in progress. It is returned when it is dropped.
#[derive(Debug)]
enum Place {
    User {
        _client: Permit,
        _user: roamd_fairness::Permit<UserKey>,
    },
    /// Of a user, to end a sign-in.
    End,
    Stranger {
        _client: Permit,
        _stranger: Permit,
        _long_body: Option<StrangerPermit>,
    },
}

impl RequestLimiter {
    /// Creates the configured limits.
    pub(crate) fn new(limits: &ServerLimits) -> Arc<Self> {
        let (total, per_client) = (limits.requests, limits.requests_per_client);
        let bodies = || ClientLimiter::new(BODY_BYTES, BODY_BYTES_PER_CLIENT, client_key);
        Arc::new(Self {
            total: AtomicUsize::new(total),
            clients: ClientLimiter::new(total, per_client, client_key),
            users: FairSemaphore::new(limits_of_users(total)),
            rates_of_users: RateLimiter::new(rates_of_users(limits)),
            rates_of_ends: RateLimiter::new(RateLimits {
                per_second: ENDS_PER_SECOND,
                burst: END_BURST,
                parties: REQUESTING_USERS,
            }),
            bodies_of_users: bodies(),
            strangers: ClientLimiter::new(share_of(total), usize::MAX, client_key),
            bodies_of_strangers: bodies(),
            long_bodies_of_strangers: StrangerTurns::new(
                LONG_BODIES_OF_STRANGERS,
                LONG_BODIES_WAITING,
            ),
        })
    }

    /// The requests in progress, and their limits.
    pub(crate) fn in_progress(&self) -> RequestsInProgress {
        let limit = self.total.load(Ordering::Relaxed);
        RequestsInProgress {
            with_token: self.users.usage().in_use,
            without_token: self.strangers.in_use(),
            limit,
            limit_of_each: share_of(limit),
        }
    }

    /// Replaces the limits. Requests in progress are counted, and finished.
    pub(crate) fn set_limits(&self, limits: &ServerLimits) {
        let total = limits.requests;
        self.total.store(total, Ordering::Relaxed);
        self.clients.set_limits(total, limits.requests_per_client);
        self.users.set_limits(limits_of_users(total));
        self.rates_of_users.set_limits(rates_of_users(limits));
        self.strangers.set_limits(share_of(total), usize::MAX);
    }

    /// Returns the admission of a request that has no place yet. `client` is the address for limits
    /// per client; `None` is exempt.
    pub(crate) fn admission(self: &Arc<Self>, client: Option<IpAddr>) -> Arc<Admission> {
        Arc::new(Admission {
            limiter: Arc::clone(self),
            client,
            user: OnceLock::new(),
            ends_sign_in: AtomicBool::new(false),
            place: OnceLock::new(),
        })
    }
}

impl Admission {
    /// Records that the request has a valid token, of this user.
    pub(crate) fn record_user(&self, user: &UserKey) {
        self.user.get_or_init(|| user.clone());
    }

    /// Records that the request ends a sign-in. It then needs no place of its user and its client.
    pub(crate) fn record_end(&self) {
        self.ends_sign_in.store(true, Ordering::Relaxed);
    }

    /// Takes the place of the request, unless it has one, after a body of this many bytes. A
    /// request of a user, and a long one of a stranger, waits for it.
    ///
    /// # Errors
    /// If a limit is reached.
    pub(crate) async fn take_place(&self, body: usize) -> Result<(), LimitReached> {
        if self.place.get().is_some() {
            return Ok(());
        }
        let place = match self.user.get() {
            Some(user) if self.ends_sign_in.load(Ordering::Relaxed) => {
                self.place_of_end(user).await
            }
            Some(user) => self.place_of_user(user).await?,
            None => self.place_of_stranger(body).await?,
        };
        // If another call was faster, this place is dropped.
        drop(self.place.set(place));
        Ok(())
    }

    /// Other requests of the user, and of the client, take nothing of what this needs. It is never
    /// refused, and waits for the longest time beyond its rate.
    async fn place_of_end(&self, user: &UserKey) -> Place {
        let party = (user.clone(), self.client.map(client_key));
        let deadline = Instant::now() + MAX_WAIT;
        let ends = &self.limiter.rates_of_ends;
        if ends.wait(&party, deadline).await == Err(NoPermit) {
            sleep_until(deadline).await;
        }
        Place::End
    }

    async fn place_of_user(&self, user: &UserKey) -> Result<Place, LimitReached> {
        let party = Party::alone(user.clone());
        let deadline = Instant::now() + MAX_WAIT;
        let users = &self.limiter.users;
        let Ok(permit) = users.acquire(Share::Common, party, deadline).await else {
            return Err(LimitReached::ForClient);
        };
        match self.limiter.rates_of_users.wait(user, deadline).await {
            Ok(()) => Ok(Place::User {
                // The last one: a request that waits is not in progress.
                _client: self.limiter.clients.take(self.client)?,
                _user: permit,
            }),
            Err(NoPermit) => Err(LimitReached::ForClient),
        }
    }

    async fn place_of_stranger(&self, body: usize) -> Result<Place, LimitReached> {
        let mut long_body = None;
        if body > LONG_BODY_BYTES {
            let turn = self.limiter.long_bodies_of_strangers.permit(self.client);
            long_body = Some(turn.await?);
            sleep(BEFORE_LONG_BODY).await;
        }
        Ok(Place::Stranger {
            _stranger: self.limiter.strangers.take(None)?,
            _client: self.limiter.clients.take(self.client)?,
            _long_body: long_body,
        })
    }

    /// Room for the body of the request while it arrives, of which `free` bytes count in no budget.
    pub(crate) fn body_room(&self, free: usize) -> BodyRoom {
        let bodies = match self.user.get() {
            Some(_) => &self.limiter.bodies_of_users,
            None => &self.limiter.bodies_of_strangers,
        };
        BodyRoom {
            free,
            permit: bodies.open(self.client),
        }
    }
}

/// The places of users, and those in the queue for them.
fn limits_of_users(total: usize) -> FairSemaphoreLimits {
    FairSemaphoreLimits {
        permits: share_of(total),
        reserved_permits: 0,
        waiting: REQUESTS_WAITING,
        reserved_waiting: 0,
        party_share: PartyShare::AtMost(REQUESTS_OF_A_USER),
    }
}

/// The rate of each user.
fn rates_of_users(limits: &ServerLimits) -> RateLimits {
    let per_second = limits.user_request_rate;
    RateLimits {
        per_second,
        burst: per_second.saturating_mul(REQUEST_BURST_SECONDS),
        parties: REQUESTING_USERS,
    }
}

/// The places of requests with, or without a valid token.
fn share_of(total: usize) -> usize {
    total - total / RESERVED_PLACES
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn limits(requests: usize, requests_per_client: usize) -> ServerLimits {
        ServerLimits {
            requests,
            requests_per_client,
            ..ServerLimits::default()
        }
    }

    fn limiter(requests: usize, requests_per_client: usize) -> Arc<RequestLimiter> {
        RequestLimiter::new(&limits(requests, requests_per_client))
    }

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from((0x0A00_0000 + number).to_be_bytes()))
    }

    /// Admission of a request of a client, and of a user of its own if it has a token.
    fn admission(limiter: &Arc<RequestLimiter>, client: u32, has_token: bool) -> Arc<Admission> {
        let admission = limiter.admission(address(client));
        if has_token {
            admission.record_user(&UserKey::new("DEMO", &client.to_string()));
        }
        admission
    }

    /// Takes a place for a request; returns it if there is one without waiting.
    fn start(
        limiter: &Arc<RequestLimiter>,
        client: u32,
        has_token: bool,
    ) -> Option<Arc<Admission>> {
        let admission = admission(limiter, client, has_token);
        let taken = poll_once(pin!(admission.take_place(0)));
        (taken == Poll::Ready(Ok(()))).then_some(admission)
    }

    /// Polls a future once.
    fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn request_whose_body_is_on_the_way_has_no_place() {
        let limiter = limiter(2_048, 256);
        let waiting: Vec<_> = (0..20_480)
            .map(|number| limiter.admission(address(number % 80)))
            .collect();
        for has_token in [false, true] {
            assert!(start(&limiter, 1, has_token).is_some());
            assert!(start(&limiter, 9_999, has_token).is_some());
        }
        drop(waiting);
    }

    #[tokio::test]
    async fn requests_with_and_without_token_leave_places_to_each_other() {
        for (total, share) in [(2_048, 1_536), (4, 3), (3, 3), (2, 2), (1, 1)] {
            for has_token in [false, true] {
                let limiter = limiter(total, 256);
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

    #[tokio::test]
    async fn new_limits_count_the_requests_in_progress() {
        let limiter = limiter(8, 8);
        let held: Vec<_> = (0..3).map(|_| start(&limiter, 1, false)).collect();
        limiter.set_limits(&limits(4, 3));
        assert!(start(&limiter, 1, true).is_none(), "limit per client");
        assert!(start(&limiter, 2, false).is_none(), "three quarters of all");
        let other = start(&limiter, 2, true);
        assert!(other.is_some() && start(&limiter, 3, true).is_none());
        limiter.set_limits(&limits(8, 8));
        assert!(start(&limiter, 1, false).is_some());
        drop((held, other));
    }

    #[tokio::test]
    async fn bodies_with_and_without_token_have_budgets_of_their_own() {
        for has_token in [false, true] {
            let limiter = limiter(2_048, 256);
            let room = |client, has_token| {
                let admission = admission(&limiter, client, has_token);
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

    #[tokio::test]
    async fn request_takes_one_place_and_returns_it() {
        let limiter = limiter(8, 1);
        let held = start(&limiter, 1, false).unwrap();
        assert_eq!(held.take_place(0).await, Ok(()));
        assert_eq!(limiter.strangers.in_use(), 1);
        let again = limiter.admission(address(1));
        assert_eq!(again.take_place(0).await, Err(LimitReached::ForClient));
        drop(held);
        assert_eq!(again.take_place(0).await, Ok(()));
        drop(again);
        assert_eq!(limiter.strangers.in_use(), 0);
    }

    /// Ten times as many requests of one user as may be in progress, none of which ends, let those
    /// of others begin at once.
    #[tokio::test(start_paused = true)]
    async fn requests_of_a_user_wait_and_those_of_others_do_not() {
        let limiter = limiter(2_048, 256);
        let user = UserKey::new("DEMO", "alice");
        let requests = u32::try_from(10 * REQUESTS_OF_A_USER).unwrap();
        let requests: Vec<_> = (0..requests)
            .map(|client| {
                let admission = limiter.admission(address(client));
                admission.record_user(&user);
                admission
            })
            .collect();
        let mut waiting: Vec<_> = requests
            .iter()
            .map(|request| Box::pin(request.take_place(0)))
            .collect();
        let outcomes: Vec<_> = waiting
            .iter_mut()
            .map(|place| poll_once(place.as_mut()))
            .collect();
        let count = |outcome| outcomes.iter().filter(|other| **other == outcome).count();
        assert_eq!(count(Poll::Ready(Ok(()))), REQUESTS_OF_A_USER);
        assert_eq!(count(Poll::Pending), REQUESTS_WAITING);
        let refused = Poll::Ready(Err(LimitReached::ForClient));
        assert_eq!(
            count(refused),
            requests.len() - REQUESTS_OF_A_USER - REQUESTS_WAITING
        );
        // The end of a sign-in of the same user does not wait either.
        let end = limiter.admission(address(1_000));
        end.record_user(&user);
        end.record_end();
        assert_eq!(poll_once(pin!(end.take_place(0))), Poll::Ready(Ok(())));
        // Another user neither waits for them nor is refused.
        let start_of_others = Instant::now();
        let others: Vec<_> = (1..=10 * 64)
            .filter_map(|user| start(&limiter, 10_000 + user, true))
            .collect();
        assert_eq!(others.len(), 640);
        assert_eq!(Instant::now(), start_of_others);
        drop(others);
        // The requests that wait are refused in the end, and leave nothing behind.
        let mut refused = 0;
        for (place, outcome) in waiting.iter_mut().zip(&outcomes) {
            if outcome.is_pending() {
                refused += usize::from(place.as_mut().await.is_err());
            }
        }
        assert_eq!(refused, REQUESTS_WAITING);
        drop(waiting);
        drop(requests);
        assert_eq!(limiter.in_progress().with_token, 0);
    }

    /// Ten times as many requests of a user as may come in a second wait for their turns, and leave
    /// those of others alone.
    #[tokio::test(start_paused = true)]
    async fn requests_of_a_user_over_the_rate_wait_and_those_of_others_do_not() {
        let limiter = limiter(2_048, 256);
        let rate = limits(0, 0).user_request_rate;
        let begin = Instant::now();
        for _ in 0..10 * rate {
            let request = admission(&limiter, 1, true);
            assert_eq!(request.take_place(0).await, Ok(()));
        }
        let took = begin.elapsed();
        assert_eq!(took.as_secs(), u64::from(10 - REQUEST_BURST_SECONDS));
        assert!(start(&limiter, 1, true).is_none());
        assert!(start(&limiter, 2, true).is_some());
    }

    /// The places of a client are all in use, and the same user waits for more; ten times as many
    /// ends of sign-ins as may come at once do not refuse those from elsewhere.
    #[tokio::test(start_paused = true)]
    async fn end_of_a_sign_in_needs_no_place_of_its_user_and_client() {
        let limiter = limiter(2_048, 1);
        let user = UserKey::new("DEMO", "1");
        let held = start(&limiter, 1, true).unwrap();
        assert!(start(&limiter, 1, true).is_none());
        let end = |client| {
            let admission = limiter.admission(address(client));
            admission.record_user(&user);
            admission.record_end();
            admission
        };
        let ends: Vec<_> = (0..10 * END_BURST).map(|_| end(1)).collect();
        let begun = ends
            .iter()
            .filter(|end| poll_once(pin!(end.take_place(0))) == Poll::Ready(Ok(())));
        assert_eq!(begun.count(), usize::try_from(END_BURST).unwrap());
        let elsewhere = end(2);
        assert_eq!(
            poll_once(pin!(elsewhere.take_place(0))),
            Poll::Ready(Ok(()))
        );
        assert_eq!(end(1).take_place(0).await, Ok(()), "it waits");
        // Twice as many as get their turns while they may wait: none is refused.
        let begin = Instant::now();
        let ends: Vec<_> = (0..2 * 10 * ENDS_PER_SECOND).map(|_| end(1)).collect();
        let mut places: Vec<_> = ends.iter().map(|end| Box::pin(end.take_place(0))).collect();
        for place in &mut places {
            assert!(poll_once(place.as_mut()).is_pending());
        }
        for place in places {
            assert_eq!(place.await, Ok(()));
        }
        assert_eq!(begin.elapsed(), MAX_WAIT);
        drop(held);
    }

    /// Ten times as many long bodies of strangers as may wait, none of whose requests ends, do not
    /// hold up a sign-in, nor a long body of another provider.
    #[tokio::test(start_paused = true)]
    async fn long_bodies_of_strangers_wait_and_sign_ins_do_not() {
        let limiter = limiter(10 * 2_048, 256);
        let requests: Vec<_> = (0..u32::try_from(10 * LONG_BODIES_WAITING).unwrap())
            .map(|client| limiter.admission(address(client)))
            .collect();
        let mut places: Vec<_> = requests
            .iter()
            .map(|request| Box::pin(request.take_place(LONG_BODY_BYTES + 1)))
            .collect();
        let mut poll_all = || {
            let mut begun = 0;
            places.retain_mut(|place| {
                let polled = poll_once(place.as_mut());
                begun += usize::from(polled == Poll::Ready(Ok(())));
                polled.is_pending()
            });
            begun
        };
        assert_eq!(poll_all(), 0, "each has its turn for a while first");
        let start_of_sign_in = Instant::now();
        assert!(start(&limiter, 1, false).is_some());
        assert_eq!(Instant::now(), start_of_sign_in);
        let other = limiter.admission(Some([192, 0, 2, 1].into()));
        assert_eq!(other.take_place(LONG_BODY_BYTES + 1).await, Ok(()));
        assert_eq!(start_of_sign_in.elapsed(), BEFORE_LONG_BODY);
        assert_eq!(poll_all(), LONG_BODIES_OF_STRANGERS / 2);
    }
}
