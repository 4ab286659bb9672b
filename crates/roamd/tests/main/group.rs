//! Commands and servers of a group, with a real etcd.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use roamd_testkit::{EtcdCluster, FarmConfig, StoreConfig};
use serde_json::Value;

use crate::support::{
    CommandOutput, Server, World, eventually, on_a_terminal_of, roamd, run, server_config,
    unused_address, wrapped_in, write_configuration,
};
use crate::tokens::revoke;

/// Writes the configuration of a server of the group, and returns its path.
pub(crate) fn configuration(world: &World, etcd: &EtcdCluster, farm: &str, key: &str) -> String {
    let farm = FarmConfig::new("CVAD", format!("http://{farm}"));
    let store = StoreConfig::new("/Citrix/Store", [farm]);
    let mut config = server_config(world, &unused_address(), vec![store]);
    config.lines = sections_with_key(etcd, key);
    write_configuration(world, &config)
}

/// Writes a new cluster key beside a world, and returns its path.
fn cluster_key(world: &World) -> String {
    let key = world.path("cluster.key").display().to_string();
    assert_eq!(new_cluster_key(&key).code, 0);
    key
}

/// Returns the sections of the configuration of a server of a new group.
pub(crate) fn sections(world: &World, etcd: &EtcdCluster) -> String {
    let key = cluster_key(world);
    sections_with_key(etcd, &key)
}

fn sections_with_key(etcd: &EtcdCluster, key: &str) -> String {
    let endpoint = format!("http://{}", etcd.addresses()[0]);
    format!(
        "[keys]\ncluster_key_file = {key:?}\n[state]\nengine = \"etcd\"\nendpoints = [{endpoint:?}]"
    )
}

/// A farm, and the configurations of two servers of a group in front of it.
struct TwoServers {
    _worlds: [World; 2],
    farm: Server,
    config: String,
    second: String,
}

impl TwoServers {
    /// Starts the farm.
    fn new(etcd: &EtcdCluster) -> Self {
        let (world, other) = (World::new(), World::new());
        let farm = Server::farm(&world, "CVAD");
        let key = cluster_key(&world);
        Self {
            config: configuration(&world, etcd, farm.address(), &key),
            second: configuration(&other, etcd, farm.address(), &key),
            farm,
            _worlds: [world, other],
        }
    }
}

