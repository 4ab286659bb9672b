//! `roamd demo`: the server and three embedded farms in one process.
//!
//! The server reaches the farms by URL over sockets, as it would on a network. Several servers have
//! a load balancer before them, and an etcd in a process of its own.

mod balancer;
mod base_urls;
mod certificate;
mod etcd;
mod servers;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, value_parser};
use roamd_farm::{Error, Farms, ServeOptions, World, serve};
use roamd_server::Server;
use roamd_server::config::{
    Audit, Authentication, BaseUrl, BaseUrlError, BaseUrls, ClientNameLength, Config,
    ControllerUrl, CredentialCheck, Farm, Generation, Keys, ListenerConfig, LoginThrottle,
    ResourceFilter, RoamingPolicy, SpellingChoice, State, Store, Tracing, UrlPath, WebSite,
    listen_address,
};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::balancer::balance;
use self::base_urls::{base_urls, is_for_others};
use self::certificate::open_or_create;
use self::etcd::DemoEtcd;
use crate::commands::demo_folder::SERVER;
use crate::exit_code::Exit;
use crate::hardening::harden_process;
use crate::listen::{listen, refuse_plain_http};
use crate::output;
use crate::runtime::block_on;
use crate::signals::stop_on_signal_or_hangup;

/// Number of controllers of each embedded farm.
const CONTROLLERS: usize = 2;

/// Runs a working store: the server and three embedded farms with users and sessions.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd demo --listen 127.0.0.1:0 --data world\n  \
                  roamd demo --listen 0.0.0.0:8443 --tls\n  \
                  roamd demo --listen 127.0.0.1:0 --servers 3"
)]
pub(crate) struct DemoCommand {
    /// Address of the server; port 0 picks a free port.
    #[arg(
        long,
        value_name = "ADDR",
        value_parser = listen_address,
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// Data folder, created if it does not exist [default: a temporary folder].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Let the farms list applications and access lists without a sign-in, as old farms do.
    #[arg(long)]
    expose_catalog: bool,
    /// URL by which clients know the demo, such as https://demo.example.net. May be repeated.
    /// [default: each address of this machine that the demo listens on]
    #[arg(long = "base-url", value_name = "URL", value_parser = parse_base_url)]
    base_urls: Vec<BaseUrl>,
    /// Serve HTTPS with a self-signed certificate, which is printed for clients to import.
    #[arg(long)]
    tls: bool,
    /// Number of servers behind a load balancer. They share their state in etcd: the program that
    /// ROAMD_ETCD names, or that of PATH.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = value_parser!(u8).range(1..=10),
        conflicts_with = "tls"
    )]
    servers: u8,
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
            self.tls,
            self.insecure_plain_http,
            "listen on 127.0.0.1, or pass --tls or --insecure-plain-http; the passwords of the \
             demo are public",
        )?;
        // Before the folder, so that a demo without etcd or on a busy port creates nothing.
        let etcd = (self.servers > 1).then(etcd::find).transpose()?;
        let listener = listen(
            self.listen,
            "pick another port, such as --listen 127.0.0.1:0",
        )
        .await?;
        let listen = listener.local_addr()?;
        let base_urls = base_urls(&self.base_urls, listen, self.tls)?;
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
        let mut config = configuration(listen, base_urls, folder.path(), &users, farms)?;
        if self.tls {
            let files = open_or_create(&folder.path().join("tls"), &config.base_urls)?;
            config.listener.tls = Some(files);
        }
        let etcd = match etcd {
            Some(program) => {
                let folder = folder.path().join("etcd");
                Some(DemoEtcd::start(&program, &folder).await?)
            }
            None => None,
        };
        let servers = match &etcd {
            Some(etcd) => {
                let servers = servers::start(self.servers, &config, etcd, folder.path()).await?;
                let addresses = servers.iter().map(Server::local_addr);
                let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
                let sites = config.stores.iter().filter_map(|store| store.web.as_ref());
                let sites = sites.map(|site| site.path.to_string()).collect();
                let balancing = balance(listener, addresses, sites, tasks.clone(), stop.clone());
                tasks.spawn(balancing);
                servers
            }
            None => vec![Server::with_listener(&config, listener)?],
        };
        let first = servers.first();
        let stores = first.map(Server::store_urls).unwrap_or_default();
        let sites = first.map(Server::site_urls).unwrap_or_default();
        for server in servers {
            tasks.spawn(server.run(stop.clone()));
        }
        print_summary(&config, &users, &stores, &sites)?;

        stop.cancelled().await;
        tasks.close();
        tasks.wait().await;
        // The servers have left it by now.
        drop(etcd);
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
    base_urls: BaseUrls,
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
        base_urls,
        data_dir: folder.join(SERVER),
        probe_interval: Config::DEFAULT_PROBE_INTERVAL,
        listener: ListenerConfig::default(),
        audit: Some(Audit::default()),
        tracing: Tracing::default(),
        authentication,
        login_throttle: LoginThrottle::default(),
        keys: Keys::default(),
        state: State::Embedded,
        stores: vec![Store {
            web: Some(WebSite::at(path.default_web())),
            path,
            spelling: SpellingChoice::Auto,
            client_name_length: ClientNameLength::default(),
            override_ica_client_name: true,
            filter: ResourceFilter::default(),
            roaming: RoamingPolicy::default(),
            gateways: Vec::new(),
            farms,
            mappings: Vec::new(),
        }],
    })
}

/// Parses a base URL given as an argument.
fn parse_base_url(text: &str) -> Result<BaseUrl, BaseUrlError> {
    text.parse()
}

/// Prints the farms, the users, three lines to try, the `address` lines with which other machines
/// reach the demo, the `web` line of each web site, and the `ready` line of each store.
fn print_summary(
    config: &Config,
    users: &[(String, String)],
    stores: &[String],
    sites: &[String],
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
    // curl and the client trust this file in place of the authorities of the system.
    let certificate = config.listener.tls.as_ref();
    let certificate = certificate.map(|files| files.certificate_file.display().to_string());
    if let Some(path) = &certificate {
        output::print_line(format_args!("certificate {path}"))?;
    }
    let option = |name: &str| match &certificate {
        Some(path) => format!("{name} {} ", shell_quoted(path)),
        None => String::new(),
    };
    let (curl_option, option) = (option("--cacert"), option("--ca-file"));
    let roamd = std::env::current_exe().context("cannot find the path of this program")?;
    let roamd = shell_quoted(&roamd.to_string_lossy());
    for store in stores {
        output::print_line(format_args!("curl {curl_option}{store}/endpoints/v1"))?;
        if let Some((domain, name)) = users.first() {
            let password =
                demo_password(domain, name).map(|password| format!("ROAMD_PASSWORD={password} "));
            let user = shell_quoted(&format!("{domain}\\{name}"));
            output::print_line(format_args!(
                "{}{roamd} sessions list {option}--store {store} --user {user}",
                password.unwrap_or_default()
            ))?;
        }
    }
    output::print_line(format_args!("{}/", config.base_urls.canonical()))?;
    for url in config
        .base_urls
        .others()
        .iter()
        .filter(|url| is_for_others(url))
    {
        output::print_line(format_args!("address {url}/"))?;
    }
    for site in sites {
        output::print_line(format_args!("web {site}"))?;
    }
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
