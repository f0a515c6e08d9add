//! Continuous latents that are jointly normal given everything else: normal priors and normal likelihoods whose locations are
//! affine in all of them at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::library::{Interval, Quadratic, Rank, Smoothness};

use super::conjugate::{derived, takes_separate_values};
use super::ir::*;

/// More latents than this are not looked at.
const MOST: usize = 64;
/// How often latents are left out before the search is given up.
const ROUNDS: usize = 16;

/// The latents that can be integrated out together, ascending. Given everything else the log density is a quadratic function
/// of all their elements: the location of each normal that reads them is affine in them, and nothing else reads them.
/// Latents in `elsewhere` are treated otherwise, and so is a latent of separate values unless it is in `kept`: what a term
/// shares with these stays out.
pub fn jointly_normal(
    model: &Model,
    elsewhere: &BTreeSet<SiteId>,
    kept: &BTreeSet<SiteId>,
) -> BTreeSet<SiteId> {
    let mut block: BTreeSet<SiteId> =
        model.site_ids().filter(|id| is_candidate(model, *id) && !elsewhere.contains(id)).collect();
    if block.len() > MOST {
        return BTreeSet::new();
    }
    let separate = takes_separate_values(model);
    let apart = model.site_ids().filter(|id| elsewhere.contains(id) || separate[id.0] && !kept.contains(id));
    let apart = derived(model, apart);
    for _ in 0..ROUNDS {
        let misfits = Analysis::new(model, &block, &apart).misfits();
        if misfits.is_empty() {
            return block;
        }
        block.retain(|id| !misfits.contains(id));
    }
    BTreeSet::new()
}

/// The same, where latents in `alone` could each be integrated out alone, given all others: those of them stay in the block
/// without which latents that cannot would not be in it, as the effects of groups with the mean that these have in common.
pub fn jointly_normal_beside(
    model: &Model,
    alone: &BTreeSet<SiteId>,
    elsewhere: &BTreeSet<SiteId>,
    kept: &BTreeSet<SiteId>,
) -> BTreeSet<SiteId> {
    let with = |joined: &BTreeSet<SiteId>| {
        let others = elsewhere.iter().chain(alone.difference(joined)).copied().collect();
        jointly_normal(model, &others, kept)
    };
    let block = with(&BTreeSet::new());
    let mut joined: BTreeSet<SiteId> = alone.iter().copied().filter(|id| is_candidate(model, *id)).collect();
    loop {
        if joined.is_empty() {
            return block;
        }
        let wide = with(&joined);
        let left: BTreeSet<SiteId> = joined.intersection(&wide).copied().collect();
        if left.len() < joined.len() {
            joined = left;
            continue;
        }
        let gained: BTreeSet<SiteId> =
            wide.iter().copied().filter(|id| !joined.contains(id) && !block.contains(id)).collect();
        let is_needed = |id: &SiteId| {
            let others = joined.iter().copied().filter(|other| other != id).collect();
            !gained.is_subset(&with(&others))
        };
        let needed: BTreeSet<SiteId> = joined.iter().copied().filter(|id| is_needed(id)).collect();
        if needed.len() == joined.len() {
            return wide;
        }
        joined = needed;
    }
}

/// Whether a latent lies on the whole real line, its prior is normal and the model asks for no other estimator.
fn is_candidate(model: &Model, id: SiteId) -> bool {
    let site = model.site(id);
    let SiteKind::Latent { prior, using } = &site.kind else { return false };
    let is_free = using.as_ref().is_none_or(|(name, _)| name == "exact");
    let domain = &site.domain;
    let is_plain = domain.domain.rank == Rank::Scalar
        && domain.domain.interval == Interval::REAL
        && domain.ends.iter().all(Option::is_none);
    is_free && is_plain && is_normal(prior)
}

/// Whether a distribution is normal whatever its conditions are.
fn is_normal(distribution: &Distribution) -> bool {
    match distribution {
        Distribution::Family(call) => call.family.quadratic.contains(&Quadratic::Value),
        Distribution::If(_, yes, no) => is_normal(yes) && is_normal(no),
        _ => false,
    }
}

/// How a term depends on the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Degree {
    Free,
    Affine,
    Beyond,
}

/// What is known of all lets, given a block.
struct Analysis<'m> {
    model: &'m Model,
    block: &'m BTreeSet<SiteId>,
    /// What may not meet the block in a term, by site.
    apart: &'m [bool],
    degrees: Vec<Degree>,
    /// The latents of the block that a let reads, through others too.
    reads: BTreeMap<SiteId, BTreeSet<SiteId>>,
}

impl<'m> Analysis<'m> {
    fn new(model: &'m Model, block: &'m BTreeSet<SiteId>, apart: &'m [bool]) -> Self {
        let degree = |id: SiteId| if block.contains(&id) { Degree::Affine } else { Degree::Free };
        let degrees = model.site_ids().map(degree).collect();
        let mut analysis = Self { model, block, apart, degrees, reads: BTreeMap::new() };
        for step in &model.order {
            match step {
                Step::Site(site) => analysis.note(&[*site], |degree| degree),
                // A recurrence is an operation of its own, which nothing is known of.
                Step::Recurrence(recurrence) => {
                    analysis.note(&recurrence.members, |degree| match degree {
                        Degree::Free => Degree::Free,
                        Degree::Affine | Degree::Beyond => Degree::Beyond,
                    });
                }
            }
        }
        analysis
    }

