//! Asks the controllers of a farm for their capabilities.
//!
//! ```sh
//! cargo run -p roamd-nfuse-client --example probe -- http://controller:8080
//! ```

#![expect(clippy::print_stdout, reason = "the example prints its results")]

use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_client::{
    ControllerOrder, ControllerUrl, ControllerUrlError, FarmClient, FarmConfig, SystemNetwork,
};
use roamd_nfuse_proto::Dialect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ControllerUrlError> {
    let controllers = std::env::args()
        .skip(1)
        .map(|url| ControllerUrl::parse(&url))
        .collect::<Result<Vec<_>, _>>()?;
    let farm = FarmClient::new(FarmConfig {
        id: "example".to_owned(),
        controllers: controllers.clone(),
        order: ControllerOrder::Ordered,
        timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(2),
        response_timeout: Duration::from_secs(5),
        attempts: 1,
        service_keys: None,
        tls: None,
        network: Arc::new(SystemNetwork::new()),
        observer: None,
        dialect: Dialect::new(5, 4),
    });
    for (url, result) in controllers.iter().zip(farm.probe().await) {
        match result {
            Ok(probe) => println!("{url}: dialect {}, {:?}", probe.dialect, probe.capabilities),
            Err(error) => println!("{url}: {}", error.reason()),
        }
    }
    Ok(())
}
