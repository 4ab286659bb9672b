//! Disks that take no more, and folders that cannot be written or are in use (bad-inputs 80 and 81): what
//! cannot be done is said, what was there stays, and with room again all goes on.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::support::{Ran, Server, World, behind, configuration, nobody, roamd};

/// Most bytes of a file on the disk that is full: the log of a database fits for a few changes.
const ROOM: &str = "40960";

/// More changes than there is room for.
const MANY: usize = 50;

/// The command on a disk whose files cannot grow.
fn without_room(args: &[&str]) -> Command {
    let fsize = format!("--fsize={ROOM}");
    // Without a signal, a write that finds no room is an error, as it is on a full disk.
    behind(&["env", "--ignore-signal=XFSZ", "prlimit", &fsize], args)
}

/// The command as a user who is bound by the modes of files, which root is not.
fn bound_by_modes(args: &[&str], folder: &Path) -> Command {
    if fs::metadata(folder).unwrap().uid() == 0 {
        let bounds = "--bounding-set=-dac_override,-dac_read_search";
        behind(&["setpriv", bounds], args)
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
fn a_gateway_without_room_refuses_sign_ins_and_goes_on_when_there_is_some() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let listen = nobody();
    let config = configuration(&world, &listen, &[("XA1", "xenapp-6", farm.address())]);
    let serve = ["serve", "--config", &config];
    let gateway = Server::start(&mut without_room(&serve), 1);
    let refused = (0..MANY)
        .map(|_| gateway.alice(&["list"]))
        .find(|ran| ran.code != 0);
    let refused = refused.expect("there is no end of room");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("503"), "{refused:?}");
    let (status, _) = gateway.stop();
    assert_eq!(status.code(), Some(0));

    let gateway = Server::start(&mut roamd(&serve), 1);
    assert_eq!(gateway.alice(&["list"]).code, 0);
}

#[test]
fn a_farm_without_room_changes_nothing_and_says_so() {
    let world = World::new();
    let args = serve_farm(&world);
    let args: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .chain(["127.0.0.1:0"])
        .collect();
    let farm = Server::start(&mut without_room(&args), 1);
    let listen = nobody();
    let config = configuration(&world, &listen, &[("XA1", "xenapp-6", farm.address())]);
    let gateway = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let launches = |gateway: &Server| -> Ran {
        let out = world.path("ica");
        let out = out.to_str().unwrap();
        gateway.alice_with("apps", &["launch", "XA1.MSPaint", "--output", out])
    };
    let before = world.sessions("alice");
    // Each launch leaves a ticket, until there is no room for one.
    let refused = (0..MANY)
        .map(|_| launches(&gateway))
        .find(|ran| ran.code != 0);
    let refused = refused.expect("there is no end of room");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    // What is there can still be read, and a change that is not made is not confirmed.
    assert_eq!(gateway.alice(&["list"]).code, 0);
    let disconnect = ["disconnect", "--client-name", "DESK-A"];
    assert_eq!(gateway.alice(&disconnect).code, 1);
    assert_eq!(world.sessions("alice"), before);
    farm.stop();
    gateway.stop();

    let farm = Server::farm(&world, "XA1");
    let config = configuration(&world, &listen, &[("XA1", "xenapp-6", farm.address())]);
    let gateway = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    assert_eq!(launches(&gateway).code, 0);
    assert_eq!(gateway.alice(&disconnect).code, 0);
    assert_ne!(world.sessions("alice"), before);
}

#[test]
fn what_cannot_be_written_is_named_at_the_start_and_left_as_it_is() {
    let world = World::new();
    let config = configuration(&world, &nobody(), &[("XA1", "xenapp-6", "127.0.0.1:1")]);
    let serve = ["serve", "--config", &config];
    // Makes the folder of the gateway.
    Server::start(&mut roamd(&serve), 1).stop();
    let farm = serve_farm(&world);
    let farm: Vec<&str> = farm
        .iter()
        .map(String::as_str)
        .chain(["127.0.0.1:0"])
        .collect();
    let gateway_data = world.path("state");
    let farm_data = Path::new(world.data());
    let cases = [
        (
            &serve[..],
            gateway_data.join("state.db"),
            0o400,
            gateway_data.clone(),
            0o700,
        ),
        (
            &serve[..],
            gateway_data.join("state.db"),
            0o400,
            gateway_data.clone(),
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
        let ran = Ran::of(bound_by_modes(args, &folder).output().unwrap());
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
fn a_second_gateway_does_not_take_the_data_folder_of_the_first() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let config = configuration(&world, &nobody(), &[("XA1", "xenapp-6", farm.address())]);
    let first = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let config = configuration(&world, &nobody(), &[("XA1", "xenapp-6", farm.address())]);
    let second = Ran::of(roamd(&["serve", "--config", &config]).output().unwrap());
    assert_eq!((second.code, second.out.as_str()), (1, ""), "{second:?}");
    for part in ["state.db is in use by another process", "data folder"] {
        assert!(second.err.contains(part), "{second:?}");
    }
    assert_eq!(first.alice(&["list"]).code, 0);
}
