//! The `roamd` command.
fn main() {}
