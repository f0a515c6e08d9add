//! What the density would not notice by itself: probabilities that do not sum to 1, and lets outside of their declared
//! type. Such a claim is a term of the density: 0 where it holds, and not a number where it does not.

use crate::graph::{Axis, Builder, Node};
use crate::library::{Bound, Interval, Rank};
use crate::model::{AxisVar, Kind, Model, Obligation, Site, SiteKind, Stage, Term, TermKind};
use crate::translate::Translator;

/// How far a sum of probabilities may be from 1.
const TOLERANCE: f64 = 1e-6;

/// The obligations that are terms of the density, in order. A term that reads a discrete latent is left out: it has a
/// value for each state, those of no probability included.
pub fn claims(model: &Model) -> impl Iterator<Item = &Obligation> {
    model.obligations.iter().filter(|obligation| {
        let term = &obligation.value;
        let noticed = match obligation.domain.rank {
            Rank::Vector => obligation.domain.name != "simplex" || obligation.over.is_empty(),
            Rank::Scalar => claimed(model, obligation).is_none(),
            _ => true,
        };
        term.stage == Stage::Model && !noticed && !reads_discrete(model, term)
    })
}

/// The let whose type claims what an obligation says.
pub fn claimed<'m>(model: &'m Model, claim: &Obligation) -> Option<&'m Site> {
    let own = |site: &&Site| matches!(&site.kind, SiteKind::Let(value) if value.span == claim.value.span);
    model.sites.iter().find(own)
}

fn reads_discrete(model: &Model, term: &Term) -> bool {
    let mut seen = vec![false; model.sites.len()];
    let mut waiting = Vec::new();
    let mut discrete = false;
    let mut note = |term: &Term, waiting: &mut Vec<_>| {
        if let TermKind::Read(id, _) = term.kind
            && !std::mem::replace(&mut seen[id.0], true)
        {
            waiting.push(id);
        }
    };
    term.walk(&mut |inner| note(inner, &mut waiting));
    while let Some(id) = waiting.pop() {
        match &model.site(id).kind {
            SiteKind::Let(value) => value.walk(&mut |inner| note(inner, &mut waiting)),
            SiteKind::Latent { .. } => discrete |= model.site(id).value != Kind::Real,
            _ => {}
        }
    }
    discrete
}

/// A table for each of them, over the cells of what is claimed.
pub(super) fn tables(translator: &mut Translator) -> Vec<(String, Node)> {
    let model = translator.model();
    claims(model)
        .map(|claim| {
            let value = translator.term(&claim.value);
            let along: Vec<Axis> = translator.axes(&claim.over);
            let cells: Vec<AxisVar> =
                claim.value.axes.iter().copied().filter(|axis| !claim.over.contains(axis)).collect();
            let cells = translator.axes(&cells);
            let builder = &mut translator.builder;
            let broken = match claim.domain.rank {
                Rank::Vector => not_probabilities(builder, value, &along),
                _ => beyond(builder, value, claim.domain.interval),
            };
            let table = zero_unless(builder, broken);
            (claim.demanded_by.clone(), builder.expand(table, &cells))
        })
        .collect()
}

/// How many of the values along axes are negative, plus 1 where they do not sum to 1.
fn not_probabilities(builder: &mut Builder, value: Node, along: &[Axis]) -> Node {
    let value = builder.expand(value, along);
    let zero = builder.constant(0.0);
    let negative = builder.less(value, zero);
    let negative = builder.sum(negative, along);
    let total = builder.sum(value, along);
    let off = builder.plus(total, -1.0);
    let square = builder.square(off);
    let allowed = builder.constant(TOLERANCE * TOLERANCE);
    let off = builder.less(allowed, square);
    builder.add(negative, off)
}

/// 1 beyond one of the ends.
fn beyond(builder: &mut Builder, value: Node, interval: Interval) -> Node {
    let ends = [(interval.low, interval.low_open), (interval.high, interval.high_open)];
    let zero = builder.constant(0.0);
    let sides = [(0, ends[0]), (1, ends[1])].into_iter().filter(|(_, (end, _))| end.is_finite());
    sides.fold(zero, |broken, (side, (end, bound))| {
        let end = builder.constant(end);
        let outside = if side == 0 { builder.less(value, end) } else { builder.less(end, value) };
        let touches = builder.equal(value, end);
        let broken = builder.add(broken, outside);
        if bound == Bound::Open { builder.add(broken, touches) } else { broken }
    })
}

fn zero_unless(builder: &mut Builder, broken: Node) -> Node {
    let (zero, none) = (builder.constant(0.0), builder.constant(f64::NAN));
    let is_broken = builder.less(zero, broken);
    builder.select(is_broken, none, zero)
}
