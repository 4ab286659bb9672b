//! Tests of `roamd config`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use roamd_server::config;
use roamd_testkit::{CertificateAuthority, FarmConfig, ServerConfig, StoreConfig};

use crate::support::{run, self_signed};

#[test]
fn config_check_reports_every_error_with_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roamd.toml");
    let path = path.to_str().unwrap();
    let text = "listen = \"here\"\nbase_ulr = \"http://127.0.0.1\"\n\n[[store]]\npath = \"/a/\"\n";
    fs::write(path, text).unwrap();
    let ran = run(&["config", "check", path]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    // As other commands name it.
    for command in ["check", "show"] {
        let [argument, option] = [&[path][..], &["--config", path]]
            .map(|file| run(&[&["config", command], file].concat()));
        assert_eq!((argument.code, argument.err), (2, option.err), "{command}");
    }
    let expected = [
        (
            1,
            "`listen` has to be an address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"",
        ),
        (1, "key `base_url` is missing"),
        (1, "key `data_dir` is missing"),
        (2, "`base_ulr` is not a key; did you mean `base_url`?"),
        (4, "the store has no [[store.farm]]; it needs at least one"),
        (
            5,
            "`path` must not end with a slash, as in \"/Citrix/Store\"",
        ),
    ];
    let expected = expected
        .map(|(line, problem)| format!("{path}:{line}: {problem}\n"))
        .concat();
    assert_eq!(
        ran.err,
        format!(
            "{expected}roamd: the configuration {path} has 6 errors; correct them, and run \
             `roamd config check {path}` again\n"
        )
    );
}

#[test]
fn documented_output_is_that_of_the_changed_sample() {
    let document = include_str!("../../../../docs/configuring.md");
    let (_, block) = document.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let (command, output) = block.split_once('\n').unwrap();
    assert_eq!(command, "$ roamd config check roamd.toml");
    let sample = run(&["config", "init"]).out;
    let (start, last_controllers) = sample.rsplit_once("\ncontrollers").unwrap();
    let changed = format!("{start}\ncontollers{last_controllers}").replace(
        "\nbase_url = \"http://127.0.0.1:8080\"",
        "\nbase_url = \"http://127.0.0.1:8080/Citrix/Store\"",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roamd.toml");
    fs::write(&path, changed).unwrap();
    let ran = run(&["config", "check", path.to_str().unwrap()]);
    let prefix = format!("{}/", folder.path().display());
    assert_eq!(ran.err.replace(&prefix, ""), output);
}

#[test]
fn config_init_output_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roamd.toml");
    let init = run(&["config", "init"]);
    assert_eq!((init.code, init.err.as_str()), (0, ""));
    // Another program may use the port of the sample.
    let text = init
        .out
        .replace("listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:0\"");
    fs::write(&path, text).unwrap();
    let check = run(&["config", "check", path.to_str().unwrap()]);
    assert_eq!(check.code, 0, "{check:?}");
    assert_eq!(check.out, format!("{} is valid\n", path.display()));
    // It has two farms, and the default of `credentials`.
    let warning = "Each of the 2 farms is believed when it accepts a password";
    let is_only = check.err.contains(warning) && check.err.lines().count() == 1;
    assert!(is_only, "{}", check.err);
}

