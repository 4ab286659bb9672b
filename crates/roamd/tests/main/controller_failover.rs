//! Users list their sessions without pause while the controllers of their farm are killed in turn.

use std::sync::mpsc::{Receiver, Sender, channel};

use roamd_store_client::{
    ClientError, Credentials, EnumerationStatus, SessionParams, SessionState, Spelling, StoreClient,
};
use tokio::task::JoinSet;

use crate::support::{Server, World, nobody, roamd};

/// Users who list at the same time.
const CLIENTS: usize = 8;
/// How often a controller is killed.
const KILLS: usize = 10;
/// Listings that are looked at while a controller is down, and again once it is back: each client
/// may have begun its first and its second before.
const LISTINGS: usize = CLIENTS * 4;

type Outcome = Result<SessionState, ClientError>;

/// One controller of the farm, as a process of its own.
struct Controller<'w> {
    world: &'w World,
    address: String,
    /// Nothing while it is dead.
    server: Option<Server>,
}

impl<'w> Controller<'w> {
    /// Starts it for the first time. Nobody connects from this host's address, so no connection is
    /// given the port while the controller is dead.
    fn start(world: &'w World, host: &str) -> Self {
        let mut controller = Self {
            world,
            address: format!("{host}:0"),
            server: None,
        };
        controller.restart();
        controller
    }

    /// Starts it at the address that it had, and waits until it accepts connections.
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
    let listen = nobody();
    let [one, two] = [&controllers[0].address, &controllers[1].address];
    let text = format!(
        r#"
listen = "{listen}"
base_url = "http://{listen}"
data_dir = {data:?}
[[store]]
path = "/Citrix/Store"
[[store.farm]]
id = "CVAD"
name = "Farm3"
generation = "cvad-7"
controllers = ["http://{one}", "http://{two}"]
controller_order = "{order}"
"#,
        data = world.path("state"),
    );
    let path = world.path("roamd.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().into()
}

/// Lists as a plain client does, without a pause, until nobody looks any more.
async fn list(store: String, outcomes: Sender<Outcome>) {
    let credentials = Credentials {
        user_name: r"DEMO\alice".into(),
        password: "roam-demo".into(),
    };
    let mut client = StoreClient::new(store.parse().unwrap(), credentials);
    let params = SessionParams {
        client_name: "DESK-C".into(),
        device_id: None,
        include_active_sessions: false,
        app_sessions_only: false,
        tickets: Vec::new(),
        spelling: Spelling::Document,
    };
    while outcomes.send(client.list(&params).await).is_ok() {}
}

/// Looks at all listings so far, and then at so many more.
fn see_good_listings(outcomes: &Receiver<Outcome>, moment: &str) {
    let more = (0..LISTINGS).map(|_| outcomes.recv().unwrap());
    let so_far: Vec<Outcome> = outcomes.try_iter().collect();
    for outcome in so_far.into_iter().chain(more) {
        // An answer that is not HTTP 200 is an error.
        let state = outcome.unwrap_or_else(|error| panic!("{moment}: {error}"));
        assert_eq!(state.enumeration, EnumerationStatus::Full, "{moment}");
        let apps: Vec<_> = state.sessions.iter().map(|s| &*s.resource_id).collect();
        assert_eq!(apps, ["CVAD.Excel"], "{moment}");
    }
}

fn no_listing_fails_while_controllers_are_killed(order: &str) {
    let world = World::new();
    let mut controllers = ["127.0.0.2", "127.0.0.3"].map(|host| Controller::start(&world, host));
    let config = configuration(&world, order, &controllers);
    let gateway = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let (sender, outcomes) = channel();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn_on(list(gateway.url().into(), sender.clone()), runtime.handle());
    }
    see_good_listings(&outcomes, "all is well");
    for round in 0..KILLS {
        let victim = round % controllers.len();
        controllers[victim].kill();
        see_good_listings(&outcomes, &format!("kill {round}: {victim} is down"));
        controllers[victim].restart();
        see_good_listings(&outcomes, &format!("kill {round}: {victim} is back"));
    }
}

#[test]
fn no_plain_listing_fails_while_the_controllers_of_an_ordered_farm_are_killed_in_turn() {
    no_listing_fails_while_controllers_are_killed("ordered");
}

#[test]
fn no_plain_listing_fails_while_the_controllers_of_a_balanced_farm_are_killed_in_turn() {
    no_listing_fails_while_controllers_are_killed("balanced");
}
