//! Rules of single subjects.

use roamd_config::Generation;
use roamd_storefront_import::{ImportError, Options, Source, import};

use crate::support::{
    AUTHENTICATION, FARMS_JSON, GATEWAY_JSON, NoNeighbours, SITE, STORE, deployment, findings,
    key_files, losses, options, options_with_url, run, toml, web_config,
};

/// Imports the deployment with a changed store, and returns its text and its findings.
fn changed(old: &str, new: &str) -> (String, String) {
    assert!(STORE.contains(old), "{old}");
    let import = run(deployment(STORE.replace(old, new))).unwrap();
    (toml(&import).to_owned(), findings(&import).join("\n"))
}

/// SI-9, SI-10, SI-11, SI-19: a changed setting of the sample, and what it becomes.
#[test]
fn setting_becomes_its_key() {
    for (old, new, line) in [
        ("Attempts=\"2\"", "Attempts=\"1\"", "timeout_ms = 26000"),
        (
            "Timeout=\"20\"",
            "Timeout=\"2\"",
            "response_timeout_ms = 2000",
        ),
        (
            "loadBalance=\"off\"",
            "loadBalance=\"on\"",
            "controller_order = \"balanced\"",
        ),
        ("\"DNS-port\"", "\"IPv4\"", "address_form = \"dot\""),
        (
            "\"DNS-port\"",
            "\"no-change\"",
            "address_form = \"no-change\"",
        ),
        ("PerRequest=\"0\"", "PerRequest=\"1\"", "attempts = 1"),
        (
            "stasUseLoadBalancing=\"false\"",
            "stasUseLoadBalancing=\"true\"",
            "sta_order = \"balanced\"",
        ),
        (
            "Reliability=\"true\"",
            "Reliability=\"false\"",
            "session_reliability = false",
        ),
        (
            "gw.example:443",
            "gw.example",
            "address = \"gw.example:443\"",
        ),
        (
            "https://ddc1.harbour.example/scripts/ctxsta.dll",
            "http://ddc1.harbour.example:8080",
            "sta = [\"http://ddc1.harbour.example:8080\", \"https://ddc2.harbour.example\"]",
        ),
    ] {
        let (toml, findings) = changed(old, new);
        assert!(
            toml.lines().any(|other| other == line),
            "{new}: {toml}{findings}"
        );
    }
}

/// SI-9, SI-17 to SI-21: a changed setting of the sample, and the finding.
#[test]
fn setting_without_key_is_a_finding() {
    for (old, new, finding) in [
        (
            "Mode=\"ANY\"",
            "Mode=\"All\"",
            "20: warning: multiFarmAuthenticationMode=\"All\": any farm",
        ),
        (
            "\"DNS-port\"",
            "\"uri\"",
            "10: warning: addressResolutionType=\"uri\": roamd has no such",
        ),
        (
            "Provider=\"\"",
            "Provider=\"FAS\"",
            "14: error: vdaLogonDataProvider=\"FAS\": federated",
        ),
        (
            "Flag=\"off\"",
            "Flag=\"on\"",
            "10: warning: setNoLoadBiasFlag=\"on\": roamd does not",
        ),
        (
            "Detect-AnyCiphers",
            "SSLAnyCiphers",
            "11: warning: requestICAClientSecureChannel=",
        ),
        (
            "useTwoTickets=\"false\"",
            "useTwoTickets=\"true\"",
            "94: warning: useTwoTickets=\"true\": roamd",
        ),
        (
            "DirectAccess=\"false\"",
            "DirectAccess=\"true\"",
            "87: warning: enabledOnDirectAccess=\"true\"",
        ),
        (
            "/scripts/ctxsta.dll",
            "/other.dll",
            "error: staUrl=\"https://ddc1.harbour.example/other.dll\"",
        ),
        (
            "<add server=\"ddc2.harbour.example\" />",
            "<clear /><add server=\"ddc2.harbour.example\" />",
            "27: warning: clear: removes the 1 elements before it",
        ),
        (
            "ddc2.harbour.example\" />",
            "ddc1.harbour.example\" />",
            "27: warning: server=\"ddc1",
        ),
        (
            "\"2001:db8::15\"",
            "\"zdc 2\"",
            "34: error: server=\"zdc 2\": is neither a host name",
        ),
        (
            "Enabled=\"on\" xmlValidationSecret=\"not-a-real-key-1\"",
            "Enabled=\"on\"",
            "24: error: xmlValidationEnabled=\"on\": the key is missing",
        ),
        (
            "name=\"Mill\" xmlPort",
            "name=\"Harbour Site\" xmlPort",
            "farm \"Harbour Site\": has the name",
        ),
        // Names have no case (SI-12).
        (
            "name=\"Mill\" xmlPort",
            "name=\"HARBOUR site\" xmlPort",
            "farm \"HARBOUR site\": has the name",
        ),
    ] {
        let (_, findings) = changed(old, new);
        assert!(findings.contains(finding), "{finding}:\n{findings}");
    }
}

