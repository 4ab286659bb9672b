//! Lists as tables, JSON, CSV or names, filtered and sorted.
//!
//! `roamd sessions list` and `roamd apps list` share this.

mod args;
mod field;
mod filter;
mod format;

pub(super) use self::args::ListArgs;
pub(super) use self::field::ListField;
pub(super) use self::format::ListFormat;
