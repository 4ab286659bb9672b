//! Filters of lists.

use super::field::{self, ListField};
use crate::suggestion::did_you_mean;

/// A condition: a field contains a text, in upper or lower case.
#[derive(Debug, Clone)]
pub(super) struct Filter<F> {
    pub(super) field: F,
    text: String,
}

impl<F: ListField> Filter<F> {
    /// Parses an argument such as `app=word`.
    pub(super) fn parse(argument: &str) -> Result<Self, String> {
        let (name, text) = argument
            .split_once('=')
            .ok_or("must be a field and a text, such as app=word")?;
        let field = F::from_str(name.trim(), true).map_err(|_| {
            let names = field::names::<F>();
            let similar = did_you_mean(name, names.iter().map(String::as_str));
            format!(
                "there is no field {name}{similar}; the fields are {}",
                names.join(", ")
            )
        })?;
        Ok(Self {
            field,
            text: text.to_lowercase(),
        })
    }

    /// Returns whether an item meets the condition.
    pub(super) fn matches(&self, item: &F::Item) -> bool {
        self.field.cell(item).to_lowercase().contains(&self.text)
    }
}
