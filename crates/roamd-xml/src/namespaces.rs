//! Namespace declarations in scope (Namespaces in XML 1.0 §3, §5 and §6).

use crate::names::QualifiedName;
use crate::text::{Text, Texts};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

const MISUSED: &str = "reserved prefix or namespace is misused";

/// The namespace declarations in scope, outermost first.
///
/// Search is linear, because [`XmlLimits::namespaces`](crate::XmlLimits::namespaces) is small.
#[derive(Default)]
pub(crate) struct Namespaces<'t> {
    bindings: Vec<Binding<'t>>,
}

struct Binding<'t> {
    /// The prefix, or `None` for the default namespace.
    prefix: Option<&'t str>,
    /// The namespace, or an empty text where `xmlns=""` removes the default namespace.
    uri: Text,
}

impl<'t> Namespaces<'t> {
    /// Returns the number of declarations in scope.
    pub(crate) fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Returns the namespace of an element.
    ///
    /// # Errors
    /// If the prefix is not declared or reserved. No element may be in the namespace of `xml`,
    /// which has only attributes.
    pub(crate) fn of_element(&self, name: QualifiedName<'_>) -> Result<Option<Text>, &'static str> {
        match name.prefix {
            Some("xml" | "xmlns") => Err(MISUSED),
            prefix => self.find(prefix),
        }
    }

    /// Returns the namespace of an attribute. The default namespace does not apply to attributes.
    ///
    /// # Errors
    /// If the prefix is not declared.
    pub(crate) fn of_attribute(
        &self,
        name: QualifiedName<'_>,
        texts: &mut Texts<&str>,
    ) -> Result<Option<Text>, &'static str> {
        match name.prefix {
            None => Ok(None),
            Some("xml") => Ok(Some(texts.keep(XML))),
            prefix => self.find(prefix),
        }
    }

    /// Adds a declaration of a tag. `outer` is the number of declarations in scope outside of it.
    ///
    /// # Errors
    /// If the tag has declared the prefix before, or a rule of reserved prefixes and namespaces is
    /// violated.
    pub(crate) fn declare(
        &mut self,
        prefix: Option<&'t str>,
        uri: &str,
        outer: usize,
        texts: &mut Texts<&str>,
    ) -> Result<(), &'static str> {
        match (prefix, uri) {
            (Some("xmlns"), _) => return Err("reserved prefix is declared"),
            (Some("xml"), XML) => {}
            (Some("xml"), _) | (_, XML | XMLNS) => return Err(MISUSED),
            (Some(_), "") => return Err("prefix is bound to no namespace"),
            _ => {}
        }
        let mut own = self.bindings.iter().skip(outer);
        if own.any(|binding| binding.prefix == prefix) {
            return Err("attribute is given twice in one tag");
        }
        let uri = texts.keep(uri);
        self.bindings.push(Binding { prefix, uri });
        Ok(())
    }

    /// Removes the declarations of a closed element. `outer` is the number of declarations in
    /// scope outside of it.
    pub(crate) fn close(&mut self, outer: usize) {
        self.bindings.truncate(outer);
    }

    fn find(&self, prefix: Option<&str>) -> Result<Option<Text>, &'static str> {
        let mut inner = self.bindings.iter().rev();
        match inner.find(|binding| binding.prefix == prefix) {
            Some(binding) if binding.uri.is_empty() => Ok(None),
            Some(binding) => Ok(Some(binding.uri)),
            None if prefix.is_none() => Ok(None),
            None => Err("prefix is not declared"),
        }
    }
}
