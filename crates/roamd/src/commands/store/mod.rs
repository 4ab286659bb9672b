//! Common parts of the commands that are clients of a store.

mod account_variables;
mod args;
mod cancellation;
mod connection;
mod enumeration;
mod one_line;
mod resource_kind;
mod window;

pub(super) use self::account_variables::AccountVariables;
pub(super) use self::args::{StoreArgs, host_name, password_client, warn_of_plain_http};
pub(super) use self::cancellation::unless_stopped;
pub(super) use self::connection::Connection;
pub(super) use self::enumeration::enumeration_exit;
pub(super) use self::one_line::{parse_client_name, parse_name};
pub(super) use self::resource_kind::resource_kind;
pub(super) use self::window::WindowArgs;
