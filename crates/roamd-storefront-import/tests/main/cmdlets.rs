//! JSON and text of the PowerShell SDK (SI-2, SI-3).

use roamd_storefront_import::{Outcome, Source, import};

use crate::support::{
    CUT_TEXT, FARMS_JSON, FARMS_TEXT, GATEWAY_JSON, NoNeighbours, SECRET, STORE, findings,
    key_files, options, options_with_url, run_output, toml, web_config,
};

/// SI-36.
#[test]
fn json_of_farms_is_imported() {
    let import = run_output("farms.json", FARMS_JSON);
    let toml = toml(&import);
    for line in [
        "base_url = \"https://store.example\"",
        "id = \"Harbour-Site\"",
        "generation = \"cvad-7\"",
        "controllers = [\"https://ddc1.harbour.example:443\", \"https://ddc2.harbour.example:443\"]",
        "controller_order = \"balanced\"",
        "service_key_file = \"/etc/roamd/Harbour-Site.key\"",
        "ticket_seconds = 200",
    ] {
        assert!(toml.lines().any(|other| other == line), "{line}: {toml}");
    }
    assert!(!toml.contains(SECRET));
    assert_eq!(key_files(&import).len(), 1);
}

/// SI-2, SI-30: a value that is cut to the name of its type.
#[test]
fn json_below_the_depth_is_an_error() {
    let listed = findings(&run_output("farms.json", FARMS_JSON)).join("\n");
    let expected = "farms.json:18: error: Zones: is cut to the name of a type; run the cmdlet \
                    again with `-Depth 8`";
    assert!(listed.contains(expected), "{listed}");
    let cut = FARMS_JSON.replace(
        "[\"ddc1.harbour.example\", \"ddc2.harbour.example\"]",
        "\"ddc1.harbour.example ddc2.harbour.example\"",
    );
    let import = run_output("farms.json", cut);
    assert!(matches!(import.outcome, Outcome::NoFarm));
    let listed = findings(&import).join("\n");
    assert!(
        listed.contains("farms.json:5: error: Servers: is cut"),
        "{listed}"
    );
}

/// SI-7: a syntax error does not quote the file.
#[test]
fn damaged_json_is_an_error_without_its_text() {
    let cut = &FARMS_JSON[..FARMS_JSON.find(SECRET).unwrap() + SECRET.len()];
    for (text, expected) in [
        (cut.to_owned(), "farms.json:17: error: JSON: ends too early"),
        (
            FARMS_JSON.replacen(',', ";", 1),
            "farms.json:3: error: JSON: has an error of syntax",
        ),
    ] {
        let import = run_output("farms.json", text);
        assert!(matches!(import.outcome, Outcome::NoFarm));
        let listed = findings(&import).join("\n");
        assert!(
            listed.contains(expected) && !listed.contains(SECRET),
            "{listed}"
        );
    }
}

/// SI-2: enums are numbers or names.
#[test]
fn enum_numbers_have_the_meaning_of_their_names() {
    for (transport, port, url) in [
        ("0", 80, "http://ddc1.harbour.example:80"),
        ("\"HTTP\"", 8080, "http://ddc1.harbour.example:8080"),
        ("1", 8443, "https://ddc1.harbour.example:8443"),
        ("2", 80, "https://ddc1.harbour.example:443"),
        ("\"SSL\"", 80, "https://ddc1.harbour.example:443"),
    ] {
        let json = FARMS_JSON
            .replace(
                "\"TransportType\": 1",
                &format!("\"TransportType\": {transport}"),
            )
            .replace("\"Port\": 443", &format!("\"Port\": {port}"));
        let import = run_output("farms.json", json);
        assert!(
            toml(&import).contains(&format!("\"{url}\"")),
            "{transport} {port}"
        );
    }
    for (farm_type, generation) in [("0", Some("xenapp-6")), ("1", Some("cvad-7")), ("2", None)] {
        let json = FARMS_JSON.replace("\"FarmType\": 1", &format!("\"FarmType\": {farm_type}"));
        let import = run_output("farms.json", json);
        match generation {
            Some(generation) => assert!(toml(&import).contains(generation), "{farm_type}"),
            None => assert!(matches!(import.outcome, Outcome::NoFarm), "{farm_type}"),
        }
    }
}

