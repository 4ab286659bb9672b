//! `Credentials`: the user that a request is about (nfuse.md §2).

use roamd_xml::{Fault, FaultKind, Writer};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::nfuse_element::NfuseElement;
use crate::{ctx1, element_writer};

/// The `Credentials` element. Requests about all users have no such element.
#[derive(Debug, Clone, PartialEq)]
pub enum Credentials {
    /// User name, password and domain as the user typed them. Some requests have no password.
    Explicit {
        /// `UserName`.
        user_name: String,
        /// `Password`.
        password: Option<Password>,
        /// `Domain`; absent in the oldest clients.
        domain: Option<Domain>,
    },
    /// An identity without a password, which a farm accepts only from a trusted caller.
    Identity {
        /// `ID type="SAM"`, `DOMAIN\user`.
        sam: Option<String>,
        /// `ID type="UPN"`, `user@suffix`.
        upn: Option<String>,
        /// `ID type="SID"`: the SID of the user, then those of the groups.
        sids: Vec<String>,
    },
    /// Groups of users, for their applications.
    Groups {
        /// `GroupName`.
        names: Vec<String>,
        /// `Domain`.
        domain: Option<Domain>,
    },
    /// `AnonymousUser`.
    Anonymous,
}

/// A decoded password. `Debug` does not print it.
///
/// White space around a cleartext password is lost, because some clients put a line break before
/// every value (nfuse.md §1.3). ctx1 preserves it.
#[derive(Debug, Clone)]
pub struct Password {
    /// The password.
    pub value: SecretString,
    /// Its encoding on the wire.
    pub encoding: PasswordEncoding,
}

/// Encoding of a password on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordEncoding {
    /// No encoding.
    Cleartext,
    /// Obfuscated by ctx1 (nfuse.md §2.1).
    Ctx1,
}

/// A domain of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Attribute `type`: `NT`, `NDS` or `UNIX`; `NT` if it is absent.
    pub kind: String,
    /// Name, empty for `UNIX`.
    pub name: String,
}

/// The `ID` elements of a user, by type.
#[derive(Default)]
pub(crate) struct Ids {
    pub(crate) sam: Option<String>,
    pub(crate) upn: Option<String>,
    pub(crate) sids: Vec<String>,
}

impl Credentials {
    /// Reads the element in a request that requires it.
    pub(crate) fn read_required(request: &NfuseElement<'_>) -> Result<Self, Fault> {
        Self::read(&request.required_child("Credentials")?)
    }

    /// Reads the element in a request that is about all users without it.
    pub(crate) fn read_optional(request: &NfuseElement<'_>) -> Result<Option<Self>, Fault> {
        request
            .single_child("Credentials")?
            .map(|element| Self::read(&element))
            .transpose()
    }

    fn read(element: &NfuseElement<'_>) -> Result<Self, Fault> {
        const KINDS: [&str; 4] = ["UserName", "ID", "Group", "AnonymousUser"];
        let mut present = KINDS
            .into_iter()
            .filter(|name| element.first_child(name).is_some());
        match (present.next(), present.next()) {
            (Some("UserName"), None) => Ok(Self::Explicit {
                user_name: element.required_child_text("UserName")?,
                password: element
                    .single_child("Password")?
                    .map(|n| Password::read(&n))
                    .transpose()?,
                domain: element.single_child("Domain")?.map(|n| Domain::read(&n)),
            }),
            (Some("ID"), None) => {
                let Ids { sam, upn, sids } = Ids::read_unique(element)?;
                if sam.is_none() && upn.is_none() && sids.is_empty() {
                    return Err(element.fault(FaultKind::Unexpected {
                        expected: "an identity with a SAM name, a UPN or a SID",
                    }));
                }
                Ok(Self::Identity { sam, upn, sids })
            }
            (Some("Group"), None) => {
                let group = element.required_child("Group")?;
                Ok(Self::Groups {
                    names: group.required_child_texts("GroupName")?,
                    domain: group.single_child("Domain")?.map(|n| Domain::read(&n)),
                })
            }
            (Some("AnonymousUser"), None) => Ok(Self::Anonymous),
            _ => Err(element.fault(FaultKind::Unexpected {
                expected: "exactly one of a user name, an identity, a group and AnonymousUser",
            })),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.open("Credentials", &[]);
        match self {
            Self::Explicit {
                user_name,
                password,
                domain,
            } => {
                writer.leaf("UserName", &[], user_name);
                if let Some(password) = password {
                    password.write("Password", writer);
                }
                if let Some(domain) = domain {
                    domain.write(writer);
                }
            }
            Self::Identity { sam, upn, sids } => {
                write_ids(writer, sam.as_deref(), upn.as_deref(), sids);
            }
            Self::Groups { names, domain } => {
                writer.open("Group", &[]);
                element_writer::leaves(writer, "GroupName", names);
                if let Some(domain) = domain {
                    domain.write(writer);
                }
                writer.close();
            }
            Self::Anonymous => writer.leaf("AnonymousUser", &[], ""),
        }
        writer.close();
    }
}

impl Password {
    pub(crate) fn read(element: &NfuseElement<'_>) -> Result<Self, Fault> {
        let encoding = match element.attribute("encoding") {
            None => PasswordEncoding::Cleartext,
            Some(text) if text.eq_ignore_ascii_case("cleartext") => PasswordEncoding::Cleartext,
            Some(text) if text.eq_ignore_ascii_case("ctx1") => PasswordEncoding::Ctx1,
            Some(_) => {
                let expected = "encoded as cleartext or ctx1";
                return Err(element.fault(FaultKind::Unexpected { expected }));
            }
        };
        let value = match encoding {
            PasswordEncoding::Cleartext => SecretString::from(element.text()),
            PasswordEncoding::Ctx1 => ctx1::decode(element.text()).map_err(|_| {
                element.fault(FaultKind::Unexpected {
                    expected: "ctx1 text",
                })
            })?,
        };
        Ok(Self { value, encoding })
    }

