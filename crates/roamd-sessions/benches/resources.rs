//! Benchmark of the merges of lists: a thousand applications, and a hundred sessions, on each of
//! sixteen farms.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use roamd_seal::{Key, KeyId, KeyRing};
use roamd_sessions::{
    Application, Description, FarmDescription, FarmEnumeration, FarmId, FarmListResult, FarmPlan,
    FarmSession, Generation, ListOutcome, ListRequest, ResourceEnumeration, ResourceFilter,
    Roaming, SessionIds, SessionKey, UserKey, merge_list, merge_resources,
};

const FARMS: usize = 16;
const APPLICATIONS: usize = 1000;
const SESSIONS: usize = 100;

fn farms(group: Option<&str>) -> Vec<FarmDescription> {
    let farm = |number| {
        let id = FarmId::new(format!("FARM{number}"));
        FarmDescription {
            aggregation_group: group.map(str::to_owned),
            ..FarmDescription::new(id, format!("Farm {number}"), Generation::Cvad7)
        }
    };
    (0..FARMS).map(farm).collect()
}

fn enumeration() -> ResourceEnumeration {
    let entry = |number| {
        let application = Application {
            title: format!("Application {number}"),
            folder: r"Office\Tools".to_owned(),
            description: format!(
                "Does what application {number} does KEYWORDS:Auto Featured team=\"R & D\""
            ),
            version: i64::try_from(number).ok(),
            ..Application::default()
        };
        (format!("App{number}"), application)
    };
    (0..APPLICATIONS).map(entry).collect()
}

fn resources(criterion: &mut Criterion) {
    for (group, name) in [
        (None, "merge 16 farms of 1,000 distinct applications"),
        (
            Some("office"),
            "merge 16 farms of the same 1,000 applications",
        ),
    ] {
        let farms = farms(group);
        let enumerations: Vec<_> = farms
            .iter()
            .map(|farm| FarmEnumeration {
                farm,
                enumeration: Ok(Arc::new(enumeration())),
            })
            .collect();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| merge_resources(black_box(&enumerations), &ResourceFilter::default()));
        });
    }
    let enumeration = enumeration();
    criterion.bench_function("parse 1,000 descriptions", |bencher| {
        bencher.iter(|| {
            for (_, application) in enumeration.applications() {
                black_box(Description::parse(&application.description));
            }
        });
    });
}

/// Applications, from the entries that a farm sends.
fn enumerations(criterion: &mut Criterion) {
    let entries = enumeration();
    let entries: Vec<_> = entries
        .applications()
        .map(|(in_name, application)| (in_name.to_owned(), Application::clone(application)))
        .collect();
    criterion.bench_function("enumeration of 1,000 applications", |bencher| {
        bencher.iter_batched(
            || entries.clone(),
            |entries| entries.into_iter().collect::<ResourceEnumeration>(),
            BatchSize::SmallInput,
        );
    });
}

fn session(number: usize) -> FarmSession {
    FarmSession {
        key: SessionKey {
            host_kind: None,
            host_id: "1".to_owned(),
            session_id: number.to_string(),
            in_name: format!("App{number}"),
        },
        friendly_name: None,
        server_type: "win32".to_owned(),
    }
}

fn sessions(criterion: &mut Criterion) {
    let farms = farms(Some("office"));
    let enumeration = Arc::new(enumeration());
    let request = ListRequest::DISCONNECTED;
    let results: Vec<_> = farms
        .iter()
        .filter_map(|farm| match FarmPlan::new(farm, request, Roaming::Always) {
            FarmPlan::Query(query) => Some(FarmListResult {
                farm,
                outcome: ListOutcome::Listed {
                    query,
                    sessions: (0..SESSIONS).map(session).collect::<Vec<_>>().into(),
                    enumeration: Some(Arc::clone(&enumeration)),
                    pre_launch: None,
                },
            }),
            FarmPlan::Skip(_) => None,
        })
        .collect();
    let keys = KeyRing::new(Key::new(KeyId(1), 0, [7; Key::LEN].into()), Vec::new());
    let ids = SessionIds::new(Arc::new(keys));
    let user = UserKey::new("DEMO", "alice");
    let name = "merge 16 farms of 100 sessions and the same 1,000 applications";
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| merge_list(&ids, &user, black_box(&results)));
    });
}

criterion_group!(benches, resources, enumerations, sessions);
criterion_main!(benches);
