//! Service keys, and the change from one to the next.

use roamd_nfuse_client::{ControllerOrder, FarmClient, FarmConfig, ServiceKeys};
use roamd_testkit::{Script, ScriptedController};

use crate::support::{LONG, READ, capability, capability_response, change, config, done, http};

fn farm(controller: &ScriptedController, keys: &str) -> FarmClient {
    let controllers = vec![controller.controller_url()];
    FarmClient::new(FarmConfig {
        service_keys: ServiceKeys::parse(keys).ok(),
        ..config(controllers, ControllerOrder::Ordered, LONG)
    })
}

/// Returns the keys of the requests that arrived.
fn keys(controller: &ScriptedController) -> Vec<String> {
    let key = |request: String| {
        request
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("X-Citrix-XmlServiceKey"))
            .map_or(String::new(), |(_, key)| key.to_owned())
    };
    controller.requests().into_iter().map(key).collect()
}

fn refusal() -> Script {
    Script::bytes(http("403 Forbidden", b""))
}

#[tokio::test]
async fn every_request_carries_the_key() {
    let controller = ScriptedController::in_order([
        Script::bytes(capability_response("a")),
        Script::bytes(done()),
    ])
    .await;
    let farm = farm(&controller, "one\ntwo");
    farm.call(&READ).await.unwrap();
    farm.call(&change("DESK-A")).await.unwrap();
    assert_eq!(keys(&controller), ["one", "one"]);
}

#[tokio::test]
async fn read_with_refused_key_is_resent_with_next_key() {
    let controller = ScriptedController::in_order([
        refusal(),
        Script::bytes(capability_response("a")),
        Script::bytes(done()),
    ])
    .await;
    let farm = farm(&controller, "one\ntwo");
    assert_eq!(farm.call(&READ).await.unwrap(), capability("a"));
    farm.call(&change("DESK-A")).await.unwrap();
    assert_eq!(keys(&controller), ["one", "two", "two"]);
}

/// One attempt tries both keys, and never sends a third request.
#[tokio::test]
async fn second_key_is_tried_within_one_attempt() {
    for (response, is_accepted) in [
        (Script::bytes(capability_response("a")), true),
        (refusal(), false),
    ] {
        let controller = ScriptedController::in_order([refusal(), response, refusal()]).await;
        let farm = FarmClient::new(FarmConfig {
            attempts: 1,
            service_keys: ServiceKeys::parse("one\ntwo").ok(),
            ..config(
                vec![controller.controller_url()],
                ControllerOrder::Ordered,
                LONG,
            )
        });
        assert_eq!(farm.call(&READ).await.is_ok(), is_accepted);
        assert_eq!(keys(&controller), ["one", "two"]);
    }
}

#[tokio::test]
async fn change_with_refused_key_is_not_resent() {
    let controller = ScriptedController::in_order([refusal(), Script::bytes(done())]).await;
    let farm = farm(&controller, "one\ntwo");
    farm.call(&change("DESK-A")).await.unwrap_err();
    assert_eq!(keys(&controller), ["one"]);
    farm.call(&change("DESK-B")).await.unwrap();
    assert_eq!(keys(&controller), ["one", "two"]);
}

#[tokio::test]
async fn single_refused_key_is_tried_once() {
    let controller = ScriptedController::in_order([refusal(), refusal()]).await;
    farm(&controller, "one").call(&READ).await.unwrap_err();
    assert_eq!(keys(&controller), ["one"]);
}
