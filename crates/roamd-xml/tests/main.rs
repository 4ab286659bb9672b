//! Behaviour of the reader and the writer, from outside.

mod writing;
