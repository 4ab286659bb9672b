//! A group of servers: where they keep their state, and whether a server fits in.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use futures_util::future::join_all;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use roamd_etcd_client::messages::{KeyValue, PutRequest, RangeRequest, StatusResponse, TxnRequest};
use roamd_etcd_client::{CallError, Client, ClientSettings, Endpoint, EndpointError, Network};
use roamd_seal::{KeyRing, Purpose};
use tokio::time::{Instant, sleep};
use tracing::warn;
use zeroize::Zeroizing;

use super::health::WhenUnreachable;
use super::layout::FORMAT;
use super::requests::{is_at, put};
use super::version::{Verdict, Version};
use crate::digest_key::DigestKey;

/// Time for an election of etcd's leader, and the pause between two attempts.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const OPEN_PAUSE: Duration = Duration::from_millis(200);

/// Name of the key that says what is below the prefix.
const ABOUT: &str = "about";

const DIGEST_KEY: Purpose = Purpose::new("key of digests of a group");
const RECORD: Purpose = Purpose::new("record of a group");

/// Settings of a group.
#[derive(Debug, Clone)]
pub struct GroupSettings {
    /// etcd.
    pub client: ClientSettings,
    /// Prefix of all keys. Groups with different prefixes have nothing in common.
    pub prefix: String,
    /// The cluster key: seals what etcd must not know.
    pub cluster_key: Arc<KeyRing>,
    /// What the server does while it cannot reach etcd.
    pub when_unreachable: WhenUnreachable,
}

