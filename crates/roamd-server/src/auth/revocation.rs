//! Revoked tokens and invalidated logon tickets (CA-39, SS-46).

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{OpenedToken, Revocation};
use roamd_sessions::UserKey;
use roamd_state::{
    CounterKind, Digest, FlagBudget, FlagKind, FlagsSet, LimitedFlags, Reach, SharedState,
    StateError,
};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use crate::account_forms::AccountForm;
use crate::clock::Clock;
use crate::fairness::budgets::{
    ENDED_TOKENS_PER_USER_AND_DAY, INVALIDATED_TICKETS_PER_USER_AND_DAY,
};
use crate::fairness::parties;

const SECONDS_PER_HOUR: i64 = 60 * 60;
const SECONDS_PER_DAY: i64 = 24 * SECONDS_PER_HOUR;

/// Minimum time for which an invalidated ticket is remembered: farms may let tickets live longer
/// than they were asked to.
const MIN_TICKET_MEMORY: SignedDuration = SignedDuration::from_hours(1);

/// Time for which the end of all sign-ins of a user is remembered: ten years, longer than any
/// token lives. It must not change, because the time of the end is stored as the expiry of a flag,
/// which is this much later.
const ENDED_USER_MEMORY: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// Revokes tokens and invalidates tickets in the shared state.
pub(crate) struct Revocations {
    state: Arc<dyn SharedState>,
    clock: Clock,
    /// Time for which an invalidated ticket is remembered.
    ticket_memory: SignedDuration,
    budgets: Budgets,
}

/// Numbers of flags that a user may set in a day.
#[derive(Debug, Clone, Copy)]
struct Budgets {
    tokens: u32,
    tickets: u32,
}

/// What is looked up about a token with each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenDigests {
    /// The token, and that of the sign-in.
    tokens: [Digest; 2],
    user: Digest,
    /// Other forms of the name of the user by which an operator may have ended the sign-in.
    other_forms: Option<[Digest; 2]>,
    signed_in: Timestamp,
}

/// Extent of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// The token, and those that were derived from it.
    Token,
    /// All sign-ins of the user up to now, because the user has ended too many tokens today to
    /// remember each.
    AllOfUser,
}

/// End of all sign-ins of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignInsEnded {
    /// Whether they had not been ended before.
    pub(crate) is_new: bool,
    /// Where they have ended.
    pub(crate) reach: Reach,
}

impl TokenDigests {
    pub(crate) fn of(token: &OpenedToken) -> Self {
        let user = token.user();
        // Equal to the user key.
        let key = user.key();
        Self {
            tokens: token.ids().map(|id| Digest::of(id.as_bytes())),
            user: Digest::of(key.as_bytes()),
            other_forms: AccountForm::others_of(key).map(|forms| forms.map(|form| form.digest())),
            signed_in: token.signed_in(),
        }
    }

