//! The whole sign-in, step by step (citrixauth.md §2).

use crate::http_peer::HttpPeer;
use crate::signed_in::SignedIn;
use crate::site::Site;
use crate::token_service::{TokenService, token_of};

/// Signs a user of the domain `DEMO` in to the store of a site.
pub async fn sign_in(site: &Site, user: &str, password: &str) -> SignedIn {
    sign_in_to(site, site.store_path, user, password).await
}

/// Signs a user in to the store with this path.
pub async fn sign_in_to(site: &Site, store: &'static str, user: &str, password: &str) -> SignedIn {
    sign_in_through(site.server, store, user, password).await
}

/// Signs a user in through this peer, for example another node or a proxy.
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
