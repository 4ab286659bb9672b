//! Benchmark of the merge of a list of resources: a thousand applications on each of sixteen farms.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use roamd_sessions::{
    Application, Description, FarmDescription, FarmEnumeration, FarmId, Generation,
    ResourceEnumeration, merge_resources,
};

const FARMS: usize = 16;
const APPLICATIONS: usize = 1000;

fn farms(group: Option<&str>) -> Vec<FarmDescription> {
    let farm = |number| FarmDescription {
        id: FarmId::new(format!("FARM{number}")),
        publisher_name: format!("Farm {number}"),
        generation: Generation::Cvad7,
        legacy_workspace_control: false,
        aggregation_group: group.map(str::to_owned),
        ticket_time_to_live: Duration::from_secs(200),
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
            bencher.iter(|| merge_resources(black_box(&enumerations)));
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

criterion_group!(benches, resources);
criterion_main!(benches);
