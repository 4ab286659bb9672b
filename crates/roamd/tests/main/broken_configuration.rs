//! Commands to a running server whose configuration file has errors by now.

use std::fs;

use serde_json::Value;

use crate::support::{Running, run};

#[test]
fn server_is_reached_while_its_file_has_errors() {
    let running = Running::start();
    let valid = fs::read_to_string(&running.config).unwrap();
    running.server.alice(&["list"]);
    for error in [
        "limits = 7\n",
        "[limits]\nmax_sessions = \"x\n",
        "data_dri = \"/x\"\n",
    ] {
        fs::write(&running.config, format!("{error}{valid}")).unwrap();
        if error.starts_with('[') {
            // After its error, the parser reads the rest as keys of the section.
            fs::write(&running.config, format!("{valid}{error}")).unwrap();
        }
        let user = ["--user", r"DEMO\alice"];
        for (args, expected) in [
            (&["status"][..], "server "),
            (&["healthcheck"], "200 OK: ready"),
            (&["throttle", "show"], "users held back: 0"),
            (&["audit", "--event", "sign-in"], r"DEMO\alice"),
            (&[&["tokens", "list"][..], &user].concat(), ""),
        ] {
            let args = [args, &["--config", &running.config]].concat();
            let ran = run(&args);
            assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
            assert!(ran.out.contains(expected), "{args:?}: {ran:?}");
            let warning = format!("Warning: {} has errors", running.config);
            assert!(ran.err.starts_with(&warning), "{args:?}: {ran:?}");
        }
        // The server says what is wrong, and continues.
        let reload = run(&["reload", "--config", &running.config]);
        assert_eq!((reload.code, reload.out.as_str()), (1, ""), "{reload:?}");
    }
    running.stop();
}

/// Without what a command needs, each error is printed.
#[test]
fn missing_data_folder_is_an_error_with_its_line() {
    let running = Running::start();
    let valid = fs::read_to_string(&running.config).unwrap();
    let broken = valid.replace("data_dir", "data_dri");
    fs::write(&running.config, broken).unwrap();
    for args in [&["status"][..], &["audit"], &["throttle", "show"]] {
        let ran = run(&[args, &["--config", &running.config]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains("key `data_dir` is missing"), "{ran:?}");
    }
    let data = running.data_dir();
    let status = run(&["status", "--data", data.to_str().unwrap(), "--json"]);
    assert_eq!((status.code, status.err.as_str()), (0, ""));
    assert_ne!(status.json()["pid"], Value::Null);
    running.stop();
}
