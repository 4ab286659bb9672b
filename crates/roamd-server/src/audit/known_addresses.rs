//! The addresses from which the tokens of each sign-in have been used.
//!
//! A thief uses a token from another address than its user. The first use from each address has a
//! line in the audit log, and no other use. Every request looks its address up here, so the lookup
//! takes no lock and allocates nothing. The memory is bounded. If it is full, the address that was
//! not used for the longest time is forgotten, and its next use has a line again.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use roamd_citrixauth::TokenId;

const SECONDS_PER_HOUR: i64 = 3_600;

/// Number of buckets, and of those that are allocated together; powers of two. With [`WAYS`] that
/// is 131,072 addresses in 1 MiB, of which a server with few users needs a small part.
const BUCKETS: usize = 1 << 14;
const BUCKETS_OF_BLOCK: usize = 1 << 6;

/// Number of addresses of a bucket.
const WAYS: usize = 8;

/// Bits of a slot with the hour of the last use. The other bits are of the hash; 0 is an empty
/// slot.
const HOUR_BITS: u64 = 0xffff;

/// A bounded set of pairs of a sign-in and an address.
#[derive(Debug)]
pub(super) struct KnownAddresses {
    /// Its key is random, so that no client can choose what is forgotten.
    hasher: RandomState,
    blocks: Box<[OnceLock<Box<Block>>]>,
    /// Held to add an address, so that two requests cannot add the same one in two slots.
    adding: Mutex<()>,
}

type Block = [Bucket; BUCKETS_OF_BLOCK];
type Bucket = [AtomicU64; WAYS];

/// The place of a pair, and what it has there.
struct Place {
    block: usize,
    bucket: usize,
    tag: u64,
    hour: u64,
}

/// A pair in its bucket.
struct Entry<'a> {
    bucket: &'a Bucket,
    tag: u64,
    hour: u64,
}

impl KnownAddresses {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            blocks: std::iter::repeat_with(OnceLock::new)
                .take(BUCKETS / BUCKETS_OF_BLOCK)
                .collect(),
            adding: Mutex::default(),
        }
    }

    /// Whether the tokens of a sign-in have been used from an address. Remembers the time.
    pub(super) fn contains(&self, sign_in: TokenId, address: IpAddr, now: Timestamp) -> bool {
        let place = self.place(sign_in, address, now);
        let block = self.blocks.get(place.block).and_then(OnceLock::get);
        block
            .and_then(|block| place.entry(block))
            .is_some_and(|entry| entry.find())
    }

    /// Adds an address. Returns `false` if another request has done so meanwhile.
    pub(super) fn insert(&self, sign_in: TokenId, address: IpAddr, now: Timestamp) -> bool {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.place(sign_in, address, now);
        let new_block = || Box::new(std::array::from_fn(|_| Bucket::default()));
        let block = self.blocks.get(place.block);
        block
            .and_then(|block| place.entry(block.get_or_init(new_block)))
            .is_some_and(|entry| entry.insert())
    }

    fn place(&self, sign_in: TokenId, address: IpAddr, now: Timestamp) -> Place {
        let hash = self.hasher.hash_one((sign_in, address));
        let hour = now.as_second() / SECONDS_PER_HOUR;
        // The tag has the other bits of the hash.
        let index = usize::try_from(hash & HOUR_BITS).unwrap_or_default() & (BUCKETS - 1);
        Place {
            block: index / BUCKETS_OF_BLOCK,
            bucket: index % BUCKETS_OF_BLOCK,
            tag: (hash & !HOUR_BITS).max(HOUR_BITS + 1),
            hour: hour.cast_unsigned() & HOUR_BITS,
        }
    }
}

impl Place {
    fn entry<'b>(&self, block: &'b Block) -> Option<Entry<'b>> {
        Some(Entry {
            bucket: block.get(self.bucket)?,
            tag: self.tag,
            hour: self.hour,
        })
    }
}

impl Entry<'_> {
    fn find(&self) -> bool {
        for slot in self.bucket {
            let value = slot.load(Ordering::Relaxed);
            if value & !HOUR_BITS != self.tag {
                continue;
            }
            let current = self.tag | self.hour;
            if value != current {
                // Another request may have changed the slot; then the time is lost.
                slot.compare_exchange(value, current, Ordering::Relaxed, Ordering::Relaxed)
                    .ok();
            }
            return true;
        }
        false
    }

    fn insert(&self) -> bool {
        if self.find() {
            return false;
        }
        let slots = self.bucket.iter();
        if let Some(oldest) = slots.max_by_key(|slot| self.age(slot.load(Ordering::Relaxed))) {
            oldest.store(self.tag | self.hour, Ordering::Relaxed);
        }
        true
    }

    /// Hours since the last use of a slot. An empty slot is older than all others.
    fn age(&self, value: u64) -> u64 {
        if value == 0 {
            return u64::MAX;
        }
        self.hour.wrapping_sub(value & HOUR_BITS) & HOUR_BITS
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::thread;

    use jiff::SignedDuration;

    use super::*;
    use crate::clock::rng;

    fn sign_in() -> TokenId {
        TokenId::random(&mut rng())
    }

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn address_is_new_once_for_each_sign_in() {
        let known = KnownAddresses::new();
        let now = Timestamp::now();
        let (one, other) = (sign_in(), sign_in());
        for number in 0..100 {
            let address = address(number);
            assert!(!known.contains(one, address, now));
            assert!(known.insert(one, address, now));
            assert!(known.contains(one, address, now));
            assert!(!known.insert(one, address, now));
            assert!(!known.contains(other, address, now));
        }
    }

    #[test]
    fn one_of_many_concurrent_uses_is_first() {
        let known = KnownAddresses::new();
        let (sign_in, now) = (sign_in(), Timestamp::now());
        for number in 0..100 {
            let first = |_| known.insert(sign_in, address(number), now);
            let first = thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|it| scope.spawn(move || first(it))).collect();
                let results = threads.into_iter().map(|it| it.join().unwrap());
                results.filter(|first| *first).count()
            });
            assert_eq!(first, 1);
        }
    }

    #[test]
    fn full_set_forgets_unused_addresses_first() {
        let known = KnownAddresses::new();
        let sign_in = sign_in();
        let mut now = Timestamp::now();
        let used = address(0);
        assert!(known.insert(sign_in, used, now));
        let mut number = 1;
        // Four times as many as there is room for, so that each bucket gets more than it has room
        // for, and not so many in an hour that a bucket has only addresses of that hour.
        for _ in 0..128 {
            now += SignedDuration::from_hours(1);
            assert!(known.contains(sign_in, used, now));
            for _ in 0..BUCKETS * WAYS / 32 {
                known.insert(sign_in, address(number), now);
                number += 1;
            }
        }
        assert!(known.contains(sign_in, used, now));
        assert!(known.contains(sign_in, address(number - 1), now));
        assert!(!known.contains(sign_in, address(1), now));
    }
}
