//! Lists of sessions and applications in all formats, on narrow and wide terminals.

use roamd_store_client::{Resource, ResourceType, Session};
use roamd_testkit::{MockStore, StoreRequest, StoreResponse};

use crate::support::{CommandOutput, on_a_terminal_of, roamd, store_command};

/// Sessions and resources of the mock store: id, application and kind.
const SESSIONS: [(&str, &str, ResourceType); 3] = [
    (
        "Aq_Y5IKUiapp3EEuo1g",
        "Word 2016 with a very long name",
        ResourceType::APPLICATION,
    ),
    ("Aq_Y5ILd2wyJyTWAmqw", "Desk", ResourceType::DESKTOP),
    ("Bq_Y5IJO-lSIJr0E7bT", "excel", ResourceType::APPLICATION),
];

fn respond(request: &StoreRequest) -> StoreResponse {
    let base = &request.base;
    let sessions = SESSIONS.map(|(id, app, _)| Session {
        id: id.to_owned(),
        server_type: "win32".to_owned(),
        launch_url: format!("{base}/launch/{id}"),
        initial_app: app.to_owned(),
        aggregated: app == "excel",
        resource_id: format!("CVAD.{app}"),
        publisher_name: "Farm3".to_owned(),
    });
    let resources = SESSIONS.map(|(_, app, kind)| Resource {
        id: format!("CVAD.{app}"),
        title: app.to_owned(),
        resource_type: kind,
        enabled: true,
        launch_ica: Some(format!("{base}/launch/{app}")),
        publisher_name: "Farm3".to_owned(),
        ..Resource::default()
    });
    match request.path().split('?').next().unwrap() {
        "/Store/endpoints/v1" => StoreResponse::all_endpoints(base),
        "/list" => StoreResponse::sessions(sessions),
        "/resources" => StoreResponse::resources(resources.into()),
        path if path.starts_with("/launch/") => StoreResponse::ica(),
        _ => StoreResponse::status(404),
    }
}

fn ran(store: &MockStore, args: &[&str]) -> CommandOutput {
    CommandOutput::of(store_command(store, args).output().unwrap())
}

fn apps(store: &MockStore, args: &[&str]) -> CommandOutput {
    let url = store.url();
    let args = [&["apps"], args, &["--store", &url, "--user", "ada"]].concat();
    CommandOutput::of(roamd(&args).env("ROAMD_PASSWORD", "x").output().unwrap())
}

#[test]
fn session_table_fits_the_terminal() {
    let store = MockStore::start(respond);
    let list = store_command(&store, &["list"]);
    let narrow = on_a_terminal_of(60, &list, "");
    assert_eq!(narrow.code, 0, "{narrow:?}");
    assert_eq!(
        narrow.out,
        "\
#  APP                          FARM   KIND         ID
1  Word 2016 with a very long…  Farm3  application  Aq_Y5IKU
2  Desk                         Farm3  desktop      Aq_Y5ILd
3  excel                        Farm3  application  Bq_Y5IJO
"
    );
    let wide = on_a_terminal_of(200, &list, "");
    let whole = "\
#  APP                              FARM   RESOURCE                              KIND         ID
1  Word 2016 with a very long name  Farm3  CVAD.Word 2016 with a very long name  application  Aq_Y5IKU
2  Desk                             Farm3  CVAD.Desk                             desktop      Aq_Y5ILd
3  excel                            Farm3  CVAD.excel                            application  Bq_Y5IJO
";
    assert_eq!(wide.out, whole);
    // A pipe has no width.
    assert_eq!(ran(&store, &["list"]).out, whole);
}

/// Names of what was asked for, and kinds, are whole at every width.
#[test]
fn lists_are_never_wider_than_the_terminal() {
    let store = MockStore::start(respond);
    let url = store.url();
    let mut apps = roamd(&["apps", "list", "--store", &url, "--user", "ada"]);
    apps.env("ROAMD_PASSWORD", "x");
    let sessions = store_command(&store, &["list"]);
    for columns in [30, 40, 60, 80] {
        for (list, parts) in [
            (&sessions, &["Aq_Y5IKU", "desktop", "application"][..]),
            (&apps, &["CVAD.excel", "CVAD.Desk"]),
        ] {
            let ran = on_a_terminal_of(columns, list, "");
            let widest = ran.out.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(columns.into()), "{columns}: {}", ran.out);
            for part in parts {
                assert!(ran.out.contains(part), "{columns} {part}: {}", ran.out);
            }
        }
    }
}

#[test]
fn wide_table_is_never_cut() {
    let store = MockStore::start(respond);
    let ran = on_a_terminal_of(60, &store_command(&store, &["list", "-o", "wide"]), "");
    let base = format!("http://{}", store.address());
    assert_eq!(
        ran.out.replace(&base, "BASE"),
        "\
#  APP                              FARM   RESOURCE                              KIND         TYPE   AGGREGATED  ID                   URL
1  Word 2016 with a very long name  Farm3  CVAD.Word 2016 with a very long name  application  win32  no          Aq_Y5IKUiapp3EEuo1g  BASE/launch/Aq_Y5IKUiapp3EEuo1g
2  Desk                             Farm3  CVAD.Desk                             desktop      win32  no          Aq_Y5ILd2wyJyTWAmqw  BASE/launch/Aq_Y5ILd2wyJyTWAmqw
3  excel                            Farm3  CVAD.excel                            application  win32  yes         Bq_Y5IJO-lSIJr0E7bT  BASE/launch/Bq_Y5IJO-lSIJr0E7bT
"
    );
}

