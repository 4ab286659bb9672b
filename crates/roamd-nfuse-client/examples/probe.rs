//! Asks the controllers of a farm for their capabilities.
//!
//! ```sh
//! cargo run -p roamd-nfuse-client --example probe -- http://controller:8080
//! ```

#![expect(clippy::print_stdout, reason = "the example prints its results")]

use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_client::{
    ControllerUrl, ControllerUrlError, FarmClient, FarmConfig, SystemNetwork,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ControllerUrlError> {
    let controllers = std::env::args()
        .skip(1)
        .map(|url| ControllerUrl::parse(&url))
        .collect::<Result<Vec<_>, _>>()?;
    let network = Arc::new(SystemNetwork::new());
    let farm = FarmClient::new(FarmConfig {
        timeout: Duration::from_secs(10),
        ..FarmConfig::new("example", controllers.clone(), network)
    });
    for (url, result) in controllers.iter().zip(farm.probe().await) {
        match result {
            Ok(probe) => println!("{url}: dialect {}, {:?}", probe.dialect, probe.service),
            Err(error) => println!("{url}: {}", error.reason()),
        }
    }
    Ok(())
}
