#![doc = include_str!("../README.md")]

mod attributes;
mod characters;
mod charset;
mod error;
mod fault;
mod limit_checker;
mod lines;
mod markup;
mod names;
mod namespaces;
mod position;
mod prolog;
mod reader;
mod references;
mod rules;
mod start_tag;
mod text;
mod tree;
mod tree_builder;
mod writer;

pub use error::{Error, ErrorKind};
pub use fault::{Fault, FaultKind};
pub use lines::Lines;
pub use position::Position;
pub use reader::parse;
pub use rules::{Charset, Doctype, Rules, XmlLimits};
pub use tree::{Attribute, Document, Element, Encoding};
pub use writer::{Layout, Writer};
