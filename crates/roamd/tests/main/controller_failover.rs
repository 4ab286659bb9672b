//! Users list their sessions continuously while the controllers of their farm are killed in turn.

use std::sync::mpsc::{Receiver, Sender, channel};

use roamd_store_client::{
    ClientError, Credentials, EnumerationStatus, SessionParams, SessionState, StoreClient,
};
use roamd_testkit::{FarmConfig, StoreConfig};
use tokio::task::JoinSet;

use crate::support::{Server, World, roamd, server_config, unused_address, write_configuration};

/// Number of concurrent clients.
const CLIENTS: usize = 8;
/// Number of times that a controller is killed.
const KILLS: usize = 10;
/// Number of lists that are checked while a controller is down, and again once it is back.
///
/// A client may have started its first two lists before the controller changed state.
const LISTS: usize = CLIENTS * 4;

type ListResult = Result<SessionState, ClientError>;

/// One controller of the farm, as a process of its own.
struct Controller<'w> {
    world: &'w World,
    address: String,
    /// `None` while the controller is down.
    server: Option<Server>,
}

impl<'w> Controller<'w> {
    /// Starts a controller on a free port of `host`.
    ///
    /// No test connects from that address, so the port stays free while the controller is down.
    fn start(world: &'w World, host: &str) -> Self {
        let mut controller = Self {
            world,
            address: format!("{host}:0"),
            server: None,
        };
        controller.restart();
        controller
    }

    /// Starts the controller at its previous address, and waits until it accepts connections.
    fn restart(&mut self) {
        let (data, listen) = (self.world.data(), &self.address);
        let serve = ["farm", "serve", "--data", data, "--farm", "CVAD"];
        let args = [&serve[..], &["--listen", listen]].concat();
        let server = Server::start(&mut roamd(&args), 1);
        server.address().clone_into(&mut self.address);
        self.server = Some(server);
    }

    fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }
}

fn configuration(world: &World, order: &str, controllers: &[Controller<'_>]) -> String {
    let urls = controllers
        .iter()
        .map(|one| format!("http://{}", one.address));
    let farm = FarmConfig {
        controllers: urls.collect(),
        lines: format!("controller_order = \"{order}\""),
        ..FarmConfig::new("CVAD", "")
    };
    let store = StoreConfig::new("/Citrix/Store", [farm]);
    write_configuration(world, &server_config(world, &unused_address(), vec![store]))
}

/// Lists sessions continuously until the receiver is dropped.
async fn list_repeatedly(store: String, results: Sender<ListResult>) {
    let credentials = Credentials {
        user_name: r"DEMO\alice".into(),
        password: "roam-demo".into(),
    };
    let mut client = StoreClient::new(store.parse().unwrap(), credentials);
    let params = SessionParams::new("DESK-C");
    while results.send(client.list(&params).await).is_ok() {}
}

/// Checks all lists so far, and [`LISTS`] more: each must be complete.
fn assert_complete_lists(results: &Receiver<ListResult>, moment: &str) {
    let more = (0..LISTS).map(|_| results.recv().unwrap());
    let so_far: Vec<ListResult> = results.try_iter().collect();
    for result in so_far.into_iter().chain(more) {
        // A response other than HTTP 200 is an error.
        let state = result.unwrap_or_else(|error| panic!("{moment}: {error}"));
        assert_eq!(state.enumeration, EnumerationStatus::Full, "{moment}");
        let apps: Vec<_> = state.sessions.iter().map(|s| &*s.resource_id).collect();
        assert_eq!(apps, ["CVAD.Excel"], "{moment}");
    }
}

fn assert_list_survives_kills(order: &str) {
    let world = World::new();
    let mut controllers = ["127.0.0.2", "127.0.0.3"].map(|host| Controller::start(&world, host));
    let config = configuration(&world, order, &controllers);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let (sender, results) = channel();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn_on(
            list_repeatedly(server.url().into(), sender.clone()),
            runtime.handle(),
        );
    }
    assert_complete_lists(&results, "before the first kill");
    for round in 0..KILLS {
        let victim = round % controllers.len();
        controllers[victim].kill();
        assert_complete_lists(&results, &format!("kill {round}: {victim} is down"));
        controllers[victim].restart();
        assert_complete_lists(&results, &format!("kill {round}: {victim} is back"));
    }
}

#[test]
fn list_survives_controller_kills_on_ordered_farm() {
    assert_list_survives_kills("ordered");
}

#[test]
fn list_survives_controller_kills_on_balanced_farm() {
    assert_list_survives_kills("balanced");
}
