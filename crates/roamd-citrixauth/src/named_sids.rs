//! The security identifiers that the configuration names, and which of them an account has.
//!
//! A user may be in thousands of groups. A token says only which of the named identifiers the
//! account has, as one bit for each, so that its size does not depend on the groups.

use serde::{Deserialize, Serialize};

/// Identifiers of users and groups that rules of the configuration name, at most
/// [`NamedSids::MOST`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamedSids {
    /// Sorted, each once.
    sids: Vec<String>,
}

/// Which identifiers of a [`NamedSids`] an account has. Another configuration that names others
/// cannot read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldSids {
    /// Fingerprint of the named identifiers.
    f: u64,
    /// A bit for each of them.
    h: u128,
}

impl NamedSids {
    /// Largest number of identifiers.
    pub const MOST: usize = 128;

    /// These identifiers; those beyond the largest number are left out.
    #[must_use]
    pub fn new(sids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut sids: Vec<String> = sids.into_iter().map(Into::into).collect();
        sids.sort_unstable();
        sids.dedup();
        sids.truncate(Self::MOST);
        Self { sids }
    }

    /// Returns which of them an account with these identifiers has. `None` if it is not worth a
    /// place in a token, because no rule names any.
    #[must_use]
    pub fn held_by(&self, account: &[String]) -> Option<HeldSids> {
        let is_held = |named: &&String| {
            account
                .iter()
                .any(|sid| sid.eq_ignore_ascii_case(named.as_str()))
        };
        let bits = self.bits().filter(|(_, named)| is_held(named));
        (!self.sids.is_empty()).then(|| HeldSids {
            f: self.fingerprint(),
            h: bits.fold(0, |held, (bit, _)| held | bit),
        })
    }

    /// Returns the identifiers that an account has. `None` if that is not known: a farm has not
    /// named its identifiers, or the configuration named others at its sign-in.
    #[must_use]
    pub fn of(&self, held: Option<HeldSids>) -> Option<Vec<&str>> {
        if self.sids.is_empty() {
            return Some(Vec::new());
        }
        let held = held.filter(|held| held.f == self.fingerprint())?;
        let bits = self.bits().filter(|(bit, _)| held.h & bit != 0);
        Some(bits.map(|(_, named)| named.as_str()).collect())
    }

    /// The identifiers, each with its bit.
    fn bits(&self) -> impl Iterator<Item = (u128, &String)> {
        let sids = self.sids.iter().take(Self::MOST);
        sids.enumerate().map(|(position, sid)| (1 << position, sid))
    }

    /// FNV-1a of the identifiers. It distinguishes configurations; tokens are sealed, so that it
    /// needs no protection against forgery.
    fn fingerprint(&self) -> u64 {
        let bytes = self.sids.iter().flat_map(|sid| sid.bytes().chain([0]));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
