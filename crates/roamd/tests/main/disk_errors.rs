//! Tests of full disks, unwritable files and data folders in use (bad inputs 80 and 81).
//!
//! Failures are reported, existing data is kept, and the server recovers when there is space.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::support::{
    CommandOutput, Server, World, configuration, roamd, unused_address, wrapped_in,
};

/// Maximum file size in bytes: a write-ahead log of a few changes fits.
const MAX_FILE_SIZE: &str = "40960";

/// More changes than fit into a file of that size.
const MANY_CHANGES: usize = 50;

/// Returns the command with a limit on the size of its files.
fn on_full_disk(args: &[&str]) -> Command {
    let fsize = format!("--fsize={MAX_FILE_SIZE}");
    // With SIGXFSZ ignored, a write over the limit fails with an error, as on a full disk.
    wrapped_in(&["env", "--ignore-signal=XFSZ", "prlimit", &fsize], args)
}

/// Returns the command without root's right to ignore file modes.
fn without_file_override(args: &[&str], folder: &Path) -> Command {
    if fs::metadata(folder).unwrap().uid() == 0 {
        let capabilities = "--bounding-set=-dac_override,-dac_read_search";
        wrapped_in(&["setpriv", capabilities], args)
    } else {
        roamd(args)
    }
}

fn serve_farm(world: &World) -> [String; 7] {
    let args = [
        "farm",
        "serve",
        "--data",
        world.data(),
        "--farm",
        "XA1",
        "--listen",
    ];
    args.map(str::to_owned)
}

#[test]
fn server_on_full_disk_refuses_sign_in_and_recovers() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let listen = unused_address();
    let config = configuration(&world, &listen, &[("XA1", "xenapp-6", farm.address())]);
    let serve = ["serve", "--config", &config];
    let server = Server::start(&mut on_full_disk(&serve), 1);
    let refused = (0..MANY_CHANGES)
        .map(|_| server.alice(&["list"]))
        .find(|ran| ran.code != 0);
    let refused = refused.expect("the size limit should be reached");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("503"), "{refused:?}");
    let (status, _) = server.stop();
    assert_eq!(status.code(), Some(0));

    let server = Server::start(&mut roamd(&serve), 1);
    assert_eq!(server.alice(&["list"]).code, 0);
}

#[test]
fn unwritable_result_is_named() {
    for args in [
        &["version"][..],
        &["config", "init"],
        &["completions", "bash"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = CommandOutput::of(roamd(args).stdout(full).output().unwrap());
        assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
        let expected = "roamd: cannot write the result: No space left on device";
        assert!(ran.err.starts_with(expected), "{args:?}: {ran:?}");
    }
}

#[test]
fn farm_on_full_disk_changes_nothing_and_reports_failure() {
    let world = World::new();
    let args = serve_farm(&world);
    let args: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .chain(["127.0.0.1:0"])
        .collect();
    let farm = Server::start(&mut on_full_disk(&args), 1);
    let listen = unused_address();
    let config = configuration(&world, &listen, &[("XA1", "xenapp-6", farm.address())]);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let launch = |server: &Server| -> CommandOutput {
        let out = world.path("ica");
        let out = out.to_str().unwrap();
        server.alice_with("apps", &["launch", "XA1.MSPaint", "--output", out])
    };
    let before = world.sessions("alice");
    // Each launch stores a ticket, until the limit is reached.
    let refused = (0..MANY_CHANGES)
        .map(|_| launch(&server))
        .find(|ran| ran.code != 0);
    let refused = refused.expect("the size limit should be reached");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    // Reads still work. A change that could not be stored is not confirmed.
    assert_eq!(server.alice(&["list"]).code, 0);
    let disconnect = ["disconnect", "--client-name", "DESK-A"];
    assert_eq!(server.alice(&disconnect).code, 1);
    assert_eq!(world.sessions("alice"), before);
    farm.stop();
    server.stop();

    let farm = Server::farm(&world, "XA1");
    let config = configuration(&world, &listen, &[("XA1", "xenapp-6", farm.address())]);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    assert_eq!(launch(&server).code, 0);
    assert_eq!(server.alice(&disconnect).code, 0);
    assert_ne!(world.sessions("alice"), before);
}

#[test]
fn unwritable_database_is_named_at_start_and_kept() {
    let world = World::new();
    let config = configuration(
        &world,
        &unused_address(),
        &[("XA1", "xenapp-6", "127.0.0.1:1")],
    );
    let serve = ["serve", "--config", &config];
    // Creates the data folder of the server.
    Server::start(&mut roamd(&serve), 1).stop();
    let farm = serve_farm(&world);
    let farm: Vec<&str> = farm
        .iter()
        .map(String::as_str)
        .chain(["127.0.0.1:0"])
        .collect();
    let server_data = world.path("state");
    let farm_data = Path::new(world.data());
    let cases = [
        (
            &serve[..],
            server_data.join("state.db"),
            0o400,
            server_data.clone(),
            0o700,
        ),
        (
            &serve[..],
            server_data.join("state.db"),
            0o400,
            server_data.clone(),
            0o500,
        ),
        (
            &farm[..],
            farm_data.join("farm.db"),
            0o400,
            farm_data.to_owned(),
            0o500,
        ),
    ];
    for (args, file, file_mode, folder, folder_mode) in cases {
        let bytes = fs::read(&file).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(file_mode)).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
        let ran = CommandOutput::of(without_file_override(args, &folder).output().unwrap());
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.contains(file.to_str().unwrap()), "{ran:?}");
        assert!(ran.err.contains("read"), "{ran:?}");
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    Server::start(&mut roamd(&serve), 1).stop();
    Server::farm(&world, "XA1").stop();
}

#[test]
fn second_server_on_same_data_folder_is_refused() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let config = configuration(
        &world,
        &unused_address(),
        &[("XA1", "xenapp-6", farm.address())],
    );
    let first = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let config = configuration(
        &world,
        &unused_address(),
        &[("XA1", "xenapp-6", farm.address())],
    );
    let second = CommandOutput::of(roamd(&["serve", "--config", &config]).output().unwrap());
    assert_eq!((second.code, second.out.as_str()), (1, ""), "{second:?}");
    for part in ["state.db is in use by another process", "data folder"] {
        assert!(second.err.contains(part), "{second:?}");
    }
    assert_eq!(first.alice(&["list"]).code, 0);
}

#[test]
fn missing_permission_exits_with_3_and_a_next_step() {
    let world = World::new();
    let config = world.path("roamd.toml");
    fs::write(&config, "").unwrap();
    fs::set_permissions(&config, Permissions::from_mode(0o0)).unwrap();
    let data = Path::new(world.data());
    fs::set_permissions(data, Permissions::from_mode(0o0)).unwrap();
    let config = config.to_str().unwrap();
    for (args, advice) in [
        (
            &["farm", "session", "list", "--data", world.data()][..],
            "run the command as its owner",
        ),
        (
            &["demo", "--data", world.data()],
            "run the command as its owner",
        ),
        (&["config", "check", config], "run the command as its owner"),
        (
            &["serve", "--config", config],
            "run the command as its owner",
        ),
        (
            &["status", "--config", config],
            "run the command as its owner",
        ),
    ] {
        let mut command = without_file_override(args, data);
        let ran = CommandOutput::of(command.output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(advice), "{args:?}: {}", ran.err);
    }
    fs::set_permissions(data, Permissions::from_mode(0o700)).unwrap();
}
