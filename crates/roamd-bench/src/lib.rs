#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stderr,
    reason = "the progress of a measurement goes to standard error"
)]

mod client_limits;
mod farm_process;
mod http;
mod load;
mod machine;
mod median;
mod open_files;
mod process;
mod proxy;
mod request;
mod setup;
mod sign_in;
mod subject;
mod tls;
mod url;
mod world;
mod wrk;

pub use client_limits::ClientLimits;
pub use farm_process::FarmProcess;
pub use http::{Connection, HttpResponse, runtime, send_once};
pub use load::{Load, WARM_UP, per_request};
pub use machine::{machine, mebibytes, micros, version};
pub use median::{median, spread};
pub use open_files::raise_open_files;
pub use process::{Process, Usage};
pub use proxy::Proxy;
pub use request::Request;
pub use setup::{Listening, ServerProcess, Setup};
pub use sign_in::{
    Account, SignInForm, SignIns, SignedIn, measure_sign_ins, sign_in, sign_in_once,
};
pub use subject::{Series, Subject, measure_in_rounds};
pub use tls::{Certificate, TlsClients};
pub use url::{path_of_url, split_url};
pub use world::{ATTACKER, CLERKS, SESSIONS, USER, clerk, credentials};
pub use wrk::Run;
