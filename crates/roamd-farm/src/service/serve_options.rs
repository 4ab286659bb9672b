//! Options of a controller.

/// Options of a controller, independent of its farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServeOptions {
    /// Whether to list applications, access lists and servers for requests without a user, as old
    /// farms do (nfuse.md §2). Otherwise such requests get empty lists.
    pub expose_catalog: bool,
}
