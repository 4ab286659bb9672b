//! Tests of the whole over real sockets