/// Revokes the sign-ins of a user, and returns the output. The command may fail.
fn try_revoke(config: &str, user: &str) -> CommandOutput {
    let args = ["tokens", "revoke", "--user", user, "--config", config];
    run(&[&args[..], &["--json"]].concat())
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
    assert_eq!((made.code, made.out.as_str()), (0, ""), "{made:?}");
    assert!(
        made.err.starts_with(&format!("Wrote {path}; copy")),
        "{made:?}"
    );
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
    let key = cluster_key(&world);
    let config = configuration(&world, &etcd, farm.address(), &key);

    let keys = |command: &str| run(&["keys", command, "--config", &config, "--json"]);
    let none = keys("list");
    assert_eq!(none.code, 1);
    assert!(!none.err.contains("\"level\""), "a log line: {}", none.err);
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

/// Operators see both servers and etcd, and the exit code is 4 while something is wrong. A
/// revocation takes effect here at once, and never seems to be everywhere when it is not.
#[test]
fn group_without_etcd_is_shown_and_keeps_revocations() {
    let mut etcd = EtcdCluster::start(1);
    let TwoServers {
        _worlds,
        farm,
        config,
        second,
    } = TwoServers::new(&etcd);
    let status = || run(&["group", "status", "--config", &config, "--json"]);
    let none = status();
    assert_eq!(none.code, 1);
    assert!(none.err.contains("there is no group"), "{}", none.err);

    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let other_server = Server::start(&mut roamd(&["serve", "--config", &second]), 1);
    let good = status();
    assert_eq!(good.code, 0, "{good:?}");
    assert_eq!(good.json()["health"], "good");
    assert_eq!(good.column("/servers", "state"), ["running", "running"]);
    assert!(good.column("/servers", "name")[0].contains("127.0.0.1:"));
    assert_eq!(good.column("/etcd", "state"), ["leader"]);
    let text = run(&["group", "status", "--config", &config]);
    assert!(
        text.out.contains("LAG") && text.out.contains("DATABASE"),
        "{}",
        text.out
    );
    let narrow = on_a_terminal_of(60, &roamd(&["group", "status", "--config", &config]), "");
    let longest = narrow
        .out
        .lines()
        .map(|line| line.trim_end().chars().count())
        .max();
    assert!(longest.unwrap() <= 60, "{}", narrow.out);

    let everywhere = try_revoke(&config, r"DEMO\bob");
    assert_eq!(everywhere.code, 0, "{everywhere:?}");
    assert_eq!(everywhere.json()["effect"], "all-servers");

    let alice = |server: &Server| server.alice(&["list"]).code;
    assert_eq!((alice(&server), alice(&other_server)), (0, 0));
    etcd.kill(0);
    eventually("the server works alone", || {
        let status = run(&["status", "--config", &config, "--json"]).json();
        (status["state"]["group"]["is_degraded"] == true).then_some(())
    });
    let here = try_revoke(&config, r"DEMO\alice");
    assert_eq!(here.code, 4, "{here:?}");
    assert_eq!(here.json()["effect"], "this-server");
    let told = run(&[
        "tokens",
        "revoke",
        "--user",
        r"DEMO\carol",
        "--config",
        &config,
    ]);
    assert_eq!(told.code, 4);
    assert!(
        told.err
            .contains("Other servers of the group do not know it yet"),
        "{}",
        told.err
    );
    let reset = run(&[
        "throttle",
        "reset",
        "--user",
        r"DEMO\carol",
        "--config",
        &config,
    ]);
    assert_eq!(reset.code, 1, "{reset:?}");
    let expected = "nothing was reset: etcd cannot be reached";
    assert!(reset.err.contains(expected), "{}", reset.err);
    let degraded = status();
    assert_eq!(
        degraded.code, 1,
        "without etcd nothing is known: {degraded:?}"
    );

    etcd.restart(0);
    etcd.wait_for_leader();
    let ended = "/roamd/main/flags/ended-user/";
    eventually("etcd has all revocations", || {
        let users = etcd.keys(ended).len();
        (users >= 3).then_some(())
    });
    // A server that was killed is missed; one that has stopped is not.
    other_server.kill();
    let missed = status();
    assert_eq!(missed.code, 4, "{missed:?}");
    assert_eq!(missed.json()["health"], "degraded");
    server.stop();
    let not_yet = try_revoke(&config, r"DEMO\dave");
    assert_eq!(not_yet.code, 4);
    assert_eq!(not_yet.json()["effect"], "not-yet");
    farm.stop();
}

/// A server that hangs accepts ended tokens for a moment when it goes on, so the command says that
/// it does not know the revocation.
#[test]
fn revocation_is_not_everywhere_while_a_server_hangs() {
    let etcd = EtcdCluster::start(1);
    let TwoServers {
        _worlds,
        farm,
        config,
        second,
    } = TwoServers::new(&etcd);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let hanging = Server::start(&mut roamd(&["serve", "--config", &second]), 1);
    let effect = || {
        let revoked = try_revoke(&config, r"DEMO\alice");
        (
            revoked.code,
            revoked.json()["effect"].as_str().map(str::to_owned),
        )
    };
    let (all, some) = (
        Some("all-servers".to_owned()),
        Some("this-server".to_owned()),
    );
    eventually("both know it", || {
        (effect() == (0, all.clone())).then_some(())
    });
    hanging.freeze();
    assert_eq!(effect(), (4, some));
    hanging.unfreeze();
    eventually("both know it", || {
        (effect() == (0, all.clone())).then_some(())
    });
    for server in [hanging, server, farm] {
        server.stop();
    }
}

/// An operator blocks a user at one server, and ends the block at another one. The file of the
/// first one, which has the block, does not bring it back.
#[test]
fn block_of_one_server_holds_at_all_until_any_ends_it() {
    let etcd = EtcdCluster::start(1);
    let TwoServers {
        _worlds,
        farm,
        config,
        second,
    } = TwoServers::new(&etcd);
    let serve = |config: &str| Server::start(&mut roamd(&["serve", "--config", config]), 1);
    let (server, other_server) = (serve(&config), serve(&second));
    let signs_in = |server: &Server| (server.alice(&["list"]).code == 0).then_some(());
    for server in [&server, &other_server] {
        assert_eq!(signs_in(server), Some(()));
    }
    let blocked = revoke(&config, r"DEMO\alice", &["--block", "1h", "--json"]);
    assert_eq!(blocked.json()["effect"], "all-servers");
    for server in [&other_server, &server] {
        eventually("the block holds", || match signs_in(server) {
            Some(()) => None,
            None => Some(()),
        });
    }
    let tokens = |command: &str, config: &str| {
        let user = ["--user", r"DEMO\alice", "--config", config, "--json"];
        run(&[&["tokens", command], &user[..]].concat()).json()
    };
    for config in [&config, &second] {
        let until = &tokens("list", config)["blocked_until"];
        assert_eq!(*until, blocked.json()["blocked_until"]);
    }
    let ended = tokens("unblock", &second);
    assert_eq!(ended["effect"], "all-servers", "{ended}");
    assert_eq!(tokens("list", &config)["blocked_until"], Value::Null);
    eventually("the block ends", || signs_in(&server));
    // It ends the sign-ins, and says nothing about the block.
    revoke(&config, r"DEMO\alice", &[]);
    eventually("the block stays ended", || signs_in(&other_server));
    server.stop();
    let server = serve(&config);
    eventually("the block stays ended", || signs_in(&server));
    for server in [server, other_server, farm] {
        server.stop();
    }
}
