//! Common parts of the commands that are clients of a store.

mod account_flags;
mod args;
mod cancellation;
mod connection;
mod enumeration;
mod resource_kind;
mod window;

pub(super) use self::account_flags::AccountFlags;
pub(super) use self::args::{StoreArgs, parse_name, password_client};
pub(super) use self::cancellation::unless_stopped;
pub(super) use self::connection::Connection;
pub(super) use self::enumeration::enumeration_exit;
pub(super) use self::resource_kind::resource_kind;
pub(super) use self::window::WindowArgs;
