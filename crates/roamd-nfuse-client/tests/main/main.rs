//! Tests of the client against scripted controllers over real sockets.

mod breaker;
mod failover;
mod flaky_controllers;
mod floods;
mod idle_probes;
mod log;
mod memory;
mod observer;
mod service_key;
mod sta;
mod support;
mod tls;
mod transport;
