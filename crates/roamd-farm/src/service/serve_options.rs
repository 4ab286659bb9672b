//! Options of a controller.

/// How a controller behaves beside what its farm decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServeOptions {
    /// Tells applications, access lists and servers to anybody, as old farms do (nfuse.md §2). Else a
    /// request that names no user learns nothing of them.
    pub expose_catalog: bool,
}