/// SI-12: a name may have characters that an editor or a terminal obeys.
#[test]
fn invisible_characters_of_a_name_are_escaped() {
    let named = |name: &str| STORE.replace("name=\"Mill\"", &format!("name=\"{name}\""));
    let import = run(deployment(named("Mi&#x202E;ll"))).unwrap();
    let text = toml(&import);
    assert!(text.contains(r#"name = "Mi\u202Ell""#), "{text}");
    let is_obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(is_obeyed), "{text:?}");
    let table: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("id = "))
        .collect();
    assert_eq!(table[1], r#"id = "Mi-ll""#);
    let generation = r#"--generation 'Mi\u{202e}ll=cvad-7'"#;
    let lines = findings(&import);
    assert!(
        lines.iter().any(|line| line.ends_with(generation)),
        "{lines:#?}"
    );
    assert!(!lines.concat().contains(is_obeyed), "{lines:#?}");

    // A line break makes no line of its own, neither of the findings nor of the configuration.
    let import = run(deployment(named("Mi&#10;ll = 1"))).unwrap();
    let lines = findings(&import);
    assert!(!lines.concat().contains('\n'), "{lines:#?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("has no name that can be used"))
    );
    assert!(!toml(&import).lines().any(|line| line.starts_with("ll")));
}

/// SI-7: each file has one key.
#[test]
fn key_files_of_farms_and_citrix_gateway_have_different_paths() {
    let keys = |name: &str| {
        let json = FARMS_JSON.replace("Harbour Site", name);
        let files = [
            ("farms.json", json.as_str()),
            ("gateway.json", GATEWAY_JSON),
        ];
        let files = files.map(|(name, text)| Source::new(name.into(), None, text.into()));
        let import = import(files.into(), &options_with_url(), &NoNeighbours).unwrap();
        key_files(&import)
    };
    for name in ["sta", "gateway", "gateway.sta1"] {
        let mut paths: Vec<_> = keys(name).into_iter().map(|(path, _)| path).collect();
        assert!(
            paths.contains(&"/etc/roamd/gateway.sta1.key".to_owned()),
            "{paths:?}"
        );
        let count = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!((count, paths.len()), (2, 2), "{name}: {paths:?}");
    }
}

/// SI-13 to SI-15.
#[test]
fn mapping_is_taken_or_reported() {
    for (old, new, expected, finding) in [
        (
            "name=\"Everyone\" sid=\"S-1-1-0\"",
            "name=\"\"",
            "name = \"all\"\n\n[[store.mapping.farm_set]]",
            "has neither name nor sid: all users",
        ),
        (
            "name=\"Everyone\" sid=\"S-1-1-0\"",
            "name=\"EXAMPLE\\Ada\" sid=\"s-1-5-21-1-2-3-4\"",
            "# Groups: EXAMPLE\\Ada.\n[[store.mapping]]\nname = \"all\"\n\
             groups = [\"S-1-5-21-1-2-3-4\"]\n",
            "note: mapping \"all\": works for users whose SIDs the farm reports",
        ),
        (
            "sid=\"S-1-5-21-10-20-30-2001\"",
            "sid=\"S-1-5-21-10-20-30\u{2d}x\"",
            "# Not taken: mapping \"relay users\" (EXAMPLE\\Relay): primary \"Old Relay\", backup \"Mill\".",
            "warning: mapping \"relay users\": group EXAMPLE\\Relay has no SID",
        ),
        (
            "sid=\"S-1-5-21-10-20-30-2001\"",
            "",
            "# Not taken: mapping \"relay users\"",
            "warning: mapping \"relay users\": has no group that can be taken",
        ),
        (
            "<backupFarmRefs />",
            "<backupFarmRefs><farm name=\"Old Relay\"/></backupFarmRefs>",
            "primary = [\"Harbour-Site\", \"Mill\"]\nbackup = [\"Old-Relay\"]\n",
            "",
        ),
        (
            "<farm name=\"Mill\" />\n                  </primaryFarmRefs>",
            "<farm name=\"Nowhere\" />\n                  </primaryFarmRefs>",
            "primary = [\"Harbour-Site\"]\n",
            "names farm \"Nowhere\", which the store does not have",
        ),
        (
            "<farm name=\"Old Relay\" />\n                  </primaryFarmRefs>",
            "<farm name=\"Mobile\" />\n                  </primaryFarmRefs>",
            "# Not taken: mapping \"relay users\"",
            "warning: mapping \"relay users\": has a set without a primary farm that is taken",
        ),
        (
            "<primaryFarmRefs>\n                    <farm name=\"Old Relay\" />",
            "<primaryFarmRefs>",
            "name = \"all\"",
            "warning: farm \"Old Relay\": no mapping names it, so no user sees it",
        ),
        (
            "aggregationGroup=\"\"",
            "aggregationGroup=\"south\"",
            "aggregation_group = \"south\"",
            "warning: mapping \"relay users\": farm \"Mill\" is in the groups \"north\" and \"south\"",
        ),
    ] {
        let (toml, findings) = changed(old, new);
        assert!(toml.contains(expected), "{expected}:\n{toml}");
        assert!(findings.contains(finding), "{finding}:\n{findings}");
    }
}

/// SI-15: without a mapping, all users would get all farms, which StoreFront did not allow.
#[test]
fn store_without_a_mapping_that_can_be_taken_serves_no_user() {
    let (start, rest) = STORE.split_once("<userFarmMapping name=\"all\">").unwrap();
    let (_, end) = rest.split_once("</userFarmMapping>").unwrap();
    let without_sid = format!("{start}{end}").replace("sid=\"S-1-5-21-10-20-30-2001\"", "");
    let import = run(deployment(without_sid)).unwrap();
    let expected = "# To do: name the groups of users and their farms. The group here has no \
                    member.\n# Groups: Null SID.\n[[store.mapping]]\nname = \"to do\"\n\
                    groups = [\"S-1-0-0\"]\n\n[[store.mapping.farm_set]]\n\
                    primary = [\"Harbour-Site\", \"Mill\", \"Old-Relay\"]\n";
    assert!(toml(&import).contains(expected), "{}", toml(&import));
    let findings = findings(&import).join("\n");
    let error = "error: userFarmMappings: none can be taken; no user gets a farm";
    assert!(findings.contains(error), "{findings}");
    let summary = import.summary.to_string();
    assert!(summary.contains("0 of 1 mappings"), "{summary}");
    assert!(summary.contains(", [[store.mapping]], "), "{summary}");
}

/// SI-13: the SDK has the names of groups with their SIDs.
#[test]
fn mapping_of_the_sdk_is_taken_with_its_sids() {
    let (start, rest) = STORE.split_once("<userFarmMappings>").unwrap();
    let (_, end) = rest.split_once("</userFarmMappings>").unwrap();
    let json = r#"{"Name": "Wards", "GroupMembers": {"EXAMPLE\\Nurses": "S-1-5-21-1-2-3-4"},
        "FarmSets": [{"Name": "w", "LoadBalanceMode": 0, "AggregationGroupName": "ward",
        "PrimaryFarms": ["Mill"], "BackupFarms": ["Old Relay"]}]}"#;
    let mut files = deployment(format!("{start}{end}"));
    files.push(Source::new("mapping.json".into(), None, json.into()));
    let import = run(files).unwrap();
    let expected = "# Groups: EXAMPLE\\Nurses.\n[[store.mapping]]\nname = \"Wards\"\n\
                    groups = [\"S-1-5-21-1-2-3-4\"]\n\n[[store.mapping.farm_set]]\n\
                    primary = [\"Mill\"]\nbackup = [\"Old-Relay\"]\naggregation_group = \"ward\"\n";
    assert!(toml(&import).contains(expected), "{}", toml(&import));
    assert_eq!(import.summary.mappings.to_string(), "1 of 1");
}