#[test]
fn config_check_warns_about_sections_that_serve_no_user() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mapping = |groups: &str, farms: &str| {
        format!(
            "[[store.mapping]]\nname = \"M\"\ngroups = [{groups}]\n\
             [[store.mapping.farm_set]]\nprimary = [{farms}]\n"
        )
    };
    let gateway = |keys: &str| {
        format!("[[store.gateway]]\naddress = \"gw\"\nsta = [\"http://127.0.0.1:1\"]\n{keys}\n")
    };
    let gateway_of_all = |keys: &str| gateway(keys);
    let gateway = |keys: &str| gateway(&format!("inside = [\"10.0.0.0/8\"]\n{keys}"));
    let group = "\"S-1-5-21-1-2-3-1104\"";
    let backup = "[[store.mapping.farm_set]]\nprimary = [\"A\"]\nbackup = [\"B\"]\n";
    for (sections, warning) in [
        (String::new(), None),
        (mapping(group, "\"A\", \"B\""), None),
        (mapping(group, "\"A\"") + backup, None),
        (
            mapping(group, "\"A\""),
            Some("Farm B of /Citrix/Store is in no [[store.mapping]], so no user gets it"),
        ),
        (mapping("", "\"A\", \"B\""), None),
        (
            mapping("\"S-1-1-0\"", "\"A\", \"B\""),
            Some("Mapping \"M\" of /Citrix/Store names only groups that contain everyone"),
        ),
        (
            mapping(&format!("\"S-1-5-11\", {group}"), "\"A\", \"B\""),
            None,
        ),
        (gateway("farms = [\"A\"]") + &gateway(""), None),
        (gateway("clients = [\"10.0.0.0/8\"]") + &gateway(""), None),
        (gateway("") + &gateway("via = [\"192.0.2.1\"]"), None),
        (
            gateway_of_all(""),
            Some("gw:443, is for clients inside the network too, because it has no `inside`"),
        ),
        (gateway_of_all("clients = [\"198.51.100.0/24\"]"), None),
        (
            gateway("") + &gateway("farms = [\"A\"]"),
            Some("Citrix Gateway 2 of /Citrix/Store, gw:443, is never used"),
        ),
        (
            gateway("farms = [\"A\"]") + &gateway("farms = [\"A\"]"),
            Some("Citrix Gateway 2 of /Citrix/Store, gw:443, is never used"),
        ),
    ] {
        let config = ServerConfig {
            listen: "127.0.0.1:0".to_owned(),
            base_url: "http://127.0.0.1:1".to_owned(),
            data_dir: path("data"),
            lines: "[authentication]\ncredentials = \"A\"".to_owned(),
            stores: vec![StoreConfig {
                path: "/Citrix/Store".to_owned(),
                lines: sections.clone(),
                farms: ["A", "B"]
                    .map(|id| FarmConfig::new(id, "http://127.0.0.1:1"))
                    .to_vec(),
            }],
        };
        let file = path("roamd.toml");
        let text = config.to_string();
        fs::write(&file, &text).unwrap();
        let ran = run(&["config", "check", &file]);
        assert_eq!(ran.code, 0, "{ran:?}\n{text}");
        let warnings = ran.err.lines().count();
        assert_eq!(warnings, usize::from(warning.is_some()), "{ran:?}\n{text}");
        assert!(ran.err.contains(warning.unwrap_or_default()), "{ran:?}");
    }
}

#[test]
fn config_check_warns_about_valid_but_risky_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    self_signed(&certificate, &key);
    let tls = format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n");
    let expired = folder.path().join("expired");
    fs::create_dir(&expired).unwrap();
    let expired = CertificateAuthority::new()
        .issue("localhost", 2020)
        .write(&expired);
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    let (data, open, plain) = (path("data"), path("open"), path("plain"));
    fs::write(&plain, "").unwrap();
    let below_plain = path("plain/data");
    for (listen, base_url, data, sections, warning) in [
        ("127.0.0.1:0", "http://127.0.0.1:1", &data, "", None),
        (
            "127.0.0.1:0",
            "https://localhost",
            &data,
            tls.as_str(),
            None,
        ),
        ("0.0.0.0:0", "https://localhost", &data, &tls, None),
        (
            "0.0.0.0:0",
            "http://store.test",
            &data,
            "",
            Some("unencrypted, so the server does not start without --insecure-plain-http"),
        ),
        (
            "127.0.0.1:0",
            "https://store.test",
            &data,
            "",
            Some("add the proxy to trusted_proxies"),
        ),
        (
            "127.0.0.1:0",
            "https://store.test",
            &data,
            &tls,
            Some("is not for store.test"),
        ),
        (
            "127.0.0.1:0",
            "https://localhost",
            &data,
            &expired,
            Some("is expired or not valid yet"),
        ),
        (
            "127.0.0.1:0",
            "http://127.0.0.1:1",
            &open,
            "",
            Some("mode 777"),
        ),
        (
            "127.0.0.1:0",
            "http://127.0.0.1:1",
            &plain,
            "",
            Some("plain is no folder"),
        ),
        (
            "127.0.0.1:0",
            "http://127.0.0.1:1",
            &below_plain,
            "",
            Some("plain is no folder"),
        ),
        (
            "127.0.0.1:0",
            "http://127.0.0.1:1",
            &data,
            "[audit]\nfile = \"/no/such/audit.jsonl\"\n",
            Some("the folder /no/such of the audit log is missing"),
        ),
        (
            "127.0.0.1:0",
            "http://127.0.0.1:1",
            &data,
            "[audit]\nfile = \"logs/audit.jsonl\"\n",
            Some("data/logs of the audit log is missing"),
        ),
        (
            "127.0.0.1:0",
            "http://127.0.0.1:1",
            &data,
            "trusted_proxies = [\"0.0.0.0/0\"]",
            Some("trusted_proxies contains 0.0.0.0/0"),
        ),
        (
            "127.0.0.1:0",
            "http://127.0.0.1:1",
            &data,
            "metrics_from = [\"::/0\"]",
            Some("metrics_from contains ::/0"),
        ),
    ] {
        let config = ServerConfig {
            listen: listen.to_owned(),
            base_url: base_url.to_owned(),
            data_dir: data.clone(),
            lines: sections.to_owned(),
            stores: vec![StoreConfig::new(
                "/Citrix/Store",
                [FarmConfig::new("F", "http://127.0.0.1:1")],
            )],
        };
        let text = config.to_string();
        let file = path("roamd.toml");
        fs::write(&file, &text).unwrap();
        let ran = run(&["config", "check", &file]);
        assert_eq!(
            (ran.code, ran.out),
            (0, format!("{file} is valid\n")),
            "{text}"
        );
        match warning {
            None => assert_eq!(ran.err, "", "{text}"),
            Some(warning) => assert!(
                ran.err.contains(warning) && ran.err.lines().count() == 1,
                "{}",
                ran.err
            ),
        }
    }
}

