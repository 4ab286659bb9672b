//! Tests of `roamd config import` (SI-26 to SI-29).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{CommandOutput, Server, World, roamd, run};

/// The samples of `docs/protocol/storefront-import.md`.
const SAMPLES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../roamd-storefront-import/tests/samples"
);

/// The service key of the samples.
const SECRET: &str = "not-a-real-key-1";

fn import(args: &[&str]) -> CommandOutput {
    run(&[&["config", "import"], args].concat())
}

fn sample(name: &str) -> String {
    format!("{SAMPLES}/{name}")
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// SI-26, SI-34, SI-35.
#[test]
fn folder_of_samples_gives_configuration_and_findings() {
    let ran = import(&[SAMPLES]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(ran.out, fs::read_to_string(sample("roamd.toml")).unwrap());
    let findings = ran.err.replace(&format!("{SAMPLES}/"), "");
    assert_eq!(
        findings,
        fs::read_to_string(sample("findings.txt")).unwrap()
    );
    let quiet = import(&[SAMPLES, "--quiet"]);
    assert_eq!(quiet.out, ran.out);
    let is_note = |line: &str| line.contains(": note: ") || line.starts_with("imported ");
    let expected: Vec<_> = ran.err.lines().filter(|line| !is_note(line)).collect();
    assert_eq!(quiet.err.lines().collect::<Vec<_>>(), expected);
}

/// SI-7, SI-27: the result is what `roamd config check` accepts, with its key files.
#[test]
fn result_is_valid_with_its_key_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = path(&folder, "roamd.toml");
    let keys = path(&folder, "new/keys");
    let ran = import(&[SAMPLES, "--output", &output, "--key-folder", &keys]);
    assert_eq!((ran.code, ran.out.as_str()), (4, ""), "{ran:?}");
    let mode = fs::metadata(&keys).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // Nothing is left to write, but the server runs as another user.
    assert!(ran.err.contains("`inside`\n"), "{ran:?}");
    let chown =
        format!("Wrote the key files to {keys}; give them to the user of the server: `chown");
    assert!(ran.err.contains(&chown), "{ran:?}");
    let key = folder.path().join("new/keys/Harbour-Site.key");
    assert_eq!(fs::read_to_string(&key).unwrap(), format!("{SECRET}\n"));
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let text = fs::read_to_string(&output).unwrap();
    assert!(
        !text.contains(SECRET) && !ran.err.contains(SECRET),
        "{ran:?}"
    );
    let check = run(&["config", "check", &output]);
    assert_eq!(check.code, 0, "{check:?}");
}

/// SI-26: an old file is never replaced, and a failure leaves no part of the result.
#[test]
fn existing_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let output = path(&folder, "roamd.toml");
    fs::write(&output, "old").unwrap();
    let keys = folder.path().to_str().unwrap();
    let ran = import(&[SAMPLES, "--output", &output, "--key-folder", keys]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let expected = format!("roamd: {output} exists; remove it, or choose another place\n");
    assert!(ran.err.ends_with(&expected), "{ran:?}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "old");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// SI-7: other users of the machine could replace the keys.
#[test]
fn key_folder_that_others_can_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = path(&folder, "roamd.toml");
    let keys = path(&folder, "keys");
    fs::create_dir(&keys).unwrap();
    for (mode, code) in [(0o777, 2), (0o770, 2), (0o1777, 2), (0o755, 4)] {
        fs::set_permissions(&keys, fs::Permissions::from_mode(mode)).unwrap();
        let ran = import(&[SAMPLES, "--output", &output, "--key-folder", &keys]);
        assert_eq!(ran.code, code, "{mode:o}: {ran:?}");
        let is_named = ran.err.contains("other users can change the folder");
        assert_eq!(is_named, code == 2, "{mode:o}: {ran:?}");
        let files = [&output, &format!("{keys}/Harbour-Site.key")];
        let is_written = files.map(|file| fs::exists(file).unwrap());
        assert_eq!(is_written, [code == 4; 2], "{mode:o}");
    }
}

/// SI-28.
#[test]
fn json_has_one_object_per_finding() {
    let ran = import(&[SAMPLES, "--json"]);
    let lines: Vec<Value> = ran
        .err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (summary, findings) = lines.split_last().unwrap();
    assert_eq!(summary["summary"]["farms"]["taken"], 3);
    let relay = findings.iter().find(|it| it["original"] == "transport");
    let relay = relay.unwrap();
    assert_eq!(relay["grade"], "warning");
    assert_eq!(relay["line"], 36);
    assert_eq!(relay["value"], "SSL");
    assert_eq!(relay["key"], "controllers");
    assert_eq!(relay["file"], sample("Store/web.config").as_str());
    assert!(!ran.err.contains(SECRET));
}

/// SI-26: `web.config` files of the folder itself and two folders deep, and standard input.
#[test]
fn files_are_found_in_folders_and_on_standard_input() {
    let expected = import(&[SAMPLES]).out;
    let folder = tempfile::tempdir().unwrap();
    for name in ["Store", "StoreAuth", "StoreWeb"] {
        let deep = folder.path().join("a").join(name);
        fs::create_dir_all(&deep).unwrap();
        let from = sample(&format!("{name}/web.config"));
        fs::copy(from, deep.join("Web.config")).unwrap();
    }
    assert_eq!(import(&[folder.path().to_str().unwrap()]).out, expected);
    let store = sample("Store/web.config");
    let (auth, site) = (
        sample("StoreAuth/web.config"),
        sample("StoreWeb/web.config"),
    );
    let mut command = roamd(&["config", "import", "-", &auth, &site]);
    let input = fs::File::open(store).unwrap();
    let ran = CommandOutput::of(command.stdin(Stdio::from(input)).output().unwrap());
    assert_eq!(ran.out, expected, "{ran:?}");
}

/// SI-27.
#[test]
fn exit_code_says_what_failed() {
    let json = sample("farms.json");
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().to_str().unwrap();
    for (args, code, text) in [
        (&[json.as_str()][..], 2, "add --base-url URL"),
        (
            &[&json, "--base-url", "https://store.example"],
            4,
            "imported 1 of 1 farms",
        ),
        (&[&json, "--base-url", "store"], 2, "invalid value 'store'"),
        (&[&sample("cut.txt")], 1, "no farm could be imported"),
        (&["/no/such/file"], 1, "cannot read /no/such/file"),
        (&[empty], 2, "has no web.config, also two folders deep"),
        (
            &[SAMPLES, "--generation", "Mill=xp"],
            2,
            "has to be a name and one of xenapp-6",
        ),
        (
            &[SAMPLES, "--generation", "Nowhere=cvad-7"],
            2,
            "no file has a farm with the name",
        ),
        (&[], 2, "<PATH>"),
    ] {
        let ran = import(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(ran.err.contains(text), "{args:?}: {ran:?}");
    }
}

/// SI-10: controllers know better than the file.
#[test]
fn asked_controller_decides_the_generation() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let (host, port) = farm.address().rsplit_once(':').unwrap();
    let json = format!(
        r#"[{{"FarmName": "New", "FarmType": 0, "Servers": ["{host}"], "Port": {port},
              "TransportType": 0, "LoadBalance": true}},
            {{"FarmName": "Silent", "FarmType": 0, "Servers": ["{host}"], "Port": 1,
              "TransportType": 0, "LoadBalance": true}}]"#
    );
    let file = world.path("farms.json");
    fs::write(&file, json).unwrap();
    let generations = |more: &[&str]| {
        let args = [
            file.to_str().unwrap(),
            "--base-url",
            "https://store.example",
        ];
        let ran = import(&[&args[..], more].concat());
        let lines = ran
            .out
            .lines()
            .filter(|line| line.starts_with("generation"));
        (lines.collect::<Vec<_>>().join(" "), ran.err)
    };
    let (from_file, _) = generations(&[]);
    assert_eq!(
        from_file,
        "generation = \"xenapp-6\" generation = \"xenapp-6\""
    );
    let (asked, messages) = generations(&["--ask-farms"]);
    assert_eq!(
        asked, "generation = \"cvad-7\" generation = \"xenapp-6\"",
        "{messages}"
    );
    let silent = "no controller of farm \"Silent\" said its version";
    assert!(messages.contains(silent), "{messages}");
}
