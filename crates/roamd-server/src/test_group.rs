//! A group of servers for tests.

use std::sync::Arc;
use std::time::Duration;

use roamd_seal::KeyRing;
use roamd_state::{ClientSettings, Endpoint, GroupSettings, Scheme, WhenUnreachable};
use roamd_testkit::EtcdCluster;

use crate::clock::rng;

/// Returns the settings of all servers of a new group.
pub(crate) fn group_settings(cluster: &EtcdCluster) -> GroupSettings {
    let endpoints = cluster.addresses().into_iter().map(|address| Endpoint {
        scheme: Scheme::Http,
        host: address.ip().to_string(),
        port: address.port(),
    });
    GroupSettings {
        client: ClientSettings {
            endpoints: endpoints.collect(),
            tls: None,
            credentials: None,
            timeout: Duration::from_secs(3),
        },
        prefix: "/roamd/main/".to_owned(),
        cluster_key: Arc::new(KeyRing::random(0, &mut rng())),
        when_unreachable: WhenUnreachable::Serve,
    }
}
