//! Test environment in one process: the farms of the demo world with two controllers each, and a
//! server that knows only their URLs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use roamd_farm::{Farms, Generation, ServeOptions, SessionFilter, SessionRecord, World};
use roamd_server::{Environment, Server, config};
use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::audit::AuditReader;
use crate::http_peer::HttpPeer;
use crate::paths::STORE_PATH;
use crate::secret_scan;

/// Differences between a test environment and the demo.
#[derive(Debug, Clone)]
pub struct Options {
    /// The world of the farms. Password hashing is made cheap in it.
    pub world: World,
    /// Whether farms list their applications without credentials.
    pub expose_catalog: bool,
    /// URL by which clients know the server; by default, its own address.
    pub base_url: Option<String>,
    /// Path of the store.
    pub store_path: &'static str,
    /// Keys of the document, and the sections `[tls]` and `[limits]`. With `[tls]`, clients know
    /// the server as `https://localhost`.
    pub listener: String,
    /// Lines of `[audit]`.
    pub audit: String,
    /// Lines of `[authentication]`.
    pub authentication: String,
    /// Lines of the `[[store]]`. `{XA1}` in them stands for the URL of that farm's first
    /// controller.
    pub store: String,
    /// Lines of each `[[store.farm]]`, by its id.
    pub farm: fn(&str) -> &'static str,
    /// More sections, for farms and stores outside of the world.
    pub more_sections: String,
    /// Clock of all servers.
    pub clock: Clock,
}

/// Source of the time.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system clock.
    System,
    /// A fixed time. No delay passes, however long the test takes.
    Stopped(Timestamp),
}

impl Clock {
    /// Returns a clock that is stopped at this moment.
    pub fn stopped() -> Self {
        Self::Stopped(Timestamp::now())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            world: World::demo(),
            expose_catalog: false,
            base_url: None,
            store_path: STORE_PATH,
            listener: String::new(),
            audit: String::new(),
            authentication: "domains = [\"DEMO\"]".to_owned(),
            store: String::new(),
            farm: |id| match id {
                "XA1" | "CVAD" => "aggregation_group = \"demo\"",
                _ => "",
            },
            more_sections: String::new(),
            clock: Clock::System,
        }
    }
}

/// A running test environment, which stops when it is dropped.
pub struct TestEnvironment {
    /// The first server.
    pub server: HttpPeer,
    /// Path of the store.
    pub store_path: &'static str,
    /// All controllers: id of the farm, and address.
    pub controllers: Vec<(String, SocketAddr)>,
    /// The farms, for their own view of the sessions.
    pub farms: Farms,
    /// URL by which clients know the server.
    base_url: String,
    /// The configuration, without what differs between the servers.
    config: ServerConfig,
    /// Sections that follow it.
    more_sections: String,
    clock: Clock,
    /// Environment that all servers share; `None` before the first one starts.
    environment: Option<Environment>,
    farm_services: Vec<(String, Service)>,
    first_server: Service,
    other_servers: Vec<Service>,
    folder: TempDir,
}

/// Tasks that run until they are stopped.
#[derive(Default)]
struct Service {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl TestEnvironment {
    /// Starts a test environment with the demo world.
    pub async fn demo() -> Self {
        Self::start(Options::default()).await
    }

    /// Starts a test environment.
    pub async fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = options.world;
        secret_scan::start(&world);
        // The cost of password hashing is measured in the benchmarks.
        world.password_hashing.memory_kib = 8;
        world.password_hashing.passes = 1;
        let farm_dir = folder.path().join("farms");
        std::fs::create_dir(&farm_dir).unwrap();
        roamd_farm::init(&farm_dir, &world).unwrap();
        let farms = Farms::open(&farm_dir).unwrap();
        let mut farm_services = Vec::new();
        let mut controllers = Vec::new();
        let mut farm_sections = Vec::new();
        let mut store = options.store;
        for summary in farms.list().unwrap() {
            let mut service = Service::default();
            let mut urls = Vec::new();
            for _ in 0..2 {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                urls.push(format!("http://{address}"));
                controllers.push((summary.id.clone(), address));
                let farm = farms.farm(&summary.id).unwrap();
                let serve_options = ServeOptions {
                    expose_catalog: options.expose_catalog,
                };
                let stop = service.stop.clone();
                service.tasks.spawn(async move {
                    roamd_farm::serve(farm, serve_options, listener, stop)
                        .await
                        .unwrap();
                });
            }
            store = store.replace(&format!("{{{}}}", summary.id), &urls[0]);
            farm_services.push((summary.id.clone(), service));
            let generation = match summary.generation {
                Generation::XenApp6 => "xenapp-6",
                Generation::XenDesktop5 => "xendesktop-5",
                Generation::Cvad7 => "cvad-7",
            };
            farm_sections.push(FarmConfig {
                lines: (options.farm)(&summary.id).to_owned(),
                id: summary.id,
                name: summary.name,
                generation,
                controllers: urls,
            });
        }
        let uses_tls = options.listener.contains("[tls]");
        let store = StoreConfig {
            path: options.store_path.to_owned(),
            lines: store,
            farms: farm_sections,
        };
        let config = ServerConfig {
            data_dir: folder.path().join("server").display().to_string(),
            lines: format!(
                "{}\n[audit]\n{}\n[authentication]\n{}",
                options.listener, options.audit, options.authentication
            ),
            stores: vec![store],
            ..ServerConfig::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = options.base_url.unwrap_or_else(|| {
            if uses_tls {
                format!("https://localhost:{}", address.port())
            } else {
                format!("http://{address}")
            }
        });
        let mut env = Self {
            server: HttpPeer::new(address),
            store_path: options.store_path,
            controllers,
            farms,
            base_url,
            config,
            more_sections: options.more_sections,
            clock: options.clock,
            environment: None,
            farm_services,
            first_server: Service::default(),
            other_servers: Vec::new(),
            folder,
        };
        env.first_server = env.start_server(listener, &env.base_url.clone());
        env
    }

