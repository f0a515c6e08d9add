//! What is known by name, to be looked up and to be suggested where a name is misspelt.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::combinators::COMBINATORS;
use super::forms::LANGUAGE_FORMS;
use super::ir::DimId;
use super::names::Names;
use super::types;
use crate::diagnostics::suggest::Dictionary;
use crate::library::{DOMAINS, FAMILIES, FUNCTIONS};

/// What a name is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A number: an array or a dim.
    Value,
    /// An array.
    Array,
    /// A dim.
    Dim,
    /// A type: a domain or a dim.
    Type,
    /// A function, the user's own or the library's.
    Function,
    /// A distribution.
    Distribution,
}

const SORTS: usize = 6;

/// Names that may be suggested, sorted when first asked for.
#[derive(Default)]
pub struct Suggestions<'t> {
    by_sort: [OnceCell<Dictionary<'t>>; SORTS],
    labels: HashMap<DimId, Labels<'t>>,
}

/// The labels of a dim.
struct Labels<'t> {
    positions: HashMap<&'t str, usize>,
    dictionary: OnceCell<Dictionary<'t>>,
}

impl<'t> Names<'t> {
    /// The known name of a sort most like this one, once all is declared.
    pub fn like(&self, sort: Sort, name: &str) -> Option<&'t str> {
        let dictionary = self.suggestions.by_sort[sort as usize].get_or_init(|| self.dictionary(sort));
        dictionary.nearest(name)
    }

    fn dictionary(&self, sort: Sort) -> Dictionary<'t> {
        let (arrays, dims) = (|| self.arrays.keys().copied(), || self.dims.keys().copied());
        match sort {
            Sort::Value => Dictionary::new(arrays().chain(dims())),
            Sort::Array => Dictionary::new(arrays()),
            Sort::Dim => Dictionary::new(dims()),
            Sort::Type => {
                let domains = DOMAINS.iter().map(|row| row.name);
                Dictionary::new(domains.filter(|name| types::written(name).is_some()).chain(dims()))
            }
            Sort::Function => {
                let own = self.functions.keys().copied();
                Dictionary::new(FUNCTIONS.iter().map(|row| row.name).chain(own).chain(LANGUAGE_FORMS))
            }
            Sort::Distribution => Dictionary::new(FAMILIES.iter().map(|row| row.name).chain(COMBINATORS)),
        }
    }

    /// Notes the labels of a dim, in order.
    pub fn declare_labels(&mut self, dim: DimId, labels: impl Iterator<Item = &'t str>) {
        let mut positions = HashMap::new();
        for (position, label) in labels.enumerate() {
            positions.entry(label).or_insert(position);
        }
        self.suggestions.labels.insert(dim, Labels { positions, dictionary: OnceCell::new() });
    }

    /// The position of a label.
    ///
    /// # Errors
    /// With the label most like it, if the dim does not have it.
    pub fn label(&self, dim: DimId, label: &str) -> Result<usize, Option<&'t str>> {
        let Some(labels) = self.suggestions.labels.get(&dim) else { return Err(None) };
        let near = || {
            let known = labels.dictionary.get_or_init(|| Dictionary::new(labels.positions.keys().copied()));
            known.nearest(label)
        };
        labels.positions.get(label).copied().ok_or_else(near)
    }
}
