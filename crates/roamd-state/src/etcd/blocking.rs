//! Sealed records for callers that block a thread, such as commands.

use std::sync::{Arc, mpsc};

use roamd_etcd_client::Network;
use tokio::runtime::{Builder, Handle, Runtime};

use super::group::{Group, GroupError, GroupSettings, SealedRecord};

/// A group, for callers that block their thread. A clone is the same group.
///
/// Its calls run on another runtime than that of the caller.
#[derive(Debug, Clone)]
pub struct BlockingGroup {
    group: Group,
    runtime: Handle,
    /// The runtime, if it is not that of an engine.
    _owned: Option<Arc<Runtime>>,
}

impl BlockingGroup {
    /// Connects to etcd, as [`Group::open`] does.
    ///
    /// # Errors
    /// If etcd cannot be used, or the group is of another format or cluster key.
    pub fn open(settings: &GroupSettings, network: Arc<dyn Network>) -> Result<Self, GroupError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(GroupError::Thread)?;
        let settings = settings.clone();
        let handle = runtime.handle().clone();
        let open = async move { Group::open(&settings, network).await };
        Ok(Self {
            group: wait(&handle, open)?,
            runtime: handle,
            _owned: Some(Arc::new(runtime)),
        })
    }

    pub(super) fn of_engine(group: Group, runtime: Handle) -> Self {
        Self {
            group,
            runtime,
            _owned: None,
        }
    }

    /// Reads a value that is sealed with the cluster key. Returns `None` if there is none.
    ///
    /// # Errors
    /// If etcd does not respond, or the value is of another cluster key.
    pub fn read_sealed(&self, name: &'static str) -> Result<Option<SealedRecord>, GroupError> {
        let group = self.group.clone();
        wait(&self.runtime, async move { group.read_sealed(name).await })
    }

    /// Replaces a sealed value, if its last change has this revision; 0 means that there is none.
    /// Returns whether it did.
    ///
    /// # Errors
    /// If etcd does not respond. The value may have been replaced all the same.
    pub fn replace_sealed(
        &self,
        name: &'static str,
        plain: &[u8],
        revision: i64,
    ) -> Result<bool, GroupError> {
        let group = self.group.clone();
        let plain = zeroize::Zeroizing::new(plain.to_vec());
        let replace = async move { group.replace_sealed(name, &plain, revision).await };
        wait(&self.runtime, replace)
    }
}

/// Runs a call on a runtime, and waits for it.
fn wait<T: Send + 'static>(
    runtime: &Handle,
    call: impl Future<Output = Result<T, GroupError>> + Send + 'static,
) -> Result<T, GroupError> {
    let (sender, result) = mpsc::sync_channel(1);
    drop(runtime.spawn(async move {
        drop(sender.send(call.await));
    }));
    result.recv().map_err(|_| GroupError::Stopped)?
}