/// SI-15: aggregation groups express what all users have alike.
#[test]
fn mapping_for_all_users_alike_becomes_aggregation_groups() {
    let (start, rest) = STORE
        .split_once("<userFarmMapping name=\"relay users\">")
        .unwrap();
    let (_, end) = rest.split_once("</userFarmMapping>").unwrap();
    let farms = "<farm name=\"Mill\" />\n                  </primaryFarmRefs>";
    let with_all = start.replace(farms, &format!("<farm name=\"Old Relay\" />{farms}"));
    let failover = |start: &str| start.replace("LoadBalanced", "Failover");
    for (start, is_simple) in [
        (failover(&with_all), true),
        // Users do not see the relay, and launches are spread.
        (failover(start), false),
        (with_all, false),
    ] {
        let import = run(deployment(format!("{start}{end}"))).unwrap();
        assert_eq!(toml(&import).contains("[[store.mapping]]"), !is_simple);
        let group = "aggregation_group = \"north\"";
        let groups = toml(&import).matches(group).count();
        assert_eq!(groups, if is_simple { 3 } else { 1 });
        assert_eq!(import.summary.mappings.to_string(), "1 of 1");
    }
}

/// SI-17: each Citrix Gateway is for its farms.
#[test]
fn several_citrix_gateways_are_taken_with_their_farms() {
    let (start, rest) = STORE.split_once("<optimalGatewayForFarms ").unwrap();
    let (entry, end) = rest.split_once("</optimalGatewayForFarms>").unwrap();
    let entry = format!("<optimalGatewayForFarms {entry}</optimalGatewayForFarms>");
    let relay = "<farm name=\"Old Relay\" />\n        </farms>";
    assert!(entry.contains(relay));
    let first = entry.replace(relay, "</farms>");
    let second = entry
        .replace("<farm name=\"Harbour Site\" />", "")
        .replace("<farm name=\"Mill\" />", "")
        .replace("North", "South")
        .replace("gw.example", "gw2.example");
    let import = run(deployment(format!("{start}{first}{second}{end}"))).unwrap();
    assert_eq!(import.summary.gateways.to_string(), "2 of 2");
    let text = toml(&import);
    assert_eq!(text.matches("\n[[store.gateway]]\n").count(), 2);
    assert!(
        text.contains("farms = [\"Harbour-Site\", \"Mill\"]"),
        "{text}"
    );
    assert!(text.contains("farms = [\"Old-Relay\"]"), "{text}");
    let again = entry
        .replace("North", "South")
        .replace("gw.example", "gw2.example");
    let import = run(deployment(format!("{start}{entry}{again}{end}"))).unwrap();
    let listed = findings(&import).join("\n");
    let expected = "gateway \"South\": is used only by clients that `clients` or `via` names";
    assert!(listed.contains(expected), "{listed}");
    let (_, listed) = changed(relay, "</farms>");
    let expected = "farm \"Old Relay\": no Citrix Gateway is for it";
    assert!(listed.contains(expected), "{listed}");
    let direct = "<optimalGatewayForFarms><farms><farm name=\"Old Relay\" /></farms>\
                  <optimalGateway name=\"Direct\" neverLaunchThroughGateway=\"on\" />\
                  </optimalGatewayForFarms>";
    let import = run(deployment(format!("{start}{first}{direct}{end}"))).unwrap();
    assert_eq!(
        toml(&import)
            .matches("never_through_gateway = true")
            .count(),
        1
    );
    assert_eq!(import.summary.gateways.to_string(), "1 of 1");
}

