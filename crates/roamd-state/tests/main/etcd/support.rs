//! Servers of a group in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use roamd_etcd_client::{ClientSettings, Endpoint, Scheme, SystemNetwork};
use roamd_seal::{Key, KeyId, KeyRing};
use roamd_state::{
    Digest, EtcdState, FlagKind, GroupError, GroupSettings, SharedState as _, WhenUnreachable,
};
use roamd_testkit::EtcdCluster;

use crate::battery::at;

pub(super) const PREFIX: &str = "/roamd/test/";

/// Returns a cluster key.
pub(super) fn cluster_key(secret: u8) -> Arc<KeyRing> {
    let key = Key::new(KeyId(1), 0, [secret; Key::LEN].into());
    Arc::new(KeyRing::new(key, Vec::new()))
}

pub(super) fn settings_at(addresses: &[SocketAddr]) -> GroupSettings {
    let endpoint = |address: &SocketAddr| Endpoint {
        scheme: Scheme::Http,
        host: address.ip().to_string(),
        port: address.port(),
    };
    GroupSettings {
        client: ClientSettings {
            endpoints: addresses.iter().map(endpoint).collect(),
            tls: None,
            credentials: None,
            timeout: Duration::from_secs(2),
        },
        prefix: PREFIX.to_owned(),
        cluster_key: cluster_key(7),
        when_unreachable: WhenUnreachable::Serve,
    }
}

pub(super) fn settings(cluster: &EtcdCluster) -> GroupSettings {
    settings_at(&cluster.addresses())
}

pub(super) fn try_open(settings: &GroupSettings) -> Result<EtcdState, GroupError> {
    open_at(settings, 0)
}

/// Opens the state of a server whose clock is this number of seconds ahead.
pub(super) fn open_at(settings: &GroupSettings, ahead: i64) -> Result<EtcdState, GroupError> {
    open_with_clock(settings, Arc::new(AtomicI64::new(ahead)))
}

/// Opens the state of a server whose clock is as many seconds ahead as the number says at the time.
pub(super) fn open_with_clock(
    settings: &GroupSettings,
    ahead: Arc<AtomicI64>,
) -> Result<EtcdState, GroupError> {
    open_named(settings, "test", ahead)
}

/// The same, of a server with this name.
pub(super) fn open_named(
    settings: &GroupSettings,
    name: &str,
    ahead: Arc<AtomicI64>,
) -> Result<EtcdState, GroupError> {
    let ahead = move || jiff::SignedDuration::from_secs(ahead.load(Ordering::Relaxed));
    let clock = move || Timestamp::now() + ahead();
    EtcdState::open(settings, name, Arc::new(SystemNetwork), Arc::new(clock))
}

pub(super) fn open(settings: &GroupSettings) -> EtcdState {
    try_open(settings).unwrap()
}

pub(super) async fn is_set(state: &EtcdState, kind: FlagKind, key: Digest) -> bool {
    state.is_flag_set(kind, key, at(0)).await.unwrap()
}

pub(super) fn is_degraded(state: &EtcdState) -> bool {
    state.group_state().unwrap().is_degraded
}

/// Waits until a condition holds.
pub(super) async fn wait_until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_true().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