#[test]
fn sessions_are_sorted_filtered_and_formatted() {
    let store = MockStore::start(respond);
    let [word, desk, excel] = SESSIONS.map(|(id, ..)| format!("{id}\n"));
    for (args, expected) in [
        ("-o name", [&*word, &desk, &excel].concat()),
        ("-o name --sort app", [&*desk, &excel, &word].concat()),
        ("-o name --filter APP=WORD", word.clone()),
        ("-o name --filter kind=desktop", desk.clone()),
        (
            "-o name --filter kind=application --sort app",
            [&*excel, &word].concat(),
        ),
        (
            "-o name --filter kind=application --filter app=ex",
            excel.clone(),
        ),
        ("-o name --filter app=nothing", String::new()),
    ] {
        let args: Vec<_> = ["list"].into_iter().chain(args.split(' ')).collect();
        let ran = ran(&store, &args);
        assert_eq!((ran.code, ran.out), (0, expected), "{args:?}: {}", ran.err);
    }
    let none = ran(&store, &["list", "--filter", "app=nothing"]);
    assert_eq!(none.out, "");
    assert_eq!(none.err, "Nothing in the list matches --filter.\n");
    let csv = ran(
        &store,
        &["list", "-o", "csv", "--sort", "kind", "--filter", "farm=3"],
    );
    let base = format!("http://{}", store.address());
    assert_eq!(
        csv.out.replace(&base, "BASE"),
        "\
number,app,farm,resource,kind,type,aggregated,id,url
1,Word 2016 with a very long name,Farm3,CVAD.Word 2016 with a very long name,application,win32,no,\
Aq_Y5IKUiapp3EEuo1g,BASE/launch/Aq_Y5IKUiapp3EEuo1g
3,excel,Farm3,CVAD.excel,application,win32,yes,Bq_Y5IJO-lSIJr0E7bT,\
BASE/launch/Bq_Y5IJO-lSIJr0E7bT
2,Desk,Farm3,CVAD.Desk,desktop,win32,no,Aq_Y5ILd2wyJyTWAmqw,BASE/launch/Aq_Y5ILd2wyJyTWAmqw
"
    );
    let json = ran(&store, &["list", "-o", "json", "--filter", "kind=desktop"]);
    assert_eq!(json.column("/sessions", "kind"), ["desktop"]);
    assert_eq!(
        json.json(),
        ran(&store, &["list", "--json", "--filter", "kind=desktop"]).json()
    );
}

/// Administrators of farms, and hostile stores, choose the names.
#[test]
fn hostile_names_are_listed_as_text() {
    let name = "@SUM(1)\u{202e}\u{200b}\u{ad}x";
    let store = MockStore::start(move |request| match request.path() {
        "/list" => StoreResponse::sessions([Session {
            id: "-5".to_owned(),
            server_type: "win32".to_owned(),
            launch_url: "http://a.test/".to_owned(),
            initial_app: name.to_owned(),
            resource_id: "CVAD.Desk".to_owned(),
            publisher_name: "Farm3".to_owned(),
            ..Session::default()
        }]),
        _ => respond(request),
    });
    let csv = ran(&store, &["list", "-o", "csv"]).out;
    let row = csv.lines().nth(1);
    let expected = "1,'@SUM(1)   x,Farm3,CVAD.Desk,desktop,win32,no,-5,http://a.test/";
    assert_eq!(row, Some(expected), "{csv:?}");
    let table = ran(&store, &["list"]).out;
    assert!(table.contains("@SUM(1)   x"), "{table:?}");
}

#[test]
fn apps_are_sorted_filtered_and_formatted() {
    let store = MockStore::start(respond);
    let by_name = apps(&store, &["list", "-o", "name", "--sort", "app"]);
    let expected = "CVAD.Desk\nCVAD.excel\nCVAD.Word 2016 with a very long name\n";
    assert_eq!(by_name.out, expected, "{by_name:?}");
    let csv = apps(&store, &["list", "-o", "csv", "--filter", "type=desktop"]);
    assert_eq!(
        csv.out,
        "app,farm,resource,kind,aggregated,enabled,folder,summary\n\
         Desk,Farm3,CVAD.Desk,desktop,no,yes,,\n"
    );
    let json = apps(&store, &["list", "-o", "json", "--filter", "app=excel"]);
    assert_eq!(json.column("/resources", "id"), ["CVAD.excel"]);
    let table = apps(&store, &["list", "--filter", "app=desk"]);
    assert_eq!(
        table.out,
        "APP   FARM   RESOURCE   KIND     ENABLED\nDesk  Farm3  CVAD.Desk  desktop  yes\n"
    );
}

