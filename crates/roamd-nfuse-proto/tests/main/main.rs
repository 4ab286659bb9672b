//! Tests of NFuse messages: samples, malformed messages, round trips and redaction of secrets.

mod common;
mod ctx1;
mod error_id;
mod malformed;
mod redaction;
mod round_trip;
mod samples;
mod sta;
