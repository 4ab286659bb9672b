//! Rules for parsing: limits, character set and document type.

/// Limits of a document. Each is the largest accepted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmlLimits {
    /// Length of the body, in bytes, before decoding.
    pub bytes: usize,
    /// Depth of nested elements; the root is at depth 1.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Child elements of one element.
    pub children: usize,
    /// Elements of the document.
    pub elements: usize,
    /// Memory of the tree, in bytes for each byte of the document. A document that is shorter than
    /// [`XmlLimits::SHORT`] has the memory of one of that length. Empty elements and attributes
    /// are many times larger in the tree than in the document.
    pub tree_factor: usize,
    /// Namespace declarations in scope at one element: its own and those of its ancestors.
    pub namespaces: usize,
    /// Length of a namespace name, in bytes. Each element of the tree has a copy of it.
    pub namespace_bytes: usize,
}

impl XmlLimits {
    /// Length in bytes up to which documents have the same limit of memory.
    pub const SHORT: usize = 64 * 1024;

    /// Limits of a request that a client posts to a store: 64 KiB (SS-27).
    pub const REQUEST: Self = Self {
        bytes: 64 * 1024,
        depth: 32,
        attributes: 32,
        children: 256,
        elements: 4 * 1024,
        tree_factor: 32,
        namespaces: 16,
        namespace_bytes: 256,
    };

    /// Limits of a response of a farm or a store: 8 MiB, with long lists. The tree of a list of the
    /// shortest entries is up to five times as long as the list.
    pub const RESPONSE: Self = Self {
        bytes: 8 * 1024 * 1024,
        children: 100_000,
        elements: 256 * 1024,
        tree_factor: 8,
        ..Self::REQUEST
    };

    /// Returns the limit of memory, in bytes, of the tree of a document of this length.
    #[must_use]
    pub const fn tree_bytes(&self, document: usize) -> usize {
        let document = if document < Self::SHORT {
            Self::SHORT
        } else {
            document
        };
        document.saturating_mul(self.tree_factor)
    }
}

/// Rule for the encoding of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// The bytes alone decide: a byte order mark, else `3C 00` or `00 3C` at the start, else UTF-8.
    /// The declaration is ignored (SS-70).
    Sniffed,
    /// A byte order mark or UTF-16 bytes decide, else the declaration: UTF-8 or ISO-8859-1
    /// (nfuse.md §1.3). A declaration that contradicts the bytes is an error.
    Declared,
}

/// Rule for document type declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doctype {
    /// A declaration is an error (SS-27).
    Refused,
    /// `<!DOCTYPE name>` and `<!DOCTYPE name SYSTEM "…">` are skipped, and nothing is fetched. An
    /// internal subset that is not empty is an error (nfuse.md §1.3).
    Skipped,
}

/// Rules for parsing the documents of one kind of peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Limits of a document.
    pub limits: XmlLimits,
    /// Rule for the encoding of the bytes.
    pub charset: Charset,
    /// Rule for document type declarations.
    pub doctype: Doctype,
}

impl Rules {
    /// Rules for the documents of a store and its clients: the bytes alone decide about the
    /// encoding (SS-70), and a document type is an error (SS-27).
    #[must_use]
    pub const fn store(limits: XmlLimits) -> Self {
        Self {
            limits,
            charset: Charset::Sniffed,
            doctype: Doctype::Refused,
        }
    }

    /// Rules for the messages of a farm and its clients: the declared encoding counts, and a
    /// document type is skipped (nfuse.md §1.3).
    #[must_use]
    pub const fn nfuse(limits: XmlLimits) -> Self {
        Self {
            limits,
            charset: Charset::Declared,
            doctype: Doctype::Skipped,
        }
    }
}