/// SI-17
#[test]
fn citrix_gateway_of_a_zone_is_taken_with_its_farms() {
    let named = "<farm name=\"Harbour Site\" />\n          <farm name=\"Mill\" />\n          \
                 <farm name=\"Old Relay\" />";
    let in_zones = STORE
        .replace(
            "name=\"Mill\" xmlPort",
            "name=\"Mill\" zones=\"East, Coast\" xmlPort",
        )
        .replace(named, "")
        .replace(
            "key=\"_\" name=\"North\"",
            "key=\"_\" name=\"North\" zones=\"coast\"",
        );
    let import = run(deployment(in_zones.clone())).unwrap();
    assert_eq!(import.summary.gateways.to_string(), "1 of 1");
    let text = toml(&import);
    assert!(text.contains("\nfarms = [\"Mill\"]"), "{text}");
    let listed = findings(&import).join("\n");
    assert!(!listed.contains("zones"), "{listed}");
    let import = run(deployment(in_zones.replace("coast", "West"))).unwrap();
    let listed = findings(&import).join("\n");
    let expected = "gateway \"North\": is for no farm that is taken";
    assert!(listed.contains(expected), "{listed}");
}

/// SI-17, SI-18: a store and its deployment name the same Citrix Gateway.
#[test]
fn citrix_gateway_of_the_store_is_that_of_the_deployment() {
    let json = Source::new("gateway.json".into(), None, GATEWAY_JSON.into());
    let mut files = deployment(STORE);
    files.push(json);
    let import = run(files).unwrap();
    assert_eq!(import.summary.gateways.to_string(), "1 of 1");
    assert!(toml(&import).contains("sta_order = \"ordered\""));
    let listed = findings(&import).join("\n");
    let expected = "gateway.json:1: note: gateway \"North\": has the address of the one";
    assert!(listed.contains(expected), "{listed}");
}

