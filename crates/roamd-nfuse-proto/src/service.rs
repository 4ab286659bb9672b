//! The two services of a controller, which share a port and the form of their messages.

use crate::Dialect;

/// A service of a controller. Each has a root element and a document type of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The XML service, which speaks NFuse (nfuse.md §1).
    Xml,
    /// The secure ticket authority (nfuse.md §8).
    Sta,
}

impl Service {
    /// Root element of its messages.
    pub(crate) const fn root(self) -> &'static str {
        match self {
            Self::Xml => "NFuseProtocol",
            Self::Sta => "CtxSTAProtocol",
        }
    }

    /// The document type line of its messages.
    pub(crate) const fn doctype(self) -> &'static str {
        match self {
            Self::Xml => r#"<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">"#,
            Self::Sta => r#"<!DOCTYPE CtxSTAProtocol SYSTEM "CtxSTA.dtd">"#,
        }
    }

    /// The dialect that requests are written in: a ticket authority has one only.
    pub(crate) const fn dialect(self, of_farm: Dialect) -> Dialect {
        match self {
            Self::Xml => of_farm,
            Self::Sta => Dialect::STA,
        }
    }
}
