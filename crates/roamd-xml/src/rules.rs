//! What a reader is told before it looks at the first byte.

/// How much a document may hold. One more is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of the body, in bytes, before decoding.
    pub bytes: usize,
    /// Nesting of elements; the root is at depth 1.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Child elements of one element.
    pub children: usize,
    /// Elements in all. It bounds the memory that a tree takes, which is far more than its bytes.
    pub elements: usize,
    /// Namespace declarations in force at one element, its own and those around it.
    pub namespaces: usize,
    /// Length of a namespace name, in bytes. Each element of the tree holds a copy.
    pub namespace_bytes: usize,
}

impl Limits {
    /// For what a client posts to a store: 64 KiB (SS-27).
    pub const REQUEST: Self = Self {
        bytes: 64 * 1024,
        depth: 32,
        attributes: 32,
        children: 256,
        elements: 4 * 1024,
        namespaces: 16,
        namespace_bytes: 256,
    };

    /// For what a farm or a store answers: 8 MiB, and lists as long as that allows.
    pub const ANSWER: Self = Self {
        bytes: 8 * 1024 * 1024,
        children: 100_000,
        elements: 256 * 1024,
        ..Self::REQUEST
    };
}

/// Which encoding the bytes are read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// By the bytes alone: a byte order mark, else `3C 00` or `00 3C` at the start, else UTF-8.
    /// What the declaration says is not believed (SS-70).
    Sniffed,
    /// By the bytes where they are certain (byte order mark, UTF-16), else by the declaration:
    /// UTF-8 or ISO-8859-1 (nfuse.md §1.3). A declaration that contradicts the bytes is an error.
    Declared,
}

/// What happens to a document type declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doctype {
    /// Any is an error (SS-27).
    Refused,
    /// `<!DOCTYPE name>` and `<!DOCTYPE name SYSTEM "…">` with at most an empty internal subset
    /// `[]` are skipped, nothing of them is fetched; declarations inside are an error (nfuse.md §1.3).
    Skipped,
}

/// Limits, character set and document type together: one value for each kind of peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How much a document may hold.
    pub limits: Limits,
    /// Which encoding the bytes are read in.
    pub charset: Charset,
    /// What happens to a document type declaration.
    pub doctype: Doctype,
}
