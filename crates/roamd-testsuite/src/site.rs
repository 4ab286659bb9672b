//! A whole site in one process: the demo world's farms, two controllers each, and a gateway before
//! them that knows them by their URLs alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use roamd_farm::{Farms, Generation, ServeOptions, SessionFilter, SessionRecord, World};
use roamd_server::{Environment, Server, config};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{AuditReader, Wire, watch};

/// How a site differs from the demo.
#[derive(Debug, Clone)]
pub struct Options {
    /// The world; hashing is made cheap in it.
    pub world: World,
    /// Farms tell their catalogue to anybody.
    pub expose_catalog: bool,
    /// What clients see of the gateway; its own address when there is none.
    pub base_url: Option<String>,
    /// Path of the store.
    pub store_path: &'static str,
    /// Keys of the document, and the sections `[tls]` and `[limits]`. With `[tls]`, clients know the
    /// gateway as `https://localhost`.
    pub front: String,
    /// Lines for `[audit]`.
    pub audit: String,
    /// Lines for `[authentication]`.
    pub authentication: String,
    /// Lines for the `[[store]]`. `{XA1}` in them is the URL of that farm's first controller.
    pub store: String,
    /// Lines for each `[[store.farm]]`, by its id.
    pub farm: fn(&str) -> &'static str,
    /// More `[[store.farm]]` sections, for farms that are not of the world.
    pub more_farms: String,
    /// What the nodes of the gateway take the time from.
    pub clock: Clock,
}

/// Where the time of day comes from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system.
    System,
    /// It does not go on: however long a test takes, nobody has waited.
    Stopped(Timestamp),
}

impl Clock {
    /// Stopped at this moment.
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
            store_path: Site::STORE,
            front: String::new(),
            audit: String::new(),
            authentication: "domains = [\"DEMO\"]".to_owned(),
            store: String::new(),
            farm: |id| match id {
                "XA1" | "CVAD" => "aggregation_group = \"demo\"",
                _ => "",
            },
            more_farms: String::new(),
            clock: Clock::System,
        }
    }
}

/// A running site. It stops when it is dropped.
pub struct Site {
    /// The gateway.
    pub gateway: Wire,
    /// Path of its store.
    pub store_path: &'static str,
    /// The controllers of each farm: id and address.
    pub controllers: Vec<(String, SocketAddr)>,
    /// The farms' own view: what sessions there really are.
    pub farms: Farms,
    /// What clients see of the gateway.
    base_url: String,
    /// The configuration below the lines that differ from node to node.
    config: String,
    clock: Clock,
    /// What the nodes share. Nothing while there is none.
    environment: Option<Environment>,
    farm_parts: Vec<(String, Part)>,
    gateway_part: Part,
    other_nodes: Vec<Part>,
    folder: TempDir,
}

/// Something that runs until it is told to stop.
#[derive(Default)]
struct Part {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Site {
    /// Path of the store, unless told otherwise.
    pub const STORE: &str = "/Citrix/Store";
    /// Path of the authentication service of a store with that path.
    pub const AUTH: &str = "/Citrix/StoreAuth";

    /// The demo world.
    pub async fn demo() -> Self {
        Self::start(Options::default()).await
    }

    /// A site with these options.
    pub async fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = options.world;
        watch::begin(&world);
        // What hashing costs is the farm's business and measured elsewhere.
        world.password_hashing.memory_kib = 8;
        world.password_hashing.passes = 1;
        let farm_dir = folder.path().join("farms");
        std::fs::create_dir(&farm_dir).unwrap();
        roamd_farm::init(&farm_dir, &world).unwrap();
        let farms = Farms::open(&farm_dir).unwrap();
        let mut farm_parts = Vec::new();
        let mut controllers = Vec::new();
        let mut sections = String::new();
        let mut store = options.store;
        for summary in farms.list().unwrap() {
            let mut part = Part::default();
            let mut urls = Vec::new();
            for _ in 0..2 {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                urls.push(format!("\"http://{address}\""));
                controllers.push((summary.id.clone(), address));
                let farm = farms.farm(&summary.id).unwrap();
                let serve_options = ServeOptions {
                    expose_catalog: options.expose_catalog,
                };
                let stop = part.stop.clone();
                part.tasks.spawn(async move {
                    roamd_farm::serve(farm, serve_options, listener, stop)
                        .await
                        .unwrap();
                });
            }
            store = store.replace(&format!("\"{{{}}}\"", summary.id), &urls[0]);
            farm_parts.push((summary.id.clone(), part));
            let generation = match summary.generation {
                Generation::XenApp6 => "xenapp-6",
                Generation::XenDesktop5 => "xendesktop-5",
                Generation::Cvad7 => "cvad-7",
            };
            sections.push_str(&format!(
                "[[store.farm]]\nid = \"{}\"\nname = \"{}\"\ngeneration = \"{generation}\"\n\
                 controllers = [{}]\n{}\n",
                summary.id,
                summary.name,
                urls.join(", "),
                (options.farm)(&summary.id),
            ));
        }
        let config = format!(
            "data_dir = \"{}\"\n{}\n[audit]\n{}\n[authentication]\n{}\n[[store]]\npath = \"{}\"\n{}\n{sections}{}",
            folder.path().join("gateway").display(),
            options.front,
            options.audit,
            options.authentication,
            options.store_path,
            store,
            options.more_farms,
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = options.base_url.unwrap_or_else(|| {
            if options.front.contains("[tls]") {
                format!("https://localhost:{}", address.port())
            } else {
                format!("http://{address}")
            }
        });
        let mut site = Self {
            gateway: Wire::new(address),
            store_path: options.store_path,
            controllers,
            farms,
            base_url,
            config,
            clock: options.clock,
            environment: None,
            farm_parts,
            gateway_part: Part::default(),
            other_nodes: Vec::new(),
            folder,
        };
        site.gateway_part = site.node(listener, &site.base_url.clone());
        site
    }

