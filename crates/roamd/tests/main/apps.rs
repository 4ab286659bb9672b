//! Tests of `roamd apps` with a demo.

use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use roamd_testkit::{MockStore, StoreResponse};

use crate::support::{CommandOutput, Server, World, roamd, run, signal};

#[test]
fn apps_list_has_fields_that_scripts_use() {
    let world = World::new();
    let demo = Server::demo(&world);
    let ran = demo.alice_with("apps", &["list", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let list = ran.json();
    assert_eq!(list["enumeration"], "full");
    let ids = ran.column("/resources", "id");
    assert!(ids.contains(&"XA1.MSPaint".to_owned()), "{ids:?}");
    assert!(ids.contains(&"CVAD.Win11Desktop".to_owned()), "{ids:?}");
    let paint = &list["resources"][0];
    let image = format!("{}/resources/v2/WEExLk1TUGFpbnQ/image", demo.url());
    assert_eq!(
        *paint,
        serde_json::json!({
            "id": "XA1.MSPaint", "title": "MSPaint", "type": "application", "farm": "Farm1",
            "folder": "\\", "summary": "", "keywords": [], "aggregated": false, "enabled": true,
            "image_url": image, "launch_url": paint["launch_url"],
        })
    );

    let table = demo.alice_with("apps", &["list"]);
    assert_eq!(table.code, 0);
    assert!(table.out.starts_with("APP "), "{}", table.out);
    let rows: Vec<Vec<&str>> = table
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let desk = ["Win7Desktop", "Farm2", "XD5.Win7Desktop", "desktop", "yes"];
    assert!(rows.contains(&desk.to_vec()), "{}", table.out);
}

#[test]
fn app_launched_by_name_or_id_runs_after_connect() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = world.path("");
    let output = ["--output", folder.to_str().unwrap()];
    let args = [
        "launch",
        "xadesktop",
        "XA1.Notepad",
        "--client-name",
        "WARD",
    ];
    let ran = demo.alice_with("apps", &[&args[..], &output[..]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for file in ran.out.lines() {
        let ran = run(&["farm", "connect", "--data", world.data(), file]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let mine = world.sessions("alice");
    for started in ["XADesktop active WARD", "Notepad active WARD"] {
        assert!(mine.contains(&started.to_owned()), "{mine:?}");
    }
}

#[test]
fn unavailable_app_prevents_all_launches() {
    let world = World::new();
    let demo = Server::demo(&world);
    let paint = ["--data", world.data(), "--farm", "XA1", "MSPaint"];
    let off = [&["farm", "app", "set"], &paint[..], &["--enabled", "off"]].concat();
    assert_eq!(run(&off).code, 0);
    for (apps, expected) in [
        (&["Word", "MSPaint"][..], "MSPaint is disabled"),
        (
            &["Word", "Nothing"],
            "there is no Nothing that you may start",
        ),
        (
            &["NOWHERE.Word"],
            "there is no NOWHERE.Word that you may start",
        ),
    ] {
        let ran = demo.alice_with("apps", &[&["launch"], apps].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{apps:?}");
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
}

#[test]
fn ctrl_c_stops_a_launch_that_waits_for_the_list() {
    let (requested, requests) = mpsc::channel();
    let store = MockStore::start(move |request| match request.path() {
        "/Store/endpoints/v1" => StoreResponse::all_endpoints(&request.base),
        _ => {
            requested.send(()).unwrap();
            loop {
                thread::park();
            }
        }
    });
    let url = store.url();
    let args = ["apps", "launch", "Word", "--store", &url, "--user", "ada"];
    let child = roamd(&args)
        .env("ROAMD_PASSWORD", "x")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    requests.recv().unwrap();
    signal(&child, "INT");
    let ran = CommandOutput::of(child.wait_with_output().unwrap());
    let expected = "roamd: stopped before the store responded\n";
    assert_eq!((ran.code, ran.err.as_str()), (1, expected));
}
