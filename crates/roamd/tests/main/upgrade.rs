//! Upgrades: this version continues with the data folders that released versions have written.
//!
//! Each version has a folder in `data/upgrade`: `farm.db` of the embedded farms, the files of the
//! server in `server`, and in `sessions` what a list of alice gave. `docs/releasing.md` says when a
//! new one is written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use roamd_testkit::{FarmConfig, StoreConfig};
use tempfile::TempDir;

use crate::support::{Server, World, roamd, server_config, unused_address, write_configuration};
use crate::tokens::revoke;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/main/data/upgrade");

/// Files of a server.
const SERVER_FILES: [&str; 4] = ["keys", "revocations", "state.db", "state.key"];

/// File of the embedded farms.
const FARM_FILE: &str = "farm.db";

/// File of what a list gave.
const SESSIONS: &str = "sessions";

/// Starts a server for an embedded farm, both on the data of a world.
fn serve(world: &World) -> (Server, Server) {
    let farm = Server::farm(world, "CVAD");
    let controller = format!("http://{}", farm.address());
    let config = FarmConfig {
        generation: "cvad-7",
        ..FarmConfig::new("CVAD", controller)
    };
    let store = StoreConfig::new("/Citrix/Store", [config]);
    let listen = unused_address();
    let mut config = server_config(world, &listen, vec![store]);
    // Session ids are the same as long as the key is.
    config
        .lines
        .push_str("\n[keys]\nrotate_after = \"never\"\n");
    let config = write_configuration(world, &config);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    (farm, server)
}

/// Returns the sessions of alice as the server lists them: ids, which its keys seal, and resources.
fn sessions(server: &Server) -> String {
    let listed = server.alice(&["list", "--active", "--json"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let (ids, resources) = (
        listed.column("/sessions", "id"),
        listed.column("/sessions", "resource_id"),
    );
    let lines = ids.into_iter().zip(resources);
    let lines = lines.map(|(id, resource)| format!("{id} {resource}\n"));
    lines.collect()
}

fn copy(from: &Path, to: &Path, mode: u32) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(mode)).unwrap();
}

/// Returns a world with the data of a version.
fn world_of(version: &Path) -> World {
    let folder = TempDir::new().unwrap();
    copy(
        &version.join(FARM_FILE),
        &folder.path().join(FARM_FILE),
        0o600,
    );
    let world = World::in_folder(folder);
    let state = world.path("state");
    for name in SERVER_FILES {
        copy(&version.join("server").join(name), &state.join(name), 0o600);
    }
    fs::set_permissions(&state, Permissions::from_mode(0o700)).unwrap();
    world
}

fn versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(FIXTURES).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn data_of_every_released_version_is_upgraded() {
    let versions = versions();
    assert!(!versions.is_empty());
    for version in versions {
        let world = world_of(&version);
        let (_farm, server) = serve(&world);
        let before = fs::read_to_string(version.join(SESSIONS)).unwrap();
        assert!(!before.is_empty());
        assert_eq!(sessions(&server), before, "{}", version.display());
        let (status, _) = server.stop();
        assert_eq!(status.code(), Some(0), "{}", version.display());
        // An upgraded folder opens again.
        let (_farm, server) = serve(&world);
        assert_eq!(sessions(&server), before, "{}", version.display());
    }
}

/// Not a test: a maintainer runs it once for each release.
#[test]
#[ignore = "writes the data folders of this version to tests/main/data/upgrade"]
fn fixture_of_this_version_is_written() {
    let world = World::new();
    let (farm, server) = serve(&world);
    let state = world.path("state");
    let wrong = ["--store", server.url(), "--user", r"DEMO\alice"];
    let mut wrong = roamd(&[&["sessions", "list"], &wrong[..]].concat());
    let refused = wrong.env("ROAMD_PASSWORD", "wrong").output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    let listed = sessions(&server);
    let config = world.path("roamd.toml").display().to_string();
    revoke(&config, r"DEMO\bob", &[]);
    server.stop();
    farm.stop();
    let version = Path::new(FIXTURES).join(env!("CARGO_PKG_VERSION"));
    for name in SERVER_FILES {
        copy(&state.join(name), &version.join("server").join(name), 0o644);
    }
    let farms = Path::new(world.data()).join(FARM_FILE);
    copy(&farms, &version.join(FARM_FILE), 0o644);
    fs::write(version.join(SESSIONS), listed).unwrap();
}
