//! The folder of a demo: that of its farms, with the data folder of its server in it.

use std::path::{Path, PathBuf};

/// Name of the data folder of the server.
pub(super) const SERVER: &str = "server";

/// Returns the data folder of a server: of the server of a demo, if this is the folder of one.
pub(super) fn server_folder(data: &Path) -> PathBuf {
    let server = data.join(SERVER);
    if server.is_dir() {
        server
    } else {
        data.to_owned()
    }
}
