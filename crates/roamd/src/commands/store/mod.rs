//! Common parts of the commands that are clients of a store.

mod args;
mod enumeration;

pub(super) use self::args::StoreArgs;
pub(super) use self::enumeration::enumeration_exit;
