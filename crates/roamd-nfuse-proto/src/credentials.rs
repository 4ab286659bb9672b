//! Who a request speaks for (nfuse.md §2).

use secrecy::SecretString;

/// The `Credentials` element. A request without the element asks for all users.
#[derive(Debug, Clone, PartialEq)]
pub enum Credentials {
    /// User name, password and domain as a person typed them; some requests leave the password out.
    Explicit {
        /// `UserName`.
        user_name: String,
        /// `Password`.
        password: Option<Password>,
        /// `Domain`; absent in the oldest clients.
        domain: Option<Domain>,
    },
    /// An identity without a proof; honoured by farms that trust the caller only.
    Identity {
        /// `ID type="SAM"`, `DOMAIN\user`.
        sam: Option<String>,
        /// `ID type="UPN"`, `user@suffix`.
        upn: Option<String>,
        /// `ID type="SID"`: the user's own first, then the groups'.
        sids: Vec<String>,
    },
    /// Everything that the named groups may see.
    Groups {
        /// `GroupName`.
        names: Vec<String>,
        /// `Domain`.
        domain: Option<Domain>,
    },
    /// `AnonymousUser`.
    Anonymous,
}

/// A password, decoded. Never printed.
#[derive(Debug, Clone)]
pub struct Password {
    /// The password in clear.
    pub value: SecretString,
    /// How it travels.
    pub encoding: PasswordEncoding,
}

/// How a password travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordEncoding {
    /// As it is.
    Cleartext,
    /// Hidden from a glance by ctx1 (nfuse.md §2.1).
    Ctx1,
}

/// A domain and its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// `NT`, `NDS` or `UNIX`; `NT` where the attribute is absent.
    pub kind: String,
    /// Name; empty with `UNIX`.
    pub name: String,
}
