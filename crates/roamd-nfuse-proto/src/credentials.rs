//! Who a request speaks for (nfuse.md §2).

use roamd_xml::{Fault, FaultKind, Writer};
use secrecy::{ExposeSecret, SecretString};

use crate::read::Node;
use crate::{ctx1, write};

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
///
/// White space around one that travels in clear is lost, because some clients put a line break
/// before every value (nfuse.md §1.3); ctx1 keeps it.
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

/// `ID` elements sorted by their types: a user as farms and clients name one without a password.
#[derive(Default)]
pub(crate) struct Ids {
    pub(crate) sam: Option<String>,
    pub(crate) upn: Option<String>,
    pub(crate) sids: Vec<String>,
}

impl Credentials {
    /// The element inside a request that cannot do without it.
    pub(crate) fn need(request: &Node<'_>) -> Result<Self, Fault> {
        Self::read(&request.need("Credentials")?)
    }

    /// The element inside a request that means all users where it is absent.
    pub(crate) fn only(request: &Node<'_>) -> Result<Option<Self>, Fault> {
        request
            .only("Credentials")?
            .map(|node| Self::read(&node))
            .transpose()
    }

    fn read(node: &Node<'_>) -> Result<Self, Fault> {
        const FORMS: [&str; 4] = ["UserName", "ID", "Group", "AnonymousUser"];
        let mut present = FORMS.into_iter().filter(|name| node.first(name).is_some());
        match (present.next(), present.next()) {
            (Some("UserName"), None) => Ok(Self::Explicit {
                user_name: node.need_text("UserName")?,
                password: node
                    .only("Password")?
                    .map(|n| Password::read(&n))
                    .transpose()?,
                domain: node.only("Domain")?.map(|n| Domain::read(&n)),
            }),
            (Some("ID"), None) => {
                let Ids { sam, upn, sids } = Ids::only(node)?;
                if sam.is_none() && upn.is_none() && sids.is_empty() {
                    return Err(node.fault(FaultKind::Unexpected {
                        expected: "an identity with a SAM name, a UPN or a SID",
                    }));
                }
                Ok(Self::Identity { sam, upn, sids })
            }
            (Some("Group"), None) => {
                let group = node.need("Group")?;
                Ok(Self::Groups {
                    names: group.need_texts("GroupName")?,
                    domain: group.only("Domain")?.map(|n| Domain::read(&n)),
                })
            }
            (Some("AnonymousUser"), None) => Ok(Self::Anonymous),
            _ => Err(node.fault(FaultKind::Unexpected {
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
                write::texts(writer, "GroupName", names);
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
    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Fault> {
        let encoding = match node.attribute("encoding") {
            None => PasswordEncoding::Cleartext,
            Some(text) if text.eq_ignore_ascii_case("cleartext") => PasswordEncoding::Cleartext,
            Some(text) if text.eq_ignore_ascii_case("ctx1") => PasswordEncoding::Ctx1,
            Some(_) => {
                let expected = "encoded as cleartext or ctx1";
                return Err(node.fault(FaultKind::Unexpected { expected }));
            }
        };
        let value = match encoding {
            PasswordEncoding::Cleartext => SecretString::from(node.text()),
            PasswordEncoding::Ctx1 => ctx1::decode(node.text()).map_err(|_| {
                node.fault(FaultKind::Unexpected {
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
                writer.leaf(element, &[("encoding", "ctx1")], &ctx1::encode(value));
            }
        }
    }
}

impl PartialEq for Password {
    /// For tests and for messages that hold one; whoever checks a password compares hashes.
    fn eq(&self, other: &Self) -> bool {
        self.encoding == other.encoding && self.value.expose_secret() == other.value.expose_secret()
    }
}

impl Domain {
    /// The kind of a Windows domain.
    pub const NT: &'static str = "NT";

    /// A Windows domain.
    pub fn nt(name: impl Into<String>) -> Self {
        Self {
            kind: Self::NT.to_owned(),
            name: name.into(),
        }
    }

    pub(crate) fn read(node: &Node<'_>) -> Self {
        Self {
            kind: node.attribute("type").unwrap_or(Self::NT).to_owned(),
            name: node.text().to_owned(),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.leaf("Domain", &[("type", &self.kind)], &self.name);
    }
}

impl Ids {
    /// Those of a request, where a name that comes twice is refused.
    fn only(parent: &Node<'_>) -> Result<Self, Fault> {
        match Self::read(parent) {
            (ids, None) => Ok(ids),
            (_, Some(again)) => Err(again.fault(FaultKind::Repeated)),
        }
    }

    /// Those of an answer, where the first name of a type counts.
    pub(crate) fn first(parent: &Node<'_>) -> Self {
        Self::read(parent).0
    }

    /// The first name of each type and all SIDs, and an entry that names somebody again. Entries of
    /// unknown types are passed over; one without a type is a SAM name (nfuse.md §2).
    fn read<'a>(parent: &'a Node<'_>) -> (Self, Option<Node<'a>>) {
        let mut ids = Self::default();
        let mut again = None;
        for node in parent.all("ID") {
            let text = node.text();
            if text.is_empty() {
                continue;
            }
            let kind = node.attribute("type").unwrap_or("SAM");
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
                Some(_) => again = Some(node),
                None => *slot = Some(text.to_owned()),
            }
        }
        (ids, again)
    }
}

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
