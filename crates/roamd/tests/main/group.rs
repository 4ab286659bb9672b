//! Commands and servers of a group, with a real etcd.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use roamd_testkit::{EtcdCluster, FarmConfig, StoreConfig};

use crate::support::{
    CommandOutput, Server, World, roamd, run, server_config, unused_address, wrapped_in,
    write_configuration,
};

/// Writes the configuration of a server of the group, and returns its path.
fn configuration(world: &World, etcd: &EtcdCluster, farm: &str, key: &str) -> String {
    let farm = FarmConfig::new("CVAD", format!("http://{farm}"));
    let store = StoreConfig::new("/Citrix/Store", [farm]);
    let mut config = server_config(world, &unused_address(), vec![store]);
    let endpoint = format!("http://{}", etcd.addresses()[0]);
    config.lines = format!(
        "[keys]\ncluster_key_file = {key:?}\n[state]\nengine = \"etcd\"\nendpoints = [{endpoint:?}]"
    );
    write_configuration(world, &config)
}

fn new_cluster_key(path: &str) -> CommandOutput {
    run(&["keys", "new", "--cluster", path])
}

#[test]
fn cluster_key_is_created_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.key");
    let path = path.to_str().unwrap();
    let made = new_cluster_key(path);
    assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:?}");
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = fs::read_to_string(path).unwrap();
    let again = new_cluster_key(path);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("exists already"), "{}", again.err);
    assert_eq!(fs::read_to_string(path).unwrap(), key);
    let both = run(&["keys", "new", "--cluster", path, "--data", path]);
    assert_eq!(both.code, 2);
}

/// A file without a whole key would be in the way of the next attempt.
#[test]
fn cluster_key_that_cannot_be_written_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.key");
    let path = path.to_str().unwrap();
    // No file may get a byte. With SIGXFSZ ignored, a write fails with an error.
    let limited = ["env", "--ignore-signal=XFSZ", "prlimit", "--fsize=0"];
    let mut command = wrapped_in(&limited, &["keys", "new", "--cluster", path]);
    let failed = CommandOutput::of(command.output().unwrap());
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(
        failed.err.contains("cannot write the cluster key"),
        "{}",
        failed.err
    );
    assert!(!fs::exists(path).unwrap());
    assert_eq!(new_cluster_key(path).code, 0);
}

#[test]
fn servers_of_a_group_have_the_same_keys() {
    let etcd = EtcdCluster::start(1);
    let (world, other) = (World::new(), World::new());
    let farm = Server::farm(&world, "CVAD");
    let key = world.path("cluster.key").display().to_string();
    assert_eq!(new_cluster_key(&key).code, 0);
    let config = configuration(&world, &etcd, farm.address(), &key);

    let keys = |command: &str| run(&["keys", command, "--config", &config, "--json"]);
    let none = keys("list");
    assert_eq!(none.code, 1);
    assert!(none.err.contains("has no keys yet"), "{}", none.err);

    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let listed = keys("list").json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert!(!world.path("state").join("keys").exists());
    assert_eq!(server.alice(&["list"]).code, 0);

    // A server with another cluster key is refused, in one sentence.
    let wrong = other.path("cluster.key").display().to_string();
    assert_eq!(new_cluster_key(&wrong).code, 0);
    let stranger = configuration(&other, &etcd, farm.address(), &wrong);
    let refused = run(&["serve", "--config", &stranger]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.err.contains("is of another cluster key"),
        "{}",
        refused.err
    );

    // One with the same key has the same keys, also after a rotation.
    let rotated = keys("rotate");
    assert_eq!(rotated.column("", "role"), ["opens", "seals"]);
    let second = configuration(&other, &etcd, farm.address(), &key);
    let second_server = Server::start(&mut roamd(&["serve", "--config", &second]), 1);
    let status = run(&["status", "--config", &second, "--json"]);
    assert_eq!(status.json()["keys"]["keys"][1]["id"], listed[0]["id"]);
    assert_eq!(second_server.alice(&["list"]).code, 0);
    second_server.stop();
    server.stop();
    farm.stop();
}
