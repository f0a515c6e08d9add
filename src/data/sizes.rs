//! How large each dim is, and what its elements are called.

use std::collections::{BTreeSet, HashMap};

use crate::diagnostics::Diagnostic;
use crate::model::{AxisVar, DimId, DimKind, Kind, Model, SiteId, SiteKind, Term};
use crate::translate::Coordinates;

use super::bind::{Binder, Input};
use super::codes;
use super::fields::{Field, Values};
use super::spread::spread;
use super::words::{counted, listed, shown};

/// No dim may have more elements: a larger number is a mistake, and would exhaust memory.
const LARGEST: f64 = 1e8;

/// A field's length along an axis of its site.
#[derive(Clone, Copy, Debug)]
struct Claim {
    site: SiteId,
    size: usize,
}

/// For each dim, the sites that are over it or index it, in order.
pub(super) fn sites_by_dim(model: &Model) -> Vec<Vec<SiteId>> {
    let mut concerned = vec![Vec::new(); model.dims.len()];
    for id in model.site_ids() {
        let site = model.site(id);
        let indexed = match site.value {
            Kind::Index(dim) => Some(dim),
            _ => None,
        };
        for dim in site.axes.iter().map(|axis| axis.dim).chain(indexed) {
            if concerned[dim.0].last() != Some(&id) {
                concerned[dim.0].push(id);
            }
        }
    }
    concerned
}

impl<'a> Binder<'a> {
    fn concerned(&self, dim: DimId) -> &[SiteId] {
        &self.concerned[dim.0]
    }

    fn indices_into(&self, dim: DimId) -> Vec<SiteId> {
        let into = |site: &&SiteId| self.model.site(**site).value == Kind::Index(dim);
        self.concerned(dim).iter().filter(into).copied().collect()
    }

    /// Sizes that need no evaluation: labels, and lengths of data.
    pub fn take_sizes_from_data(&mut self) {
        for at in 0..self.model.dims.len() {
            let dim = DimId(at);
            match &self.model.dim(dim).kind {
                DimKind::Labels(labels) => self.name_elements(dim, labels.clone()),
                DimKind::FromData => self.size_from_data(dim),
                DimKind::Size(_) | DimKind::Range(..) | DimKind::Sub { .. } => {}
            }
        }
    }

    fn name_elements(&mut self, dim: DimId, labels: Vec<String>) {
        self.bindings.sizes[dim.0] = Some(labels.len());
        self.bindings.coordinates[dim.0] = Coordinates::Labels(labels);
    }

    fn size_from_data(&mut self, dim: DimId) {
        let claims = self.claims(dim);
        let size = most_frequent(&claims);
        if let Some(reference) = size {
            self.reject_other_lengths(dim, reference, &claims);
            self.bindings.sizes[dim.0] = Some(reference.size);
        }
        self.warn_mixed_labels(dim);
        match (self.labels(dim), size) {
            ((_, labels), None) if !labels.is_empty() => self.name_elements(dim, labels),
            ((Some(column), labels), Some(reference)) => self.match_labels(dim, (column, labels), reference),
            (_, None) => self.size_from_codes(dim),
            _ => {}
        }
    }

    fn claims(&self, dim: DimId) -> Vec<Claim> {
        let mut claims = Vec::new();
        for &site in self.concerned(dim) {
            let Input::Field(_, lengths) = &self.inputs[site.0] else { continue };
            for (axis, size) in self.model.site(site).axes.iter().zip(lengths) {
                if let (true, Some(size)) = (axis.dim == dim, *size) {
                    claims.push(Claim { site, size });
                }
            }
        }
        claims
    }

