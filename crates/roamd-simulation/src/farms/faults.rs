//! Faults of a run: controllers crash and restart, hosts become unreachable, the behaviour of
//! controllers changes, the clock jumps. At the end all faults are removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};

use super::behaviour::Behaviour;
use super::farm::Controller;
use super::history::History;
use crate::network::{Network, Reachability};

/// Offset of the server's clock, in seconds.
pub(crate) type ClockError = Arc<AtomicI64>;

/// Injects faults until `end`, and then removes them.
pub(crate) async fn inject(
    controllers: &[Controller],
    clock_error: &ClockError,
    network: &Network,
    history: &History,
    mut rng: Rng,
    end: Instant,
) {
    loop {
        sleep(Duration::from_millis(rng.u64(50..2_500))).await;
        if Instant::now() >= end {
            break;
        }
        let Some(controller) = rng.choice(controllers) else {
            break;
        };
        let host = controller.host();
        match rng.u8(0..12) {
            0..2 => {
                history.note(format!("{host} crashes"));
                controller.crash(Reachability::Refusing);
            }
            2 => {
                history.note(format!("{host} loses power"));
                controller.crash(Reachability::Silent);
            }
            3 => {
                history.note(format!("{host} restarts"));
                controller.crash(Reachability::Refusing);
                controller.restart();
            }
            4..6 => {
                history.note(format!("{host} is reachable again"));
                controller.restart();
            }
            6..8 => {
                history.note(format!("{host} is cut off"));
                controller.cut(rng.u64(100..8_000));
            }
            8 => {
                let seconds = rng.i64(-400 * 24 * 3600..400 * 24 * 3600);
                history.note(format!("the clock jumps to {seconds:+} s"));
                clock_error.store(seconds, Ordering::Relaxed);
            }
            _ => {
                let behaviour = Behaviour::draw(&mut rng);
                history.note(format!("{host} behaves as {behaviour:?}"));
                controller.set_temper(behaviour);
            }
        }
    }
    history.note("all faults are removed");
    network.stop_faults();
    for controller in controllers {
        controller.set_temper(Behaviour::GOOD);
        controller.restart();
    }
}
