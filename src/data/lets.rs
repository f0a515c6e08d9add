//! Lets of data alone, computed once: in the order of evaluation, recurrences by sweeps.

use crate::array::Array;
use crate::diagnostics::{Diagnostic, any_error};
use crate::model::{Recurrence, SiteId, SiteKind, Stage, Step, Term};

use super::bind::Binder;
use super::codes;
use super::spread::spread;

impl Binder<'_> {
    /// Lets of data alone, in the order of evaluation.
    pub fn try_lets(&mut self) {
        let model = self.model;
        for step in &model.order {
            match step {
                Step::Site(site) => {
                    if let Some(value) = self.let_value(*site) {
                        self.bindings.values[site.0] = Some(value);
                    }
                }
                Step::Recurrence(recurrence) => self.try_recurrence(recurrence),
            }
        }
    }

    /// The value of a let of data alone that has none yet, if what it reads is known.
    fn let_value(&self, site: SiteId) -> Option<Array> {
        let declared = self.model.site(site);
        match &declared.kind {
            SiteKind::Let(term)
                if declared.stage <= Stage::Data && self.bindings.values[site.0].is_none() =>
            {
                self.let_of(site, term)
            }
            _ => None,
        }
    }

    fn let_of(&self, site: SiteId, term: &Term) -> Option<Array> {
        let axes = &self.model.site(site).axes;
        self.shape_of(axes)?;
        spread(&self.value_of(term)?, &term.axes, axes, &self.bindings.sizes)
    }

    /// Lets that read themselves at earlier elements: from zeros, each sweep makes one more element final, and a
    /// sweep that changes nothing proves that all are.
    fn try_recurrence(&mut self, recurrence: &Recurrence) {
        let model = self.model;
        let terms: Vec<(SiteId, &Term)> = recurrence
            .members
            .iter()
            .filter_map(|&site| match &model.site(site).kind {
                SiteKind::Let(term) if model.site(site).stage <= Stage::Data => Some((site, term)),
                _ => None,
            })
            .collect();
        let ready = terms.len() == recurrence.members.len()
            && terms.iter().all(|(site, _)| self.bindings.values[site.0].is_none());
        let shapes: Option<Vec<_>> =
            terms.iter().map(|(site, _)| self.shape_of(&model.site(*site).axes)).collect();
        let (true, Some(shapes), Some(length)) = (ready, shapes, self.bindings.sizes[recurrence.axis.dim.0])
        else {
            return;
        };
        for ((site, _), shape) in terms.iter().zip(shapes) {
            let count = shape.iter().product();
            self.bindings.values[site.0] = Some(Array::new(shape, vec![0.0; count]));
        }
        for _ in 0..=length {
            let mut changed = Change::None;
            for &(site, term) in &terms {
                let Some(value) = self.let_of(site, term) else {
                    terms.iter().for_each(|(site, _)| self.bindings.values[site.0] = None);
                    return;
                };
                let old = self.bindings.values[site.0].replace(value);
                if !same_bits(old.as_ref(), self.bindings.values[site.0].as_ref()) {
                    changed = Change::Some;
                }
            }
            if changed == Change::None {
                return;
            }
        }
    }

    /// What should be known and is not, where nothing else explains it.
    pub fn report_uncomputed(&mut self) {
        if any_error(&self.diagnostics) {
            return;
        }
        let model = self.model;
        let unsized_dims = model.dims.iter().zip(&self.bindings.sizes).filter(|(_, size)| size.is_none());
        let mut unknown: Vec<_> = unsized_dims.map(|(dim, _)| (&dim.name, dim.span)).collect();
        for (site, value) in model.sites.iter().zip(&self.bindings.values) {
            let wanted =
                matches!(site.kind, SiteKind::Data { .. } | SiteKind::Let(_)) && site.stage <= Stage::Data;
            if wanted && value.is_none() {
                unknown.push((&site.name, site.span));
            }
        }
        let Some((name, span)) = unknown.first() else { return };
        let message = format!("`{name}` depends on data alone, and could not be computed");
        self.diagnostics.push(Diagnostic::new(codes::NOT_COMPUTED, message).at(*span, "this"));
    }
}

/// Whether a sweep changed a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Some,
}

fn same_bits(a: Option<&Array>, b: Option<&Array>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.values.iter().zip(b.values.iter()).all(|(a, b)| a.to_bits() == b.to_bits()),
        _ => false,
    }
}
