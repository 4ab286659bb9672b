//! A small world, its farms, and an NFuse client over a socket.

use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;
use roamd_farm::{
    Application, ApplicationKind, FarmDescription, Farms, ServeOptions, SessionFilter,
    SessionRecord, SessionState, StartSession, World, init, serve,
};
use roamd_nfuse_proto::{
    Credentials, Dialect, Domain, FarmError, Password, PasswordEncoding, Request, decode_response,
    encode_request,
};
use rusqlite::Connection;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The password of every user: unusual, so that no response contains it by chance.
pub(crate) const PASSWORD: &str = "p4sswort-that-is-nowhere-else";

pub(crate) const GENERATIONS: [&str; 3] = ["xenapp-6", "xendesktop-5", "cvad-7"];

/// One farm for each generation, with the generation as its id and the same applications. Password
/// hashes are cheap, since their cost does not matter here.
pub(crate) fn small_world() -> World {
    let users = [
        ("alice", "enabled"),
        ("bob", "enabled"),
        ("carol", "enabled"),
        ("disabled", "disabled"),
        ("locked", "locked-out"),
        ("expired", "expired"),
        ("novice", "must-change"),
    ]
    .map(|(name, account)| {
        format!(r#"{{ name = "{name}", password = "{PASSWORD}", account = "{account}" }}"#)
    })
    .join(", ");
    let mut text = format!(
        r#"
        [password_hashing]
        memory_kib = 8
        passes = 1

        [[domain]]
        name = "DEMO"
        dns = "demo.test"
        user = [{users}]

        [[domain]]
        name = "OTHER"
        dns = "other.test"
        user = [{{ name = "alice", password = "{PASSWORD}-too" }}]
        "#
    );
    for (number, generation) in GENERATIONS.iter().enumerate() {
        text += &format!(
            r#"
            [[farm]]
            id = "{generation}"
            name = "Farm{number}"
            generation = "{generation}"
            application = [
                {{ name = "Waiting" }},
                {{ name = "Here" }},
                {{ name = "There" }},
                {{ name = "Desk", kind = "desktop", title = "R&D desk", folder = "Lab\\Room" }},
                {{ name = "Secret", users = ["DEMO\\bob"] }},
            ]

            [[farm.host]]
            id = "{number}01"
            name = "HOST{number}1"
            address = "192.0.2.1"
            dns = "host1.test"

            [[farm.host]]
            id = "{number}02"
            name = "HOST{number}2"
            address = "192.0.2.2"
            dns = "host2.test"
            "#
        );
    }
    World::from_toml(&text).unwrap()
}

/// The small world with a change applied to every farm.
pub(crate) fn small_world_with(change: impl Fn(&mut FarmDescription)) -> World {
    let mut world = small_world();
    world.farms.iter_mut().for_each(change);
    world.check().unwrap();
    world
}

/// A published document.
pub(crate) fn prices_document() -> Application {
    Application {
        name: "Prices".to_owned(),
        kind: ApplicationKind::Document,
        content: Some(r"\\files\prices.xls".parse().unwrap()),
        ..small_world().farms[0].applications[0].clone()
    }
}

/// Sets the capacity of every host.
pub(crate) fn with_capacity(capacity: u32) -> impl Fn(&mut FarmDescription) {
    move |farm| {
        farm.hosts
            .iter_mut()
            .for_each(|host| host.capacity = capacity);
    }
}

/// A data folder with a world, deleted on drop.
pub(crate) struct Folder {
    pub(crate) dir: TempDir,
    pub(crate) farms: Farms,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self::of(&small_world())
    }

    pub(crate) fn of(world: &World) -> Self {
        Self::made_in(tempfile::tempdir().unwrap(), world)
    }

    /// A folder in memory, if the system has `/dev/shm`: for tests of thousands of steps, which
    /// would mostly wait for the disk.
    pub(crate) fn in_memory(world: &World) -> Self {
        let dir = match tempfile::tempdir_in("/dev/shm") {
            Ok(dir) => dir,
            Err(_) => tempfile::tempdir().unwrap(),
        };
        Self::made_in(dir, world)
    }

    fn made_in(dir: TempDir, world: &World) -> Self {
        init(dir.path(), world).unwrap();
        let farms = Farms::open(dir.path()).unwrap();
        Self { dir, farms }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Starts a session. `client` is both client name and device id; `None` means disconnected.
    pub(crate) fn start(
        &self,
        farm: &str,
        user: &str,
        app: &str,
        client: Option<&str>,
    ) -> SessionRecord {
        let state = match client {
            Some(_) => SessionState::Active,
            None => SessionState::Disconnected,
        };
        self.farms
            .start_session(&StartSession {
                farm: farm.to_owned(),
                user: format!(r"DEMO\{user}"),
                app: app.to_owned(),
                client_name: client.map(str::to_owned),
                device_id: client.map(str::to_owned),
                state,
            })
            .unwrap()
    }

    /// Sessions of a farm: `App` for a disconnected one, `App@DESK-A` for an active one.
    pub(crate) fn states(&self, farm: &str) -> Vec<String> {
        let filter = SessionFilter {
            farm: Some(farm.to_owned()),
            user: None,
        };
        let sessions = self.farms.sessions(&filter).unwrap();
        sessions
            .into_iter()
            .map(|session| describe(&session))
            .collect()
    }

    /// Sends a request to a farm at a time, in seconds after the tests' epoch.
    pub(crate) async fn ask_at<R: Request>(
        &self,
        farm: &str,
        request: &R,
        second: i64,
    ) -> Result<R::Response, FarmError> {
        let body = encode_request(Dialect::new(5, 4), request);
        let farm = self.farms.farm(farm).unwrap();
        let response = farm.respond(ServeOptions::default(), &body, at(second));
        decode_response::<R>(&response.await.unwrap()).unwrap().1
    }

    pub(crate) async fn serve(&self, farm: &str) -> Controller {
        self.serve_with(farm, ServeOptions::default()).await
    }

    pub(crate) async fn serve_with(&self, farm: &str, options: ServeOptions) -> Controller {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let farm = self.farms.farm(farm).unwrap();
        tokio::spawn(serve(farm, options, listener, shutdown.clone()));
        Controller {
            address,
            _shutdown: shutdown.drop_guard(),
        }
    }
}

fn describe(session: &SessionRecord) -> String {
    match (session.state, &session.client_name) {
        (SessionState::Disconnected, None) => session.app.clone(),
        (SessionState::Disconnected, Some(_)) => panic!("disconnected, but from somewhere"),
        (SessionState::Active, client) => {
            format!("{}@{}", session.app, client.as_deref().unwrap_or("?"))
        }
    }
}

/// A running controller of a farm, stopped on drop.
pub(crate) struct Controller {
    pub(crate) address: SocketAddr,
    _shutdown: DropGuard,
}

impl Controller {
    /// Sends a request as a client does. No response may contain the password.
    pub(crate) async fn ask<R: Request>(&self, request: &R) -> Result<R::Response, FarmError> {
        let body = encode_request(Dialect::new(5, 4), request);
        let (status, response) = self.post(&body).await;
        assert_eq!(status, 200, "{response}");
        decode_response::<R>(response.as_bytes()).unwrap().1
    }

    /// Posts a body, and returns status and body of the response.
    pub(crate) async fn post(&self, body: &[u8]) -> (u16, String) {
        let head = format!(
            "POST /scripts/wpnbr.dll HTTP/1.1\r\nHost: farm\r\nContent-Type: text/xml\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let response = self.exchange(&[head.as_bytes(), body].concat()).await;
        assert!(
            !response.contains(PASSWORD),
            "the password is in {response}"
        );
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// Sends bytes and reads until the farm closes the connection.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        String::from_utf8(response).unwrap()
    }
}

/// Credentials of a user of domain DEMO.
pub(crate) fn of(user: &str) -> Credentials {
    typed(user, PASSWORD, Some("DEMO"))
}

pub(crate) fn typed(user: &str, password: &str, domain: Option<&str>) -> Credentials {
    Credentials::Explicit {
        user_name: user.to_owned(),
        password: Some(Password {
            value: SecretString::from(password),
            encoding: PasswordEncoding::Ctx1,
        }),
        domain: domain.map(Domain::nt),
    }
}

/// A time, in seconds after the tests' epoch.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn assert_database_intact(dir: &Path) {
    let connection = Connection::open(dir.join("farm.db")).unwrap();
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let stray: i64 = connection
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(stray, 0, "foreign keys without a target row");
}
