//! Shared values.

use roamd_nfuse_proto::{Credentials, Domain, HostId, Password, PasswordEncoding};

pub(crate) fn text(value: &str) -> String {
    value.to_owned()
}

pub(crate) fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| text(value)).collect()
}

pub(crate) fn some(value: &str) -> Option<String> {
    Some(text(value))
}

pub(crate) fn password(value: &str, encoding: PasswordEncoding) -> Password {
    Password {
        value: value.into(),
        encoding,
    }
}

/// The user of most samples, with a password in this encoding.
pub(crate) fn mia(encoding: PasswordEncoding) -> Credentials {
    Credentials::Explicit {
        user_name: text("mia"),
        password: Some(password("s3cret!", encoding)),
        domain: Some(Domain::nt("EXAMPLE")),
    }
}

pub(crate) fn identity(sids: &[&str]) -> Credentials {
    Credentials::Identity {
        sam: some("EXAMPLE\\mia"),
        upn: None,
        sids: texts(sids),
    }
}

pub(crate) fn ima_host(number: &str) -> HostId {
    HostId {
        kind: some("ima-host-id"),
        value: text(number),
    }
}
