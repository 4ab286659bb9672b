//! Reads a TOML document section by section and reports every error with its line.
//!
//! A [`Key`](key::Key) declares the name of a key, its default and how its value is read. A
//! [`Section`](section::Section) reads keys of one table, and knows all keys that were read:
//! any other key of the table is an error, with a suggestion of the key that was probably meant.

pub(crate) mod key;
pub(crate) mod report;
pub(crate) mod section;
pub(crate) mod suggest;
pub(crate) mod value;