    /// Whether the sign-in has ended with those of its user, given the expiry of a flag. The time
    /// of a sign-in is in whole seconds, so one in the same second has ended too.
    fn is_ended_with(&self, expiry: Option<Timestamp>) -> bool {
        expiry
            .and_then(|expiry| expiry.checked_sub(ENDED_USER_MEMORY).ok())
            .is_some_and(|ended| self.signed_in <= ended)
    }
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
            budgets: Budgets {
                tokens: ENDED_TOKENS_PER_USER_AND_DAY,
                tickets: INVALIDATED_TICKETS_PER_USER_AND_DAY,
            },
        }
    }

    /// Whether a token was revoked, or the token that it was derived from, or all sign-ins of its
    /// user up to its own.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn is_revoked(&self, token: &TokenDigests) -> Result<bool, StateError> {
        let [id, sign_in] = token.tokens;
        let flags = [
            (FlagKind::RevokedToken, id),
            (FlagKind::RevokedToken, sign_in),
            (FlagKind::EndedUser, token.user),
        ];
        let [token_end, sign_in_end, user] = self.state.flag_expiries(flags, self.now()).await?;
        if token_end.is_some() || sign_in_end.is_some() || token.is_ended_with(user) {
            return Ok(true);
        }
        let Some([one, other]) = token.other_forms else {
            return Ok(false);
        };
        let flags = [one, other, other].map(|form| (FlagKind::EndedUser, form));
        let ends = self.state.flag_expiries(flags, self.now()).await?;
        Ok(ends.into_iter().any(|end| token.is_ended_with(end)))
    }

    /// Revokes a token of a user and all tokens derived from it. No budget refuses this: beyond the
    /// budget of the user, or of the queue, it ends all sign-ins of the user up to now.
    ///
    /// # Errors
    /// If the shared state does not respond. It is unknown then whether the token is revoked.
    pub(crate) async fn revoke(
        &self,
        user: &UserKey,
        revocation: &Revocation,
    ) -> Result<Revoked, StateError> {
        let flags = LimitedFlags {
            kind: FlagKind::RevokedToken,
            keys: vec![Digest::of(revocation.id.as_bytes())],
            until: end_of_hour(revocation.until),
            budget: self.budget(CounterKind::RevocationsByUser, user, self.budgets.tokens),
        };
        match self
            .state
            .set_flags(parties::of_ended_tokens(user), flags)
            .await
        {
            Ok(FlagsSet { refused: 0, .. }) => Ok(Revoked::Token),
            Ok(_) | Err(StateError::Busy) => {
                let own = AccountForm::Key(user.clone());
                if self.end(user, own, self.now()).await?.reach == Reach::ThisServer {
                    return Err(StateError::Unreachable);
                }
                warn!(%user, "User ended too many tokens; all sign-ins of the user ended");
                Ok(Revoked::AllOfUser)
            }
            Err(error) => Err(error),
        }
    }

    /// Ends all sign-ins of an account up to a time, in all known forms of its name, with all their
    /// tokens: at this server also if the others cannot be reached.
    ///
    /// # Errors
    /// If the shared state does not respond. It is unknown then whether they have ended.
    pub(crate) async fn end_account(
        &self,
        user: &UserKey,
        ended: Timestamp,
    ) -> Result<SignInsEnded, StateError> {
        // One flag decides, so that only one of two calls at a time is the first.
        let own = AccountForm::Key(user.clone());
        let mut all = self.end(user, own, ended).await?;
        for form in AccountForm::of_revoked(user) {
            if self.end(user, form, ended).await?.reach == Reach::ThisServer {
                all.reach = Reach::ThisServer;
            }
        }
        Ok(all)
    }

    /// Ends all sign-ins with this form of the name of a user up to a time.
    async fn end(
        &self,
        user: &UserKey,
        form: AccountForm,
        ended: Timestamp,
    ) -> Result<SignInsEnded, StateError> {
        let (kind, key) = (FlagKind::EndedUser, form.digest());
        // In the precision of the state, so that the same time is recognised after a restart.
        let until = later(ended, ENDED_USER_MEMORY).as_millisecond();
        let until = Timestamp::from_millisecond(until).unwrap_or(Timestamp::MAX);
        let before = self.state.flag_expiry(kind, key, self.now()).await?;
        let party = parties::of_ended_user(user);
        let set = self.state.set_flag_here_at_least(party, kind, key, until);
        Ok(SignInsEnded {
            is_new: before.is_none_or(|before| before < until),
            reach: set.await?,
        })
    }

    /// Records, in one write, that tickets of a user must not be handed out (again). Returns
    /// whether all of them were recorded.
    pub(crate) async fn invalidate_tickets(
        &self,
        user: &UserKey,
        tickets: &[SecretString],
    ) -> bool {
        if tickets.is_empty() {
            return true;
        }
        let tickets = tickets.iter().map(|ticket| ticket_digest(user, ticket));
        let kind = CounterKind::InvalidatedTicketsByUser;
        let flags = LimitedFlags {
            kind: FlagKind::InvalidatedTicket,
            keys: tickets.collect(),
            until: end_of_hour(later(self.now(), self.ticket_memory)),
            budget: self.budget(kind, user, self.budgets.tickets),
        };
        match self.state.set_flags(parties::of_user(user), flags).await {
            Ok(FlagsSet { refused: 0, .. }) => true,
            Ok(FlagsSet { refused, .. }) => {
                warn!(%user, tickets = refused, "Too many tickets today; tickets not invalidated");
                false
            }
            Err(error) => {
                warn!(%user, %error, "Tickets not invalidated");
                false
            }
        }
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

    /// A budget of a user for the current day. Flags are kept for as long as what they end would
    /// have lived, so the number per user is bounded.
    fn budget(&self, kind: CounterKind, user: &UserKey, max: u32) -> FlagBudget {
        let now = self.now();
        let day = now.as_second() / SECONDS_PER_DAY;
        FlagBudget {
            kind,
            key: Digest::of(format!("{day} {user}").as_bytes()),
            now,
            until: later(now, SignedDuration::from_secs(SECONDS_PER_DAY)),
            max,
        }
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

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The end of the hour of a time (UTC), so that repeated requests set the same expiry, and the
/// shared state has nothing to write after the first.
fn end_of_hour(time: Timestamp) -> Timestamp {
    let hours = time.as_second().div_euclid(SECONDS_PER_HOUR) + 1;
    Timestamp::from_second(hours.saturating_mul(SECONDS_PER_HOUR)).unwrap_or(Timestamp::MAX)
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
    use roamd_citrixauth::{
        Audience, Grant, PresentedToken, Realm, Service, TokenPolicy, TokenService, UserIdentity,
    };
    use roamd_seal::KeyRing;
    use roamd_state::SqliteState;
    use roamd_store_proto::auth::{DestroyToken, RequestToken};

    use super::*;
    use crate::clock::rng;

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

    #[test]
    fn user_of_a_token_has_the_key_of_the_user() {
        for (domain, name) in [("DEMO", "Alice"), ("", "ALICE@Demo.example"), ("Ö", "İ")] {
            let identity = UserIdentity::new(domain, name);
            assert_eq!(UserKey::new(domain, name).as_str(), identity.key());
        }
    }

    /// Sign-ins at a token service, and their revocations in a state with small budgets.
    struct Setting {
        tokens: TokenService,
        revocations: Revocations,
        _folder: tempfile::TempDir,
    }

    const REALM: &str = "tokens:/a";
    const BUDGET: u32 = 20;

    fn start() -> Timestamp {
        Timestamp::from_second(4_000_000_000).unwrap()
    }

    impl Setting {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
            let mut revocations = Revocations::new(Arc::new(state), Arc::new(start), []);
            revocations.budgets = Budgets {
                tokens: BUDGET,
                tickets: BUDGET,
            };
            let policy = TokenPolicy {
                issuer: REALM.to_owned(),
                default_lifetime: Duration::from_hours(8),
                max_lifetime: Duration::from_hours(24),
                min_lifetime: Duration::from_mins(5),
            };
            let keys = Arc::new(KeyRing::random(start().as_second(), &mut rng()));
            Self {
                tokens: TokenService::new(keys, policy),
                revocations,
                _folder: folder,
            }
        }

        /// Signs a user in at this many seconds after the start.
        fn sign_in(&self, user: &str, seconds: i64) -> SecretString {
            self.sign_in_to("DEMO", user, seconds)
        }

        fn sign_in_to(&self, domain: &str, user: &str, seconds: i64) -> SecretString {
            let audience: Audience = "https://a.example/".parse().unwrap();
            let request = RequestToken {
                for_service: REALM.to_owned(),
                for_service_url: audience.to_string(),
                requested_lifetime: None,
                template: String::new(),
            };
            let service = Service::of(&request, &[Realm::new(REALM)], &[audience]).unwrap();
            let grant = Grant {
                user: UserIdentity::new(domain, user),
                password: "secret".into(),
                service,
            };
            let now = start() + SignedDuration::from_secs(seconds);
            self.tokens.issue(&grant, now, &mut rng()).unwrap().token
        }

        fn presented(&self, token: &SecretString) -> PresentedToken {
            let audience: Audience = "https://a.example/".parse().unwrap();
            let now = start() + SignedDuration::from_secs(5);
            let opened = self.tokens.open(token.expose_secret()).unwrap();
            opened.check(&Realm::new(REALM), &audience, now).unwrap()
        }

        async fn is_revoked(&self, token: &SecretString) -> bool {
            let digests = TokenDigests::of(self.presented(token).opened());
            self.revocations.is_revoked(&digests).await.unwrap()
        }

        async fn destroy(&self, user: &str, token: &SecretString) -> Revoked {
            let holder = self.presented(token).unless_revoked(false).unwrap();
            let message = DestroyToken {
                token: token.clone(),
            };
            let revocation = self
                .tokens
                .destroy(&holder, &message, start())
                .unwrap()
                .unwrap();
            let user = UserKey::new("DEMO", user);
            self.revocations.revoke(&user, &revocation).await.unwrap()
        }

        async fn invalidate(&self, user: &str, tickets: std::ops::Range<u32>) -> bool {
            let user = UserKey::new("DEMO", user);
            let tickets: Vec<_> = tickets
                .map(|number| SecretString::from(number.to_string()))
                .collect();
            self.revocations.invalidate_tickets(&user, &tickets).await
        }
    }

    /// Ten times as many tickets as a user may invalidate leave the revocation of tokens as it is.
    #[tokio::test]
    async fn spent_ticket_budget_does_not_refuse_revocation() {
        let setting = Setting::new();
        let [stolen, later] = [0, 1].map(|seconds| setting.sign_in("alice", seconds));
        for request in 0..10 {
            let tickets = request * BUDGET..(request + 1) * BUDGET;
            assert_eq!(setting.invalidate("alice", tickets).await, request == 0);
        }
        // Those that are recorded draw on nothing, and other users have their own budget.
        assert!(setting.invalidate("alice", 0..BUDGET).await);
        assert!(!setting.invalidate("alice", 0..BUDGET + 1).await);
        assert!(setting.invalidate("bob", 0..BUDGET).await);
        assert_eq!(setting.destroy("alice", &stolen).await, Revoked::Token);
        assert!(setting.is_revoked(&stolen).await);
        assert!(!setting.is_revoked(&later).await);
    }

    /// Ten times as many ended tokens as are remembered one by one: each is ended all the same.
    #[tokio::test]
    async fn spent_token_budget_ends_all_sign_ins_of_the_user() {
        let setting = Setting::new();
        let [before, after] = [0, 1].map(|seconds| setting.sign_in("alice", seconds));
        let other = setting.sign_in("bob", 0);
        for number in 0..10 * BUDGET {
            let token = setting.sign_in("alice", 0);
            let revoked = setting.destroy("alice", &token).await;
            let expected = if number < BUDGET {
                Revoked::Token
            } else {
                Revoked::AllOfUser
            };
            assert_eq!(revoked, expected, "{number}");
            assert!(setting.is_revoked(&token).await, "{number}");
            assert_eq!(setting.is_revoked(&before).await, number >= BUDGET);
            // A token that has ended already draws on nothing.
            if number < BUDGET {
                assert_eq!(setting.destroy("alice", &token).await, Revoked::Token);
            }
        }
        assert!(!setting.is_revoked(&after).await);
        assert!(!setting.is_revoked(&other).await);
    }

    #[tokio::test]
    async fn operator_ends_sign_ins_in_all_forms_of_a_name() {
        for revoked in [("DEMO", "u7"), ("demo.test", "U7"), ("", "u7@demo.test")] {
            let setting = Setting::new();
            let sign_ins = |seconds| {
                let users = [("demo", "u7"), ("Demo.Test", "u7"), ("", "u7@demo.test")];
                users.map(|(domain, name)| setting.sign_in_to(domain, name, seconds))
            };
            let (before, after) = (sign_ins(0), sign_ins(2));
            let other = setting.sign_in_to("DEMO", "u8", 0);
            let user = UserKey::new(revoked.0, revoked.1);
            let ended = start() + SignedDuration::from_secs(1);
            let revocations = &setting.revocations;
            assert!(revocations.end_account(&user, ended).await.unwrap().is_new);
            assert!(!revocations.end_account(&user, ended).await.unwrap().is_new);
            for token in &before {
                assert!(setting.is_revoked(token).await, "{revoked:?}");
            }
            for token in after.iter().chain([&other]) {
                assert!(!setting.is_revoked(token).await, "{revoked:?}");
            }
        }
    }
}
