//! Log: one line for each state change of a controller, and none for a request.
#![expect(clippy::unwrap_used, reason = "a log that cannot be read is a failure")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roamd_nfuse_client::{ControllerOrder, ControllerState, FarmClient};
use roamd_testkit::{Script, ScriptedController, free_address};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{LONG, READ, capability_response, controller, farm};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

fn responses() -> Vec<Script> {
    vec![Script::bytes(capability_response("good")); 9_999]
}

async fn reaches(farm: &FarmClient, state: ControllerState) {
    while farm.controllers().next().map(|report| report.state) != Some(state) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn each_state_change_logs_one_line_and_requests_none() {
    const CALLS: usize = 50;
    let log = Log::default();
    let writer = log.clone();
    let _logging = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .set_default();
    let address = free_address();
    let standby = ScriptedController::in_order(responses()).await;
    let controllers = vec![controller(address), standby.controller_url()];
    let farm = farm(controllers, ControllerOrder::Ordered, LONG);
    for _ in 0..CALLS {
        farm.call(&READ).await.unwrap();
    }
    assert_eq!(log.lines().len(), 1, "{:?}", log.lines());

    let _back = ScriptedController::in_order_at(address, responses()).await;
    reaches(&farm, ControllerState::Closed).await;
    for _ in 0..CALLS {
        farm.call(&READ).await.unwrap();
    }
    let lines = log.lines();
    assert!(lines[0].contains("Connection refused"), "{}", lines[0]);
    let expected = [
        (" WARN ", "Controller marked down", "state=\"open\""),
        (" INFO ", "Controller marked up", "state=\"closed\""),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (level, message, state)) in lines.iter().zip(expected) {
        for part in [level, message, state, "farm=XA1", &address.to_string()] {
            assert!(line.contains(part), "{line} without {part}");
        }
    }
}