/// SI-18, SI-36: spans as objects, and both forms of ticket authorities.
#[test]
fn json_of_a_citrix_gateway_is_imported() {
    let files = [("farms.json", FARMS_JSON), ("gateway.json", GATEWAY_JSON)];
    let files = files.map(|(name, text)| Source::new(name.into(), None, text.into()));
    let import = import(files.into(), &options_with_url(), &NoNeighbours).unwrap();
    let expected = "[store.gateway]\naddress = \"gw.example:443\"\nsta = \
                    [\"https://ddc1.harbour.example\", \"https://ddc2.harbour.example\"]\n\
                    sta_order = \"balanced\"\nsession_reliability = true\n";
    assert!(toml(&import).contains(expected), "{}", toml(&import));
    let expected = "\n[[store.gateway.service_key]]\nsta = [\"https://ddc2.harbour.example\"]\n\
                    service_key_file = \"/etc/roamd/gateway.sta1.key\"\n";
    assert!(toml(&import).contains(expected), "{}", toml(&import));
    assert!(!findings(&import).concat().contains(SECRET));
}

/// SI-18: authorities of several sites have a key each, and one without a key never gets another's.
#[test]
fn keys_of_ticket_authorities_stay_with_their_authorities() {
    let authority = |number: u8, key: Option<&str>| {
        let key = key.map(|key| {
            format!(", \"StaValidationEnabled\": true, \"StaValidationSecret\": \"{key}\"")
        });
        let url = format!("https://ddc{number}.harbour.example/scripts/ctxsta.dll");
        format!("{{ \"StaUrl\": \"{url}\"{} }}", key.unwrap_or_default())
    };
    let all = "service_key_file = \"/etc/roamd/gateway.sta1.key\"\nsession_reliability";
    let own = |numbers: &[u8], path: &str| {
        let urls = numbers
            .iter()
            .map(|it| format!("\"https://ddc{it}.harbour.example\""));
        let urls = urls.collect::<Vec<_>>().join(", ");
        format!("[[store.gateway.service_key]]\nsta = [{urls}]\nservice_key_file = \"{path}\"\n")
    };
    let (first, second) = (
        "/etc/roamd/gateway.sta1.key",
        "/etc/roamd/gateway.sta1.2.key",
    );
    type Case<'a> = (&'a [Option<&'a str>], Vec<String>, usize);
    let cases: [Case<'_>; 4] = [
        (&[None, None], vec![], 0),
        (&[Some("one"), Some("one")], vec![all.to_owned()], 1),
        (
            &[Some("one"), Some("two"), Some("one")],
            vec![own(&[1, 3], first), own(&[2], second)],
            2,
        ),
        (&[None, Some("one")], vec![own(&[2], first)], 1),
    ];
    for (keys, expected, files) in cases {
        let authorities: Vec<_> = (1..)
            .zip(keys)
            .map(|(number, key)| authority(number, *key))
            .collect();
        let start = GATEWAY_JSON.find("\"SecureTicket").unwrap();
        let json = format!(
            "{}\"SecureTicketAuthorityUrls\": [{}] }}",
            &GATEWAY_JSON[..start],
            authorities.join(", ")
        );
        let sources = [("farms.json", FARMS_JSON), ("gateway.json", &json)];
        let sources = sources.map(|(name, text)| Source::new(name.into(), None, text.into()));
        let import = import(sources.into(), &options_with_url(), &NoNeighbours).unwrap();
        let text = toml(&import);
        for part in &expected {
            assert!(text.contains(part), "{keys:?}: {text}");
        }
        // Farms have a key of their own.
        let written = text
            .matches("service_key_file = \"/etc/roamd/gateway.")
            .count();
        assert_eq!(written, files, "{keys:?}: {text}");
        assert!(!findings(&import).concat().contains("\"one\""));
    }
}

/// SI-2, SI-17, SI-20: objects inside the object of a store.
#[test]
fn objects_inside_others_are_found() {
    let json = format!(
        r#"{{ "Service": {{ "LockedDown": false, "Anonymous": true }},
             "Configuration": {{ "Sections": ["System.Configuration.ConfigurationSection"] }},
             "FarmsConfiguration": {{ "Name": "Default", "ServerCommunicationAttempts": 1,
               "CommunicationTimeout": {{ "Ticks": 300000000, "TotalSeconds": 30 }},
               "PooledSockets": false, "Farms": {FARMS_JSON} }},
             "Gateways": [{{ "EnabledOnDirectAccess": false, "Farms": [], "Name": "South",
               "Hostnames": ["https://south.example/"],
               "SecureTicketAuthorityUrls": ["https://ddc1.harbour.example/scripts/ctxsta.dll"] }}]
           }}"#
    );
    let import = run_output("store.json", json);
    for line in [
        "address = \"south.example:443\"",
        "sta = [\"https://ddc1.harbour.example\"]",
        "response_timeout_ms = 30000",
        "attempts = 1",
        "id = \"Harbour-Site\"",
    ] {
        assert!(
            toml(&import).lines().any(|other| other == line),
            "{line}: {}",
            toml(&import)
        );
    }
    let listed = findings(&import).join("\n");
    let expected =
        "store.json:1: error: Anonymous=\"true\": roamd serves no store without a sign-in";
    assert!(
        listed.contains(expected) && !listed.contains("Sections"),
        "{listed}"
    );
}

