//! `roamd demo`: the server and three embedded farms in one process.
//!
//! The server reaches the farms by URL over sockets, as it would on a network.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use roamd_farm::{Error, Farms, ServeOptions, World, serve};
use roamd_server::Server;
use roamd_server::config::{
    Audit, Authentication, BaseUrl, ClientNameLength, Config, ControllerUrl, CredentialCheck, Farm,
    Generation, Keys, ListenerConfig, LoginThrottle, SpellingChoice, Store, UrlPath,
};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::exit_code::Exit;
use crate::hardening::harden_process;
use crate::listen::{listen, parse_listen_address, refuse_plain_http};
use crate::output;
use crate::runtime::block_on;
use crate::signals::stop_on_signal_or_hangup;

/// Number of controllers of each embedded farm.
const CONTROLLERS: usize = 2;

/// Runs a working store: the server and three embedded farms with users and sessions.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd demo --listen 127.0.0.1:0 --data world")]
pub(crate) struct DemoCommand {
    /// Address of the server; port 0 picks a free port.
    #[arg(
        long,
        value_name = "ADDR",
        value_parser = parse_listen_address,
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// Data folder, created if it does not exist [default: a temporary folder].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Let the farms list applications and access lists without a sign-in, as old farms do.
    #[arg(long)]
    expose_catalog: bool,
    /// Allow plain HTTP on an address that other machines can reach.
    #[arg(long)]
    insecure_plain_http: bool,
}

impl DemoCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        harden_process()?;
        block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<Exit> {
        refuse_plain_http(
            self.listen,
            false,
            self.insecure_plain_http,
            "listen on 127.0.0.1, or pass --insecure-plain-http; the passwords of the demo are \
             public",
        )?;
        // Before the folder, so that a demo on a busy port creates nothing.
        let listener = listen(
            self.listen,
            "pick another port, such as --listen 127.0.0.1:0",
        )
        .await?;
        let stop = stop_on_signal_or_hangup()?;
        let folder = DataFolder::open(self.data)?;
        let world = open_or_create_world(folder.path())?;
        let users = world.users()?;
        let tasks = TaskTracker::new();
        let options = ServeOptions {
            expose_catalog: self.expose_catalog,
        };
        let farms = start_farms(&world, options, &tasks, &stop).await?;
        drop(world);
        let config = configuration(listener.local_addr()?, folder.path(), &users, farms)?;
        let server = Server::with_listener(&config, listener)?;
        let stores = server.store_urls();
        tasks.spawn(server.run(stop.clone()));
        print_summary(&config, &users, &stores)?;

        stop.cancelled().await;
        tasks.close();
        tasks.wait().await;
        folder.close()?;
        Ok(Exit::Done)
    }
}

/// The data folder of the demo.
enum DataFolder {
    /// Given with `--data`; it is kept.
    Given(PathBuf),
    /// Removed at the end, even if the demo fails.
    Temporary(TempDir),
}

impl DataFolder {
    fn open(given: Option<PathBuf>) -> anyhow::Result<Self> {
        match given {
            Some(path) => Ok(Self::Given(path)),
            None => tempfile::Builder::new()
                .prefix("roamd-demo-")
                .tempdir()
                .map(Self::Temporary)
                .context("cannot create a temporary data folder; choose one with --data"),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }

    /// Removes a temporary folder.
    fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Temporary(folder) => folder
                .close()
                .context("cannot remove the temporary data folder"),
        }
    }
}

/// Opens the world in a data folder. Creates the demo world first if the folder has none.
fn open_or_create_world(folder: &Path) -> Result<Farms, Error> {
    match Farms::open(folder) {
        Err(Error::NoWorld { .. }) => {
            roamd_farm::init(folder, &World::demo())?;
            Farms::open(folder)
        }
        opened => opened,
    }
}

