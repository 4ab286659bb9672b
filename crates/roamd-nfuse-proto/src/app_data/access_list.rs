//! Users and groups that may use an application.

use roamd_xml::Writer;

use crate::Domain;
use crate::nfuse_element::NfuseElement;

/// A user or group that may use an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessEntry {
    /// `User`.
    User {
        /// `UserName`.
        name: String,
        /// `Domain`.
        domain: Domain,
    },
    /// `Group`.
    Group {
        /// `GroupName`.
        name: String,
        /// `Domain`.
        domain: Domain,
    },
    /// `AnonymousUser`.
    Anonymous,
}

impl AccessEntry {
    /// Returns `None` if the kind of the entry is not known.
    pub(super) fn read(element: &NfuseElement<'_>) -> Option<Self> {
        let name = |name| element.first_child_text(name).unwrap_or_default();
        let domain = || {
            element
                .first_child("Domain")
                .map_or_else(|| Domain::nt(""), |n| Domain::read(&n))
        };
        let is = |name| element.name().eq_ignore_ascii_case(name);
        if is("User") {
            Some(Self::User {
                name: name("UserName"),
                domain: domain(),
            })
        } else if is("Group") {
            Some(Self::Group {
                name: name("GroupName"),
                domain: domain(),
            })
        } else {
            is("AnonymousUser").then_some(Self::Anonymous)
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let (element, name_element, name, domain) = match self {
            Self::User { name, domain } => ("User", "UserName", name, domain),
            Self::Group { name, domain } => ("Group", "GroupName", name, domain),
            Self::Anonymous => return writer.leaf("AnonymousUser", &[], ""),
        };
        writer.open(element, &[]);
        writer.leaf(name_element, &[], name);
        domain.write(writer);
        writer.close();
    }
}
