//! Symbols of functions.

/// Returns the name of the function of a symbol, without hashes.
pub(super) fn name(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}