    fn field_of(&self, site: SiteId) -> Option<&'a Field> {
        match &self.inputs[site.0] {
            Input::Field(field, _) => Some(field),
            _ => None,
        }
    }

    fn reject_other_lengths(&mut self, dim: DimId, reference: Claim, claims: &[Claim]) {
        let mut reported = BTreeSet::new();
        for odd in claims.iter().filter(|claim| claim.size != reference.size) {
            let (Some(field), Some(other)) = (self.field_of(odd.site), self.field_of(reference.site)) else {
                continue;
            };
            if !reported.insert(odd.site) {
                continue;
            }
            let name = &self.model.dim(dim).name;
            let (found, wanted) = (counted(odd.size, "value"), counted(reference.size, "value"));
            let message =
                format!("`{}` has {found} along `{name}`, `{}` has {wanted}", field.name, other.name);
            let span = self.model.site(odd.site).span;
            self.diagnostics.push(
                Diagnostic::new(codes::DIM_CONFLICT, message)
                    .in_file(field.file(), field.origin.key, format!("{found} along `{name}`"))
                    .in_file(other.file(), other.origin.key, wanted)
                    .at(span, format!("over `{name}`, whose size comes from the data"))
                    .help(format!(
                        "complete the shorter one; if they are not over the same things, declare another dim in place of `{name}`"
                    )),
            );
        }
        for site in reported {
            self.inputs[site.0] = Input::Faulty;
        }
    }

    /// The distinct labels of text columns that index a dim, sorted, and one such column.
    fn labels(&self, dim: DimId) -> (Option<SiteId>, Vec<String>) {
        let mut labels = BTreeSet::new();
        let mut column = None;
        for site in self.indices_into(dim) {
            if let Some(Field { values: Values::Text(texts), .. }) = self.field_of(site) {
                labels.extend(texts.iter().filter(|text| !text.is_empty()).map(String::as_str));
                column = column.or(Some(site));
            }
        }
        (column, labels.into_iter().map(str::to_owned).collect())
    }

    /// One text among codes makes labels of them all, and sorted as texts `10` comes before `9`.
    fn warn_mixed_labels(&mut self, dim: DimId) {
        for site in self.indices_into(dim) {
            let Some(field) = self.field_of(site) else { continue };
            let (Values::Text(texts), Some(at)) = (&field.values, field.stray) else { continue };
            let name = &self.model.dim(dim).name;
            let message =
                format!("`{}` has numbers and texts, so all of it is labels of `{name}`", field.name);
            let diagnostic = Diagnostic::new(codes::MIXED_LABELS, message);
            let diagnostic = match field.places(self.files, &[at]).first() {
                Some(span) => diagnostic.in_file(field.file(), *span, "a text"),
                None => diagnostic,
            };
            let help = format!("if \"{}\" is a slip, mend it: then the numbers are coordinates", texts[at]);
            self.diagnostics.push(diagnostic.at(self.model.site(site).span, "an index into it").help(help));
        }
    }

    /// Labels of an index column for a dim whose size other data give by their length.
    fn match_labels(&mut self, dim: DimId, (column, labels): (SiteId, Vec<String>), reference: Claim) {
        let (Some(texts), Some(other)) = (self.field_of(column), self.field_of(reference.site)) else {
            return;
        };
        let name = &self.model.dim(dim).name;
        let span = self.model.dim(dim).span;
        if labels.len() != reference.size {
            let (found, wanted) = (counted(labels.len(), "distinct label"), counted(reference.size, "value"));
            let message =
                format!("`{}` has {found}, `{}` has {wanted} along `{name}`", texts.name, other.name);
            self.diagnostics.push(
                Diagnostic::new(codes::DIM_CONFLICT, message)
                    .in_file(texts.file(), texts.origin.key, found)
                    .in_file(other.file(), other.origin.key, wanted)
                    .at(span, "declared here")
                    .help(format!("say which label is which: `dim {name} = [\"…\", \"…\"]`")),
            );
            self.inputs[column.0] = Input::Faulty;
            return;
        }
        let message = format!(
            "`{}` has no labels; its values are taken for those of `{}`, sorted",
            other.name, texts.name
        );
        self.diagnostics.push(
            Diagnostic::new(codes::LABEL_ORDER, message)
                .in_file(other.file(), other.origin.key, format!("its first value is for \"{}\"", labels[0]))
                .in_file(texts.file(), texts.origin.key, "labels from here")
                .at(span, "declared here")
                .help(format!("to be sure, give the order in the model: `dim {name} = [\"…\", \"…\"]`")),
        );
        self.name_elements(dim, labels);
    }

    /// Only index columns speak of this dim: its largest coordinate is its size.
    fn size_from_codes(&mut self, dim: DimId) {
        let mut largest: Option<(f64, &Field)> = None;
        for site in self.indices_into(dim) {
            let Some(field @ Field { values: Values::Numbers(numbers), .. }) = self.field_of(site) else {
                continue;
            };
            let top = numbers.iter().copied().filter(|code| code.is_finite()).fold(0.0, f64::max).floor();
            if largest.is_none_or(|(largest, _)| top > largest) {
                largest = Some((top, field));
            }
        }
        let Some((size, field)) = largest else { return };
        let name = &self.model.dim(dim).name;
        if size > LARGEST {
            let message =
                format!("`{}` has the coordinate {} of `{name}`: too large", field.name, shown(size));
            let diagnostic = Diagnostic::new(codes::SIZE, message);
            let diagnostic = diagnostic.in_file(field.file(), field.origin.key, "indexes it");
            let diagnostic = diagnostic.at(self.model.dim(dim).span, "coordinates count from 1");
            self.diagnostics.push(diagnostic.help("number the elements from 1, or use texts as labels"));
            self.faulty_dims.insert(dim);
            return;
        }
        self.bindings.sizes[dim.0] = Some(size as usize);
        let lengths_lack = self.concerned(dim).iter().any(|&site| {
            matches!(self.inputs[site.0], Input::Faulty)
                && self.model.site(site).axes.iter().any(|axis| axis.dim == dim)
        });
        if size > 10.0 * field.len() as f64 + 1000.0 && !lengths_lack {
            let message =
                format!("`{name}` has {} elements, the largest number in `{}`", shown(size), field.name);
            let diagnostic = Diagnostic::new(codes::SPARSE_CODES, message)
                .in_file(field.file(), field.origin.key, format!("{} in all", counted(field.len(), "value")))
                .at(self.model.dim(dim).span, "its coordinates count from 1");
            self.diagnostics
                .push(diagnostic.help("if these numbers are codes, number them from 1 or make them texts"));
        }
    }

    /// A dim whose size is computed, if what it needs is known by now.
    pub fn try_dim(&mut self, dim: DimId) {
        if self.bindings.sizes[dim.0].is_some() || self.faulty_dims.contains(&dim) {
            return;
        }
        match &self.model.dim(dim).kind {
            DimKind::Size(term) => {
                let Some(size) = self.scalar(term) else { return };
                self.set_range(dim, 1.0, size, term);
            }
            DimKind::Range(first, last) => {
                let (Some(low), Some(high)) = (self.scalar(first), self.scalar(last)) else { return };
                self.set_range(dim, low, high, last);
            }
            DimKind::Sub { parent, filter } => self.select(dim, *parent, filter),
            DimKind::FromData | DimKind::Labels(_) => {}
        }
    }

    fn scalar(&self, term: &Term) -> Option<f64> {
        self.value_of(term).and_then(|array| array.values.first().copied())
    }

    fn set_range(&mut self, dim: DimId, first: f64, last: f64, term: &Term) {
        let size = last - first + 1.0;
        let whole = first.fract() == 0.0 && last.fract() == 0.0 && first.abs() < 1e15;
        if whole && (0.0..=LARGEST).contains(&size) {
            self.bindings.sizes[dim.0] = Some(size as usize);
            self.bindings.coordinates[dim.0] = Coordinates::Integers { first: first as i64 };
            return;
        }
        let name = &self.model.dim(dim).name;
        let bounds = match self.model.dim(dim).kind {
            DimKind::Range(..) => format!("runs from {} to {}", shown(first), shown(last)),
            _ => format!("has {} elements", shown(last)),
        };
        let reason = match (whole, size < 0.0) {
            (false, _) => "should be an integer",
            (true, true) => "is too small",
            (true, false) => "is too large",
        };
        let message = format!("`{name}` {bounds}: {} {reason}", shown(last));
        let diagnostic = Diagnostic::new(codes::SIZE, message).at(term.span, reason);
        self.diagnostics
            .push(diagnostic.help("a size is a positive integer; correct the data it is taken from"));
        self.faulty_dims.insert(dim);
    }

    fn select(&mut self, dim: DimId, parent: DimId, filter: &Term) {
        if self.bindings.sizes[parent.0].is_none() {
            return;
        }
        let axes = [AxisVar { dim: parent, copy: 0 }];
        let Some(holds) = self.value_of(filter) else { return };
        let Some(holds) = spread(&holds, &filter.axes, &axes, &self.bindings.sizes) else { return };
        let positions: Vec<usize> =
            holds.values.iter().enumerate().filter(|(_, holds)| **holds != 0.0).map(|(at, _)| at).collect();
        let names = positions.iter().map(|&at| self.bindings.coordinates[parent.0].name(at)).collect();
        self.bindings.sizes[dim.0] = Some(positions.len());
        self.bindings.coordinates[dim.0] = Coordinates::Selected(names);
        self.bindings.parents[dim.0] = positions;
    }

    /// Dims that nothing gives a size.
    pub fn report_unsized(&mut self) {
        for at in 0..self.model.dims.len() {
            let dim = DimId(at);
            let unknown = self.bindings.sizes[at].is_none() && !self.faulty_dims.contains(&dim);
            if !unknown || !matches!(self.model.dim(dim).kind, DimKind::FromData) {
                continue;
            }
            let is_data = |site: &&SiteId| matches!(self.model.site(**site).kind, SiteKind::Data { .. });
            let speakers: Vec<SiteId> = self.concerned(dim).iter().filter(is_data).copied().collect();
            if speakers.iter().any(|site| matches!(self.inputs[site.0], Input::Faulty)) {
                self.faulty_dims.insert(dim);
                continue;
            }
            let name = &self.model.dim(dim).name;
            let message = format!("nothing says how many elements `{name}` has");
            let diagnostic =
                Diagnostic::new(codes::UNKNOWN_SIZE, message).at(self.model.dim(dim).span, "no size");
            let names = listed(speakers.iter().map(|site| self.model.site(*site).name.as_str()));
            self.diagnostics.push(if names.is_empty() {
                diagnostic.help(format!("declare data over it, or write its size: `dim {name} = 3`"))
            } else {
                diagnostic.help(format!("its size comes from {names}, which the data do not give"))
            });
            self.faulty_dims.insert(dim);
        }
    }
}

/// The size that most claims give; of equally many, the first.
fn most_frequent(claims: &[Claim]) -> Option<Claim> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for claim in claims {
        *counts.entry(claim.size).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    claims.iter().copied().find(|claim| counts.get(&claim.size) == Some(&most))
}
