//! Index columns: coordinates and labels as the files have them, turned into positions of a dim.

use std::collections::HashMap;

use crate::diagnostics::{Diagnostic, suggest};
use crate::model::{DimId, DimKind, SiteId};
use crate::translate::Coordinates;

use super::bind::Binder;
use super::codes;
use super::fields::{Field, Values};
use super::values::Offenders;
use super::words::shown;

/// Finds positions by coordinate or label.
pub(super) enum Lookup<'a> {
    /// Coordinates `first ..`, so many.
    Integers {
        /// The coordinate of position 0.
        first: f64,
        /// Number of elements.
        size: usize,
    },
    /// By the name of each element.
    Names(HashMap<&'a str, usize>),
    /// By label; integers count from 1.
    Labels(HashMap<&'a str, usize>),
}

impl Lookup<'_> {
    /// The position of a number.
    pub fn position(&self, code: f64) -> Option<usize> {
        let count = |first: f64, size: usize| {
            let at = code - first;
            (at >= 0.0 && at < size as f64 && at.fract() == 0.0).then_some(at as usize)
        };
        match self {
            Self::Integers { first, size } => count(*first, *size),
            Self::Labels(names) => count(1.0, names.len()),
            Self::Names(names) => names.get(shown(code).as_str()).copied(),
        }
    }

    /// The position of a text.
    fn named(&self, text: &str) -> Option<usize> {
        match self {
            Self::Integers { .. } => None,
            Self::Labels(names) | Self::Names(names) => names.get(text).copied(),
        }
    }
}

impl Binder<'_> {
    /// How the elements of a dim are found.
    pub fn lookup(&self, dim: DimId) -> Lookup<'_> {
        let size = self.bindings.sizes[dim.0].unwrap_or(0);
        match &self.bindings.coordinates[dim.0] {
            Coordinates::Integers { first } => Lookup::Integers { first: *first as f64, size },
            Coordinates::Labels(names) => Lookup::Labels(borrowed(names)),
            Coordinates::Selected(names) => Lookup::Names(borrowed(names)),
        }
    }

    /// An index column as positions.
    pub fn positions(&self, site: SiteId, field: &Field, dim: DimId) -> Result<Vec<f64>, Box<Diagnostic>> {
        let lookup = self.lookup(dim);
        match &field.values {
            Values::Numbers(codes) => {
                self.check_kind(site, field, codes)?;
                let found: Vec<Option<usize>> = codes.iter().map(|&code| lookup.position(code)).collect();
                match Offenders::find(&found, Option::is_none) {
                    None => Ok(found.into_iter().flatten().map(|at| at as f64).collect()),
                    Some(offenders) => {
                        Err(Box::new(self.out_of_range((site, field), dim, codes, &offenders)))
                    }
                }
            }
            Values::Text(texts) => {
                let found: Vec<Option<usize>> = texts.iter().map(|text| lookup.named(text)).collect();
                match Offenders::find(&found, Option::is_none) {
                    None => Ok(found.into_iter().flatten().map(|at| at as f64).collect()),
                    Some(offenders) => {
                        Err(Box::new(self.unknown_label((site, field), dim, texts, &offenders)))
                    }
                }
            }
            Values::Broken => unreachable!("broken fields feed no site"),
        }
    }

    fn out_of_range(
        &self,
        (site, field): (SiteId, &Field),
        dim: DimId,
        numbers: &[f64],
        offenders: &Offenders,
    ) -> Diagnostic {
        let name = &self.model.dim(dim).name;
        let size = self.bindings.sizes[dim.0].unwrap_or(0);
        let range = self.range_words(dim);
        let lowest = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let from_one = !matches!(self.bindings.coordinates[dim.0], Coordinates::Integers { first } if first != 1)
            && !matches!(self.bindings.coordinates[dim.0], Coordinates::Selected(_));
        // The largest code is the size itself where nothing else gives one.
        if lowest == 0.0 && from_one && highest <= size as f64 {
            let message =
                self.fact(site, offenders, |_| format!("is 0, and the elements of `{name}` count from 1"));
            let diagnostic = self.blame(codes::INDEX_BASE, message, (site, field), offenders);
            let diagnostic = diagnostic.at(self.model.dim(dim).span, range);
            return match self.model.dim(dim).kind {
                DimKind::FromData | DimKind::Size(_) => {
                    let last = if highest == size as f64 { size } else { size.saturating_sub(1) };
                    diagnostic.help(format!("if the codes count from 0, write `dim {name} = 0..{last}`"))
                }
                _ => diagnostic.help("add 1 to the codes if they count from 0"),
            };
        }
        let message = self.fact(site, offenders, |at| {
            format!("is {}, which is no element of `{name}`: {range}", shown(numbers[at]))
        });
        let diagnostic = self.blame(codes::INDEX_RANGE, message, (site, field), offenders);
        let diagnostic = diagnostic.at(self.model.dim(dim).span, range);
        match self.model.dim(dim).kind {
            DimKind::Size(_) if lowest >= 1.0 => diagnostic.help(format!(
                "correct these values; if `{name}` has more elements, write `dim {name} = {}`, or `dim {name}` alone to take their number from the data",
                shown(highest)
            )),
            _ => diagnostic.help(format!("correct these values, or the declaration of `{name}`")),
        }
    }

    /// The elements of a dim, in words.
    pub fn range_words(&self, dim: DimId) -> String {
        let size = self.bindings.sizes[dim.0].unwrap_or(0);
        let coordinates = &self.bindings.coordinates[dim.0];
        match (size, coordinates) {
            (0, _) => "it has no elements".to_owned(),
            (_, Coordinates::Labels(_)) => format!("its elements are 1..{size}"),
            (_, Coordinates::Integers { .. }) => {
                format!("its elements are {}..{}", coordinates.name(0), coordinates.name(size - 1))
            }
            (_, Coordinates::Selected(_)) => format!("it has {size} elements, from {}", coordinates.name(0)),
        }
    }

    fn unknown_label(
        &self,
        (site, field): (SiteId, &Field),
        dim: DimId,
        texts: &[String],
        offenders: &Offenders,
    ) -> Diagnostic {
        let declared = self.model.dim(dim);
        let name = &declared.name;
        let text = offenders.first.first().map_or("", |&at| texts[at].as_str());
        if let Coordinates::Integers { .. } = self.bindings.coordinates[dim.0] {
            let words = |_| format!("is \"{text}\", and the elements of `{name}` have no labels");
            let diagnostic =
                self.blame(codes::UNLABELLED, self.fact(site, offenders, words), (site, field), offenders);
            return diagnostic
                .at(declared.span, self.range_words(dim))
                .help(format!("write `dim {name}` to take the labels from the data, or list them: `dim {name} = [\"a\", \"b\"]`"));
        }
        let message = self.fact(site, offenders, |_| format!("is \"{text}\", which is no label of `{name}`"));
        let diagnostic = self.blame(codes::UNKNOWN_LABEL, message, (site, field), offenders);
        let diagnostic = diagnostic.at(declared.span, "labels declared here");
        let labels = match &self.bindings.coordinates[dim.0] {
            Coordinates::Labels(labels) | Coordinates::Selected(labels) => labels.as_slice(),
            Coordinates::Integers { .. } => &[],
        };
        match suggest::nearest(text, labels.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
            None => diagnostic
                .help(format!("correct these values, or add the label to the declaration of `{name}`")),
        }
    }
}

fn borrowed(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect()
}
