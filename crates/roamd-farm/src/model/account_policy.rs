//! The account policy of a data folder: lockout, password length, and the cost of password hashes.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::limit::Limit;

/// What holds for all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountPolicy {
    /// Wrong passwords one after the other that lock an account. In TOML 0 is none.
    #[serde(deserialize_with = "zero_is_none")]
    pub lockout_attempts: Limit,
    /// Seconds that it stays locked, and within which one wrong password follows the other.
    pub lockout_seconds: u32,
    /// Characters that a new password has at least.
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

/// What to change about the rules; what is absent stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountPolicyChange {
    /// Wrong passwords that lock an account.
    pub lockout_attempts: Option<Limit>,
    /// Seconds that it stays locked.
    pub lockout_seconds: Option<NonZeroU32>,
    /// Characters that a new password has at least.
    pub password_length: Option<NonZeroU32>,
}

/// Cost of an argon2id hash. The default is the least that OWASP advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordHashing {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
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
