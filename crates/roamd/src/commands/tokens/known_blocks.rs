//! Blocks of new sign-ins, as the running server knows them.

use jiff::Timestamp;
use roamd_server::control::{Account, ControlClient, ThrottleQuery};
use roamd_server::revocations::UserRevocation;

use crate::commands::running_server::ServerFiles;
use crate::runtime::block_on;

/// Returns the end of the block of a user; `None` if there is none. In a group, another server may
/// have blocked the user or ended the block, so the running server counts. Without one, the file of
/// revocations does.
///
/// # Errors
/// If this process cannot make a connection.
pub(super) fn blocked_until(
    files: &ServerFiles,
    user: &Account,
    revocations: &[UserRevocation],
) -> anyhow::Result<Option<Timestamp>> {
    let now = Timestamp::now();
    let blocks = revocations.iter().filter(|it| it.is_block(now));
    let of_user = blocks.filter(|it| it.is_about(&user.domain, &user.name));
    let in_file = of_user.filter_map(|it| it.blocked_until).max();
    if !files.is_in_group {
        return Ok(in_file);
    }
    let query = ThrottleQuery {
        user: Some(user.clone()),
        address: None,
    };
    let client = ControlClient::of(&files.data_dir);
    let report = block_on(async { Ok(client.throttle(&query).await) })?;
    Ok(report.map_or(in_file, |report| report.blocked_until))
}
