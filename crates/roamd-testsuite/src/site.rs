//! A whole site in one process: the demo world's farms, two controllers each, and a gateway before
//! them that knows them by their URLs alone.

use std::net::SocketAddr;
use std::path::Path;

use roamd_farm::{Farms, Generation, ServeOptions, SessionFilter, SessionRecord, World};
use roamd_server::{Gateway, config};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Wire;

/// How a site differs from the demo.
#[derive(Debug, Clone)]
pub struct Options {
    /// The world; hashing is made cheap in it.
    pub world: World,
    /// Farms tell their catalogue to anybody.
    pub expose_catalog: bool,
    /// Lines for `[authentication]`.
    pub authentication: String,
    /// Lines for the `[[store]]`.
    pub store: String,
    /// Lines for each `[[store.farm]]`, by its id.
    pub farm: fn(&str) -> &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            world: World::demo(),
            expose_catalog: false,
            authentication: "domains = [\"DEMO\"]".to_owned(),
            store: String::new(),
            farm: |id| match id {
                "XA1" | "CVAD" => "aggregation_group = \"demo\"",
                _ => "",
            },
        }
    }
}

/// A running site. It stops when it is dropped.
pub struct Site {
    /// The gateway.
    pub gateway: Wire,
    /// The controllers of each farm: id and address.
    pub controllers: Vec<(String, SocketAddr)>,
    /// The farms' own view: what sessions there really are.
    pub farms: Farms,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    folder: TempDir,
}

impl Site {
    /// Path of the store.
    pub const STORE: &str = "/Citrix/Store";
    /// Path of its authentication service.
    pub const AUTH: &str = "/Citrix/StoreAuth";

    /// The demo world.
    pub async fn demo() -> Self {
        Self::start(Options::default()).await
    }

    /// A site with these options.
    pub async fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = options.world;
        // What hashing costs is the farm's business and measured elsewhere.
        world.password_hashing.memory_kib = 8;
        world.password_hashing.passes = 1;
        let farm_dir = folder.path().join("farms");
        std::fs::create_dir(&farm_dir).unwrap();
        roamd_farm::init(&farm_dir, &world).unwrap();
        let farms = Farms::open(&farm_dir).unwrap();
        let shutdown = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut controllers = Vec::new();
        let mut sections = String::new();
        for summary in farms.list().unwrap() {
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
                let stop = shutdown.clone();
                tasks.spawn(async move {
                    roamd_farm::serve(farm, serve_options, listener, stop)
                        .await
                        .unwrap();
                });
            }
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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let text = format!(
            "listen = \"{address}\"\nbase_url = \"http://{address}\"\ndata_dir = \"{}\"\n\
             [authentication]\n{}\n[[store]]\npath = \"{}\"\n{}\n{sections}",
            folder.path().join("gateway").display(),
            options.authentication,
            Self::STORE,
            options.store,
        );
        let config = config::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        let gateway = Gateway::with_listener(&config, listener).unwrap();
        let stop = shutdown.clone();
        tasks.spawn(async move { gateway.run(stop).await });
        Self {
            gateway: Wire::new(address),
            controllers,
            farms,
            shutdown,
            tasks,
            folder,
        }
    }

    /// Absolute URL of a path of the gateway.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address())
    }

    /// The world's data folder, as `roamd farm …` takes it.
    #[must_use]
    pub fn farm_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("farms")
    }

    /// The gateway's data folder.
    #[must_use]
    pub fn gateway_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("gateway")
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

    /// Stops everything and waits until it has stopped.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }

    /// Whether any file of the gateway's data folder holds this text.
    #[must_use]
    pub fn gateway_files_hold(&self, text: &str) -> bool {
        holds(&self.gateway_dir(), text.as_bytes())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn holds(folder: &Path, text: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text)
    })
}
