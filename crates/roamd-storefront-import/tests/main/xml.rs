//! Reading of `web.config` files (SI-6).

use std::collections::BTreeMap;

use roamd_storefront_import::{ImportError, Neighbours, Outcome, Source, import};

use crate::support::{
    AUTHENTICATION, SECRET, SITE, STORE, deployment, findings, losses, options, run, size, toml,
    web_config,
};

/// Files that every folder has.
struct Files(BTreeMap<&'static str, String>);

impl Neighbours for Files {
    fn read(&self, _: &Source, name: &str) -> Option<Vec<u8>> {
        self.0.get(name).map(|file| file.clone().into_bytes())
    }
}

fn reference() -> String {
    toml(&run(deployment(STORE)).unwrap()).to_owned()
}

/// SI-6: a byte order mark wins over the declared encoding.
#[test]
fn byte_order_mark_wins_over_declaration() {
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: u16| -> Vec<u8> {
        let units = std::iter::once(mark).chain(STORE.encode_utf16());
        units.flat_map(unit).collect()
    };
    for bytes in [
        utf16(u16::to_le_bytes, 0xFEFF),
        utf16(u16::to_be_bytes, 0xFEFF),
        format!("\u{FEFF}{STORE}").into_bytes(),
    ] {
        let import = run(deployment(bytes)).unwrap();
        assert_eq!(toml(&import), reference());
    }
}

/// SI-6: names have no case, and a section may be in `location`.
#[test]
fn spelling_and_ancestors_do_not_matter() {
    let wrapped = STORE
        .replace(
            "<citrix.deliveryservices>",
            "<location path=\"Citrix/Store\"><citrix.deliveryservices><extra>",
        )
        .replace(
            "</citrix.deliveryservices>",
            "</extra></citrix.deliveryservices></location>",
        );
    let servers = STORE
        .replacen("<clear />\n          <add", "<servers><add", 1)
        .replacen(
            "<add server=\"ddc2.harbour.example\" />",
            "<server name=\"ddc2.harbour.example\" /></servers>",
            1,
        );
    let booleans = STORE
        .replace("loadBalance=\"on\"", "loadBalance=\"True\"")
        .replace("Control=\"on\"", "Control=\"TRUE\"");
    let spans = STORE
        .replace(
            "communicationTimeout=\"20\"",
            "communicationTimeout=\"00:00:20\"",
        )
        .replace(
            "ticketTimeToLive=\"200\"",
            "ticketTimeToLive=\"0.00:03:20\"",
        );
    let case = STORE.replace("LegacyWorkspaceControl", "legacyworkspacecontrol");
    let windows = STORE.replace('\n', "\r\n");
    for (what, store) in [
        ("location", wrapped),
        ("servers", servers),
        ("booleans", booleans),
        ("spans", spans),
        ("case", case),
        ("line ends", windows),
    ] {
        let import = run(deployment(store)).unwrap();
        assert_eq!(toml(&import), reference(), "{what}");
        let expected = losses(&run(deployment(STORE)).unwrap());
        assert_eq!(losses(&import), expected, "{what}");
    }
}

/// SI-6: the content of an element may be in another file of the folder.
#[test]
fn config_source_is_read_from_the_same_folder() {
    let (before, rest) = STORE.split_once("<farmset ").unwrap();
    let (farms, after) = rest.split_once("</farmset>").unwrap();
    let farms = format!("<farmset {farms}</farmset>");
    let store = |name: &str| format!("{before}<farmset configSource=\"{name}\"/>{after}");
    let files = Files(BTreeMap::from([("farms.config", farms)]));
    let import = |name: &str| import(deployment(store(name)), &options(), &files).unwrap();
    let found = import("farms.config");
    assert_eq!(toml(&found), reference());
    let listed = findings(&found).join("\n");
    assert!(
        listed.contains("Store/farms.config:6: warning: farmType"),
        "{listed}"
    );
    for name in ["other.config", "../farms.config", "a\\farms.config"] {
        let missing = import(name);
        assert!(matches!(missing.outcome, Outcome::NoFarm), "{name}");
        let listed = findings(&missing).join("\n");
        let expected = format!(
            "Store/web.config:18: error: section `farmset`: is in the file {name}, which is not \
             in the folder of this file"
        );
        assert!(listed.contains(&expected), "{listed}");
    }
}

/// SI-6.
#[test]
fn encrypted_section_is_an_error_with_its_name() {
    for section in [
        "<farmset configProtectionProvider=\"RsaProtectedConfigurationProvider\">",
        "<farmset><EncryptedData/></farmset><farmset>",
    ] {
        let store = STORE.replacen("<farmset ", &format!("{section}</farmset><farmset "), 1);
        let losses = losses(&run(deployment(store)).unwrap());
        let is_encrypted = |loss: &String| loss.contains("is encrypted; decrypt it");
        assert!(losses.iter().any(is_encrypted), "{losses:#?}");
    }
}

/// SI-6: no document type, no entities, limits of size and depth.
#[test]
fn hostile_file_is_refused_with_its_line() {
    let deep = "<a>".repeat(70) + &"</a>".repeat(70);
    for (store, expected) in [
        (
            format!("<!DOCTYPE a>{STORE}"),
            "Store/web.config:1: error: document type: cannot be read",
        ),
        (
            STORE.replacen("Harbour Site", "&site;", 1),
            "Store/web.config:21: error: XML: cannot be read",
        ),
        (
            STORE.replacen("<wing>", &format!("<wing>{deep}"), 1),
            "Store/web.config:8: error: XML: cannot be read",
        ),
    ] {
        let import = run(deployment(store)).unwrap();
        assert!(matches!(import.outcome, Outcome::NoFarm));
        let listed = findings(&import).join("\n");
        assert!(listed.contains(expected), "{expected}: {listed}");
    }
    let large = vec![b' '; Source::MAX_BYTES + 1];
    let error = run(vec![web_config("Store", large)]).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge(file) if file == "Store/web.config"));
}

