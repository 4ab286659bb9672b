//! What a list of resources costs once the farms have answered: a thousand applications on each of
//! sixteen farms.

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

fn catalogue() -> ResourceEnumeration {
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
        (None, "merge 16 farms of 1,000 applications, each its own"),
        (
            Some("office"),
            "merge 16 farms of 1,000 applications, the same",
        ),
    ] {
        let farms = farms(group);
        let answers: Vec<_> = farms
            .iter()
            .map(|farm| FarmEnumeration {
                farm,
                catalogue: Ok(Arc::new(catalogue())),
            })
            .collect();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| merge_resources(black_box(&answers)));
        });
    }
    let catalogue = catalogue();
    criterion.bench_function("take 1,000 descriptions apart", |bencher| {
        bencher.iter(|| {
            for (_, application) in catalogue.applications() {
                black_box(Description::parse(&application.description));
            }
        });
    });
}

criterion_group!(benches, resources);
criterion_main!(benches);