#[test]
fn wrong_field_is_rejected_with_the_fields() {
    for (args, expected) in [
        (
            "--filter app",
            "must be a field and a text, such as app=word",
        ),
        (
            "--filter colour=red",
            "there is no field colour; the fields are app, farm, resource, kind, type,",
        ),
        (
            "--sort colour",
            "[possible values: app, farm, resource, kind, type,",
        ),
        ("-o yaml", "[possible values: table, wide, json, csv, name]"),
        ("-o csv --json", "cannot be used with"),
        (
            "-o csv --watch 5",
            "a repeated list has no format csv or name; use table",
        ),
    ] {
        let args: Vec<_> = ["list"].into_iter().chain(args.split(' ')).collect();
        let ran = ran(&MockStore::start(respond), &args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
}

#[test]
fn sessions_are_launched_by_row_and_start_of_id() {
    let store = MockStore::start(respond);
    let folder = tempfile::tempdir().unwrap();
    let output = ["--output", folder.path().to_str().unwrap()];
    let launched = |args: &[&str]| {
        let before = store.lines().len();
        let args = [&["launch"], args, &output[..]].concat();
        let ran = ran(&store, &args);
        let lines = store.lines().split_off(before);
        let launches = lines
            .iter()
            .filter_map(|line| line.strip_prefix("POST /launch/"));
        let launches: Vec<_> = launches.map(str::to_owned).collect();
        (ran.code, launches, ran.err)
    };
    let [word, desk, excel] = SESSIONS.map(|(id, ..)| id.to_owned());
    for (args, expected) in [
        (&["2"][..], &[&desk][..]),
        (&["Bq_Y"], &[&excel]),
        (&["3", "Aq_Y5IKU", "3", &excel], &[&excel, &word]),
        (&["--app", "EXCEL", "--app", "desk"], &[&excel, &desk]),
    ] {
        let (code, launches, err) = launched(args);
        let mut launches: Vec<_> = launches.iter().collect();
        // Launches run concurrently.
        launches.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!((code, launches), (0, expected), "{args:?}: {err}");
    }
    for (args, expected) in [
        (
            &["1", "4"][..],
            "there is no session 4 in the list, which has 3",
        ),
        (
            &["1", "Aq_Y5I"],
            "several session ids start with Aq_Y5I; add characters",
        ),
        (
            &["1", "Zq_Y5I"],
            "list the sessions again: their ids change when the keys of the store do",
        ),
        (&["1", "--app", "Paint"], "there is no session of Paint"),
    ] {
        let (code, launches, err) = launched(args);
        assert_eq!((code, launches), (1, Vec::new()), "{args:?}");
        assert!(err.contains(expected), "{args:?}: {err}");
    }
}

/// store-services.md §4.2
#[test]
fn window_and_sound_are_sent_with_a_launch() {
    let store = MockStore::start(respond);
    let folder = tempfile::tempdir().unwrap();
    let output = ["--output", folder.path().to_str().unwrap()];
    for (args, elements) in [
        (
            &["--window", "1280x800", "--audio", "off"][..],
            &[
                "<audio>off<",
                "<display>absolute<",
                "<displayAbsolute>1280,800<",
            ][..],
        ),
        (&["--display", "seamless"], &["<display>seamless<"]),
        (
            &["--display", "80%"],
            &["<display>percent<", "<displayPercent>80<"],
        ),
    ] {
        for command in [
            &["sessions", "launch", "1"][..],
            &["sessions", "roam"],
            &["apps", "launch", "Desk"],
        ] {
            let url = store.url();
            let common = ["--store", &url, "--user", "ada"];
            let args = [command, args, &output, &common].concat();
            let ran = roamd(&args).env("ROAMD_PASSWORD", "x").output().unwrap();
            assert_eq!(CommandOutput::of(ran).code, 0, "{args:?}");
            let body = store.requests().pop().unwrap().body;
            for element in elements {
                assert!(body.contains(element), "{args:?}: {body}");
            }
        }
    }
    let both = ran(
        &store,
        &["launch", "1", "--display", "seamless", "--window", "8x8"],
    );
    assert_eq!(both.code, 2, "{both:?}");
}

/// A list of resources takes the farms as long as a list of sessions.
#[test]
fn kinds_are_requested_only_if_they_are_used() {
    for (args, expected) in [
        (&["list"][..], 1),
        (&["list", "--json"], 1),
        (&["list", "-o", "name"], 0),
        (&["list", "-o", "name", "--sort", "app"], 0),
        (&["list", "-o", "name", "--sort", "kind"], 1),
        (&["list", "-o", "name", "--filter", "kind=desktop"], 1),
    ] {
        let store = MockStore::start(respond);
        assert_eq!(ran(&store, args).code, 0, "{args:?}");
        let requests = store.lines().into_iter();
        let requests = requests.filter(|line| line.starts_with("GET /resources"));
        assert_eq!(requests.count(), expected, "{args:?}");
    }
}
