//! Checks of this machine before a start: the port, and the folders that the server writes to.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::config::Config;
use crate::data_dir;

/// Returns a sentence for each reason why a server with this configuration would not start on this
/// machine now. Creates nothing.
///
/// `running` is the address on which a server of this data folder already listens; a reload or a
/// restart of that server can use it.
///
/// [`warnings`](crate::warnings) has what the configuration alone shows.
#[must_use]
pub fn start_checks(config: &Config, running: Option<SocketAddr>) -> Vec<String> {
    let mut problems = Vec::new();
    let address = config.listen;
    if running != Some(address)
        && let Err(error) = TcpListener::bind(address)
    {
        problems.push(match error.kind() {
            ErrorKind::AddrInUse => {
                format!("The address {address} is in use, by a running roamd or another program")
            }
            ErrorKind::PermissionDenied => {
                format!("The server does not start: no permission to listen on {address}")
            }
            _ => format!("The server does not start: cannot listen on {address}: {error}"),
        });
    }
    let data_dir = &config.data_dir;
    if data_dir.exists()
        && let Err(error) = data_dir::check(data_dir)
    {
        problems.push(format!("The server does not start: {error}"));
    }
    let audit = config
        .audit
        .as_ref()
        .map(|audit| data_dir.join(&audit.file));
    let audit_dir = audit.as_deref().and_then(Path::parent);
    let outside = audit_dir.filter(|folder| *folder != data_dir);
    // The server creates its data folder, and no other.
    let (outside, missing) = match outside {
        Some(folder) if !folder.is_dir() => (None, Some(folder)),
        existing => (existing, None),
    };
    if let Some(folder) = missing {
        problems.push(format!(
            "The server does not start: the folder {} of the audit log is missing",
            folder.display()
        ));
    }
    let folders = [
        Some(("data_dir", data_dir.as_path())),
        outside.map(|folder| ("folder of the audit log", folder)),
    ];
    for (name, folder) in folders.into_iter().flatten() {
        // The server creates a missing data folder, with its missing parents.
        let existing = folder.ancestors().find(|folder| folder.exists());
        let existing = existing.unwrap_or(Path::new("."));
        let (folder, shown) = (folder.display(), existing.display());
        if !existing.is_dir() {
            problems.push(format!(
                "The {name} {folder} cannot be used: {shown} is no folder"
            ));
        } else if access(existing, Access::WRITE_OK | Access::EXEC_OK).is_err() {
            problems.push(format!(
                "The {name} {folder} cannot be written by this user: no permission for {shown}"
            ));
        }
    }
    problems
}
