//! The programs: a farm, a server with SQLite, and servers of a group on etcd.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use roamd_bench::{Load, ServerProcess, Setup};
use roamd_testkit::{EtcdCluster, free_address};
use tempfile::TempDir;

/// Members of etcd.
pub(super) const MEMBERS: usize = 3;

/// Servers of the group.
pub(super) const SERVERS: usize = 3;

/// Programs that run during all measurements, and the load.
pub(super) struct Context<'a> {
    pub(super) roamd: &'a Path,
    pub(super) load: Load,
    pub(super) rounds: usize,
    pub(super) setup: Setup,
    /// A server with SQLite.
    pub(super) alone: ServerProcess,
    /// The servers of the group, which clients know by one URL.
    pub(super) group: [ServerProcess; SERVERS],
    pub(super) etcd: EtcdCluster,
    folder: TempDir,
}

impl<'a> Context<'a> {
    pub(super) fn start(roamd: &'a Path, load: Load, rounds: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let made = Command::new(roamd)
            .args(["keys", "new", "--cluster"])
            .arg(folder.path().join("cluster.key"))
            .output()
            .with_context(|| format!("cannot run {}", roamd.display()))?;
        ensure!(
            made.status.success(),
            "roamd keys new failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let setup = Setup::start(roamd)?;
        let etcd = EtcdCluster::start(MEMBERS);
        let base_url = format!("http://{}", free_address());
        let sections = sections(&etcd, &folder, "/roamd/main/");
        let start = |name| setup.start_server_of_group(roamd, name, &base_url, &sections);
        let group = [start("first")?, start("second")?, start("third")?];
        Ok(Self {
            roamd,
            load,
            rounds,
            alone: setup.start_unlimited_server(roamd, "alone", None)?,
            group,
            setup,
            etcd,
            folder,
        })
    }

    /// Starts a server of another group, whose state is below this prefix.
    pub(super) fn start_server_of(&self, prefix: &str, name: &str) -> Result<ServerProcess> {
        let base_url = format!("http://{}", free_address());
        let sections = sections(&self.etcd, &self.folder, prefix);
        self.setup
            .start_server_of_group(self.roamd, name, &base_url, &sections)
    }
}

/// Returns the sections of the configuration of a server of a group.
fn sections(etcd: &EtcdCluster, folder: &TempDir, prefix: &str) -> String {
    let endpoints = etcd.addresses().into_iter();
    let endpoints: Vec<_> = endpoints.map(|it| format!("http://{it}")).collect();
    let key = folder.path().join("cluster.key");
    format!(
        "[keys]\ncluster_key_file = {key:?}\n\
         [state]\nengine = \"etcd\"\nprefix = {prefix:?}\nendpoints = {endpoints:?}\n"
    )
}