/// SI-6: what is not known is reported, with its line.
#[test]
fn unknown_settings_are_reported() {
    let store = STORE
        .replacen("pooledSockets=", "newSwitch=\"1\" pooledSockets=", 1)
        .replacen(
            "<wing>",
            "<newSection a=\"1\"><inner/></newSection><wing>",
            1,
        )
        .replacen("<clear />\n          <add", "<old server=\"a\"/><add", 1);
    let listed = findings(&run(deployment(store)).unwrap()).join("\n");
    for expected in [
        "Store/web.config:8: note: newSection: not understood; not taken",
        "Store/web.config:18: note: newSwitch: not understood in `farmset`; not taken",
        "Store/web.config:25: warning: old: not understood in `farm`; not taken",
    ] {
        assert!(listed.contains(expected), "{expected}: {listed}");
    }
}

/// SI-30: each attribute in turn.
#[test]
fn attribute_that_is_missing_or_wrong_loses_nothing_silently() {
    let files = [
        ("Store", STORE),
        ("StoreAuth", AUTHENTICATION),
        ("StoreWeb", SITE),
    ];
    let whole = run(deployment(STORE)).unwrap();
    let expected = losses(&whole);
    let mut tried = 0;
    for (changed, (_, text)) in files.iter().enumerate() {
        for (start, end) in attributes(text) {
            let attribute = &text[start..end];
            let (name, value) = attribute.split_once('=').unwrap();
            let upper = format!("{}={value}", name.to_uppercase());
            for (what, new) in [
                ("missing", String::new()),
                ("wrong", format!("{name}=\"?!\"")),
                ("empty", format!("{name}=\"\"")),
                ("upper case", upper),
            ] {
                let text = format!("{}{new}{}", &text[..start], &text[end..]);
                let sources = files.iter().enumerate().map(|(index, (folder, old))| {
                    let content = if index == changed { &text } else { *old };
                    web_config(folder, content)
                });
                let import = run(sources.collect()).unwrap();
                let losses = losses(&import);
                let case = format!("{attribute} {what}");
                if what == "upper case" {
                    assert_eq!(toml(&import), toml(&whole), "{case}");
                }
                let is_short = size(&import)
                    .iter()
                    .zip(size(&whole))
                    .any(|(now, all)| *now < all);
                let is_reported = losses.iter().any(|loss| !expected.contains(loss));
                assert!(!is_short || is_reported, "{case}: {losses:#?}");
                assert!(!losses.concat().contains(SECRET), "{case}");
                tried += 1;
            }
        }
    }
    assert!(tried > 400, "{tried}");
}

/// Returns the ranges of the attributes of a sample.
fn attributes(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut from = text.find("?>").unwrap();
    while let Some(equals) = text[from..].find("=\"") {
        let equals = from + equals;
        let name = text[..equals].rfind([' ', '\n']).unwrap() + 1;
        let end = equals + 2 + text[equals + 2..].find('"').unwrap() + 1;
        ranges.push((name, end));
        from = end;
    }
    ranges
}
