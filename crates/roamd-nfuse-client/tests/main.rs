//! The client against controllers that play bytes over real sockets.

mod failover;
mod scripted;
mod transport;
