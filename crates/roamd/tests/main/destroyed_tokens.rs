//! A destroyed token stays destroyed when the server is killed (CA-39).

use crate::citrixauth_client::{Client, TOKEN, between, token};
use crate::support::{Server, World, configuration, roamd, unused_address};

/// Bad input 55.
#[test]
fn destroyed_token_is_refused_after_sigkill() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let listen = unused_address();
    let config = configuration(&world, &listen, &[("CVAD", "cvad-7", farm.address())]);
    let serve = || Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let server = serve();
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
    server.kill();
    let server = serve();

    for token in [&of_ended, &alone] {
        assert_eq!(client.reason(token).as_deref(), Some("expired"));
    }
    let response = client.request(TOKEN, &ended, store);
    assert_eq!(between(&response, "reason=\"", "\""), "expired");
    assert_eq!(client.reason(&of_kept), None);
    server.stop();
    farm.stop();
}
