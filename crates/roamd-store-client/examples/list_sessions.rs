//! Lists the sessions of a user that can be reconnected on this client.
//!
//! ```sh
//! ROAMD_PASSWORD=… cargo run -p roamd-store-client --example list_sessions -- \
//!     https://store.example.net/Citrix/Store 'DEMO\ada' kiosk-07
//! ```

#![expect(clippy::print_stdout, reason = "the example prints its results")]

use std::env;
use std::error::Error;

use roamd_store_client::{Credentials, SessionParams, StoreClient};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut argument = || {
        arguments
            .next()
            .ok_or("usage: list_sessions STORE USER CLIENT")
    };
    let (store, user_name, client_name) = (argument()?, argument()?, argument()?);
    let credentials = Credentials {
        user_name,
        password: env::var("ROAMD_PASSWORD")?.into(),
    };
    let mut client = StoreClient::new(store.parse()?, credentials);
    let params = SessionParams::new(client_name);
    let list = client.list(&params).await;
    client.sign_out().await;
    for session in list?.sessions {
        println!("{} on {}", session.initial_app, session.publisher_name);
    }
    Ok(())
}
