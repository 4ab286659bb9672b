//! The environments of the tests.

use jiff::Timestamp;
use roamd_farm::{Generation, World};
use roamd_testkit::ScriptedController;
use roamd_testsuite::{Options, TestEnvironment};

/// Lines of a store whose page does nothing with sessions by itself.
pub(super) const MANUAL: &str = "[store.web.workspace_control]\nauto_reconnect_at_logon = false\n";

/// An environment in which no list disconnects a session: without farms before version 7. `lines`
/// are sections of the store.
pub(super) async fn modern(lines: &str) -> TestEnvironment {
    TestEnvironment::start(options(modern_world(), lines)).await
}

/// The demo, with all three generations.
pub(super) async fn mixed(lines: &str) -> TestEnvironment {
    TestEnvironment::start(options(World::demo(), lines)).await
}

/// An environment with one more farm, named `Scripted`, of this generation.
pub(super) async fn scripted(
    world: World,
    generation: &'static str,
    lines: &str,
) -> (TestEnvironment, ScriptedController) {
    let farm = ScriptedController::healthy().await;
    // Farms follow each other; the section of the site is that of the store before them.
    let options = Options {
        more_sections: farm.farm_section_of(generation, "SCRIPTED", "Scripted"),
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        ..options(world, lines)
    };
    (TestEnvironment::start(options).await, farm)
}

/// The demo without farms before version 7.
pub(super) fn modern_world() -> World {
    let mut world = World::demo();
    world
        .farms
        .retain(|farm| farm.generation == Generation::Cvad7);
    world.sessions.retain(|session| session.farm == "CVAD");
    world
}

fn options(world: World, lines: &str) -> Options {
    Options {
        world,
        store: lines.to_owned(),
        ..Options::default()
    }
}

/// Does what session hosts do with these ICA files.
pub(super) fn connect(env: &TestEnvironment, files: &[String]) {
    for ica in files {
        env.farms.connect(ica, Timestamp::now()).unwrap();
    }
}