/// SI-10: the operator knows the generation.
#[test]
fn given_generation_counts_and_needs_a_farm() {
    let with = |name: &str| Options {
        generations: vec![(name.into(), Generation::Cvad7)],
        ..options()
    };
    let done = import(deployment(STORE), &with("mill"), &NoNeighbours).unwrap();
    assert_eq!(toml(&done).matches("cvad-7").count(), 2);
    assert!(
        !losses(&done)
            .iter()
            .any(|loss| loss.contains("Mill=cvad-7"))
    );
    let error = import(deployment(STORE), &with("Nowhere"), &NoNeighbours).unwrap_err();
    assert!(matches!(error, ImportError::UnknownFarm(name) if name == "Nowhere"));
}

/// SI-22: sign-in settings that roamd does not have.
#[test]
fn sign_in_setting_without_key_is_a_finding() {
    for (old, new, finding) in [
        (
            "default=\"EXAMPLE\"",
            "default=\"OTHER\"",
            "9: warning: default=\"OTHER\": is not one",
        ),
        (
            "ExpiredOnly",
            "Sometimes",
            "6: warning: allowUserPasswordChange=\"Sometimes\": is no value",
        ),
        (
            "<tokenManager>",
            "<protocols><add name=\"IntegratedWindows\" enabled=\"true\"/></protocols><tokenManager>",
            "16: warning: protocol `IntegratedWindows`: roamd signs users in with user name",
        ),
    ] {
        assert!(AUTHENTICATION.contains(old), "{old}");
        let changed = AUTHENTICATION.replace(old, new);
        let mut files = deployment(STORE);
        files[1] = web_config("StoreAuth", changed);
        let listed = findings(&run(files).unwrap()).join("\n");
        assert!(
            listed.contains(&format!("StoreAuth/web.config:{finding}")),
            "{finding}:\n{listed}"
        );
    }
}

/// SI-22.
#[test]
fn sign_in_setting_with_key_is_taken() {
    for (old, new, key) in [
        ("ExpiredOnly", "Always", "password_change = \"always\""),
        ("ExpiredOnly", "never", "password_change = \"never\""),
        ("ExpiredOnly", "Sometimes", "password_change = \"never\""),
        (
            "hideDomainField=\"false\"",
            "hideDomainField=\"true\"",
            "hide_domain_field = true",
        ),
    ] {
        assert!(AUTHENTICATION.contains(old), "{old}");
        let mut files = deployment(STORE);
        files[1] = web_config("StoreAuth", AUTHENTICATION.replace(old, new));
        let import = run(files).unwrap();
        assert!(toml(&import).contains(&format!("\n{key}\n")), "{key}");
    }
}

/// SI-19.
#[test]
fn override_of_the_client_name_is_taken() {
    for (value, expected) in [("on", Some(true)), ("off", Some(false)), ("", None)] {
        let old = "overrideIcaClientName=\"on\"";
        let new = format!("overrideIcaClientName=\"{value}\"");
        let import = run(deployment(STORE.replace(old, &new))).unwrap();
        let line = |is_on| format!("\noverride_ica_client_name = {is_on}\n");
        let mut found = [true, false]
            .into_iter()
            .filter(|it| toml(&import).contains(&line(*it)));
        assert_eq!(found.next(), expected, "{value}");
    }
}