    pub(crate) fn write(&self, element: &str, writer: &mut Writer) {
        let value = self.value.expose_secret();
        match self.encoding {
            PasswordEncoding::Cleartext => {
                writer.leaf(element, &[("encoding", "cleartext")], value);
            }
            PasswordEncoding::Ctx1 => {
                let value = Zeroizing::new(ctx1::encode(value));
                writer.leaf(element, &[("encoding", "ctx1")], &value);
            }
        }
    }
}

impl PartialEq for Password {
    /// Compares messages, for example in tests. The check of a password compares hashes instead.
    fn eq(&self, other: &Self) -> bool {
        self.encoding == other.encoding && self.value.expose_secret() == other.value.expose_secret()
    }
}

impl Domain {
    /// `type` of a Windows domain.
    pub const NT: &'static str = "NT";

    /// Creates a Windows domain.
    pub fn nt(name: impl Into<String>) -> Self {
        Self {
            kind: Self::NT.to_owned(),
            name: name.into(),
        }
    }

    pub(crate) fn read(element: &NfuseElement<'_>) -> Self {
        Self {
            kind: element.attribute("type").unwrap_or(Self::NT).to_owned(),
            name: element.text().to_owned(),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.leaf("Domain", &[("type", &self.kind)], &self.name);
    }
}

impl Ids {
    /// Reads the ids of a request.
    ///
    /// # Errors
    /// If a name is repeated.
    fn read_unique(parent: &NfuseElement<'_>) -> Result<Self, Fault> {
        match Self::read(parent) {
            (ids, None) => Ok(ids),
            (_, Some(repeated)) => Err(repeated.fault(FaultKind::Repeated)),
        }
    }

    /// Reads the ids of a response. The first name of each type counts.
    pub(crate) fn read_first(parent: &NfuseElement<'_>) -> Self {
        Self::read(parent).0
    }

    /// Reads the first name of each type and all SIDs, and returns the last repeated name, if any.
    /// Ids of unknown types are ignored. An id without a type is a SAM name (nfuse.md §2).
    fn read<'a>(parent: &'a NfuseElement<'_>) -> (Self, Option<NfuseElement<'a>>) {
        let mut ids = Self::default();
        let mut repeated = None;
        for element in parent.children_named("ID") {
            let text = element.text();
            if text.is_empty() {
                continue;
            }
            let kind = element.attribute("type").unwrap_or("SAM");
            let slot = if kind.eq_ignore_ascii_case("SAM") {
                &mut ids.sam
            } else if kind.eq_ignore_ascii_case("UPN") {
                &mut ids.upn
            } else {
                if kind.eq_ignore_ascii_case("SID") {
                    ids.sids.push(text.to_owned());
                }
                continue;
            };
            match slot {
                Some(_) => repeated = Some(element),
                None => *slot = Some(text.to_owned()),
            }
        }
        (ids, repeated)
    }
}

/// Writes the `ID` elements of a user.
pub(crate) fn write_ids(
    writer: &mut Writer,
    sam: Option<&str>,
    upn: Option<&str>,
    sids: &[String],
) {
    if let Some(sam) = sam {
        writer.leaf("ID", &[("type", "SAM")], sam);
    }
    if let Some(upn) = upn {
        writer.leaf("ID", &[("type", "UPN")], upn);
    }
    for sid in sids {
        writer.leaf("ID", &[("type", "SID")], sid);
    }
}
