//! Tests of `roamd backup` and `roamd restore`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::support::{
    CommandOutput, Server, World, configuration, entries, roamd, run, run_with_line, unused_address,
};
use crate::tokens::revoke;

const PASSPHRASE: &str = "correct horse battery";

fn restore(file: &Path, passphrase: &str, args: &[&str]) -> CommandOutput {
    let file = file.to_str().unwrap();
    let args = [&["restore", file, "--passphrase-stdin"], args].concat();
    run_with_line(&args, passphrase)
}

/// Writes a backup of the server of a configuration.
fn backup(config: &str, file: &Path) -> CommandOutput {
    let file = file.to_str().unwrap();
    let args = ["backup", file, "--config", config, "--passphrase-stdin"];
    run_with_line(&args, PASSPHRASE)
}

/// Returns the data folder that a configuration names.
fn data_dir(config: &str) -> String {
    let text = fs::read_to_string(config).unwrap();
    let line = text.lines().find(|line| line.starts_with("data_dir"));
    line.unwrap().split('"').nth(1).unwrap().to_owned()
}

/// The token of a sign-in before the backup is valid after it, and a revocation too.
#[test]
fn restored_server_continues_where_the_other_one_was() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let listen = unused_address();
    let config = configuration(&world, &listen, &[("CVAD", "cvad-7", farm.address())]);
    let data = data_dir(&config);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let listed = server.alice(&["list", "--json"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let ids = listed.column("/sessions", "id");
    revoke(&config, r"DEMO\bob", &[]);

    let file = world.path("roamd.backup");
    let ran = backup(&config, &file);
    assert_eq!(ran.code, 0, "{ran:?}");
    let contents = "configuration, keys, revocations, state";
    assert!(ran.err.contains(contents), "{}", ran.err);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let again = backup(&config, &file);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.err.contains("exists"), "{}", again.err);
    // A server that runs keeps its state.
    let running = restore(&file, PASSPHRASE, &["--config", &config, "--force"]);
    assert_eq!(running.code, 1, "{running:?}");
    assert!(running.err.contains("in use"), "{}", running.err);
    server.stop();

    let keys = fs::read(format!("{data}/keys")).unwrap();
    let text = fs::read_to_string(&config).unwrap();
    fs::remove_dir_all(&data).unwrap();
    fs::remove_file(&config).unwrap();
    let restored = restore(&file, PASSPHRASE, &["--config", &config]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(restored.out.contains(contents), "{}", restored.out);
    assert_eq!(fs::read_to_string(&config).unwrap(), text);
    assert_eq!(fs::read(format!("{data}/keys")).unwrap(), keys);
    for name in ["keys", "revocations", "state.db", "state.key"] {
        let mode = fs::metadata(format!("{data}/{name}")).unwrap().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let relisted = server.alice(&["list", "--json"]);
    assert_eq!(relisted.column("/sessions", "id"), ids);
}

#[test]
fn failed_restore_changes_nothing() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let listen = unused_address();
    let config = configuration(&world, &listen, &[("CVAD", "cvad-7", farm.address())]);
    let data = data_dir(&config);
    Server::start(&mut roamd(&["serve", "--config", &config]), 1).stop();
    let file = world.path("roamd.backup");
    assert_eq!(backup(&config, &file).code, 0);

    let target = tempfile::tempdir().unwrap();
    let new_config = target.path().join("roamd.toml");
    let new_data = target.path().join("data");
    let whole = fs::read(&file).unwrap();
    let [cut, changed] = ["cut", "changed"].map(|name| world.path(name));
    fs::write(&cut, &whole[..whole.len() - 7]).unwrap();
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    fs::write(&changed, bytes).unwrap();
    let [new_config, new_data] = [&new_config, &new_data].map(|path| path.to_str().unwrap());
    let to_new = ["--config", new_config, "--data", new_data];
    let into_old = ["--config", new_config];
    let over_config = ["--config", new_config, "--data", new_data];
    for (file, passphrase, args, problem) in [
        (
            &file,
            "another passphrase",
            to_new,
            "the passphrase is not that",
        ),
        (&cut, PASSPHRASE, to_new, "7 bytes are missing"),
        (&changed, PASSPHRASE, to_new, "is damaged"),
        (&world.path("none"), PASSPHRASE, to_new, "cannot read"),
    ] {
        let ran = restore(file, passphrase, &args);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains(problem), "{}", ran.err);
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
    }
    let before = fs::read(format!("{data}/keys")).unwrap();
    let ran = restore(&file, PASSPHRASE, &into_old);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("is not empty"), "{}", ran.err);
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
    assert_eq!(fs::read(format!("{data}/keys")).unwrap(), before);

    fs::write(new_config, "# another\n").unwrap();
    let ran = restore(&file, PASSPHRASE, &over_config);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("--force"), "{}", ran.err);
    assert_eq!(fs::read_to_string(new_config).unwrap(), "# another\n");
    assert!(!Path::new(new_data).exists());
    let json = restore(&file, PASSPHRASE, &["--dry-run", "--json"]).json();
    assert_eq!(json["parts"][0], "configuration");
    assert_eq!(json["config"], serde_json::Value::Null);
    let shown = restore(&file, PASSPHRASE, &["--dry-run"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.out.starts_with("Backup by roamd "), "{}", shown.out);
    let forced = restore(
        &file,
        PASSPHRASE,
        &[&over_config[..], &["--force"]].concat(),
    );
    assert_eq!(forced.code, 0, "{forced:?}");
    assert!(forced.err.contains("Correct `data_dir`"), "{}", forced.err);
    assert_eq!(fs::read(format!("{new_data}/keys")).unwrap(), before);
}

