//! The store and the user that the environment names.

use roamd_store_client::StoreUrl;

use super::one_line::parse_name;
use crate::environment::{parsed_variable, variable};
use crate::exit_code::UsageError;

/// Environment variable with the address of a store.
const STORE_VARIABLE: &str = "ROAMD_STORE";

/// Environment variable with a user.
const USER_VARIABLE: &str = "ROAMD_USER";

/// The store and the user that the environment names, in place of arguments.
///
/// They are not arguments of the parser, because they must not contradict one: whatever they are,
/// `--profile` has a store and a user.
#[derive(Debug, Default)]
pub(in crate::commands) struct AccountVariables {
    pub(in crate::commands) store: Option<StoreUrl>,
    pub(in crate::commands) user: Option<String>,
}

impl AccountVariables {
    /// Reads the variables.
    ///
    /// # Errors
    /// If one of them cannot be used.
    pub(in crate::commands) fn read() -> Result<Self, UsageError> {
        let user = variable(USER_VARIABLE)?.map(|user| parse_name(&user));
        let user = user.transpose();
        Ok(Self {
            store: parsed_variable(STORE_VARIABLE)?,
            user: user.map_err(|error| UsageError(format!("{USER_VARIABLE} {error}")))?,
        })
    }
}
