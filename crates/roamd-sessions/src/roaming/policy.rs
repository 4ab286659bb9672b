//! The rule: which sessions of a user a store offers to a client (SS-71).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{Sid, UserKey};

/// Sessions that a store offers to a client, from the least to the most restrictive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Roaming {
    /// Disconnected sessions, and those that are connected from other clients.
    #[default]
    Always,
    /// Disconnected sessions only. Farms are not queried for active ones.
    DisconnectedOnly,
    /// None, because farms do not say which end-point a session was used on. A session returns to
    /// its end-point if the user starts its application there again, as the farm decides.
    SameEndpointOnly,
}

/// Roaming policy of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoamingPolicy {
    /// What the store offers if no exception matches.
    pub sessions: Roaming,
    /// The exceptions; the first that matches decides.
    pub exceptions: Vec<RoamingException>,
}

/// Exception from the policy of a store. It matches a client if each of its lists that is not empty
/// has an entry that does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoamingException {
    /// Networks of clients.
    pub networks: Vec<IpNet>,
    /// Users.
    pub users: Vec<RoamingUser>,
    /// Groups of users.
    pub groups: Vec<Sid>,
    /// What the store offers to these clients.
    pub sessions: Roaming,
}

/// A user, as an exception names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoamingUser {
    /// By the name of the account.
    Account(UserKey),
    /// By security identifier.
    Sid(Sid),
}

/// What is known of a client and its user.
#[derive(Debug, Clone, Copy)]
pub struct RoamingClient<'c> {
    /// Address of the client; `None` if a proxy hides it.
    pub address: Option<IpAddr>,
    /// The user.
    pub user: &'c UserKey,
    /// The identifiers of the user and their groups, at least those that a policy names, as
    /// [`Sid::as_str`] writes them; `None` if they are not known.
    pub sids: Option<&'c [&'c str]>,
}

/// The rule that applies to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoamingRule {
    /// What the store offers.
    pub sessions: Roaming,
    /// Where the rule comes from.
    pub source: RuleSource,
}

/// Origin of a rule. Exceptions are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleSource {
    /// The policy of the store; no exception matches.
    Store,
    /// This exception, which matches.
    Exception(usize),
    /// This exception, which may match: what it depends on is not known.
    Undecided(usize),
}

impl Roaming {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Always, Self::DisconnectedOnly, Self::SameEndpointOnly];

    /// Whether disconnected sessions are offered.
    #[must_use]
    pub const fn offers_disconnected(self) -> bool {
        match self {
            Self::Always | Self::DisconnectedOnly => true,
            Self::SameEndpointOnly => false,
        }
    }

    /// Whether sessions that other clients are connected to are offered.
    #[must_use]
    pub const fn offers_active(self) -> bool {
        match self {
            Self::Always => true,
            Self::DisconnectedOnly | Self::SameEndpointOnly => false,
        }
    }

    /// Its name, which the configuration uses as well.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::DisconnectedOnly => "disconnected_only",
            Self::SameEndpointOnly => "same_endpoint_only",
        }
    }
}

impl RoamingPolicy {
    /// Returns the rule for a client: that of the first exception that matches, else that of the
    /// store. An exception before it that may match applies if it is more restrictive, so that no
    /// client evades it by hiding its address.
    #[must_use]
    pub fn rule(&self, client: RoamingClient<'_>) -> RoamingRule {
        let mut strictest: Option<RoamingRule> = None;
        let mut add = |sessions, source| match strictest {
            Some(rule) if rule.sessions >= sessions => rule,
            _ => *strictest.insert(RoamingRule { sessions, source }),
        };
        for (number, exception) in (1..).zip(&self.exceptions) {
            match exception.matches(client) {
                Some(true) => return add(exception.sessions, RuleSource::Exception(number)),
                Some(false) => {}
                None => {
                    add(exception.sessions, RuleSource::Undecided(number));
                }
            }
        }
        add(self.sessions, RuleSource::Store)
    }

    /// The security identifiers that its exceptions name; the rule for a client depends on no
    /// others.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        self.exceptions.iter().flat_map(|exception| {
            let users = exception.users.iter().filter_map(|user| match user {
                RoamingUser::Account(_) => None,
                RoamingUser::Sid(sid) => Some(sid),
            });
            users.chain(&exception.groups)
        })
    }
}

impl RoamingException {
    /// Whether it matches a client; `None` if that is not known.
    fn matches(&self, client: RoamingClient<'_>) -> Option<bool> {
        let has = |sid: &Sid| client.sids.map(|sids| sids.contains(&sid.as_str()));
        let is_in = |network: &IpNet| {
            let address = client.address?.to_canonical();
            Some(network.contains(&address))
        };
        let is = |user: &RoamingUser| match user {
            RoamingUser::Account(key) => Some(key == client.user),
            RoamingUser::Sid(sid) => has(sid),
        };
        let lists = [
            any(&self.networks, is_in),
            any(&self.users, is),
            any(&self.groups, has),
        ];
        if lists.contains(&Some(false)) {
            Some(false)
        } else {
            lists.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
        }
    }
}

/// Whether an entry of a list matches, or the list is empty; `None` if that is not known.
fn any<T>(list: &[T], matches: impl Fn(&T) -> Option<bool>) -> Option<bool> {
    let mut found = Some(list.is_empty());
    for entry in list {
        match matches(entry) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}