/// Why a server cannot join a group.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// etcd cannot be used.
    #[error("cannot use etcd: {0}; check `endpoints` and the settings beside it")]
    Unusable(CallError),
    /// A member of etcd is too old.
    #[error(
        "etcd at {endpoint} is {version}, and versions before {} lose changes; use a newer etcd",
        Version::OLDEST
    )]
    TooOld {
        /// The endpoint.
        endpoint: String,
        /// Its version.
        version: String,
    },
    /// A member of etcd does not say its version.
    #[error("etcd at {endpoint} does not state its version; check that it is etcd")]
    NoVersion {
        /// The endpoint.
        endpoint: String,
    },
    /// Another version of roamd has written the state.
    #[error(
        "the state below the prefix has another format, and this program supports format {FORMAT}: \
         use the version of the other servers, or another `prefix`"
    )]
    Format,
    /// There is no group.
    #[error("there is no group below the prefix yet; the first server that starts creates it")]
    Missing,
    /// The state is sealed with another cluster key.
    #[error(
        "the state below the prefix is of another cluster key; use the same `cluster_key_file` on \
         all servers"
    )]
    ClusterKey,
    /// The clock differs from those of the others.
    #[error(
        "the clock differs by {seconds} seconds from those of the other servers; set it, and start \
         again"
    )]
    Clock {
        /// Difference.
        seconds: i64,
    },
    /// The system cannot start the thread of the engine.
    #[error("cannot start the thread of the shared state")]
    Thread(#[source] io::Error),
    /// The engine has stopped.
    #[error("the server is stopping")]
    Stopped,
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random(#[from] getrandom::Error),
}

// Not with `#[from]`: it makes the cause a source, and the text has it already.
impl From<CallError> for GroupError {
    fn from(error: CallError) -> Self {
        Self::Unusable(error)
    }
}

/// A group that a server fits in. A clone is the same.
#[derive(Debug, Clone)]
pub struct Group {
    client: Client,
    prefix: Arc<str>,
    cluster_key: Arc<KeyRing>,
    digest_key: DigestKey,
}

/// Response of a member of etcd to the question for its state.
pub(super) struct AskedMember {
    pub(super) endpoint: Endpoint,
    pub(super) status: Result<StatusResponse, CallError>,
}

/// A value that etcd has sealed with the cluster key.
#[derive(Debug)]
pub struct SealedRecord {
    /// The value.
    pub plain: Zeroizing<Vec<u8>>,
    /// Revision of its last change.
    pub revision: i64,
}

impl Group {
    /// Connects to etcd, and checks that this server fits in: the versions of etcd's members, the
    /// format of the state and the cluster key. Creates the group if it does not exist. Members
    /// that do not respond are not checked, as long as one does.
    ///
    /// # Errors
    /// If etcd cannot be used, or the server does not fit in.
    pub async fn open(
        settings: &GroupSettings,
        network: Arc<dyn Network>,
    ) -> Result<Self, GroupError> {
        let mut group = Self::new(settings, network);
        check_versions(&group.members().await)?;
        let deadline = Instant::now() + OPEN_TIMEOUT;
        let about = loop {
            match group.get_or_create().await {
                Err(GroupError::Unusable(error))
                    if error.is_passing() && Instant::now() < deadline =>
                {
                    sleep(OPEN_PAUSE).await;
                }
                about => break about?,
            }
        };
        group.digest_key = group.read_about(&about.value)?;
        Ok(group)
    }

    /// Opens a group that exists, and changes nothing. Members of etcd that are too old matter only
    /// if there is no group.
    ///
    /// # Errors
    /// If etcd cannot be used, or there is no group, or it is of another format or cluster key.
    pub async fn open_existing(
        settings: &GroupSettings,
        network: Arc<dyn Network>,
    ) -> Result<Self, GroupError> {
        let mut group = Self::new(settings, network);
        let members = group.members().await;
        let Some(about) = group.get(ABOUT).await? else {
            check_versions(&members)?;
            return Err(GroupError::Missing);
        };
        group.digest_key = group.read_about(&about.value)?;
        Ok(group)
    }

    fn new(settings: &GroupSettings, network: Arc<dyn Network>) -> Self {
        Self {
            client: Client::new(settings.client.clone(), network),
            prefix: settings.prefix.as_str().into(),
            cluster_key: Arc::clone(&settings.cluster_key),
            digest_key: DigestKey::new(&[0; DigestKey::LEN]),
        }
    }

    /// Reads a value that is sealed with the cluster key. Returns `None` if there is none.
    ///
    /// # Errors
    /// If etcd does not respond, or the value is of another cluster key.
    pub async fn read_sealed(&self, name: &str) -> Result<Option<SealedRecord>, GroupError> {
        let Some(found) = self.get(name).await? else {
            return Ok(None);
        };
        let opened = self
            .cluster_key
            .open(RECORD, &self.name(name), &found.value);
        Ok(Some(SealedRecord {
            plain: opened.map_err(|_| GroupError::ClusterKey)?,
            revision: found.mod_revision,
        }))
    }

    /// Replaces a sealed value, if its last change has this revision; 0 means that there is none.
    /// Returns whether it did.
    ///
    /// # Errors
    /// If etcd does not respond. The value may have been replaced all the same.
    pub async fn replace_sealed(
        &self,
        name: &str,
        plain: &[u8],
        revision: i64,
    ) -> Result<bool, GroupError> {
        let key = self.name(name);
        let mut rng = UnwrapErr(SysRng);
        let value = self.cluster_key.seal(RECORD, &key, plain, &mut rng);
        self.put_if_at(key, value, revision).await
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn digest_key(&self) -> &DigestKey {
        &self.digest_key
    }

    /// Returns the name of a key in etcd.
    pub(super) fn name(&self, name: &str) -> Vec<u8> {
        [self.prefix.as_bytes(), name.as_bytes()].concat()
    }

    /// Returns what follows the prefix in the name of a key.
    pub(super) fn below_prefix<'n>(&self, name: &'n [u8]) -> &'n [u8] {
        name.strip_prefix(self.prefix.as_bytes()).unwrap_or(&[])
    }

    /// Returns the first key of a folder below the prefix, and the end of its keys. The name of the
    /// folder ends with a slash; that of the group is empty.
    pub(super) fn range(&self, folder: &str) -> (Vec<u8>, Vec<u8>) {
        let first = self.name(folder);
        let mut end = first.clone();
        // A slash has a successor.
        if let Some(last) = end.last_mut() {
            *last = last.saturating_add(1);
        }
        (first, end)
    }

    /// Asks each member of etcd for its state, all at the same time. Returns them in configured
    /// order.
    pub(super) async fn members(&self) -> Vec<AskedMember> {
        let asked = self.client.endpoints().iter().map(|endpoint| async {
            AskedMember {
                endpoint: endpoint.clone(),
                status: self.client.status_of(endpoint).await,
            }
        });
        join_all(asked).await
    }

    /// Logs each member of etcd that does not respond, or lacks known fixes.
    pub(super) async fn log_members(&self) {
        let members = self.members().await;
        for AskedMember { endpoint, status } in &members {
            match status {
                Ok(status) => {
                    let version = Version::parse(&status.version);
                    if let Some(version) = version
                        && let Verdict::Outdated { fixed } = version.verdict()
                    {
                        warn!(
                            %endpoint, %version, %fixed,
                            "Member of etcd lacks fixes of known faults"
                        );
                    }
                }
                Err(error) => warn!(%endpoint, %error, "Member of etcd does not respond"),
            }
        }
        match check_versions(&members) {
            // Each that does not respond is logged already.
            Ok(()) | Err(GroupError::Unusable(_)) => {}
            Err(error) => warn!(%error, "Check of etcd failed"),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<KeyValue>, GroupError> {
        let request = RangeRequest {
            key: self.name(name),
            ..RangeRequest::default()
        };
        Ok(self.client.range(&request).await?.kvs.into_iter().next())
    }

    /// Returns what is below the prefix. Creates the group if it does not exist.
    async fn get_or_create(&self) -> Result<KeyValue, GroupError> {
        if let Some(about) = self.get(ABOUT).await? {
            return Ok(about);
        }
        self.create().await?;
        // Another server may have been faster.
        self.get(ABOUT).await?.ok_or(GroupError::Format)
    }

    /// Creates the group, unless it exists.
    async fn create(&self) -> Result<(), GroupError> {
        let mut key = Zeroizing::new([0; DigestKey::LEN]);
        getrandom::fill(&mut *key)?;
        let (context, mut rng) = (self.name(ABOUT), UnwrapErr(SysRng));
        let sealed = self.cluster_key.seal(DIGEST_KEY, &context, &*key, &mut rng);
        let value = format!("{FORMAT} {}", BASE64.encode(&sealed));
        self.put_if_at(context, value.into_bytes(), 0).await?;
        Ok(())
    }

    /// Returns the key of digests.
    fn read_about(&self, about: &[u8]) -> Result<DigestKey, GroupError> {
        let text = std::str::from_utf8(about).map_err(|_| GroupError::Format)?;
        let (format, sealed) = text.split_once(' ').ok_or(GroupError::Format)?;
        if format != FORMAT.to_string() {
            return Err(GroupError::Format);
        }
        let sealed = BASE64.decode(sealed.as_bytes());
        let sealed = sealed.map_err(|_| GroupError::Format)?;
        let context = self.name(ABOUT);
        let opened = self.cluster_key.open(DIGEST_KEY, &context, &sealed);
        let key = opened.map_err(|_| GroupError::ClusterKey)?;
        let key = key.as_slice().try_into().map_err(|_| GroupError::Format)?;
        Ok(DigestKey::new(key))
    }

    async fn put_if_at(
        &self,
        key: Vec<u8>,
        value: Vec<u8>,
        revision: i64,
    ) -> Result<bool, GroupError> {
        let request = PutRequest {
            key: key.clone(),
            value,
            lease: 0,
        };
        let txn = TxnRequest {
            compare: vec![is_at(key, revision)],
            success: vec![put(request)],
            failure: Vec::new(),
        };
        Ok(self.client.txn(&txn).await?.succeeded)
    }
}

/// Checks the version of each member that responds.
///
/// # Errors
/// If none responds, or one is too old or states no version.
fn check_versions(members: &[AskedMember]) -> Result<(), GroupError> {
    let mut errors = Vec::new();
    for AskedMember { endpoint, status } in members {
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                errors.push(EndpointError {
                    endpoint: endpoint.clone(),
                    error: error.clone(),
                });
                continue;
            }
        };
        let version = Version::parse(&status.version).ok_or_else(|| GroupError::NoVersion {
            endpoint: endpoint.to_string(),
        })?;
        if version.verdict() == Verdict::TooOld {
            return Err(GroupError::TooOld {
                endpoint: endpoint.to_string(),
                version: version.to_string(),
            });
        }
    }
    if errors.len() < members.len() {
        Ok(())
    } else {
        Err(CallError::NoEndpoint(errors.into()).into())
    }
}

#[cfg(test)]
mod tests {
    use roamd_etcd_client::Scheme;

    use super::*;

    #[test]
    fn members_that_respond_decide_whether_etcd_is_usable() {
        let status = |version: &str| {
            Ok(StatusResponse {
                version: version.to_owned(),
                ..StatusResponse::default()
            })
        };
        let hangs = || Err(CallError::TimedOut);
        for (members, expected) in [
            (vec![hangs(), status("3.5.33")], None),
            (vec![hangs(), status("3.4.1")], Some("is 3.4.1")),
            (vec![status("")], Some("does not state its version")),
            (vec![hangs(), hangs()], Some("http://e:0, http://e:1: etcd")),
        ] {
            let members = members.into_iter().zip(0..).map(|(status, port)| {
                let endpoint = Endpoint {
                    scheme: Scheme::Http,
                    host: "e".to_owned(),
                    port,
                };
                AskedMember { endpoint, status }
            });
            let error = check_versions(&members.collect::<Vec<_>>()).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(error.is_empty(), expected.is_none(), "{error}");
            assert!(error.contains(expected.unwrap_or_default()), "{error}");
        }
    }
}
