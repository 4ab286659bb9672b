//! Common parts of the commands that are clients of a store.

mod args;
mod enumeration;
mod resource_kind;
mod window;

pub(super) use self::args::StoreArgs;
pub(super) use self::enumeration::enumeration_exit;
pub(super) use self::resource_kind::resource_kind;
pub(super) use self::window::WindowArgs;
