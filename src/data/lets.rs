//! Lets of data alone, computed once.

use crate::diagnostics::{Diagnostic, any_error};
use crate::model::{SiteId, SiteKind, Stage, Step};
use crate::translate::evaluate_step;

use super::bind::Binder;
use super::codes;

impl Binder<'_> {
    /// Computes what can be computed of a step by now.
    pub fn try_let(&mut self, step: &Step) {
        let model = self.model;
        let members = match step {
            Step::Site(site) => std::slice::from_ref(site),
            Step::Recurrence(recurrence) => recurrence.members.as_slice(),
        };
        if members.iter().all(|&site| self.can_be_computed(site))
            && let Some(values) = evaluate_step(model, &self.bindings, step)
        {
            for (site, value) in values {
                self.bindings.values[site.0] = Some(value);
            }
        }
    }

    /// Whether a site is a let of data alone without a value yet, over dims of known size.
    fn can_be_computed(&self, site: SiteId) -> bool {
        let declared = self.model.site(site);
        matches!(declared.kind, SiteKind::Let(_))
            && declared.stage <= Stage::Data
            && self.bindings.values[site.0].is_none()
            && self.shape_of(&declared.axes).is_some()
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
        let message = format!("nothing in the data says what `{name}` is");
        self.diagnostics.push(Diagnostic::new(codes::UNKNOWN_SIZE, message).at(*span, "left open"));
    }
}