/// Starts the controllers of each farm, and returns the farms for the server's configuration.
async fn start_farms(
    world: &Farms,
    options: ServeOptions,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<Farm>> {
    let mut farms = Vec::new();
    for farm in world.list()? {
        let mut controllers = Vec::new();
        for _ in 0..CONTROLLERS {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .context("cannot open a port for a controller")?;
            controllers.push(ControllerUrl::parse(&format!(
                "http://{}",
                listener.local_addr()?
            ))?);
            tasks.spawn(serve(
                world.farm(&farm.id)?,
                options,
                listener,
                stop.clone(),
            ));
        }
        let generation = match farm.generation {
            roamd_farm::Generation::XenApp6 => Generation::XenApp6,
            roamd_farm::Generation::XenDesktop5 => Generation::XenDesktop5,
            roamd_farm::Generation::Cvad7 => Generation::Cvad7,
        };
        let mut farm = Farm::new(farm.id, farm.name, generation, controllers);
        farm.aggregation_group = Some("demo".into());
        farms.push(farm);
    }
    Ok(farms)
}

fn configuration(
    listen: SocketAddr,
    folder: &Path,
    users: &[(String, String)],
    farms: Vec<Farm>,
) -> anyhow::Result<Config> {
    let path: UrlPath = "/Citrix/Store".parse()?;
    let mut authentication = Authentication::at(path.default_authentication());
    for (domain, _) in users {
        if !authentication.domains.contains(domain) {
            authentication.domains.push(domain.clone());
        }
    }
    authentication.default_domain = authentication.domains.first().cloned();
    // All farms have the same users.
    if let Some(farm) = farms.first() {
        authentication.credentials = CredentialCheck::Farm(farm.id.clone());
    }
    Ok(Config {
        listen,
        base_url: BaseUrl::from(reachable(listen)),
        data_dir: folder.join("server"),
        probe_interval: Config::DEFAULT_PROBE_INTERVAL,
        listener: ListenerConfig::default(),
        audit: Some(Audit::default()),
        authentication,
        login_throttle: LoginThrottle::default(),
        keys: Keys::default(),
        stores: vec![Store {
            path,
            spelling: SpellingChoice::Auto,
            client_name_length: ClientNameLength::default(),
            gateway: None,
            farms,
        }],
    })
}

/// Returns an address that clients on this machine can connect to.
///
/// Replaces the unspecified address (`0.0.0.0`, `::`), which is not valid in a URL, by loopback.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listen
}

/// Prints the farms, the users, three lines to try, and the `ready` line of each store.
fn print_summary(
    config: &Config,
    users: &[(String, String)],
    stores: &[String],
) -> anyhow::Result<()> {
    for farm in config.stores.iter().flat_map(|store| &store.farms) {
        for controller in &farm.controllers {
            let service = format!("{controller}/scripts/wpnbr.dll");
            output::print_line(format_args!("farm {} {} {service}", farm.id, farm.name))?;
        }
    }
    for (domain, name) in users {
        let password = demo_password(domain, name).unwrap_or_default();
        output::print_line(format!("user {domain}\\{name} {password}").trim_end())?;
    }
    let roamd = std::env::current_exe().context("cannot find the path of this program")?;
    let roamd = shell_quoted(&roamd.to_string_lossy());
    for store in stores {
        output::print_line(format_args!("curl {store}/endpoints/v1"))?;
        if let Some((domain, name)) = users.first() {
            let password =
                demo_password(domain, name).map(|password| format!("ROAMD_PASSWORD={password} "));
            let user = shell_quoted(&format!("{domain}\\{name}"));
            output::print_line(format_args!(
                "{}{roamd} sessions list --store {store} --user {user}",
                password.unwrap_or_default()
            ))?;
        }
    }
    output::print_line(format_args!("{}/", config.base_url))?;
    for store in stores {
        output::print_line(format_args!("ready {store}"))?;
    }
    Ok(())
}

/// Returns the password of a user of the built-in demo world, which is public.
///
/// Returns `None` for a user of another world.
fn demo_password(domain: &str, name: &str) -> Option<String> {
    let demo = World::demo()
        .domains
        .into_iter()
        .find(|demo| demo.name == domain)?;
    let user = demo.users.into_iter().find(|user| user.name == name)?;
    Some(user.password.expose_secret().into())
}

/// Quotes a word for a shell if it needs quotes.
fn shell_quoted(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "/._-+:@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
