//! The smallest configuration, and files in memory.

use std::io;
use std::path::{Path, PathBuf};

use roamd_config::{
    CertificateError, Config, ControllerTls, Etcd, FileError, Files, LineError, ListenerTls,
};

/// Files in memory. Without any changes, it has no file, and whatever is checked can be used.
#[derive(Default)]
pub(crate) struct MemoryFiles {
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) certificate_error: Option<CertificateError>,
    pub(crate) controller_tls_error: Option<String>,
    pub(crate) etcd_error: Option<CertificateError>,
}

impl MemoryFiles {
    /// Returns a single file.
    pub(crate) fn with(path: &str, content: &str) -> Self {
        Self {
            files: vec![(path.into(), content.into())],
            ..Self::default()
        }
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path, largest: u64) -> Result<Vec<u8>, FileError> {
        if self.folders.iter().any(|folder| folder == path) {
            return Err(FileError::NotAFile);
        }
        let file = self.files.iter().find(|(known, _)| known == path);
        let (_, content) = file.ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        let largest = usize::try_from(largest).unwrap();
        Ok(content.iter().copied().take(largest).collect())
    }

    fn check_certificate(&self, _: &ListenerTls) -> Result<(), CertificateError> {
        self.certificate_error.clone().map_or(Ok(()), Err)
    }

    fn check_controller_tls(&self, _: &ControllerTls) -> Result<(), String> {
        self.controller_tls_error.clone().map_or(Ok(()), Err)
    }

    fn check_etcd(&self, _: &Etcd) -> Result<(), CertificateError> {
        self.etcd_error.clone().map_or(Ok(()), Err)
    }
}

/// Returns the smallest complete configuration with these keys of the document, the store and the
/// farm.
pub(crate) fn config(document: &str, store: &str, farm: &str) -> String {
    format!(
        r#"listen = "127.0.0.1:8080"
base_url = "http://127.0.0.1:8080"
data_dir = "/var/lib/roamd"
{document}
[[store]]
path = "/Citrix/Store"
{store}
[[store.farm]]
id = "XA1"
name = "Farm1"
generation = "xenapp-6"
controllers = ["http://10.0.0.11:8080"]
{farm}
"#
    )
}

/// Parses a text that names no file.
pub(crate) fn parse(text: &str) -> Result<Config, Vec<LineError>> {
    roamd_config::parse(text, &MemoryFiles::default())
}

/// Returns the errors of a text, each as `roamd config check` prints it.
pub(crate) fn errors(text: &str) -> Vec<String> {
    errors_with(text, &MemoryFiles::default())
}

/// Returns the errors of a text that names files.
pub(crate) fn errors_with(text: &str, files: &MemoryFiles) -> Vec<String> {
    let errors = roamd_config::parse(text, files).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

/// Returns the number of the last line that begins with this text.
#[track_caller]
pub(crate) fn line_of(text: &str, beginning: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let found = lines.iter().rposition(|line| line.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no line begins with {beginning}:\n{text}")) + 1
}

/// Returns an error at the last line that begins with this text, as `roamd config check` prints it.
#[track_caller]
pub(crate) fn error_at(text: &str, beginning: &str, problem: &str) -> String {
    format!("line {}: {problem}", line_of(text, beginning))
}

/// Checks the only error of each case: keys of the document, the store and the farm, and the
/// problem. It is in the first line of the last of these that is not empty.
#[track_caller]
pub(crate) fn assert_errors(cases: &[(&str, &str, &str, &str)]) {
    for (document, store, farm, problem) in cases {
        let text = config(document, store, farm);
        let keys = [document, store, farm]
            .into_iter()
            .rfind(|keys| !keys.is_empty());
        let beginning = keys.unwrap().lines().next().unwrap();
        assert_eq!(errors(&text), [error_at(&text, beginning, problem)]);
    }
}

/// Checks the only error of each case: a key, its value and what the error says of it.
#[track_caller]
pub(crate) fn assert_wrong_values(cases: &[(&str, &str, &str)]) {
    for (key, value, problem) in cases {
        let text: String = config("", "", "")
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some((found, _)) if found == *key => format!("{key} = {value}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let errors = errors(&text);
        let [error] = &errors[..] else {
            panic!("{key} = {value}: {errors:?}")
        };
        let (_, rest) = error.split_once(&format!("`{key}`")).unwrap();
        assert!(rest.contains(problem), "{key} = {value}: {error}");
        assert!(!error.contains("u:p"), "a secret is not repeated: {error}");
    }
}
