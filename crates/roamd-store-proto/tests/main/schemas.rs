//! The published schemas, SS-65.

use roamd_store_proto::schemas::{ALL, by_name};

#[test]
fn schema_lookup_ignores_case() {
    // SS-11
    let schema = by_name("sessionstate.XSD").unwrap();
    assert_eq!(schema.name, "SessionState.xsd");
    assert!(
        schema
            .text
            .contains("http://citrix.com/delivery-services/1-0/sessionstate")
    );
    for name in [
        "",
        "SessionState",
        "../SessionState.xsd",
        "SessionState.xsd ",
    ] {
        assert_eq!(by_name(name), None, "{name:?}");
    }
}

#[test]
fn all_published_schemas_exist() {
    for name in [
        "SessionParameters.xsd",
        "SessionState.xsd",
        "SessionResult.xsd",
        "LaunchParams.xsd",
        "LaunchData.xsd",
    ] {
        assert!(ALL.iter().any(|schema| schema.name == name), "{name}");
    }
}
