//! The sample configuration.

/// A commented configuration with every key, as `roamd config init` prints it.
pub const SAMPLE: &str = include_str!("../../../samples/roamd.toml");
