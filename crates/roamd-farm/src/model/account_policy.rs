//! The account policy of a data folder: lockout, password length, and the cost of password hashes.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::limit::Limit;

/// The policy for all accounts of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountPolicy {
    /// Number of consecutive wrong passwords that locks an account. In TOML 0 means no limit.
    #[serde(deserialize_with = "zero_is_none")]
    pub lockout_attempts: Limit,
    /// Duration of the lock in seconds, and the longest time between two consecutive wrong
    /// passwords.
    pub lockout_seconds: u32,
    /// Minimum length of a new password, in characters.
    pub password_length: u32,
}

impl Default for AccountPolicy {
    fn default() -> Self {
        Self {
            lockout_attempts: Limit::AtMost(10),
            lockout_seconds: 900,
            password_length: 8,
        }
    }
}

/// Changes of the account policy. A field that is `None` leaves its value unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountPolicyChange {
    /// Number of consecutive wrong passwords that locks an account.
    pub lockout_attempts: Option<Limit>,
    /// Duration of the lock in seconds.
    pub lockout_seconds: Option<NonZeroU32>,
    /// Minimum length of a new password, in characters.
    pub password_length: Option<NonZeroU32>,
}

/// Cost of an argon2id hash. The default is the minimum that OWASP recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordHashing {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Number of passes over the memory.
    pub passes: u32,
}

impl Default for PasswordHashing {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

fn zero_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
    Ok(match u32::deserialize(deserializer)? {
        0 => Limit::None,
        most => Limit::AtMost(most),
    })
}
