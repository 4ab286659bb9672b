//! Tests of the public interface of the parser and the writer.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod accepted;
mod conformance;
mod properties;
mod rejected;
mod writer;

use roamd_xml::{Charset, Doctype, Rules, XmlLimits};

/// Rules for the requests of clients.
const STORE: Rules = Rules {
    limits: XmlLimits::REQUEST,
    charset: Charset::Sniffed,
    doctype: Doctype::Refused,
};

/// Rules for NFuse messages.
const FARM: Rules = Rules {
    limits: XmlLimits::REQUEST,
    charset: Charset::Declared,
    doctype: Doctype::Skipped,
};
