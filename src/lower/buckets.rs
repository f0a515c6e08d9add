//! Continuous latents that are only compared with known numbers: summed over the buckets between these numbers.
//!
//! A bucket's weight is its prior mass, F(b) - F(a); within it the density of everything else is constant, so that a
//! point inside stands for all of it, and the posterior within a bucket is the prior within it.

use crate::graph::{Axis, Binary, Node, Unary};
use crate::library::{self, Normaliser};
use crate::model::{Distribution, FamilyCall, SiteId, thresholds};
use crate::translate::{DrawPlan, States, Translator};

use super::predict::{RandomSite, enter};
use super::states::{known_values, prior};

/// Values that stand for the mass of one bucket in a summary, each with the same share of it.
const SPLIT: usize = 64;

/// The edges of buckets, ascending; the first and the last may be infinite.
struct Edges {
    all: Vec<f64>,
    /// Where the prior, before it is truncated, has its ends.
    natural: [f64; 2],
}

impl Edges {
    fn low(&self) -> &[f64] {
        &self.all[..self.all.len() - 1]
    }

    fn high(&self) -> &[f64] {
        &self.all[1..]
    }

    /// A number inside of each bucket.
    fn points(&self) -> Vec<f64> {
        let inside = |(&low, &high): (&f64, &f64)| match (low.is_finite(), high.is_finite()) {
            (true, true) => 0.5 * (low + high),
            (true, false) => low + low.abs().max(1.0),
            (false, true) => high - high.abs().max(1.0),
            (false, false) => 0.0,
        };
        self.low().iter().zip(self.high()).map(inside).collect()
    }
}

/// The ends of the domain and the thresholds between them.
fn edges(translator: &mut Translator, site: SiteId) -> Edges {
    let model = translator.model();
    let domain = &model.site(site).domain;
    let own = [domain.domain.interval.low, domain.domain.interval.high];
    let mut ends = own;
    for (end, term) in ends.iter_mut().zip(&domain.ends) {
        if let Some(term) = term {
            let node = translator.term(term);
            *end = known_values(translator, node).and_then(|values| values.first().copied()).unwrap_or(*end);
        }
    }
    let mut all: Vec<f64> = ends.to_vec();
    for term in thresholds(model, site).unwrap_or_default() {
        let node = translator.term(term);
        let values = known_values(translator, node).unwrap_or_default();
        all.extend(values.into_iter().filter(|value| ends[0] < *value && *value < ends[1]));
    }
    all.sort_by(f64::total_cmp);
    all.dedup();
    let natural = match prior(model, site) {
        Distribution::Truncated { base, .. } => {
            let support = call_of(base).family.support.domain;
            library::domain(support).map_or(ends, |row| [row.interval.low, row.interval.high])
        }
        _ => ends,
    };
    Edges { all, natural }
}

/// The call that a prior with buckets is made of.
fn call_of(prior: &Distribution) -> &FamilyCall {
    match prior {
        Distribution::Family(call) => call,
        Distribution::Truncated { base, .. } => call_of(base),
        _ => unreachable!("no other prior has buckets"),
    }
}

/// Carries the latent along its buckets; the table of their prior masses.
pub(super) fn carry(translator: &mut Translator, site: SiteId) -> Node {
    let edges = edges(translator, site);
    translator.carry(site, States::Points(edges.points().into()));
    let home = translator.home(site);
    let prior = prior(translator.model(), site);
    let table = log_mass(translator, prior, &edges, home.axis);
    let mut axes = home.cells.clone();
    axes.push(home.axis);
    translator.builder.expand(table, &axes)
}

/// Log of the prior mass of each bucket, along `axis`.
fn log_mass(translator: &mut Translator, prior: &Distribution, edges: &Edges, axis: Axis) -> Node {
    let call = call_of(prior);
    let each = mass_between(translator, (call, edges.natural), (edges.low(), edges.high()), axis);
    if !matches!(prior, Distribution::Truncated { .. }) {
        return each;
    }
    let ends = [edges.all[0], edges.all[edges.all.len() - 1]];
    let one = translator.builder.axis("all", 1);
    let all = mass_between(translator, (call, edges.natural), (&ends[..1], &ends[1..]), one);
    let all = translator.builder.sum(all, &[one]);
    translator.builder.sub(each, all)
}

fn is_domain_size(call: &FamilyCall) -> bool {
    call.family.forms[call.form].normaliser == Normaliser::DomainSize
}

/// log(F(high) - F(low)), in whichever tail is the smaller; -inf where nothing lies between.
fn mass_between(
    translator: &mut Translator,
    (call, natural): (&FamilyCall, [f64; 2]),
    (low, high): (&[f64], &[f64]),
    axis: Axis,
) -> Node {
    if is_domain_size(call) {
        // Uniform over its type, whose ends are the outermost edges.
        let width = high[high.len() - 1] - low[0];
        let logs: Vec<f64> = low.iter().zip(high).map(|(low, high)| ((high - low) / width).ln()).collect();
        return translator.builder.data(&[axis], logs);
    }
    let below = tails(translator, (call, natural), low, axis);
    let above = tails(translator, (call, natural), high, axis);
    let lower = difference(translator, above.lower, below.lower);
    let upper = difference(translator, below.upper, above.upper);
    let half = translator.builder.constant(0.5f64.ln());
    let is_upper = translator.builder.less(half, below.lower);
    translator.builder.select(is_upper, upper, lower)
}

