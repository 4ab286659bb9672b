//! The home of a user, with profiles and sign-ins.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use roamd_testkit::MockStore;
use tempfile::TempDir;

use crate::support::{CommandOutput, entries, roamd};

/// The folders of a user, who has no password in the environment.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Returns the command, run by this user.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = roamd(args);
        command
            .env("XDG_CONFIG_HOME", self.0.path().join("config"))
            .env("XDG_STATE_HOME", self.0.path().join("state"));
        command
    }

    /// Runs the command and waits for its end.
    pub(crate) fn run(&self, args: &[&str]) -> CommandOutput {
        CommandOutput::of(self.command(args).output().unwrap())
    }

    /// Signs in with more arguments, and expects success.
    pub(crate) fn sign_in(
        &self,
        store: &str,
        user: &str,
        password: &str,
        args: &[&str],
    ) -> CommandOutput {
        let login = ["login", "--store", store, "--user", user];
        let mut command = self.command(&[&login, args].concat());
        let ran = CommandOutput::of(command.env("ROAMD_PASSWORD", password).output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
        ran
    }

    /// Signs ada in at a mock store.
    pub(crate) fn sign_in_at(&self, store: &MockStore, args: &[&str]) -> CommandOutput {
        self.sign_in(&store.url(), "ada", "s3cret!", args)
    }

    /// Returns the folder of the sign-ins.
    pub(crate) fn sign_ins(&self) -> PathBuf {
        self.0.path().join("state/roamd/sign-ins")
    }

    /// Returns the path of the only sign-in.
    pub(crate) fn sign_in_file(&self) -> PathBuf {
        let names = entries(&self.sign_ins());
        assert_eq!(names.len(), 1, "{names:?}");
        self.sign_ins().join(&names[0])
    }

    /// Makes half of the time of the only sign-in be over: it was obtained long ago.
    pub(crate) fn make_due(&self) {
        let file = self.sign_in_file();
        let text = fs::read_to_string(&file).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["obtained"] = "1970-01-01T00:00:00Z".into();
        json["expiry"] = "2070-01-01T00:00:00Z".into();
        // Replaced as a whole, because a running command may read it.
        let new = self.path().join("new");
        fs::write(&new, json.to_string()).unwrap();
        fs::set_permissions(&new, Permissions::from_mode(0o600)).unwrap();
        fs::rename(new, file).unwrap();
    }
}
