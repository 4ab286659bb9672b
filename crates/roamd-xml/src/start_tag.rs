//! Start tags: names and attributes with their namespaces.

use compact_str::CompactString;

use crate::attributes::{self, Attributes, RawAttribute};
use crate::characters::SPACE;
use crate::error::Rejection;
use crate::limit_checker::LimitChecker;
use crate::names::{self, QualifiedName};
use crate::namespaces::Namespaces;
use crate::{Attribute, ErrorKind};

const TWICE: &str = "attribute is given twice in one tag";

/// A start tag whose prefixes are replaced by namespaces.
pub(crate) struct StartTag<'t> {
    /// Namespace of the element.
    pub(crate) namespace: Option<CompactString>,
    /// Local name of the element.
    pub(crate) name: &'t str,
    /// Attributes in document order, without namespace declarations.
    pub(crate) attributes: Vec<Attribute>,
}

/// Reader of start tags. It keeps its buffer from one tag to the next.
#[derive(Default)]
pub(crate) struct StartTagReader<'t> {
    /// The attributes of the current tag, without namespace declarations.
    attributes: Vec<NamedAttribute<'t>>,
}

struct NamedAttribute<'t> {
    name: QualifiedName<'t>,
    raw: RawAttribute<'t>,
}

impl<'t> StartTagReader<'t> {
    /// Reads the tag at an offset, of which `content` is the text between `<` and `>` or `/>`, and
    /// adds its declarations to those in scope.
    ///
    /// # Errors
    /// If a limit is exceeded, or the tag violates a rule of XML or of namespaces.
    pub(crate) fn read(
        &mut self,
        content: &'t str,
        offset: usize,
        namespaces: &mut Namespaces<'t>,
        limits: &LimitChecker<'_>,
    ) -> Result<StartTag<'t>, Rejection> {
        let at_name = offset + "<".len();
        let (name, rest) = names::split(content);
        let name = QualifiedName::parse(name)
            .filter(|_| rest.is_empty() || rest.starts_with(SPACE))
            .ok_or_else(|| malformed_name(at_name))?;
        let attributes = Attributes::new(rest, at_name + content.len() - rest.len());
        self.collect(attributes, offset, namespaces, limits)?;
        Ok(StartTag {
            namespace: namespaces
                .of_element(name)
                .map_err(|rule| ErrorKind::NotWellFormed(rule).at_offset(at_name))?,
            name: name.local,
            attributes: self.resolve(offset, namespaces)?,
        })
    }

    /// Collects the attributes and declares the namespaces. A declaration may follow the attribute
    /// that needs it, so namespaces are looked up later.
    fn collect(
        &mut self,
        attributes: Attributes<'t>,
        offset: usize,
        namespaces: &mut Namespaces<'t>,
        limits: &LimitChecker<'_>,
    ) -> Result<(), Rejection> {
        let at_tag = |kind: ErrorKind| kind.at_offset(offset);
        let malformed = |rule| at_tag(ErrorKind::NotWellFormed(rule));
        let outer = namespaces.len();
        self.attributes.clear();
        for (index, raw) in attributes.enumerate() {
            let raw = raw.map_err(malformed)?;
            limits.attributes(index + 1).map_err(at_tag)?;
            let name = QualifiedName::parse(raw.name).ok_or_else(|| malformed_name(raw.offset))?;
            let prefix = match (name.prefix, name.local) {
                (Some("xmlns"), prefix) => Some(prefix),
                (None, "xmlns") => None,
                _ if self.attributes.iter().any(|other| other.name == name) => {
                    return Err(malformed(TWICE));
                }
                _ => {
                    self.attributes.push(NamedAttribute { name, raw });
                    continue;
                }
            };
            limits.namespace_name(raw.value).map_err(at_tag)?;
            let uri = attributes::normalise(raw.value).map_err(malformed)?;
            namespaces.declare(prefix, uri, outer).map_err(malformed)?;
        }
        limits.namespaces(namespaces.len()).map_err(at_tag)
    }

    /// Resolves the names and values of the collected attributes.
    fn resolve(
        &self,
        offset: usize,
        namespaces: &Namespaces<'t>,
    ) -> Result<Vec<Attribute>, Rejection> {
        let mut resolved: Vec<Attribute> = Vec::with_capacity(self.attributes.len());
        for NamedAttribute { name, raw } in &self.attributes {
            let at_attribute = |rule| ErrorKind::NotWellFormed(rule).at_offset(raw.offset);
            let namespace = namespaces.of_attribute(*name).map_err(at_attribute)?;
            let is_same =
                |other: &Attribute| other.name == name.local && other.namespace == namespace;
            // Attributes without prefix have been compared already.
            if namespace.is_some() && resolved.iter().any(is_same) {
                return Err(at_attribute(TWICE));
            }
            let value = attributes::normalise(raw.value)
                .map_err(|rule| ErrorKind::NotWellFormed(rule).at_offset(offset))?;
            resolved.push(Attribute {
                namespace,
                name: name.local.into(),
                value,
            });
        }
        Ok(resolved)
    }
}

fn malformed_name(offset: usize) -> Rejection {
    ErrorKind::NotWellFormed("malformed name").at_offset(offset)
}