    fn note(&mut self, members: &[SiteId], of: impl Fn(Degree) -> Degree) {
        let model = self.model;
        let values = members.iter().filter_map(|id| match &model.site(*id).kind {
            SiteKind::Let(value) => Some(value),
            _ => None,
        });
        let values: Vec<&Term> = values.collect();
        let degree = of(values.iter().map(|value| self.degree(value)).max().unwrap_or(Degree::Free));
        if degree == Degree::Free {
            return;
        }
        let reads: BTreeSet<SiteId> = values.iter().flat_map(|value| self.latents(value)).collect();
        for &member in members {
            self.degrees[member.0] = degree;
            self.reads.insert(member, reads.clone());
        }
    }

    fn degree(&self, term: &Term) -> Degree {
        let highest =
            |terms: &[Term]| terms.iter().map(|term| self.degree(term)).max().unwrap_or(Degree::Free);
        match &term.kind {
            TermKind::Read(site, addresses) => {
                let moves = |address: &Address| match address {
                    Address::Here(_) => false,
                    Address::At(position) => self.reads_block(position),
                };
                if addresses.iter().any(moves) { Degree::Beyond } else { self.degrees[site.0] }
            }
            TermKind::Rename(_, inner) => self.degree(inner),
            TermKind::Apply { function, arguments, filter, by, .. }
                if function.smoothness == Smoothness::Linear
                    && !filter.iter().chain(by).any(|term| self.reads_block(term)) =>
            {
                highest(arguments)
            }
            TermKind::Operate(Operator::Add | Operator::Subtract | Operator::Negate, operands) => {
                highest(operands)
            }
            TermKind::Operate(Operator::Multiply, operands) => self.product(operands),
            TermKind::Operate(Operator::Divide, operands) if !self.reads_block(&operands[1]) => {
                self.degree(&operands[0])
            }
            TermKind::If(condition, yes, no) if !self.reads_block(condition) => {
                self.degree(yes).max(self.degree(no))
            }
            TermKind::Stack(_, elements) => highest(elements),
            _ if self.reads_block(term) => Degree::Beyond,
            _ => Degree::Free,
        }
    }

    /// Of an affine factor and free ones.
    fn product(&self, factors: &[Term]) -> Degree {
        let mut dependent =
            factors.iter().map(|factor| self.degree(factor)).filter(|own| *own > Degree::Free);
        match (dependent.next(), dependent.next()) {
            (None, _) => Degree::Free,
            (Some(only), None) => only,
            (Some(_), Some(_)) => Degree::Beyond,
        }
    }

    fn reads_block(&self, term: &Term) -> bool {
        term.any(&|part| matches!(part.kind, TermKind::Read(site, _) if self.degrees[site.0] > Degree::Free))
    }

    /// The latents of the block that a term reads.
    fn latents(&self, term: &Term) -> BTreeSet<SiteId> {
        let mut found = BTreeSet::new();
        term.walk(&mut |part| {
            if let TermKind::Read(site, _) = part.kind {
                if self.block.contains(&site) {
                    found.insert(site);
                }
                found.extend(self.reads.get(&site).into_iter().flatten());
            }
        });
        found
    }

    /// Latents that cannot stay.
    fn misfits(&self) -> BTreeSet<SiteId> {
        let mut out = BTreeSet::new();
        for id in self.model.site_ids() {
            if let SiteKind::Latent { prior, .. } = &self.model.site(id).kind {
                match self.block.contains(&id) {
                    true => self.distribution(prior, Some(id), &mut out),
                    false => self.drop_all(prior, &mut out),
                }
            }
        }
        for obligation in &self.model.obligations {
            out.extend(self.latents(&obligation.value));
        }
        for factor in &self.model.factors {
            match factor {
                Factor::Observe { target, distribution, gaps, .. } => {
                    out.extend(self.latents(target));
                    out.extend(gaps.iter().flat_map(|gaps| self.latents(gaps)));
                    self.distribution(distribution, None, &mut out);
                }
                Factor::Potential { value, .. } => out.extend(self.latents(value)),
            }
        }
        out
    }

    fn drop_all(&self, distribution: &Distribution, out: &mut BTreeSet<SiteId>) {
        distribution.walk(&mut |term| out.extend(self.latents(term)));
    }

    /// The latents that a distribution reads in a way which is not quadratic; `own` is the latent whose prior it is.
    fn distribution(&self, distribution: &Distribution, own: Option<SiteId>, out: &mut BTreeSet<SiteId>) {
        let mut meets = false;
        distribution.walk(&mut |term| {
            meets |= matches!(term.kind, TermKind::Read(site, _) if self.apart[site.0]);
        });
        if meets {
            self.drop_all(distribution, out);
            out.extend(own);
        }
        match distribution {
            Distribution::Family(call) => self.call(call, out),
            Distribution::If(condition, yes, no) => {
                out.extend(self.latents(condition));
                self.distribution(yes, own, out);
                self.distribution(no, own, out);
            }
            _ => self.drop_all(distribution, out),
        }
    }

    fn call(&self, call: &FamilyCall, out: &mut BTreeSet<SiteId>) {
        for (k, argument) in call.arguments.iter().enumerate() {
            if !call.family.quadratic.contains(&Quadratic::Argument(k)) {
                out.extend(self.latents(argument));
            } else if self.degree(argument) == Degree::Beyond {
                out.extend(self.beyond(argument));
            }
        }
    }

    /// The latents in which a term is not even affine alone; if it is in each, the last of them: of a product of two one may
    /// stay.
    fn beyond(&self, term: &Term) -> Vec<SiteId> {
        let latents = self.latents(term);
        let is_beyond = |id: &SiteId| {
            let alone = BTreeSet::from([*id]);
            Analysis::new(self.model, &alone, self.apart).degree(term) == Degree::Beyond
        };
        let found: Vec<SiteId> = latents.iter().copied().filter(is_beyond).collect();
        if found.is_empty() { latents.into_iter().next_back().into_iter().collect() } else { found }
    }
}
