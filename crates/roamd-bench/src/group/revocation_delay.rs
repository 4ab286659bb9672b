//! Time from the acknowledgement of a revocation at one server until another one refuses the token.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use roamd_bench::{
    Account, CLERKS, Connection, ServerProcess, SignedIn, clerk, path_of_url, runtime, sign_in,
};
use roamd_store_proto::auth::DestroyToken;
use roamd_store_proto::media_type;
use secrecy::{ExposeSecret, SecretString};

use super::context::Context;

/// Number of revocations.
const REVOCATIONS: usize = 500;

/// Returns the delays, the shortest first.
pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Duration>> {
    eprintln!("revocations");
    let [one, other, _] = &context.group;
    let mut delays = Vec::new();
    runtime()?.block_on(async {
        let mut connection = one.connect().await?;
        let mut user = User::of(other).await?;
        for number in 0..REVOCATIONS {
            let name = clerk(number % CLERKS);
            let signed_in = sign_in(&mut connection, &one.store, Account::of(&name)).await?;
            let is_refused = user.is_refused(&signed_in.store).await?;
            ensure!(!is_refused, "the other server refuses a new token");
            let token = signed_in.store.clone();
            let refused = tokio::spawn(async move {
                while !user.is_refused(&token).await? {}
                anyhow::Ok((user, Instant::now()))
            });
            destroy(&mut connection, &signed_in).await?;
            let acknowledged = Instant::now();
            let (back, refused) = refused.await??;
            user = back;
            delays.push(refused.saturating_duration_since(acknowledged));
        }
        anyhow::Ok(())
    })?;
    delays.sort_unstable();
    Ok(delays)
}

/// A client that uses tokens without a request to the farm.
struct User {
    connection: Connection,
    path: String,
}

impl User {
    async fn of(server: &ServerProcess) -> Result<Self> {
        Ok(Self {
            connection: server.connect().await?,
            path: path_of_url(&format!("{}/sessions/v1/available", server.store))?,
        })
    }

    /// Returns whether the server refuses a token. It refuses another one only for its `Accept`.
    async fn is_refused(&mut self, token: &SecretString) -> Result<bool> {
        let authorization = format!("CitrixAuth {}", token.expose_secret());
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", media_type::SESSION_PARAMS),
            ("Accept", "text/plain"),
        ];
        let response = self.connection.post(&self.path, &headers, Vec::new());
        let status = response.await?.status;
        ensure!(matches!(status, 401 | 406), "status {status}");
        Ok(status == 401)
    }
}

/// Destroys the primary token of a sign-in, and so all its tokens.
async fn destroy(connection: &mut Connection, signed_in: &SignedIn) -> Result<()> {
    let authorization = format!("CitrixAuth {}", signed_in.primary.expose_secret());
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", media_type::DESTROY_TOKEN),
        ("Accept", media_type::DESTROY_TOKEN_RESPONSE),
    ];
    let message = DestroyToken {
        token: signed_in.primary.clone(),
    };
    let path = path_of_url(&signed_in.token_service)?;
    let response = connection.post(&path, &headers, message.to_xml()).await?;
    ensure!(response.status == 200, "status {}", response.status);
    Ok(())
}