/// Root restores for the user who owns the folder and the configuration.
#[test]
fn restored_files_belong_to_the_owner_of_their_folder() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    const OWNER: u32 = 65_534;
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let config = configuration(
        &world,
        &unused_address(),
        &[("CVAD", "cvad-7", farm.address())],
    );
    Server::start(&mut roamd(&["serve", "--config", &config]), 1).stop();
    revoke(&config, r"DEMO\bob", &[]);
    let file = world.path("roamd.backup");
    assert_eq!(backup(&config, &file).code, 0);

    let target = tempfile::tempdir().unwrap();
    let (etc, var) = (target.path().join("etc"), target.path().join("var"));
    for folder in [&etc, &var] {
        fs::create_dir(folder).unwrap();
        chown(folder, Some(OWNER), Some(OWNER)).unwrap();
    }
    let (new_config, new_data) = (etc.join("roamd.toml"), var.join("lib/roamd"));
    let [new_config, new_data] = [&new_config, &new_data].map(|path| path.to_str().unwrap());
    let to = ["--config", new_config, "--data", new_data];
    for args in [&to[..], &[&to[..], &["--force"]].concat()] {
        let ran = restore(&file, PASSPHRASE, args);
        assert_eq!(ran.code, 0, "{ran:?}");
        let names = entries(Path::new(new_data));
        assert!(names.contains(&"state.db".to_owned()), "{names:?}");
        let files = names.iter().map(|name| Path::new(new_data).join(name));
        let folders = [new_config, new_data].map(PathBuf::from);
        for path in files.chain(folders).chain([var.join("lib")]) {
            let owner = fs::metadata(&path).unwrap();
            assert_eq!((owner.uid(), owner.gid()), (OWNER, OWNER), "{path:?}");
        }
        // An administrator has closed it; the next restoration keeps that.
        fs::set_permissions(new_config, fs::Permissions::from_mode(0o640)).unwrap();
    }
    let mode = fs::metadata(new_config).unwrap().mode();
    assert_eq!(mode & 0o777, 0o640);
    let audit = fs::read_to_string(Path::new(new_data).join("audit.jsonl")).unwrap();
    assert_eq!(
        audit.matches(r#""command":"restore""#).count(),
        2,
        "{audit}"
    );
}

/// A backup without keys would be noticed when it is needed.
#[test]
fn folder_without_a_server_or_its_keys_makes_no_backup() {
    let (world, config) = stopped_server();
    let data = PathBuf::from(data_dir(&config));
    let file = world.path("roamd.backup");
    let refused = |problem: &str| {
        let ran = backup(&config, &file);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        let text = format!("{}{problem}", data.display());
        assert!(ran.err.contains(&text), "{ran:?}");
        assert!(!file.exists());
    };
    fs::write(data.join("control.lock"), "").unwrap();
    fs::remove_file(data.join("keys")).unwrap();
    refused(", and no server could continue");
    fs::remove_dir_all(&data).unwrap();
    refused(" is not the data folder of a server");
    assert!(!data.exists());
}

/// The name of the draft means nothing to the operator.
#[test]
fn missing_folder_of_the_file_is_reported_with_its_path() {
    let (world, config) = stopped_server();
    let ran = backup(&config, &world.path("missing/roamd.backup"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err.contains("/missing/roamd.backup: No such"),
        "{ran:?}"
    );
    assert!(!ran.err.contains(".backup-"), "{ran:?}");
}

/// Returns the configuration of a server that has keys and does not run.
fn stopped_server() -> (World, String) {
    let world = World::new();
    let farms = [("CVAD", "cvad-7", "127.0.0.1:9")];
    let config = configuration(&world, &unused_address(), &farms);
    let ran = run(&["keys", "new", "--data", &data_dir(&config)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    (world, config)
}

#[test]
fn short_passphrase_is_refused() {
    let (world, config) = stopped_server();
    let file = world.path("roamd.backup");
    let args = ["backup", file.to_str().unwrap(), "--config", &config];
    let ran = run_with_line(&[&args[..], &["--passphrase-stdin"]].concat(), "short");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("12 characters"), "{}", ran.err);
    assert!(!file.exists());
}

/// A backup that cannot be restored would be noticed when it is needed.
#[test]
fn damaged_keys_or_revocations_make_no_backup() {
    let (world, config) = stopped_server();
    let data = PathBuf::from(data_dir(&config));
    revoke(&config, r"DEMO\bob", &[]);
    for (name, part) in [("revocations", "the revocations"), ("keys", "the keys")] {
        fs::write(data.join(name), "rubbish\n").unwrap();
        let file = world.path("roamd.backup");
        let ran = backup(&config, &file);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains(&format!("{part} are damaged")), "{ran:?}");
        assert!(!file.exists());
    }
}
