//! Settings of a group of servers, from the files that the configuration names.

use std::path::Path;
use std::sync::Arc;

use roamd_config::{Etcd, FileError, Files, WhenUnreachable};
use roamd_nfuse_client::{ControllerUrl, Security};
use roamd_seal::KeyRing;
use roamd_state::{
    ClientSettings, ClientTls, Credentials, Endpoint, GroupSettings, Scheme, TlsError,
};
use zeroize::Zeroizing;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Error of a file that a group needs.
#[derive(Debug, thiserror::Error)]
#[error("`{key}` {problem}")]
pub struct EtcdFileError {
    /// The key that names the file.
    pub(crate) key: &'static str,
    /// What is wrong with it, as a clause.
    pub(crate) problem: String,
}

/// Reads the files of a group.
///
/// # Errors
/// If one of them cannot be read or used.
pub(super) fn group_settings(
    etcd: &Etcd,
    files: &dyn Files,
) -> Result<GroupSettings, EtcdFileError> {
    let tls = etcd.tls_ca_file.as_deref();
    let tls = tls.map(|path| client_tls(etcd, path, files));
    let credentials = etcd.user.as_ref().map(|(user, path)| {
        let password = read_secret("password_file", path, files)?;
        let line = password.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(unusable("password_file", "its first line is empty"));
        }
        Ok(Credentials {
            user: user.clone(),
            password: line.to_owned().into(),
        })
    });
    let cluster_key = cluster_key(&etcd.cluster_key_file, files)?;
    Ok(GroupSettings {
        client: ClientSettings {
            endpoints: etcd.endpoints.iter().map(endpoint).collect(),
            tls: tls.transpose()?,
            credentials: credentials.transpose()?,
            timeout: etcd.timeout,
        },
        prefix: etcd.prefix.clone(),
        cluster_key: Arc::new(cluster_key),
        when_unreachable: match etcd.when_unreachable {
            WhenUnreachable::Serve => roamd_state::WhenUnreachable::Serve,
            WhenUnreachable::Refuse => roamd_state::WhenUnreachable::Refuse,
        },
    })
}

fn cluster_key(path: &Path, files: &dyn Files) -> Result<KeyRing, EtcdFileError> {
    let key = "cluster_key_file";
    let text = text(key, files.read_cluster_key(path, LARGEST))?;
    KeyRing::from_text(&text).map_err(|error| {
        let problem = format!(
            "{error}; copy the file from another server of the group, or remove it and run `roamd \
             keys new --cluster` for a new group"
        );
        unusable(key, &problem)
    })
}

fn client_tls(
    etcd: &Etcd,
    authorities: &Path,
    files: &dyn Files,
) -> Result<ClientTls, EtcdFileError> {
    let authorities = read("tls_ca_file", authorities, files)?;
    let identity = etcd.tls_identity.as_ref().map(|(certificate, key)| {
        let certificate = read("tls_certificate_file", certificate, files)?;
        Ok((certificate, read_secret("tls_key_file", key, files)?))
    });
    let identity = identity.transpose()?;
    let identity = identity
        .as_ref()
        .map(|(certificate, key)| (certificate.as_slice(), key.as_bytes()));
    ClientTls::new(&authorities, identity).map_err(|error| {
        let key = match error {
            TlsError::Authorities => "tls_ca_file",
            TlsError::Certificate => "tls_certificate_file",
            TlsError::Key | TlsError::Setup(_) => "tls_key_file",
        };
        unusable(key, &error.to_string())
    })
}

fn endpoint(url: &ControllerUrl) -> Endpoint {
    Endpoint {
        scheme: match url.security() {
            Security::Plain => Scheme::Http,
            Security::Tls => Scheme::Https,
        },
        host: url.host().to_owned(),
        port: url.port(),
    }
}

fn read(key: &'static str, path: &Path, files: &dyn Files) -> Result<Vec<u8>, EtcdFileError> {
    files.read(path, LARGEST).map_err(|error| EtcdFileError {
        key,
        problem: error.to_string(),
    })
}

fn read_secret(
    key: &'static str,
    path: &Path,
    files: &dyn Files,
) -> Result<Zeroizing<String>, EtcdFileError> {
    text(key, files.read_secret(path, LARGEST))
}

/// Returns the text of a file that was read.
fn text(
    key: &'static str,
    read: Result<Vec<u8>, FileError>,
) -> Result<Zeroizing<String>, EtcdFileError> {
    let bytes = read.map_err(|error| EtcdFileError {
        key,
        problem: error.to_string(),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| unusable(key, "it is no text"))?;
    Ok(Zeroizing::new(text))
}

fn unusable(key: &'static str, problem: &str) -> EtcdFileError {
    EtcdFileError {
        key,
        problem: format!("cannot be used: {problem}"),
    }
}
