//! The same model with other values of its data: what a simulated replicate is.

use std::sync::Arc;

use crate::array::Array;
use crate::model::{Model, SiteId, SiteKind, Stage, Step, Term, TermKind};
use crate::translate::evaluate_step;

use super::BoundModel;

impl BoundModel {
    /// Without the values of some sites, and of the lets that are computed from them.
    pub fn without_values(&self, sites: &[SiteId]) -> BoundModel {
        let mut bindings = self.bindings.clone();
        for site in self.derived(sites).into_iter().chain(sites.iter().copied()) {
            bindings.values[site.0] = None;
        }
        BoundModel { model: Arc::clone(&self.model), bindings }
    }

    /// With other values of some sites, in declared axis order; the lets that are computed from them follow.
    pub fn with_values(&self, values: Vec<(SiteId, Array)>) -> BoundModel {
        let sites: Vec<SiteId> = values.iter().map(|(site, _)| *site).collect();
        let mut replicate = self.without_values(&sites);
        for (site, value) in values {
            replicate.bindings.values[site.0] = Some(value);
        }
        for step in &self.model.order {
            let is_known = |site: &SiteId| replicate.bindings.values[site.0].is_some();
            if members(step).iter().any(is_known) || !is_data_let(&self.model, step) {
                continue;
            }
            let computed = evaluate_step(&self.model, &replicate.bindings, step);
            for (site, value) in computed.into_iter().flatten() {
                replicate.bindings.values[site.0] = Some(value);
            }
        }
        replicate
    }

    /// The lets of data alone that read some sites, through other lets too, in the order of evaluation.
    fn derived(&self, sites: &[SiteId]) -> Vec<SiteId> {
        let mut found: Vec<SiteId> = Vec::new();
        for step in &self.model.order {
            let reads = |site: &SiteId| match &self.model.site(*site).kind {
                SiteKind::Let(term) => reads(term, &|read| found.contains(&read) || sites.contains(&read)),
                _ => false,
            };
            let own = members(step);
            if is_data_let(&self.model, step)
                && own.iter().any(reads)
                && !own.iter().any(|site| sites.contains(site))
            {
                found.extend(own);
            }
        }
        found
    }
}

fn members(step: &Step) -> Vec<SiteId> {
    match step {
        Step::Site(site) => vec![*site],
        Step::Recurrence(recurrence) => recurrence.members.clone(),
    }
}

fn is_data_let(model: &Model, step: &Step) -> bool {
    let is = |site: &SiteId| {
        let site = model.site(*site);
        matches!(site.kind, SiteKind::Let(_)) && site.stage <= Stage::Data
    };
    members(step).iter().all(is)
}

fn reads(term: &Term, is_wanted: &dyn Fn(SiteId) -> bool) -> bool {
    term.any(&|part| matches!(part.kind, TermKind::Read(site, _) if is_wanted(site)))
}