    /// Returns the absolute URL of a path, as clients see it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Returns the data folder of the farms, for `roamd farm --data`.
    #[must_use]
    pub fn farm_dir(&self) -> PathBuf {
        self.folder.path().join("farms")
    }

    /// Returns the data folder of the server.
    #[must_use]
    pub fn server_dir(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// Returns a reader of the audit log.
    #[must_use]
    pub fn audit(&self) -> AuditReader {
        AuditReader::new(self.server_dir().join("audit.jsonl"))
    }

    /// Returns a user's sessions as the farms know them, each as `FARM app state client`.
    #[must_use]
    pub fn sessions(&self, user: &str) -> Vec<String> {
        let filter = SessionFilter {
            farm: None,
            user: Some(user.to_owned()),
        };
        let records: Vec<SessionRecord> = self.farms.sessions(&filter).unwrap();
        records
            .iter()
            .map(|session| {
                let client = session.client_name.as_deref().unwrap_or("-");
                format!(
                    "{} {} {} {client}",
                    session.farm,
                    session.app,
                    session.state.as_str()
                )
            })
            .collect()
    }

    /// Stops both controllers of a farm, and waits until their ports are closed.
    pub async fn stop_farm(&mut self, id: &str) {
        let mut services = self.farm_services.iter_mut();
        let (_, service) = services.find(|(farm, _)| farm == id).unwrap();
        service.stop().await;
    }

    /// Stops all servers and starts one at the same address, with nothing but the data folder in
    /// common, as after a restart of the process.
    pub async fn restart_server(&mut self) {
        for service in self
            .other_servers
            .iter_mut()
            .chain([&mut self.first_server])
        {
            service.stop().await;
        }
        self.other_servers.clear();
        let address = self.server.address();
        let listener = TcpListener::bind(address).await.unwrap();
        self.environment = None;
        self.first_server = self.start_server(listener, &self.base_url.clone());
    }

    /// Starts another server, as behind a load balancer: with the same base URL, keys
    /// and state.
    pub async fn second_server(&mut self) -> HttpPeer {
        self.another_server(Some(self.base_url.clone())).await
    }

    /// Starts another server with the same keys and state, and with its own address as base URL.
    pub async fn server_with_own_url(&mut self) -> HttpPeer {
        self.another_server(None).await
    }

    /// Starts another server of the group, with a data folder and an environment of its own, as on
    /// another machine. Only the configuration is common.
    pub async fn server_of_group(&mut self) -> HttpPeer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let number = self.other_servers.len();
        let folder = self.folder.path().join(format!("server-{number}"));
        let shared = self.environment.take();
        let first = std::mem::replace(&mut self.config.data_dir, folder.display().to_string());
        let service = self.start_server(listener, &self.base_url.clone());
        self.other_servers.push(service);
        self.config.data_dir = first;
        self.environment = shared;
        HttpPeer::new(address)
    }

    /// Stops the server and the farms, and waits until they have stopped.
    pub async fn stop(mut self) {
        let farms = self.farm_services.iter_mut().map(|(_, service)| service);
        for service in self.other_servers.iter_mut().chain(farms) {
            service.stop().await;
        }
        self.first_server.stop().await;
    }

    /// Returns whether a file of the server's data folder contains a text.
    #[must_use]
    pub fn server_files_contain(&self, text: &str) -> bool {
        folder_contains(&self.server_dir(), text)
    }

    /// Returns whether a file of the farms' data folder contains a text.
    #[must_use]
    pub fn farm_files_contain(&self, text: &str) -> bool {
        folder_contains(&self.farm_dir(), text)
    }

    async fn another_server(&mut self, base_url: Option<String>) -> HttpPeer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = base_url.unwrap_or_else(|| format!("http://{address}"));
        let service = self.start_server(listener, &base_url);
        self.other_servers.push(service);
        HttpPeer::new(address)
    }

    /// Starts a server on a listener. Clients know it by `base_url`.
    fn start_server(&mut self, listener: TcpListener, base_url: &str) -> Service {
        let address = listener.local_addr().unwrap();
        let config = ServerConfig {
            listen: address.to_string(),
            base_url: base_url.to_owned(),
            ..self.config.clone()
        };
        let text = format!("{config}{}", self.more_sections);
        let config = config::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        let clock = self.clock;
        let environment = self.environment.get_or_insert_with(|| {
            let system = Environment::of_system(&config).unwrap();
            match clock {
                Clock::System => system,
                Clock::Stopped(now) => Environment {
                    clock: Arc::new(move || now),
                    ..system
                },
            }
        });
        let server = Server::in_environment(&config, listener, environment.clone()).unwrap();
        let mut service = Service::default();
        let stop = service.stop.clone();
        service.tasks.spawn(async move { server.run(stop).await });
        service
    }
}

impl Service {
    async fn stop(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

impl Drop for TestEnvironment {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            secret_scan::assert_no_secret(&[self.server_dir(), self.farm_dir()]);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn folder_contains(folder: &Path, text: &str) -> bool {
    let files = secret_scan::files(folder);
    files.iter().any(|(_, content)| content.contains(text))
}