    /// Absolute URL of a path of the gateway, as clients see it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The world's data folder, as `roamd farm …` takes it.
    #[must_use]
    pub fn farm_dir(&self) -> PathBuf {
        self.folder.path().join("farms")
    }

    /// The gateway's data folder.
    #[must_use]
    pub fn gateway_dir(&self) -> PathBuf {
        self.folder.path().join("gateway")
    }

    /// Reads the audit log from here on.
    #[must_use]
    pub fn audit(&self) -> AuditReader {
        AuditReader::new(self.gateway_dir().join("audit.jsonl"))
    }

    /// A user's sessions as the farms hold them, each as `FARM app state client`.
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

    /// Stops both controllers of a farm, and waits until nothing listens there any more.
    pub async fn stop_farm(&mut self, id: &str) {
        let mut parts = self.farm_parts.iter_mut();
        let (_, part) = parts.find(|(farm, _)| farm == id).unwrap();
        part.stop().await;
    }

    /// Stops all nodes and starts one in another process, so to speak, at the same address.
    pub async fn restart_gateway(&mut self) {
        for part in self.other_nodes.iter_mut().chain([&mut self.gateway_part]) {
            part.stop().await;
        }
        self.other_nodes.clear();
        let address = self.gateway.address();
        let listener = TcpListener::bind(address).await.unwrap();
        self.environment = None;
        self.gateway_part = self.node(listener, &self.base_url.clone());
    }

    /// Starts a second gateway of the same site, as behind a load balancer: same base URL, keys and
    /// state.
    pub async fn second_node(&mut self) -> Wire {
        self.another_node(Some(self.base_url.clone())).await
    }

    /// Starts a gateway with the same keys and state that clients know by another base URL.
    pub async fn neighbour(&mut self) -> Wire {
        self.another_node(None).await
    }

    /// Stops everything and waits until it has stopped.
    pub async fn stop(mut self) {
        let farms = self.farm_parts.iter_mut().map(|(_, part)| part);
        for part in self.other_nodes.iter_mut().chain(farms) {
            part.stop().await;
        }
        self.gateway_part.stop().await;
    }

    /// Whether any file of the gateway's data folder holds this text.
    #[must_use]
    pub fn gateway_files_hold(&self, text: &str) -> bool {
        holds(&self.gateway_dir(), text)
    }

    /// Whether any file of the farms' data folder holds this text.
    #[must_use]
    pub fn farm_files_hold(&self, text: &str) -> bool {
        holds(&self.farm_dir(), text)
    }

    async fn another_node(&mut self, base_url: Option<String>) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = base_url.unwrap_or_else(|| format!("http://{address}"));
        let part = self.node(listener, &base_url);
        self.other_nodes.push(part);
        Wire::new(address)
    }

    /// Runs a gateway on a listener, known by `base_url` to its clients.
    fn node(&mut self, listener: TcpListener, base_url: &str) -> Part {
        let address = listener.local_addr().unwrap();
        let text = format!(
            "listen = \"{address}\"\nbase_url = \"{base_url}\"\n{}",
            self.config
        );
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
        let gateway = Server::in_environment(&config, listener, environment.clone()).unwrap();
        let mut part = Part::default();
        let stop = part.stop.clone();
        part.tasks.spawn(async move { gateway.run(stop).await });
        part
    }
}

impl Part {
    async fn stop(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            watch::look(&[self.gateway_dir(), self.farm_dir()]);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn holds(folder: &Path, text: &str) -> bool {
    let files = watch::files(folder);
    files.iter().any(|(_, content)| content.contains(text))
}
