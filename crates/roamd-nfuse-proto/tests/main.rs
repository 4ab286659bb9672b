//! NFuse messages at the level of bytes: the samples, what is refused, and there and back.

mod common;
mod ctx1;
mod error_id;
mod hostile;
mod round_trip;
mod samples;
mod secrets;
mod sta;
