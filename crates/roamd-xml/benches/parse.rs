//! What reading and writing cost.

fn main() {}