/// SI-20: words are a list, or a text with commas.
#[test]
fn filter_of_resources_is_taken() {
    let with = |options: &str| {
        let json = format!("{{\"EnumerationOptions\": {{{options}}}}}");
        let json = Source::new("options.json".into(), None, json.into());
        let mut files = deployment(STORE);
        files.push(json);
        run(files).unwrap()
    };
    let common = "\"EnhancedEnumeration\": true";
    let import = with(&format!(
        "{common}, \"FilterByTypesInclude\": \"Applications, desktops\", \
         \"FilterByKeywordsInclude\": [\"Office\", \"Mail\"], \"FilterByKeywordsExclude\": []"
    ));
    let section = "[store.filter]\ntypes = [\"applications\", \"desktops\"]\n\
                   include_keywords = [\"Office\", \"Mail\"]\n\n";
    assert!(toml(&import).contains(section), "{}", toml(&import));
    let import = with(&format!(
        "{common}, \"FilterByTypesInclude\": \"Applications,Robots\""
    ));
    assert!(toml(&import).contains("types = [\"applications\"]"));
    let listed = findings(&import).join("\n");
    let expected = "warning: FilterByTypesInclude=\"Robots\": is no type that roamd knows";
    assert!(listed.contains(expected), "{listed}");
    let import = with(common);
    assert!(!toml(&import).contains("[store.filter]"));
}

/// SI-24, SI-25.
#[test]
fn site_is_that_of_the_store_in_its_discovery_url() {
    let second = STORE
        .replace("name=\"Harbour", "name=\"Second")
        .replace("\"Mill\"", "\"Mill 2\"");
    let mut files = deployment(STORE);
    files.insert(0, web_config("Other", second));
    let import = run(files).unwrap();
    let (other, store) = toml(&import)
        .split_once("path = \"/Citrix/Store\"\n")
        .unwrap();
    assert!(other.contains("path = \"/Citrix/Other\"") && !other.contains("[store.web]"));
    assert!(store.contains("[store.web]\npath = \"/Citrix/StoreWeb\""));
    for (old, new, finding) in [
        (
            "html5 enabled=\"Off\"",
            "html5 enabled=\"Fallback\"",
            "warning: enabled=\"Fallback\": there",
        ),
        (
            "appShortcuts enabled=\"false\"",
            "appShortcuts enabled=\"true\"",
            "warning: enabled=\"true\"",
        ),
        (
            "/Citrix/Store/discovery",
            "/Citrix/Nowhere/discovery",
            "the store is at /Citrix/Nowhere",
        ),
        (
            "<html5 enabled",
            "<uiViews showAppsView=\"false\" /><html5 enabled",
            "note: showAppsView=\"false\": the page of roamd has no such setting",
        ),
        (
            "logoffAction=\"terminate\"",
            "logoffAction=\"sleep\"",
            "13: error: logoffAction=\"sleep\"",
        ),
        (
            "timeout=\"20\"",
            "timeout=\"0\"",
            "5: warning: timeout=\"0\": has to be 1 to 1440",
        ),
    ] {
        assert!(SITE.contains(old), "{old}");
        let mut files = deployment(STORE);
        files[2] = web_config("StoreWeb", SITE.replace(old, new));
        let listed = findings(&run(files).unwrap()).join("\n");
        assert!(listed.contains(finding), "{finding}:\n{listed}");
    }
}

/// SI-1: folders of the same name do not make paths that overlap.
#[test]
fn site_in_a_folder_with_the_name_of_its_store_gets_the_default_path() {
    let files = ["A", "B", "C"]
        .into_iter()
        .zip([STORE, AUTHENTICATION, SITE]);
    let files = files.map(|(parent, text)| {
        let name = format!("{parent}/Store/web.config");
        Source::new(name, Some("Store".into()), text.into())
    });
    let import = run(files.collect()).unwrap();
    assert!(toml(&import).contains("[store.web]\nidle_minutes = 20"));
    assert!(toml(&import).contains("[authentication]\ndomains = "));
    let listed = findings(&import).join("\n");
    let expected = "C/Store/web.config:1: warning: webReceiver: its folder has the name";
    assert!(listed.contains(expected), "{listed}");
}

/// SI-23: all addresses of the server have one scheme.
#[test]
fn address_of_another_scheme_is_reported() {
    let mut files = deployment(STORE);
    let http = AUTHENTICATION.replace("https://old.example/", "http://old.example/");
    files[1] = web_config("StoreAuth", http);
    let import = run(files).unwrap();
    assert!(toml(&import).contains("base_url = \"https://store.example\""));
    let listed = findings(&import).join("\n");
    assert!(
        listed.contains("audience http://old.example: has another scheme"),
        "{listed}"
    );
}
