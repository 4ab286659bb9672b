//! Password hashes: argon2id in PHC form.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::random::random;
use crate::error::Error;
use crate::model::account_policy::PasswordHashing;

/// Hashes a password with a new salt.
pub(crate) fn hash_password(
    cost: PasswordHashing,
    password: &SecretString,
) -> Result<String, Error> {
    let hash = argon2id(cost)?.hash_password(password.expose_secret().as_bytes());
    Ok(hash.map_err(|_| Error::Hashing)?.to_string())
}

/// Whether a password matches a stored hash.
pub(crate) fn matches_hash(stored: &str, password: &SecretString) -> bool {
    Argon2::default()
        .verify_password(password.expose_secret().as_bytes(), stored)
        .is_ok()
}

/// Creates a hash that no known password matches, without the cost of hashing.
pub(crate) fn dummy_hash(cost: PasswordHashing) -> Result<String, Error> {
    let argon2 = argon2id(cost)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(|_| Error::Hashing)?,
        salt: Some(
            argon2::password_hash::phc::Salt::new(&random::<16>()?).map_err(|_| Error::Hashing)?,
        ),
        hash: Some(
            argon2::password_hash::phc::Output::new(&random::<32>()?)
                .map_err(|_| Error::Hashing)?,
        ),
    };
    Ok(hash.to_string())
}

fn argon2id(cost: PasswordHashing) -> Result<Argon2<'static>, Error> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| Error::Hashing)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordHashing = PasswordHashing {
        memory_kib: 8,
        passes: 1,
    };

    #[test]
    fn dummy_hash_costs_as_much_as_stored_hash() {
        let stored = hash_password(CHEAP, &SecretString::from("right")).unwrap();
        let fields = |hash: &str| {
            hash.split('$')
                .take(4)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(fields(&dummy_hash(CHEAP).unwrap()), fields(&stored));
    }
}
