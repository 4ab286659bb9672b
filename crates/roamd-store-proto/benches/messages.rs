//! Messages of one request: decoding of parameters, encoding of a session state, and the challenge
//! of a client without token.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use roamd_store_proto::auth::{Challenge, Reason};
use roamd_store_proto::{
    EnumerationStatus, Groups, Property, Resource, ResourceType, Resources, Session,
    SessionOperation, SessionParams, SessionState, Spelling,
};

fn session_params(criterion: &mut Criterion) {
    for (spelling, name) in [
        (Spelling::Document, "document"),
        (Spelling::Native, "native"),
    ] {
        let params = SessionParams {
            device_id: Some("7f3a0c52".to_owned()),
            include_active_sessions: true,
            app_sessions_only: true,
            spelling,
            ..SessionParams::new("kiosk-07")
        };
        let body = params.to_xml();
        criterion.bench_function(&format!("read session parameters, {name}"), |bencher| {
            bencher.iter(|| SessionParams::from_xml(black_box(&body), SessionOperation::List));
        });
    }
}

fn session_state(criterion: &mut Criterion) {
    let session = |number| Session {
        id: format!("bGFiMS4yMDQuMQ{number}"),
        server_type: "win32".to_owned(),
        launch_url: format!(
            "https://sf.example.net/Citrix/Store/sessions/v1/bGFiMS4yMDQuMQ{number}/launch/ica"
        ),
        initial_app: "Büro-Desktop".to_owned(),
        resource_id: "Lab1.Ledger".to_owned(),
        publisher_name: "Lab1".to_owned(),
        ..Session::default()
    };
    let state = SessionState::new(EnumerationStatus::Full, (0..20).map(session));
    criterion.bench_function("write a state of 20 sessions", |bencher| {
        bencher.iter(|| black_box(&state).to_xml(Spelling::Document));
    });
    let response = state.to_xml(Spelling::Document);
    criterion.bench_function("read a state of 20 sessions", |bencher| {
        bencher.iter(|| SessionState::from_xml(black_box(&response)));
    });
}

fn resources(criterion: &mut Criterion) {
    let resource = |number| {
        let link =
            format!("https://sf.example.net/Citrix/Store/resources/v2/TGFiMS5MZWRnZXI{number}");
        Resource {
            id: format!("Lab1.Ledger{number}"),
            title: "Büro-Desktop".to_owned(),
            summary: "Does what a desktop does".to_owned(),
            path: r"\Office\Tools".to_owned(),
            resource_type: ResourceType::DESKTOP,
            client_types: vec!["ica30".to_owned()],
            keywords: vec!["Auto".to_owned(), "Featured".to_owned()],
            properties: vec![Property {
                id: "team".to_owned(),
                values: vec!["R & D".to_owned()],
            }],
            enabled: true,
            launch_ica: Some(format!("{link}/launch/ica")),
            image: Some(format!("{link}/image")),
            icon: Some(format!("{link}/icon")),
            image_hash: Some("0a1b2c3d4e5f60718293a4b5c6d7e8f9".to_owned()),
            featured: true,
            publisher_resource_id: format!("Ledger{number}"),
            publisher_name: "Lab1".to_owned(),
            link: Some(link),
            ..Resource::default()
        }
    };
    let list = Resources {
        enumeration: EnumerationStatus::Full,
        resources: (0..16_000).map(resource).collect(),
    };
    let groups = Groups::all();
    criterion.bench_function("write a list of 16,000 resources", |bencher| {
        bencher.iter(|| black_box(&list).to_xml(&groups));
    });
}

fn challenge(criterion: &mut Criterion) {
    let challenge = Challenge {
        realm: "a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902".to_owned(),
        reason: Some(Reason::NoToken),
        locations: vec!["https://sf.example.net/Citrix/StoreAuth/auth/v1/token".to_owned()],
        service_root_hint: "https://sf.example.net/Citrix/Store/sessions/v1".to_owned(),
    };
    criterion.bench_function("write a challenge", |bencher| {
        bencher.iter(|| black_box(&challenge).to_string());
    });
}

criterion_group!(benches, session_params, session_state, resources, challenge);
criterion_main!(benches);
