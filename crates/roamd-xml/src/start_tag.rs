//! Start tags: names and attributes with their namespaces.

use crate::ErrorKind;
use crate::attributes::{self, Attributes, RawAttribute};
use crate::characters::starts_with_space;
use crate::error::Rejection;
use crate::limit_checker::LimitChecker;
use crate::names::{NameText, QualifiedName};
use crate::namespaces::Namespaces;
use crate::text::{Text, Texts};
use crate::tree::AttributeNode;

const TWICE: &str = "attribute is given twice in one tag";

/// Name of an element, whose prefix is replaced by a namespace.
pub(crate) struct ElementName<'t> {
    /// The name with its prefix.
    pub(crate) tag_name: &'t str,
    pub(crate) namespace: Option<Text>,
    pub(crate) local: &'t str,
}

/// Reader of start tags. It keeps its buffer from one tag to the next.
#[derive(Default)]
pub(crate) struct StartTagReader<'t> {
    /// The attributes of the current tag, without namespace declarations.
    attributes: Vec<NamedAttribute<'t>>,
}

/// What a start tag changes: the namespaces in scope, the texts and the attributes.
pub(crate) struct TagTarget<'a, 't> {
    pub(crate) namespaces: &'a mut Namespaces<'t>,
    pub(crate) texts: &'a mut Texts<&'t str>,
    pub(crate) attributes: &'a mut Vec<AttributeNode>,
}

struct NamedAttribute<'t> {
    name: QualifiedName<'t>,
    raw: RawAttribute<'t>,
}

impl<'t> StartTagReader<'t> {
    /// Reads the tag at an offset, of which `content` is the text between `<` and `>` or `/>`. Adds
    /// its declarations to those in scope, and its attributes to those before.
    ///
    /// # Errors
    /// If a limit is exceeded, or the tag violates a rule of XML or of namespaces.
    pub(crate) fn read(
        &mut self,
        content: &'t str,
        offset: usize,
        mut target: TagTarget<'_, 't>,
        limits: &LimitChecker<'_>,
    ) -> Result<ElementName<'t>, Rejection> {
        let at_name = offset + "<".len();
        let (tag_name, rest) = NameText::split(content);
        let name = tag_name
            .qualified()
            .filter(|_| rest.is_empty() || starts_with_space(rest))
            .ok_or_else(|| malformed_name(at_name))?;
        self.attributes.clear();
        if !rest.is_empty() {
            let attributes = Attributes::new(rest, at_name + content.len() - rest.len());
            self.collect(attributes, offset, &mut target, limits)?;
        }
        let namespace = target
            .namespaces
            .of_element(name)
            .map_err(|rule| ErrorKind::NotWellFormed(rule).at_offset(at_name))?;
        self.resolve(offset, target)?;
        Ok(ElementName {
            tag_name: tag_name.as_str(),
            namespace,
            local: name.local,
        })
    }

    /// Collects the attributes and declares the namespaces. A declaration may follow the attribute
    /// that needs it, so namespaces are looked up later.
    fn collect(
        &mut self,
        attributes: Attributes<'t>,
        offset: usize,
        target: &mut TagTarget<'_, 't>,
        limits: &LimitChecker<'_>,
    ) -> Result<(), Rejection> {
        let at_tag = |kind: ErrorKind| kind.at_offset(offset);
        let malformed = |rule| at_tag(ErrorKind::NotWellFormed(rule));
        let outer = target.namespaces.len();
        for (index, raw) in attributes.enumerate() {
            let raw = raw.map_err(malformed)?;
            limits.attributes(index + 1).map_err(at_tag)?;
            let name = raw.name.qualified();
            let name = name.ok_or_else(|| malformed_name(raw.offset))?;
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
            target
                .namespaces
                .declare(prefix, &uri, outer, target.texts)
                .map_err(malformed)?;
        }
        limits.namespaces(target.namespaces.len()).map_err(at_tag)
    }

    /// Resolves the names and values of the collected attributes.
    fn resolve(&self, offset: usize, target: TagTarget<'_, 't>) -> Result<(), Rejection> {
        let TagTarget {
            namespaces,
            texts,
            attributes,
        } = target;
        let first = attributes.len();
        for NamedAttribute { name, raw } in &self.attributes {
            let at_attribute = |rule| ErrorKind::NotWellFormed(rule).at_offset(raw.offset);
            let namespace = namespaces
                .of_attribute(*name, texts)
                .map_err(at_attribute)?;
            // Attributes without prefix have been compared already.
            if let Some(namespace) = namespace {
                let namespace = texts.get(namespace);
                let is_same = |other: &AttributeNode| {
                    texts.get(other.name) == name.local
                        && other.namespace.map(|other| texts.get(other)) == Some(namespace)
                };
                if attributes.iter().skip(first).any(is_same) {
                    return Err(at_attribute(TWICE));
                }
            }
            let value = attributes::normalise(raw.value)
                .map_err(|rule| ErrorKind::NotWellFormed(rule).at_offset(offset))?;
            attributes.push(AttributeNode {
                namespace,
                name: texts.keep(name.local),
                value: texts.keep(&value),
            });
        }
        Ok(())
    }
}

fn malformed_name(offset: usize) -> Rejection {
    ErrorKind::NotWellFormed("malformed name").at_offset(offset)
}
