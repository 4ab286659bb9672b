//! Counters of the parts of a document, compared with the limits.

use crate::{ErrorKind, XmlLimits};

/// Limit of nodes per element: the element itself, and text, comments and instructions around it.
const NODES_PER_ELEMENT: usize = 4;

/// Counters of a document.
pub(crate) struct LimitChecker<'l> {
    limits: &'l XmlLimits,
    elements: usize,
    nodes: usize,
    tree_bytes: usize,
}

impl<'l> LimitChecker<'l> {
    /// Starts to count in a document of this length. The document itself is a node.
    pub(crate) fn new(limits: &'l XmlLimits, document: usize) -> Self {
        Self {
            limits,
            elements: 0,
            nodes: 1,
            tree_bytes: limits.tree_bytes(document),
        }
    }

    /// Checks the memory of the tree, in bytes.
    pub(crate) fn tree(&self, bytes: usize) -> Result<(), ErrorKind> {
        let limit = self.tree_bytes;
        check(bytes <= limit, ErrorKind::TreeTooLarge { limit })
    }

    /// Counts an element at this depth, where the root has 1.
    pub(crate) fn element(&mut self, depth: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.depth;
        check(depth <= limit, ErrorKind::TooDeep { limit })?;
        self.elements += 1;
        let limit = self.limits.elements;
        check(self.elements <= limit, ErrorKind::TooManyElements { limit })?;
        self.node()
    }

    /// Counts an element, a comment, a processing instruction, or a text between them.
    pub(crate) fn node(&mut self) -> Result<(), ErrorKind> {
        self.nodes += 1;
        let limit = self.limits.elements;
        check(
            self.nodes <= limit.saturating_mul(NODES_PER_ELEMENT),
            ErrorKind::TooManyElements { limit },
        )
    }

    /// Checks the number of child elements of one element.
    pub(crate) fn children(&self, count: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.children;
        check(count <= limit, ErrorKind::TooManyChildren { limit })
    }

    /// Checks the number of attributes of one element, namespace declarations included.
    pub(crate) fn attributes(&self, count: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.attributes;
        check(count <= limit, ErrorKind::TooManyAttributes { limit })
    }

    /// Checks the number of namespace declarations in scope.
    pub(crate) fn namespaces(&self, count: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.namespaces;
        check(count <= limit, ErrorKind::TooManyNamespaces { limit })
    }

    /// Checks the length of a namespace name as it is written.
    pub(crate) fn namespace_name(&self, name: &str) -> Result<(), ErrorKind> {
        let limit = self.limits.namespace_bytes;
        check(name.len() <= limit, ErrorKind::NamespaceTooLong { limit })
    }
}

fn check(holds: bool, error: ErrorKind) -> Result<(), ErrorKind> {
    if holds { Ok(()) } else { Err(error) }
}
