//! Continuous latents that the density meets only through comparisons with known numbers.
//!
//! Between two neighbouring thresholds such a density is constant in the latent, so that the latent can be summed out
//! exactly: over the buckets between thresholds, each with its prior mass.

use crate::library::{Normaliser, Rank};

use super::ir::*;

/// What a latent is compared with, wherever the density reads it; `None` if the density reads it otherwise, or if the
/// prior mass between two numbers is not known.
pub fn thresholds(model: &Model, latent: SiteId) -> Option<Vec<&Term>> {
    let site = model.site(latent);
    let SiteKind::Latent { prior, .. } = &site.kind else { return None };
    let known = |end: &std::sync::Arc<Term>| end.stage <= Stage::Data && end.axes.is_empty();
    let bounded = site.domain.ends.iter().flatten().all(known);
    if site.value != Kind::Real || !bounded || !has_mass(prior) || distribution_reads(prior, latent) {
        return None;
    }
    let mut found = Found { latent, reads: 0, compared: Vec::new() };
    visit_density(model, &mut |term| found.part(term));
    (found.reads > 0 && found.reads == found.compared.len()).then_some(found.compared)
}

/// By site: whether the density reads it, and in comparisons with known numbers alone.
pub fn only_compared(model: &Model) -> Vec<bool> {
    let mut reads = vec![(0_usize, 0_usize); model.sites.len()];
    visit_density(model, &mut |term| {
        if let TermKind::Read(site, _) = term.kind {
            reads[site.0].0 += 1;
        }
        for (side, _) in comparisons(term) {
            if let TermKind::Read(site, _) = side.kind {
                reads[site.0].1 += 1;
            }
        }
    });
    reads.into_iter().map(|(all, compared)| all > 0 && all == compared).collect()
}

/// Every term of the log density, those of lets included, and of ends of supports.
fn visit_density<'m>(model: &'m Model, visit: &mut dyn FnMut(&'m Term)) {
    for site in &model.sites {
        match &site.kind {
            SiteKind::Let(term) => term.walk(visit),
            SiteKind::Latent { prior, .. } => {
                prior.walk(visit);
                site.domain.ends.iter().flatten().for_each(|end| end.walk(visit));
            }
            _ => {}
        }
    }
    for factor in &model.factors {
        match factor {
            Factor::Observe { distribution, .. } => distribution.walk(visit),
            Factor::Potential { value, .. } => value.walk(visit),
        }
    }
}

/// The sides of a comparison of which the other is known, each with the other.
fn comparisons(term: &Term) -> Vec<(&Term, &Term)> {
    use Operator::{Greater, GreaterEqual, Less, LessEqual};
    match &term.kind {
        TermKind::Operate(Less | LessEqual | Greater | GreaterEqual, operands) => match &operands[..] {
            [left, right] => {
                let sides = [(left, right), (right, left)].into_iter();
                sides.filter(|(_, other)| other.stage <= Stage::Data).collect()
            }
            _ => vec![],
        },
        _ => vec![],
    }
}

/// Whether the probability between two numbers, and the value at a probability, are known.
fn has_mass(prior: &Distribution) -> bool {
    let call = match prior {
        Distribution::Family(call) => call,
        Distribution::Truncated { base, .. } => match base.as_ref() {
            Distribution::Family(call) => call,
            _ => return false,
        },
        _ => return false,
    };
    let family = call.family;
    match family.forms[call.form].normaliser {
        Normaliser::Included => {
            family.rank == Rank::Scalar
                && family.log_cdf.is_some()
                && family.log_ccdf.is_some()
                && family.quantile.is_some()
        }
        Normaliser::DomainSize => true,
        Normaliser::Improper => false,
    }
}

fn distribution_reads(distribution: &Distribution, latent: SiteId) -> bool {
    let mut found = false;
    distribution.walk(&mut |term| found |= matches!(term.kind, TermKind::Read(site, _) if site == latent));
    found
}

/// How a latent is read.
struct Found<'m> {
    latent: SiteId,
    /// All reads.
    reads: usize,
    /// The other sides of comparisons.
    compared: Vec<&'m Term>,
}

impl<'m> Found<'m> {
    fn is_read(&self, term: &Term) -> bool {
        matches!(&term.kind, TermKind::Read(site, _) if *site == self.latent)
    }

    fn part(&mut self, term: &'m Term) {
        if self.is_read(term) {
            self.reads += 1;
        }
        for (side, other) in comparisons(term) {
            if self.is_read(side) {
                self.compared.push(other);
            }
        }
    }
}
