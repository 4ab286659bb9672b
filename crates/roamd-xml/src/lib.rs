//! Bytes to a bounded, strict XML tree, and a tree's worth of events back to bytes.
//!
//! Everything that roamd reads from a client or a farm passes through [`parse`], and everything it
//! writes passes through [`Writer`]. The crate knows limits, character sets and well-formedness.
//! It must not know any message: no namespace, element or attribute name of a protocol stands
//! here. It does no I/O, and on purpose it has no entity expansion and no document type: a
//! `DOCTYPE` is refused, or at most skipped ([`Doctype`]).

mod bounds;
mod build;
mod charset;
mod decode;
mod error;
mod prolog;
mod reader;
mod rules;
mod tree;
mod writer;

pub use decode::{Fault, FaultKind};
pub use error::{Error, ErrorKind};
pub use reader::parse;
pub use rules::{Charset, Doctype, Limits, Rules};
pub use tree::{Attribute, Document, Element, Encoding, Position};
pub use writer::{Layout, Writer};
