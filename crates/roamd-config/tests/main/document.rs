use std::path::Path;

use crate::support::{
    assert_errors, assert_wrong_values, config, error_at, errors, line_of, parse,
};

#[test]
fn every_key_of_the_document_is_read() {
    let text = config("", "", "")
        .replace("127.0.0.1:8080\"\nbase", "[::1]:443\"\nbase")
        .replace("http://127.0.0.1:8080", "https://Store.Example.NET:443/")
        .replace("/var/lib/roamd", "/srv/data");
    let config = parse(&text).unwrap();
    assert_eq!(config.listen.port(), 443);
    let base_url = config.base_urls.canonical();
    assert_eq!(base_url.to_string(), "https://store.example.net");
    assert_eq!(base_url.port(), 443);
    assert_eq!(config.data_dir, Path::new("/srv/data"));
}

/// A configuration with these lines in place of `base_url`.
fn with_base_urls(lines: &str) -> String {
    config("", "", "").replace("base_url = \"http://127.0.0.1:8080\"", lines)
}

/// CA-20.
#[test]
fn several_base_urls_are_read_in_their_order() {
    let text =
        with_base_urls("base_urls = [\"https://Store.Example.NET\", \"https://store.corp:8443\"]");
    let urls = parse(&text).unwrap().base_urls;
    assert_eq!(urls.canonical().to_string(), "https://store.example.net");
    let all: Vec<_> = urls.iter().map(ToString::to_string).collect();
    assert_eq!(
        all,
        ["https://store.example.net", "https://store.corp:8443"]
    );
}

#[test]
fn wrong_base_urls_are_reported() {
    for (lines, beginning, problem) in [
        (
            "base_urls = []",
            "base_urls",
            "`base_urls` is empty; it needs at least one value",
        ),
        (
            "base_urls = \"http://a\"",
            "base_urls",
            "`base_urls` has to be a list, as in [\"…\"]",
        ),
        (
            "base_urls = [\"http://a\", \"https://a\"]",
            "base_urls",
            "`base_urls` has http and https URLs; all of them have to be of one scheme",
        ),
        (
            "base_urls = [\"http://a\", \"http://A:80\"]",
            "base_urls",
            "`base_urls` names \"http://A:80\" twice",
        ),
        (
            "base_urls = [\"http://a\", \"http://b/x\"]",
            "base_urls",
            "`base_urls`: \"http://b/x\" has to end after host and port; each store has its own \
             path",
        ),
        (
            "base_urls = [\"http://a\"]\nbase_url = \"http://b\"",
            "base_url ",
            "`base_url` and `base_urls` exclude each other; leave out one of them",
        ),
    ] {
        let text = with_base_urls(lines);
        assert_eq!(errors(&text), [error_at(&text, beginning, problem)]);
    }
}

#[test]
fn unknown_key_is_reported_with_a_suggestion() {
    assert_errors(&[
        (
            "data_dirs = 1",
            "",
            "",
            "`data_dirs` is not a key; did you mean `data_dir`?",
        ),
        ("colour = 1", "", "", "`colour` is not a key"),
        ("LoadBalance = false", "", "", "`LoadBalance` is not a key"),
    ]);
}

#[test]
fn wrong_value_of_the_document_is_reported() {
    assert_wrong_values(&[
        ("listen", "\"localhost\"", "has to be an address and a port"),
        (
            "listen",
            "\"127.0.0.1:70000\"",
            "has a port that is not a number from 0 to 65535",
        ),
        ("listen", "8080", "has to be text in quotes"),
        (
            "base_url",
            "\"store.example.net\"",
            "has to be an http or https URL",
        ),
        (
            "base_url",
            "\"ftp://store.example.net\"",
            "has to be an http or https URL",
        ),
        (
            "base_url",
            "\"http://store.example.net:70000\"",
            "has a port that is not a number from 1 to 65535",
        ),
        ("base_url", "\"http://store.example.net:0\"", "has port 0"),
        (
            "base_url",
            "\"http://u:p@store.example.net\"",
            "must not hold a user name or password",
        ),
        (
            "base_url",
            "\"http://store.example.net/Citrix\"",
            "has to end after host and port",
        ),
        (
            "base_url",
            "\"http://store.example.net?\"",
            "has to end after host and port",
        ),
        // CA-6: the challenge contains it.
        ("base_url", "\"http://a,b\"", "must not contain a comma"),
        ("base_url", "\"http://a=b\"", "must not contain a comma"),
        ("data_dir", "\"\"", "has to name a folder"),
    ]);
}

/// The server and the commands of an operator run in different folders. Only the audit log may have
/// a relative path, since that is below the data folder.
#[test]
fn relative_path_is_refused() {
    let problem = "has to be an absolute path, which begins with /";
    for value in ["\"state\"", "\"./state\"", "\"../state\"", "\"~/state\""] {
        assert_wrong_values(&[("data_dir", value, problem)]);
    }
    for (document, farm, beginning) in [
        (
            "[tls]\ncertificate_file = \"cert.pem\"\nkey_file = \"/key.pem\"",
            "",
            "certificate_file",
        ),
        ("", "service_key_file = \"farm.key\"", "service_key_file"),
    ] {
        let text = config(document, "", farm);
        let expected = error_at(&text, beginning, &format!("`{beginning}` {problem}"));
        assert!(errors(&text).contains(&expected), "{beginning}");
    }
    assert!(parse(&config("[audit]\nfile = \"logs/audit.jsonl\"", "", "")).is_ok());
}

#[test]
fn empty_file_lacks_every_key_without_a_default() {
    assert_eq!(
        errors(""),
        [
            "line 1: key `listen` is missing",
            "line 1: key `base_url` is missing",
            "line 1: key `data_dir` is missing",
            "line 1: there is no [[store]]; the server needs at least one",
        ]
    );
    let text = config("", "", "").replace("[[store.farm]]", "[store.farms]");
    let problem = "the store has no [[store.farm]]; it needs at least one";
    assert!(errors(&text).contains(&error_at(&text, "[[store]]", problem)));
}

#[test]
fn all_errors_are_reported_in_the_order_of_their_lines() {
    let text = config("listn = 1", "spelling = 1", "timeout_ms = 0").replace("Farm1", " ");
    let lines: Vec<_> = parse(&text)
        .unwrap_err()
        .iter()
        .map(|error| error.line)
        .collect();
    let expected = ["listn", "spelling", "name", "timeout_ms"].map(|key| line_of(&text, key));
    assert_eq!(lines, expected);
}

#[test]
fn syntax_errors_are_all_reported_and_values_not_checked() {
    let errors = parse("listen = \n\ndata_dir = \"x\n").unwrap_err();
    let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [1, 3], "{errors:?}");
}

#[test]
fn one_table_in_place_of_a_list_is_one_error() {
    let one_store = config("", "", "").replace("[[store]]", "[store]");
    let problem = "`store` has to be a list of tables, each written [[store]]";
    assert_eq!(
        errors(&one_store),
        [error_at(&one_store, "[store]", problem)]
    );
    let one_farm = config("", "", "").replace("[[store.farm]]", "[store.farm]");
    let problem = "`farm` has to be a list of tables, each written [[store.farm]]";
    assert_eq!(
        errors(&one_farm),
        [error_at(&one_farm, "[store.farm]", problem)]
    );
}
