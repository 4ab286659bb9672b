//! Many users at the same time, each with an application of its own, over pooled connections, and
//! with clients that hang up at any time: no user gets data of another.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use roamd_farm::{Application, SessionState, StartSession, User, World};
use roamd_store_proto::LaunchData;
use roamd_testsuite::{Options, Response, SignedIn, TestEnvironment, session_params, sign_in};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;

const USERS: usize = 200;
const TASKS: usize = 64;
const OPERATIONS: usize = 40;

/// Returns the application of a user, which only that user may see and has a session of.
fn marker(user: usize) -> String {
    format!("Mark{user:03}x")
}

fn world() -> World {
    let mut world = World::demo();
    world.sessions.clear();
    world.domains[0].users = (0..USERS)
        .map(|user| User {
            name: format!("user{user:03}"),
            password: SecretString::from(format!("password-{user:03}")),
            account: roamd_farm::AccountState::Enabled,
        })
        .collect();
    for farm in [0, 2] {
        let farm = &mut world.farms[farm];
        let like = farm.applications[0].clone();
        farm.applications = (0..USERS)
            .map(|user| Application {
                name: marker(user),
                title: None,
                users: Some(vec![format!("DEMO\\user{user:03}")]),
                ..like.clone()
            })
            .collect();
        for host in &mut farm.hosts {
            host.capacity = 10_000;
        }
        world.sessions.extend((0..USERS).map(|user| StartSession {
            farm: farm.id.clone(),
            user: format!("DEMO\\user{user:03}"),
            app: marker(user),
            client_name: None,
            device_id: None,
            state: SessionState::Disconnected,
        }));
    }
    world.farms[1].applications.clear();
    world
}

/// Makes a random request, and returns the text of the response.
async fn ask(user: &SignedIn, rng: &mut Rng) -> String {
    let client = format!("PC-{}", rng.u32(..1000));
    let accept = "application/vnd.citrix.sessionstate+xml";
    let params = session_params(&client, "");
    let list = || user.post("available", accept, &params);
    let text = |response: &Response| {
        assert!([200, 503].contains(&response.status), "{}", response.text());
        response.text().to_owned()
    };
    match rng.u8(..10) {
        0..5 => text(&list().await),
        5..7 => text(&user.get("/Citrix/Store/resources/v2").await),
        _ => {
            let listed = list().await;
            let Some(url) = listed
                .text()
                .split(['<', '>', '"'])
                .find(|text| text.starts_with("http") && text.ends_with("/launch/ica"))
            else {
                return text(&listed);
            };
            let response = user.launch(url, &client).await;
            match LaunchData::from_xml(&response.body) {
                Ok(LaunchData::Success { ica, .. }) => ica.expose_secret().to_owned(),
                _ => text(&response),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_users_never_see_data_of_each_other() {
    let env = TestEnvironment::start(Options {
        world: world(),
        ..Options::default()
    })
    .await;
    let mut users = Vec::new();
    for user in 0..USERS {
        let name = format!("user{user:03}");
        users.push(sign_in(&env, &name, &format!("password-{user:03}")).await);
    }
    let users = Arc::new(users);
    let mut tasks = JoinSet::new();
    for seed in 0..TASKS {
        let users = Arc::clone(&users);
        tasks.spawn(async move {
            let mut rng = Rng::with_seed(seed as u64);
            let mut with_marker = 0;
            for _ in 0..OPERATIONS {
                let number = rng.usize(..USERS);
                // Every third client leaves early, after a random time.
                let patience = match rng.u8(..3) {
                    0 => Duration::from_micros(rng.u64(..20_000)),
                    _ => Duration::from_secs(60),
                };
                let asked = ask(&users[number], &mut rng);
                let Ok(response) = tokio::time::timeout(patience, asked).await else {
                    continue;
                };
                let markers: Vec<_> = response.match_indices("Mark").collect();
                for (position, _) in &markers {
                    let found = &response[*position..position + marker(0).len()];
                    assert_eq!(found, marker(number), "{response}");
                }
                with_marker += usize::from(!markers.is_empty());
            }
            with_marker
        });
    }
    let with_marker: usize = tasks.join_all().await.into_iter().sum();
    assert!(
        with_marker > TASKS * OPERATIONS / 3,
        "only {with_marker} responses have a marker"
    );
}
