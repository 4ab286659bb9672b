//! Credentials of NFuse requests.

use roamd_nfuse_proto::{Credentials, Domain, Password, PasswordEncoding};
use secrecy::SecretString;

/// The credentials of an account, with or without its password.
pub(super) fn explicit(name: &str, domain: &str, password: Option<&SecretString>) -> Credentials {
    Credentials::Explicit {
        user_name: name.to_owned(),
        password: password.map(encoded),
        domain: Some(Domain {
            kind: "NT".to_owned(),
            name: domain.to_owned(),
        }),
    }
}

/// A password to send in encoding `ctx1`, which obscures it and keeps white space around it.
pub(super) fn encoded(password: &SecretString) -> Password {
    Password {
        value: password.clone(),
        encoding: PasswordEncoding::Ctx1,
    }
}
