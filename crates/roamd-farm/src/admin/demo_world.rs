//! The demo world: a farm of each generation, three users, and their sessions.

use std::net::Ipv4Addr;

use secrecy::SecretString;

use crate::model::account::AccountState;
use crate::model::account_policy::{AccountPolicy, PasswordHashing};
use crate::model::application::ApplicationKind;
use crate::model::file_types::FileTypes;
use crate::model::generation::Generation;
use crate::model::host::PowerSetting;
use crate::model::limit::Limit;
use crate::model::session::SessionState;
use crate::model::world::{Application, Domain, FarmDescription, Host, StartSession, User, World};

impl World {
    /// Returns the demo world.
    #[must_use]
    pub fn demo() -> Self {
        use ApplicationKind::{App, Desktop};

        Self {
            password_hashing: PasswordHashing::default(),
            accounts: AccountPolicy::default(),
            domains: vec![Domain {
                name: "DEMO".to_owned(),
                dns: "demo.test".to_owned(),
                users: ["alice", "bob", "carol"].map(demo_user).to_vec(),
            }],
            farms: vec![
                demo_farm(
                    ("XA1", "Farm1", Generation::XenApp6),
                    [(40211, 11), (40212, 12)],
                    &[("MSPaint", App), ("Notepad", App), ("XADesktop", Desktop)],
                ),
                demo_farm(
                    ("XD5", "Farm2", Generation::XenDesktop5),
                    [(51021, 21), (51022, 22)],
                    &[("Win7Desktop", Desktop)],
                ),
                demo_farm(
                    ("CVAD", "Farm3", Generation::Cvad7),
                    [(71031, 31), (71032, 32)],
                    &[
                        ("Excel", App),
                        ("Word", App),
                        ("Notepad", App),
                        ("Win11Desktop", Desktop),
                    ],
                ),
            ],
            sessions: [
                ("alice", "XA1", "MSPaint", None),
                ("alice", "XA1", "Notepad", Some("DESK-A")),
                ("alice", "XD5", "Win7Desktop", Some("DESK-A")),
                ("alice", "CVAD", "Excel", None),
                ("alice", "CVAD", "Word", Some("DESK-A")),
                ("alice", "CVAD", "Win11Desktop", Some("DESK-B")),
                ("bob", "CVAD", "Word", None),
            ]
            .map(demo_session)
            .to_vec(),
        }
    }
}

fn demo_user(name: &str) -> User {
    User {
        name: name.to_owned(),
        password: SecretString::from("roam-demo"),
        account: AccountState::Enabled,
    }
}

/// The addresses are in the documentation range (RFC 5737), so nothing responds there.
fn demo_farm(
    (id, name, generation): (&str, &str, Generation),
    hosts: [(u32, u8); 2],
    applications: &[(&str, ApplicationKind)],
) -> FarmDescription {
    FarmDescription {
        id: id.to_owned(),
        name: name.to_owned(),
        generation,
        trust_requests: false,
        licences: Limit::None,
        max_sessions: Limit::None,
        max_sessions_per_user: Limit::None,
        groups: Vec::new(),
        hosts: hosts
            .map(|(number, address)| Host {
                id: number.to_string(),
                name: format!("{id}-HOST{address}"),
                address: Ipv4Addr::new(192, 0, 2, address),
                dns: format!("{}-host{address}.demo.test", id.to_lowercase()),
                group: None,
                capacity: 100,
                power: PowerSetting::On,
                boot_seconds: 30,
                maintenance: false,
                refusing: false,
            })
            .to_vec(),
        applications: applications
            .iter()
            .map(|(name, kind)| Application {
                name: (*name).to_owned(),
                title: None,
                kind: *kind,
                folder: String::new(),
                description: String::new(),
                users: None,
                group: None,
                enabled: true,
                max_instances: Limit::None,
                max_instances_per_user: Limit::None,
                file_types: FileTypes::default(),
                content: None,
            })
            .collect(),
    }
}

fn demo_session((user, farm, app, client): (&str, &str, &str, Option<&str>)) -> StartSession {
    StartSession {
        farm: farm.to_owned(),
        user: format!(r"DEMO\{user}"),
        app: app.to_owned(),
        client_name: client.map(str::to_owned),
        device_id: client.map(str::to_owned),
        state: match client {
            Some(_) => SessionState::Active,
            None => SessionState::Disconnected,
        },
    }
}
