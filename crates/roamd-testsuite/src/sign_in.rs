//! The whole sign-in, step by step (citrixauth.md §2).

use crate::http_peer::HttpPeer;
use crate::signed_in::SignedIn;
use crate::test_environment::TestEnvironment;
use crate::token_service::{TokenService, token_of};

/// Signs a user of the domain `DEMO` in to the store of the environment.
pub async fn sign_in(env: &TestEnvironment, user: &str, password: &str) -> SignedIn {
    sign_in_to(env, env.store_path, user, password).await
}

/// Signs a user in to the store with this path.
pub async fn sign_in_to(
    env: &TestEnvironment,
    store: &'static str,
    user: &str,
    password: &str,
) -> SignedIn {
    sign_in_through(env.server, store, user, password).await
}

/// Signs a user in through this peer, for example another server or a proxy.
pub async fn sign_in_through(
    server: HttpPeer,
    store: &'static str,
    user: &str,
    password: &str,
) -> SignedIn {
    let service = TokenService::discover_from(server, store).await;
    let conversation = service.begin().await;
    let primary = token_of(&conversation.attempt(user, password, Some("DEMO")).await);
    let token = token_of(&service.exchange(&primary).await);
    SignedIn {
        server,
        store,
        token,
        primary,
    }
}
