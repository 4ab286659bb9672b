//! Messages about incomplete lists from a store.

use roamd_store_client::EnumerationStatus;

use crate::exit_code::Exit;
use crate::output;

/// Returns the exit code of a list, and prints a message if farms are missing from it.
///
/// `noun` is the plural of what is listed, such as `sessions`.
pub(in crate::commands) fn enumeration_exit(enumeration: EnumerationStatus, noun: &str) -> Exit {
    match enumeration {
        EnumerationStatus::Full => Exit::Done,
        EnumerationStatus::Partial => {
            output::print_failure(format_args!(
                "Some farms did not respond; {noun} on them are not in this list."
            ));
            Exit::Partial
        }
        EnumerationStatus::Failed => {
            output::print_failure("No farm responded; try again later.");
            Exit::Failed
        }
    }
}
