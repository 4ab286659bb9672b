//! Behaviour of the reader and the writer, from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod conformance;
mod properties;
mod reading;
mod refusing;
mod writing;

use roamd_xml::{Charset, Doctype, Limits, Rules};

/// How the messages of a client are read.
const STORE: Rules = Rules {
    limits: Limits::REQUEST,
    charset: Charset::Sniffed,
    doctype: Doctype::Refused,
};

/// How the messages of NFuse are read.
const FARM: Rules = Rules {
    limits: Limits::REQUEST,
    charset: Charset::Declared,
    doctype: Doctype::Skipped,
};
