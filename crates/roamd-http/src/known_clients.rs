//! Clients whose users the application knows, by their networks.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Clients that one account makes known: the ones used last. Otherwise a user with many addresses
/// could make all of them known.
const OF_AN_ACCOUNT: usize = 4;

/// Accounts whose clients are known.
const ACCOUNTS: usize = 16_384;

/// Standing of a client when it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// An account uses it, it is in a known network, or a trusted proxy.
    Known,
    /// Anybody.
    Stranger,
}

/// One for the known clients, and one for strangers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByStanding<T> {
    pub(crate) known: T,
    pub(crate) strangers: T,
}

impl<T> ByStanding<T> {
    /// The one for clients of a standing.
    pub(crate) fn of(&self, standing: Standing) -> &T {
        match standing {
            Standing::Known => &self.known,
            Standing::Stranger => &self.strangers,
        }
    }
}

/// Clients that are known because of an account. A client is the result of the
/// [`ClientKey`](crate::ClientKey).
#[derive(Debug, Default)]
pub(crate) struct KnownClients {
    /// Accounts are stored as digests.
    hasher: RandomState,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The clients of each account; the one used last is at the end.
    by_account: HashMap<u64, VecDeque<IpAddr>>,
    /// The number of accounts of each client.
    accounts: HashMap<IpAddr, usize>,
}

impl KnownClients {
    /// Notes that an account uses a client. If there are too many accounts, all clients are
    /// forgotten: each is then a stranger until its account is noted again.
    pub(crate) fn record(&self, client: IpAddr, account: &impl Hash) {
        let account = self.hasher.hash_one(account);
        let mut known = self.known();
        if known.by_account.len() >= ACCOUNTS && !known.by_account.contains_key(&account) {
            *known = Known::default();
        }
        let Known {
            by_account,
            accounts,
        } = &mut *known;
        let clients = by_account.entry(account).or_default();
        if let Some(position) = clients.iter().position(|it| *it == client) {
            clients.remove(position);
            clients.push_back(client);
            return;
        }
        *accounts.entry(client).or_default() += 1;
        clients.push_back(client);
        if clients.len() > OF_AN_ACCOUNT
            && let Some(forgotten) = clients.pop_front()
            && let Some(count) = accounts.get_mut(&forgotten)
        {
            *count -= 1;
            if *count == 0 {
                accounts.remove(&forgotten);
            }
        }
    }

    /// Whether an account uses a client.
    pub(crate) fn contains(&self, client: IpAddr) -> bool {
        self.known().accounts.contains_key(&client)
    }

    /// A poisoned mutex is used all the same: no panic can leave the counts wrong.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: usize) -> IpAddr {
        let number = u32::try_from(number).unwrap();
        IpAddr::from((0x0A00_0000 + number).to_be_bytes())
    }

    #[test]
    fn account_makes_its_latest_clients_known_and_no_more() {
        let known = KnownClients::default();
        for number in 0..10 * OF_AN_ACCOUNT {
            known.record(client(number), &"MALLORY");
            // It is used again and again.
            known.record(client(0), &"MALLORY");
        }
        let all = 0..10 * OF_AN_ACCOUNT;
        let still: Vec<_> = all
            .filter(|number| known.contains(client(*number)))
            .collect();
        assert_eq!(still, [0, 37, 38, 39]);
        assert_eq!(known.known().accounts.len(), OF_AN_ACCOUNT);
    }

    #[test]
    fn client_of_several_accounts_is_known_as_long_as_one_uses_it() {
        let known = KnownClients::default();
        for account in ["ALICE", "BOB"] {
            known.record(client(0), &account);
        }
        for account in ["ALICE", "BOB"] {
            assert!(known.contains(client(0)), "{account}");
            for number in 1..=OF_AN_ACCOUNT {
                known.record(client(number), &account);
            }
        }
        assert!(!known.contains(client(0)));
    }

    #[test]
    fn accounts_are_bounded() {
        let known = KnownClients::default();
        for account in 0..10 * ACCOUNTS {
            known.record(client(account), &account);
            assert!(known.contains(client(account)));
        }
        let known = known.known();
        assert!(known.by_account.len() <= ACCOUNTS && known.accounts.len() <= ACCOUNTS);
    }
}
