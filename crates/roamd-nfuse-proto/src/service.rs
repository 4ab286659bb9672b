//! The two services of a controller, which share a port and the framing of messages.

use crate::Dialect;

/// A service of a controller, with its own root element and document type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The XML service, which speaks NFuse (nfuse.md §1).
    Xml,
    /// The Secure Ticket Authority (nfuse.md §8).
    Sta,
}

impl Service {
    /// Returns the name of the root element.
    pub(crate) const fn root(self) -> &'static str {
        match self {
            Self::Xml => "NFuseProtocol",
            Self::Sta => "CtxSTAProtocol",
        }
    }

    /// Returns the document type line.
    pub(crate) const fn doctype(self) -> &'static str {
        match self {
            Self::Xml => r#"<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">"#,
            Self::Sta => r#"<!DOCTYPE CtxSTAProtocol SYSTEM "CtxSTA.dtd">"#,
        }
    }

    /// Returns the dialect of requests. Ticket authorities have only one.
    pub(crate) const fn dialect(self, of_farm: Dialect) -> Dialect {
        match self {
            Self::Xml => of_farm,
            Self::Sta => Dialect::STA,
        }
    }
}