/// Log probabilities on both sides of numbers.
struct Tails {
    lower: Node,
    upper: Node,
}

fn tails(
    translator: &mut Translator,
    (call, natural): (&FamilyCall, [f64; 2]),
    at: &[f64],
    axis: Axis,
) -> Tails {
    let is_inside = |x: &f64| natural[0] < *x && *x < natural[1];
    let Some(harmless) = at.iter().copied().find(is_inside) else {
        // Nothing but ends: all of the mass lies above the lower one.
        let lower = at.iter().map(|x| if *x <= natural[0] { f64::NEG_INFINITY } else { 0.0 });
        let upper = at.iter().map(|x| if *x <= natural[0] { 0.0 } else { f64::NEG_INFINITY });
        let [lower, upper] = [lower.collect::<Vec<_>>(), upper.collect()];
        return Tails {
            lower: translator.builder.data(&[axis], lower),
            upper: translator.builder.data(&[axis], upper),
        };
    };
    let safe: Vec<f64> = at.iter().map(|x| if is_inside(x) { *x } else { harmless }).collect();
    let safe = translator.builder.data(&[axis], safe);
    let flags =
        |is: &dyn Fn(f64) -> bool| -> Vec<f64> { at.iter().map(|&x| f64::from(u8::from(is(x)))).collect() };
    let is_first = translator.builder.data(&[axis], flags(&|x| x <= natural[0]));
    let is_last = translator.builder.data(&[axis], flags(&|x| x >= natural[1]));
    let [none, all] = [f64::NEG_INFINITY, 0.0].map(|log| translator.builder.constant(log));
    let distribution = Distribution::Family(call.clone());
    let lower = translator.log_cdf(&distribution, safe);
    let upper = translator.log_ccdf(&distribution, safe);
    let builder = &mut translator.builder;
    let mut at_ends = |inner: Node, at_first: Node, at_last: Node| {
        let rest = builder.select(is_last, at_last, inner);
        builder.select(is_first, at_first, rest)
    };
    Tails { lower: at_ends(lower, none, all), upper: at_ends(upper, all, none) }
}

/// log(exp(a) - exp(b)); -inf where b is not below a.
fn difference(translator: &mut Translator, a: Node, b: Node) -> Node {
    let builder = &mut translator.builder;
    let something = builder.less(b, a);
    let never = builder.constant(f64::NEG_INFINITY);
    let harmless = builder.constant(-1.0);
    let gap = builder.sub(b, a);
    let gap = builder.select(something, gap, harmless);
    let ratio = builder.unary(Unary::Expm1, gap);
    let rest = builder.neg(ratio);
    let rest = builder.log(rest);
    let log = builder.add(a, rest);
    builder.select(something, log, never)
}

/// The latent's value, given the position of its bucket: drawn from the prior within the bucket.
pub(super) fn value(
    translator: &mut Translator,
    site: SiteId,
    position: Node,
    randoms: &mut Vec<RandomSite>,
) -> Node {
    let builder = &mut translator.builder;
    let (zero, one) = (builder.constant(0.0), builder.constant(1.0));
    let axes = translator.axes(&translator.model().site(site).axes);
    let uniform = library::family("uniform").expect("a row of the library");
    let plan = DrawPlan::Family { family: uniform, arguments: vec![zero, one], over: Default::default() };
    let share = enter(translator, randoms, plan, axes);
    let home = translator.home(site);
    let edges = edges(translator, site);
    let within = within(translator, site, &edges, (home.axis, share));
    translator.builder.gather(within, &[(home.axis, position)])
}

/// The number in each bucket below which a share of its prior mass lies.
fn within(translator: &mut Translator, site: SiteId, edges: &Edges, (axis, share): (Axis, Node)) -> Node {
    let call = call_of(prior(translator.model(), site));
    let low = translator.builder.data(&[axis], edges.low().to_vec());
    let high = translator.builder.data(&[axis], edges.high().to_vec());
    if is_domain_size(call) {
        let width = translator.builder.sub(high, low);
        let above = translator.builder.mul(width, share);
        return translator.builder.add(low, above);
    }
    let below = tails(translator, (call, edges.natural), edges.low(), axis).lower;
    let above = tails(translator, (call, edges.natural), edges.high(), axis).lower;
    let (below, above) = (translator.builder.exp(below), translator.builder.exp(above));
    let mass = translator.builder.sub(above, below);
    let part = translator.builder.mul(mass, share);
    let probability = translator.builder.add(below, part);
    let value = translator.quantile(&Distribution::Family(call.clone()), probability);
    let value = translator.builder.binary(Binary::Max, value, low);
    translator.builder.binary(Binary::Min, value, high)
}

/// Numbers that stand for the mass of each bucket, `[bucket][share]` ascending, where the prior is known from data
/// alone and the same in all cells.
pub(super) fn spread(translator: &mut Translator, site: SiteId) -> Option<Vec<f64>> {
    let edges = edges(translator, site);
    let bucket = translator.builder.axis("bucket", edges.low().len());
    let share = translator.builder.axis("share", SPLIT);
    let shares = (0..SPLIT).map(|k| (k as f64 + 0.5) / SPLIT as f64).collect::<Vec<_>>();
    let shares = translator.builder.data(&[share], shares);
    let within = within(translator, site, &edges, (bucket, shares));
    let within = translator.builder.expand(within, &[bucket, share]);
    let alone = translator.builder.axes_of(within).len() == 2;
    known_values(translator, within).filter(|_| alone)
}
