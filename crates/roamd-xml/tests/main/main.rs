//! Tests of the public interface of the parser and the writer.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod accepted;
mod conformance;
mod lines;
mod properties;
mod rejected;
mod writer;

use roamd_xml::{Rules, XmlLimits};

/// Rules for the requests of clients.
const STORE: Rules = Rules::store(XmlLimits::REQUEST);

/// Rules for NFuse messages.
const FARM: Rules = Rules::nfuse(XmlLimits::REQUEST);
