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
    for other in &model.sites {
        match &other.kind {
            SiteKind::Let(term) => found.term(term),
            SiteKind::Latent { prior, .. } => {
                found.distribution(prior);
                other.domain.ends.iter().flatten().for_each(|end| found.term(end));
            }
            _ => {}
        }
    }
    for factor in &model.factors {
        match factor {
            Factor::Observe { distribution, .. } => found.distribution(distribution),
            Factor::Potential { value, .. } => found.term(value),
        }
    }
    (found.reads > 0 && found.reads == found.compared.len()).then_some(found.compared)
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

    fn term(&mut self, term: &'m Term) {
        term.walk(&mut |part| self.part(part));
    }

    fn part(&mut self, term: &'m Term) {
        if self.is_read(term) {
            self.reads += 1;
        }
        let TermKind::Operate(operator, operands) = &term.kind else { return };
        let is_step = matches!(
            operator,
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual
        );
        let [left, right] = &operands[..] else { return };
        for (latent, other) in [(left, right), (right, left)] {
            if is_step && self.is_read(latent) && other.stage <= Stage::Data {
                self.compared.push(other);
            }
        }
    }

    fn distribution(&mut self, distribution: &'m Distribution) {
        distribution.walk(&mut |part| self.part(part));
    }
}
