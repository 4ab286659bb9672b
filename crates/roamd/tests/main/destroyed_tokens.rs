//! A token that was destroyed stays so, whatever happens to the gateway (CA-39).

use crate::client::{Client, TOKEN, between, token};
use crate::support::{Server, World, configuration, nobody, roamd};

#[test]
fn a_token_whose_destruction_was_acknowledged_is_refused_after_sigkill() {
    // Bad input 55.
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let listen = nobody();
    let config = configuration(&world, &listen, &[("CVAD", "cvad-7", farm.address())]);
    let serve = || Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let gateway = serve();
    let client = Client(listen);
    let [ended, kept] = [(); 2].map(|()| client.sign_in("roam-demo"));
    let store = "store:/Citrix/Store";
    let [of_ended, of_kept, alone] =
        [&ended, &kept, &kept].map(|primary| token(&client.request(TOKEN, primary, store)));
    for token in [&of_ended, &of_kept, &alone] {
        assert_eq!(client.reason(token), None);
    }

    client.destroy(&kept, &alone);
    client.destroy(&ended, &ended);
    gateway.kill();
    let gateway = serve();

    for token in [&of_ended, &alone] {
        assert_eq!(client.reason(token).as_deref(), Some("expired"));
    }
    let answer = client.request(TOKEN, &ended, store);
    assert_eq!(between(&answer, "reason=\"", "\""), "expired");
    assert_eq!(client.reason(&of_kept), None);
    gateway.stop();
    farm.stop();
}
