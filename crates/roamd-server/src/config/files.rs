//! The files that a configuration names, on the file system.

use std::fs;
use std::io::Read;
use std::path::Path;

use roamd_config::{CertificateError, ControllerTls, Etcd, FileError, Files, ListenerTls};

use roamd_nfuse_client::with_causes;
use roamd_state::GroupSettings;
use rustix::process::geteuid;

use super::group::{self, EtcdFileError};
use super::transport::client_tls;
use crate::file_access::{AccessRule, open_file};
use crate::tls;

/// The file system.
pub(super) struct SystemFiles;

/// Reads the files of a group.
///
/// # Errors
/// If one of them cannot be read or used.
pub(crate) fn group_settings(etcd: &Etcd) -> Result<GroupSettings, EtcdFileError> {
    group::group_settings(etcd, &SystemFiles)
}

impl Files for SystemFiles {
    fn read(&self, path: &Path, largest: u64) -> Result<Vec<u8>, FileError> {
        if !fs::metadata(path)?.is_file() {
            return Err(FileError::NotAFile);
        }
        let mut bytes = Vec::new();
        open_file(path)?.take(largest).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_secret(&self, path: &Path, largest: u64) -> Result<Vec<u8>, FileError> {
        self.read_guarded(path, largest, AccessRule::INSTALLED_SECRET)
    }

    fn read_cluster_key(&self, path: &Path, largest: u64) -> Result<Vec<u8>, FileError> {
        self.read_guarded(path, largest, AccessRule::CLUSTER_KEY)
    }

    fn check_certificate(&self, tls: &ListenerTls) -> Result<(), CertificateError> {
        match tls::read(tls) {
            Ok(_) => Ok(()),
            Err(error) => Err(CertificateError {
                key: error.key(),
                message: with_causes(&error),
            }),
        }
    }

    fn check_controller_tls(&self, tls: &ControllerTls) -> Result<(), String> {
        match client_tls(tls) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn check_etcd(&self, etcd: &Etcd) -> Result<(), CertificateError> {
        match group::group_settings(etcd, self) {
            Ok(_) => Ok(()),
            Err(EtcdFileError { key, problem }) => Err(CertificateError {
                key,
                message: problem.trim_start_matches("cannot be used: ").to_owned(),
            }),
        }
    }
}

impl SystemFiles {
    /// Reads a file that other users must not read or replace.
    fn read_guarded(
        &self,
        path: &Path,
        largest: u64,
        rule: AccessRule,
    ) -> Result<Vec<u8>, FileError> {
        let bytes = self.read(path, largest)?;
        let file = fs::metadata(path)?;
        // Root also checks configurations of servers that run as another user.
        let owner = if geteuid().is_root() {
            Ok(())
        } else {
            rule.check_owner(path, &file)
        };
        owner
            .and_then(|()| rule.check_mode(path, &file))
            .and_then(|()| rule.check_parents(path, &file))
            .map_err(|error| FileError::Exposed(error.to_string()))?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use jiff::Timestamp;
    use rcgen::{CertificateParams, KeyPair};
    use roamd_config::SAMPLE;
    use roamd_nfuse_client::ServiceKeys;
    use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig, line_of};

    use super::super::parse;
    use super::*;
    use crate::keys::make_cluster_key;

    /// Returns a configuration with these keys of the document and of its farm.
    fn config(document: &str, farm: &str) -> String {
        let farm = FarmConfig {
            lines: farm.to_owned(),
            ..FarmConfig::new("CVAD", "https://10.0.0.11:8080")
        };
        let config = ServerConfig {
            listen: "127.0.0.1:8080".to_owned(),
            base_url: "https://store.example.net".to_owned(),
            data_dir: "/var/lib/roamd".to_owned(),
            lines: document.to_owned(),
            stores: vec![StoreConfig::new("/Citrix/Store", [farm])],
        };
        config.to_string()
    }

    /// Returns an error at the last line that begins with this text.
    fn error_at(text: &str, beginning: &str, problem: &str) -> String {
        format!("line {}: {problem}", line_of(text, beginning))
    }

    fn errors(text: &str) -> Vec<String> {
        let errors = parse(text).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect()
    }

    /// Writes a certificate and its key into a folder, and returns the section that names them.
    fn identity(folder: &Path) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        secret(folder, &key.serialize_pem());
        fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
        section(folder)
    }

    fn section(folder: &Path) -> String {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}")
    }

    fn secret(folder: &Path, pem: &str) {
        let path = folder.join("key.pem");
        fs::write(&path, pem).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    #[test]
    fn sample_with_tls_is_valid() {
        let folder = tempfile::tempdir().unwrap();
        identity(folder.path());
        fs::copy(
            folder.path().join("cert.pem"),
            folder.path().join("proxy-ca.pem"),
        )
        .unwrap();
        let keys = ["[tls]", "certificate_file", "key_file", "client_ca_file"];
        let text: String = SAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(line) if keys.iter().any(|key| line.starts_with(key)) => line,
                _ => line,
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let text = text
            .replace("/etc/roamd/", &format!("{}/", folder.path().display()))
            .replace("http://127.0.0.1:8080", "https://127.0.0.1:8080");
        assert!(parse(&text).unwrap().listener.tls.is_some());
    }

    #[test]
    fn unusable_certificate_is_reported_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
        let text = config(&section(folder), "");
        let reported = |expected: &str| {
            let [error] = errors(&text).try_into().unwrap();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("-----"), "{error}");
            error
        };
        let at_certificate = |problem| error_at(&text, "certificate_file", problem);
        let at_key = |problem| error_at(&text, "key_file", problem);
        let missing = reported(&at_certificate(
            "`certificate_file` cannot be used: cannot read",
        ));
        assert!(missing.contains("No such file"), "{missing}");
        identity(folder);
        assert_eq!(errors(&text), [""; 0]);

        fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        reported(&at_key("`key_file` cannot be used: the key"));
        // A group may share it.
        fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        assert_eq!(errors(&text), [""; 0]);

        secret(folder, &KeyPair::generate().unwrap().serialize_pem());
        reported(&at_key(
            "`key_file` cannot be used: private key is not that of the certificate",
        ));
        secret(folder, "");
        reported(&at_key("`key_file` cannot be used: "));
        secret(folder, "no key");
        reported("holds no private key in PEM; an encrypted one cannot be used");
        let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        secret(folder, broken);
        reported(&at_key(
            "`key_file` cannot be used: private key cannot be used",
        ));
        let encrypted = broken.replace("PRIVATE", "ENCRYPTED PRIVATE");
        secret(folder, &encrypted);
        reported("an encrypted one cannot be used");
        fs::write(&certificate, "no certificate").unwrap();
        reported(&at_certificate(
            "`certificate_file` cannot be used: file of the certificate holds no",
        ));
        fs::write(&certificate, broken.replace("PRIVATE KEY", "CERTIFICATE")).unwrap();
        reported(&at_certificate(
            "`certificate_file` cannot be used: file of the certificate holds one that",
        ));
        fs::remove_file(&certificate).unwrap();
        fs::create_dir(&certificate).unwrap();
        reported(&at_certificate("`certificate_file` cannot be used: "));
    }

    /// The certificate may have any mode, which is no exposure of a key.
    #[test]
    fn exchanged_certificate_and_key_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let lines = identity(folder).replace("key_file", "certificate_file");
        let lines = lines.replacen("certificate_file", "key_file", 1);
        let text = config(&lines, "");
        let [error] = errors(&text).try_into().unwrap();
        let problem = format!(
            "`certificate_file` cannot be used: {folder}/key.pem holds a private key, and \
             {folder}/cert.pem a certificate; exchange `certificate_file` and `key_file`",
            folder = folder.display()
        );
        assert_eq!(error, error_at(&text, "certificate_file", &problem));
    }

    #[test]
    fn service_keys_are_read_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let text = config("", &format!("service_key_file = {path:?}"));
        let [error] = errors(&text).try_into().unwrap();
        let at_key = |problem| error_at(&text, "service_key_file", problem);
        assert!(error.starts_with(&at_key(
            "`service_key_file` names a file that cannot be read"
        )));

        fs::write(&path, "\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let expected = at_key("`service_key_file` names a file that has no key in its first line");
        assert_eq!(errors(&text), [expected]);

        fs::write(&path, "one\ntwo\n").unwrap();
        let farm = &parse(&text).unwrap().stores[0].farms[0];
        assert_eq!(
            farm.service_keys,
            Some(ServiceKeys::parse("one\ntwo").unwrap())
        );
    }

    #[test]
    fn service_keys_that_others_can_read_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, "one").unwrap();
        let text = config("", &format!("service_key_file = {path:?}"));
        for (mode, good) in [(0o600, true), (0o640, true), (0o644, false), (0o660, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let errors = errors(&text);
            assert_eq!(errors.is_empty(), good, "{mode:o}: {errors:?}");
            for error in errors {
                let problem = "`service_key_file` cannot be used: the file";
                let named = error.starts_with(&error_at(&text, "service_key_file", problem));
                assert!(named && error.contains("chmod 640"), "{error}");
            }
        }
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let [error] = errors(&text).try_into().unwrap();
        assert!(error.contains("chmod go-w"), "{error}");
    }

    #[test]
    fn unusable_cluster_key_is_reported_with_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cluster.key");
        let text = config(
            &format!(
                "[keys]\ncluster_key_file = {path:?}\n[state]\nengine = \"etcd\"\n\
                 endpoints = [\"http://etcd1:2379\"]"
            ),
            "",
        );
        make_cluster_key(&path, Timestamp::UNIX_EPOCH).unwrap();
        let key = fs::read_to_string(&path).unwrap();
        let next = "copy the file from another server of the group, or remove it and run `roamd \
                    keys new --cluster` for a new group";
        for (content, mode, expected) in [
            (key.as_str(), 0o600, &[][..]),
            (&key, 0o440, &[]),
            (&key, 0o644, &["the cluster key", "chmod 600"]),
            (&key, 0o660, &["the cluster key", "chmod 600"]),
            ("", 0o600, &["holds no key", next]),
            ("v1 1", 0o600, &["line 1 of the key ring", next]),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let errors = errors(&text);
            assert_eq!(errors.is_empty(), expected.is_empty(), "{errors:?}");
            for error in &errors {
                let problem = "`cluster_key_file` cannot be used: ";
                assert!(error.starts_with(&error_at(&text, "cluster_key_file", problem)));
                assert!(expected.iter().all(|it| error.contains(it)), "{error}");
            }
        }
    }

    #[test]
    fn folder_in_place_of_a_file_is_reported() {
        let text = config("", "service_key_file = \"/\"");
        let problem = "`service_key_file` has to be the path of a file";
        let expected = error_at(&text, "service_key_file", problem);
        assert_eq!(errors(&text), [expected]);
    }

    #[test]
    fn unusable_name_in_certificates_is_reported() {
        let text = config("", "tls_name = \"not a name\"");
        let problem = "`tls_name` cannot be used: name is neither a DNS name nor an address";
        assert_eq!(errors(&text), [error_at(&text, "tls_name", problem)]);
        let text = config("", "tls_name = \"ddc.example.test\"");
        assert_eq!(errors(&text), [""; 0]);
    }
}