/// SI-3.
#[test]
fn text_of_farms_is_imported() {
    let utf16 = std::iter::once(0xFEFF).chain(FARMS_TEXT.encode_utf16());
    let utf16: Vec<u8> = utf16.flat_map(u16::to_le_bytes).collect();
    for text in [FARMS_TEXT.as_bytes(), &utf16] {
        let import = run_output("farms.txt", text);
        let expected = "controllers = [\"http://zdc1.mill.example:8080\", \
                        \"http://zdc2.mill.example:8080\", \"http://zdc3.mill.example:8080\", \
                        \"http://zdc4.mill.example:8080\"]\ncontroller_order = \"ordered\"\n";
        assert!(toml(&import).contains(expected), "{}", toml(&import));
    }
}

/// SI-3, SI-37: a list that PowerShell has cut is refused.
#[test]
fn cut_text_is_refused() {
    let import = run_output("cut.txt", CUT_TEXT);
    assert!(matches!(import.outcome, Outcome::NoFarm));
    let listed = findings(&import).join("\n");
    let expected = "cut.txt:7: error: Servers: the list is cut; set `$FormatEnumerationLimit = -1` \
                    and run the cmdlet again";
    assert!(listed.contains(expected), "{listed}");
}

/// SI-5: the `web.config` of a store is the most complete file.
#[test]
fn web_config_wins_over_output_of_cmdlets() {
    let json = Source::new("farms.json".into(), None, FARMS_JSON.into());
    let files = vec![json, web_config("Store", STORE)];
    let import = import(files, &options_with_url(), &NoNeighbours).unwrap();
    assert_eq!(toml(&import).matches("id = \"Harbour-Site\"").count(), 1);
    assert!(toml(&import).contains("legacy_workspace_control = true"));
    let listed = findings(&import).join("\n");
    assert!(
        listed.contains("farms.json:1: warning: file: has farms"),
        "{listed}"
    );
}

/// SI-26: kinds are found by content.
#[test]
fn file_of_another_kind_is_an_error() {
    for bytes in [&b""[..], b"\x00\x01\x02", b"hello", b"\xFF\xFEa"] {
        let import = run_output("web.config", bytes);
        assert!(matches!(import.outcome, Outcome::NoFarm));
        let listed = findings(&import).join("\n");
        assert!(
            listed.starts_with("web.config:1: error: file: is neither XML"),
            "{listed}"
        );
    }
}

/// SI-23: a configuration needs an address, which the output of cmdlets does not have.
#[test]
fn missing_address_gives_no_configuration() {
    let json = Source::new("farms.json".into(), None, FARMS_JSON.into());
    let import = import(vec![json], &options(), &NoNeighbours).unwrap();
    assert!(matches!(import.outcome, Outcome::NoBaseUrl));
}
