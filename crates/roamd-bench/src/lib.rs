#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stderr,
    reason = "the progress of a measurement goes to standard error"
)]

mod http;
mod load;
mod machine;
mod process;
mod setup;
mod sign_in;
mod subject;
mod url;
mod world;
mod wrk;

pub use http::{Connection, HttpResponse, post_once, runtime};
pub use load::{Load, WARM_UP, per_request};
pub use machine::{machine, mebibytes, micros, version};
pub use process::{Process, Usage};
pub use setup::{Listening, Nginx, ServerProcess, Setup};
pub use sign_in::{SignIns, measure_sign_ins, sign_in_once};
pub use subject::{Series, Subject, measure_in_rounds};
pub use url::split_url;
pub use world::{SESSIONS, USER, credentials};
pub use wrk::Run;
