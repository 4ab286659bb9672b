//! What goes wrong in a run, and when: controllers end and begin again, hosts cannot be reached,
//! tempers change, the clock jumps. In the end all is well again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};

use crate::farm::{Controller, Temper};
use crate::ledger::Ledger;
use crate::network::{Network, Reach};

/// Seconds by which the gateway's clock is wrong.
pub(crate) type ClockError = Arc<AtomicI64>;

/// Brings trouble until `end`, and then makes all well.
pub(crate) async fn rage(
    controllers: &[Controller],
    clock_error: &ClockError,
    network: &Network,
    ledger: &Ledger,
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
                ledger.note(format!("{host} crashes"));
                controller.crash(Reach::Refusing);
            }
            2 => {
                ledger.note(format!("{host} loses its power"));
                controller.crash(Reach::Silent);
            }
            3 => {
                ledger.note(format!("{host} restarts"));
                controller.crash(Reach::Refusing);
                controller.restart();
            }
            4..6 => {
                ledger.note(format!("{host} is there again"));
                controller.restart();
            }
            6..8 => {
                ledger.note(format!("{host} is cut off"));
                controller.cut(rng.u64(100..8_000));
            }
            8 => {
                let seconds = rng.i64(-400 * 24 * 3600..400 * 24 * 3600);
                ledger.note(format!("the clock jumps to {seconds:+} s"));
                clock_error.store(seconds, Ordering::Relaxed);
            }
            _ => {
                let temper = Temper::draw(&mut rng);
                ledger.note(format!("{host} gets a {temper:?}"));
                controller.set_temper(temper);
            }
        }
    }
    ledger.note("all is well");
    network.calm_down();
    for controller in controllers {
        controller.set_temper(Temper::GOOD);
        controller.restart();
    }
}