#[test]
fn config_check_warns_about_controllers_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roamd.toml");
    for (url, warned) in [
        ("http://192.0.2.1:8080", true),
        ("https://192.0.2.1:8443", false),
        ("http://10.0.0.1", false),
        ("http://ddc1.example.net", false),
    ] {
        let config = ServerConfig {
            listen: "127.0.0.1:0".to_owned(),
            base_url: "http://127.0.0.1:1".to_owned(),
            data_dir: folder.path().join("data").display().to_string(),
            stores: vec![StoreConfig::new(
                "/Citrix/Store",
                [FarmConfig::new("F", url)],
            )],
            ..ServerConfig::default()
        };
        fs::write(&file, config.to_string()).unwrap();
        let ran = run(&["config", "check", file.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let warning = format!("cross the network to {url} of farm F unencrypted");
        assert_eq!(ran.err.contains(&warning), warned, "{}", ran.err);
        assert_eq!(ran.err.lines().count(), usize::from(warned), "{}", ran.err);
    }
}

#[test]
fn config_check_warns_about_several_farms_that_check_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roamd.toml");
    for (farms, lines, warned) in [
        (1, "", false),
        (2, "", true),
        (2, "[authentication]\ncredentials = \"farm\"", true),
        (2, "[authentication]\ncredentials = \"F2\"", false),
    ] {
        let farm = |number| FarmConfig::new(&format!("F{number}"), "http://127.0.0.1:1");
        let config = ServerConfig {
            listen: "127.0.0.1:1".to_owned(),
            base_url: "http://127.0.0.1:1".to_owned(),
            data_dir: folder.path().join("data").display().to_string(),
            lines: lines.to_owned(),
            stores: vec![StoreConfig::new("/Citrix/Store", (1..=farms).map(farm))],
        };
        fs::write(&file, config.to_string()).unwrap();
        let ran = run(&["config", "check", file.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let warning = "Each of the 2 farms is believed when it accepts a password";
        assert_eq!(ran.err.contains(warning), warned, "{lines}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), usize::from(warned), "{}", ran.err);
    }
}

#[test]
fn unreadable_configuration_is_named() {
    let ran = run(&["config", "check", "/no/such/roamd.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err
            .contains("cannot read the configuration /no/such/roamd.toml"),
        "{}",
        ran.err
    );
}

/// Bad input 91: the reader gets one complete version of the file.
#[test]
fn configuration_replaced_during_read_is_old_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roamd.toml");
    let versions = ["127.0.0.1:8081", "127.0.0.1:8082"].map(|listen| {
        // Long enough that reading takes several system calls.
        let padding = "# padding\n".repeat(20_000);
        let sample = config::SAMPLE.replacen("127.0.0.1:8080", listen, 1);
        format!("{padding}{sample}")
    });
    let replace = |version: &str| {
        let new = folder.path().join("roamd.toml.new");
        fs::write(&new, version).unwrap();
        fs::rename(&new, &path).unwrap();
    };
    replace(&versions[0]);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for version in versions.iter().cycle() {
                replace(version);
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..50 {
            let port = config::read(&path).map(|config| config.listen.port());
            assert!(matches!(port, Ok(8081 | 8082)), "{port:?}");
        }
        is_done.store(true, Ordering::Relaxed);
    });
}
