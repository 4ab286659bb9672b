//! The client against controllers that play bytes over real sockets.

mod breaker;
mod failover;
mod log;
mod observer;
mod scripted;
mod service_key;
mod sta;
mod tls;
mod transport;
mod unsteady;
