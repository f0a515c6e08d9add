//! Where a latent's values lie: the support of its prior, narrowed by the declared type.

use std::sync::Arc;

use super::checker::Checker;
use super::distributions::Target;
use super::errors;
use super::ir::*;
use super::supports::{literal, site_interval};
use super::terms;
use super::types::{self, Declared};
use crate::library::{self, Domain, End, Grain, Interval, Normaliser, Rank, ValueKind};
use crate::source::Span;

/// The families at the leaves of a distribution.
pub fn leaves(distribution: &Distribution) -> Vec<&FamilyCall> {
    match distribution {
        Distribution::Family(call) => vec![call],
        Distribution::If(_, then, otherwise) => {
            let mut all = leaves(then);
            all.extend(leaves(otherwise));
            all
        }
        Distribution::Truncated { base, .. } | Distribution::Censored { base, .. } => leaves(base),
        Distribution::Mixture { components, .. } => components.iter().flat_map(leaves).collect(),
        Distribution::MixtureOver { component, .. } => leaves(component),
    }
}

/// Whether all values are integers from 0.
pub fn counts(distribution: &Distribution) -> bool {
    leaves(distribution)
        .iter()
        .all(|call| call.family.kind == ValueKind::Count && call.family.rank == Rank::Scalar)
}

/// Whether ends are known from data: then the probability of the counts between them is a sum.
pub fn are_known(ends: &[Option<Arc<Term>>; 2]) -> bool {
    ends.iter().flatten().all(|end| end.stage <= Stage::Data)
}

/// How a leaf is normalised.
fn normaliser(call: &FamilyCall) -> Normaliser {
    call.family.forms[call.form].normaliser
}

/// The support of one call.
fn support(call: &FamilyCall) -> SiteDomain {
    let row = call.family.support;
    let end = |end: End| match end {
        End::None => None,
        End::At(value) => Some(Arc::new(terms::number(value, Kind::Real, call.span))),
        End::Argument(at) if call.form == 0 => call.arguments.get(at).cloned().map(Arc::new),
        End::Argument(_) => None,
    };
    let domain = types::row(row.domain);
    let joint = domain.rank != Rank::Scalar;
    SiteDomain {
        domain,
        ends: row.ends.map(end),
        over: if joint { call.over.clone() } else { Vec::new() },
        twins: if joint && domain.rank == Rank::Matrix { call.twins.clone() } else { Vec::new() },
    }
}

/// The support of a distribution: that of its leaves, or all numbers of the kind where they differ.
fn support_of(distribution: &Distribution) -> SiteDomain {
    match distribution {
        Distribution::Truncated { base, ends, .. } => {
            let inner = support_of(base);
            let kept = [0, 1].map(|side| ends[side].clone().or_else(|| inner.ends[side].clone()));
            let known = clip(kept, inner.domain.interval);
            types::between(inner.domain.interval.grain, known).unwrap_or(inner)
        }
        _ => {
            let all = leaves(distribution);
            let supports: Vec<SiteDomain> = all.into_iter().map(support).collect();
            let widest =
                supports.iter().reduce(|a, b| if covers(site_interval(a), site_interval(b)) { a } else { b });
            match widest {
                Some(widest) if supports.iter().all(|s| covers(site_interval(widest), site_interval(s))) => {
                    widest.clone()
                }
                _ => types::plain(types::row("real")),
            }
        }
    }
}

/// Ends, with those that a domain has of itself filled in.
fn clip(ends: [Option<Arc<Term>>; 2], interval: Interval) -> [Option<Arc<Term>>; 2] {
    let [low, high] = ends;
    let own =
        |value: f64| value.is_finite().then(|| Arc::new(terms::number(value, Kind::Real, Span::default())));
    [low.or_else(|| own(interval.low)), high.or_else(|| own(interval.high))]
}

/// Whether the first contains the second, up to open ends.
fn covers(outer: Interval, inner: Interval) -> bool {
    outer.low <= inner.low && outer.high >= inner.high
}

/// What a latent is, once type and prior have been put together.
pub struct Settled {
    /// What its numbers mean.
    pub value: Kind,
    /// Where they lie.
    pub domain: SiteDomain,
    /// Its prior, truncated where the type is narrower.
    pub prior: Distribution,
}

impl<'t> Checker<'t> {
    /// Puts declared type and prior together; `None` if they do not go together, which has then been said.
    pub fn settle(
        &mut self,
        declared: Option<(Declared, Span)>,
        prior: Distribution,
        target: &Target,
    ) -> Option<Settled> {
        if let Some((declared, span)) = &declared {
            self.check_kind(declared.value, &prior, (target, *span))?;
            self.check_grain(declared.value, &prior, (target, *span))?;
        }
        let calls = leaves(&prior);
        if calls.iter().any(|call| normaliser(call) == Normaliser::DomainSize) {
            return self.uniform(declared, prior, target);
        }
        let by_itself = support_of(&prior);
        let improper = calls
            .iter()
            .any(|call| normaliser(call) == Normaliser::Improper && call.family.rank == Rank::Scalar);
        let Some((declared, span)) = declared else {
            let value = self.kind_of_prior(&prior, target)?;
            let domain = match value {
                Kind::Index(_) => types::anywhere(value),
                _ => by_itself,
            };
            return Some(Settled { value, domain, prior });
        };
        match declared.value {
            Kind::Index(_) | Kind::Bool => {
                Some(Settled { value: declared.value, domain: declared.domain, prior })
            }
            value if improper => Some(Settled { value, domain: declared.domain, prior }),
            value => {
                let (domain, prior) = self.narrowed(declared.domain, by_itself, prior, span)?;
                Some(Settled { value, domain, prior })
            }
        }
    }

    /// Uniform over the declared type, which has to be bounded.
    fn uniform(
        &mut self,
        declared: Option<(Declared, Span)>,
        prior: Distribution,
        target: &Target,
    ) -> Option<Settled> {
        let span = leaves(&prior).first().map_or(target.span, |call| call.span);
        if let Some((Declared { value, domain }, _)) = declared {
            if let (Rank::Vector, "simplex", [axis, ..]) =
                (domain.domain.rank, domain.domain.name, &domain.over[..])
            {
                let dim = self.model.dim(axis.dim).name.clone();
                self.report(errors::uniform_simplex(span, &dim));
                return None;
            }
            let interval = domain.domain.interval;
            let low = domain.ends[0].is_some() || interval.low.is_finite();
            let high = domain.ends[1].is_some() || interval.high.is_finite();
            let bounded =
                (low && high && domain.domain.rank == Rank::Scalar) || matches!(value, Kind::Index(_));
            if bounded {
                return Some(Settled { value, domain, prior });
            }
        }
        self.report(errors::unbounded_uniform(span, target));
        None
    }

    /// What the numbers of an undeclared latent mean.
    fn kind_of_prior(&mut self, prior: &Distribution, target: &Target) -> Option<Kind> {
        let calls = leaves(prior);
        let first = calls.last()?;
        let differs = |call: &&&FamilyCall| {
            let event = call.family.kind == ValueKind::Bool && first.family.kind == ValueKind::Count;
            call.family.kind != first.family.kind && !event
        };
        if let Some(other) = calls.iter().find(differs) {
            self.report(errors::mixed_kinds(other.span, first));
            return None;
        }
        match first.family.kind {
            ValueKind::Continuous => Some(Kind::Real),
            ValueKind::Count => Some(Kind::Int),
            ValueKind::Bool => Some(Kind::Bool),
            ValueKind::Index => {
                let simplex = first.family.forms[first.form].parameters.iter().any(|p| p.domain == "simplex");
                match first.over.first().filter(|_| simplex) {
                    Some(axis) => Some(Kind::Index(axis.dim)),
                    None => {
                        self.report(errors::index_without_type(first.span, target));
                        None
                    }
                }
            }
        }
    }

    /// Whether a distribution gives numbers of a kind.
    pub fn check_kind(
        &mut self,
        value: Kind,
        prior: &Distribution,
        (target, span): (&Target, Span),
    ) -> Option<()> {
        for call in leaves(prior) {
            let fits = match (call.family.kind, value) {
                _ if normaliser(call) == Normaliser::DomainSize => true,
                (ValueKind::Continuous, Kind::Real | Kind::Int) => true,
                (ValueKind::Count, Kind::Int | Kind::Bool) => true,
                (ValueKind::Bool, Kind::Bool | Kind::Int) | (ValueKind::Index, Kind::Index(_)) => true,
                _ => false,
            };
            if !fits {
                let mut diagnostic = errors::wrong_kind(call, target, value, (span, &self.model));
                if let (Some(ty), ValueKind::Count) = (self.type_span(&target.name), call.family.kind) {
                    errors::retype(&mut diagnostic, ty, "count");
                }
                self.report(diagnostic);
                return None;
            }
        }
        Some(())
    }

    /// Whether a prior of real numbers stands for integers: it has no mass for any of them. Observed counts may be seen
    /// as real numbers.
    fn check_grain(
        &mut self,
        value: Kind,
        prior: &Distribution,
        (target, span): (&Target, Span),
    ) -> Option<()> {
        let is_real = |call: &&FamilyCall| {
            call.family.kind == ValueKind::Continuous && normaliser(call) == Normaliser::Included
        };
        let Some(call) = leaves(prior).into_iter().find(is_real).filter(|_| value == Kind::Int) else {
            return Some(());
        };
        self.report(errors::wrong_kind(call, target, value, (span, &self.model)));
        None
    }

    /// The domain within type and support, and the prior with the normaliser of what the type cuts off.
    fn narrowed(
        &mut self,
        declared: SiteDomain,
        support: SiteDomain,
        prior: Distribution,
        span: Span,
    ) -> Option<(SiteDomain, Distribution)> {
        if support.domain.rank != Rank::Scalar {
            return self.narrowed_joint(declared, support, prior, span);
        }
        let (wanted, natural) = (site_interval(&declared), site_interval(&support));
        if wanted.low >= natural.high || wanted.high <= natural.low {
            self.report(errors::disjoint(span, &declared, &support));
            return None;
        }
        let side = |at: usize, narrower: bool, bound: f64| match &declared.ends[at] {
            Some(end) if narrower || literal(end).is_none() => Some(end.clone()),
            None if narrower => Some(Arc::new(terms::number(bound, Kind::Real, span))),
            _ => None,
        };
        let cut =
            [side(0, wanted.low > natural.low, wanted.low), side(1, wanted.high < natural.high, wanted.high)];
        let joint = declared.domain.rank != Rank::Scalar;
        if joint {
            self.check_exchangeable(&declared, &prior, span)?;
        }
        let domain = if joint {
            self.joint_within(&declared, natural, span)?
        } else if covers(wanted, natural) && cut.iter().all(Option::is_none) {
            support
        } else if covers(natural, wanted) {
            declared
        } else {
            let ends = [0, 1].map(|at| cut[at].clone().or_else(|| support.ends[at].clone()));
            types::between(declared.domain.interval.grain, clip(ends, support.domain.interval))
                .unwrap_or(declared)
        };
        if cut.iter().all(Option::is_none) {
            return Some((domain, prior));
        }
        if !(counts(&prior) && are_known(&cut)) {
            self.check_truncatable(&prior, span)?;
        }
        Some((domain, Distribution::Truncated { base: Arc::new(prior), ends: cut, span }))
    }

    /// A joint distribution keeps its own support; a type may only repeat it.
    fn narrowed_joint(
        &mut self,
        declared: SiteDomain,
        support: SiteDomain,
        prior: Distribution,
        span: Span,
    ) -> Option<(SiteDomain, Distribution)> {
        let same = std::ptr::eq(declared.domain, support.domain);
        let wider = declared.domain.rank == Rank::Scalar
            && covers(site_interval(&declared), support.domain.interval)
            && declared.ends.iter().all(Option::is_none);
        let free = support.domain.interval == Interval::REAL && self.known_constant(&prior);
        if same || wider || free {
            return Some((if free && !wider { declared } else { support }, prior));
        }
        self.report(errors::no_normaliser(span, declared.domain, "a joint distribution"));
        None
    }

    /// Whether what a restriction cuts off is a constant that nothing depends on.
    fn known_constant(&self, prior: &Distribution) -> bool {
        leaves(prior).iter().all(|call| normaliser(call) == Normaliser::Improper)
    }

    /// An order over exchangeable values has probability 1 / K!, whatever they are drawn from: a constant. Where the
    /// values are not drawn alike, or the set has no volume, there is no such constant.
    fn check_exchangeable(&mut self, declared: &SiteDomain, prior: &Distribution, span: Span) -> Option<()> {
        if !full_volume(declared.domain) {
            self.report(errors::no_normaliser(span, declared.domain, "values drawn one by one"));
            return None;
        }
        let varies = |term: &&Term| term.axes.iter().any(|axis| declared.over.contains(axis));
        if let Some(term) = terms::distribution_terms(prior).into_iter().find(varies) {
            let diagnostic = errors::not_exchangeable(term, declared, span, &self.model);
            self.report(diagnostic);
            return None;
        }
        Some(())
    }

    /// The joint domain of the same form whose numbers lie in the support of the prior.
    fn joint_within(&mut self, declared: &SiteDomain, natural: Interval, span: Span) -> Option<SiteDomain> {
        let own = declared.domain.interval;
        let (low, high) = (own.low.max(natural.low), own.high.min(natural.high));
        let fits = |row: &&&Domain| {
            full_volume(row)
                && row.rank == declared.domain.rank
                && row.interval.low == low
                && row.interval.high == high
        };
        let Some(domain) = library::DOMAINS.iter().find(fits) else {
            self.report(errors::no_normaliser(span, declared.domain, "values between these ends"));
            return None;
        };
        Some(SiteDomain { domain, ..declared.clone() })
    }

    /// Whether every leaf has a distribution function; if not, it is reported.
    pub fn check_truncatable(&mut self, base: &Distribution, span: Span) -> Option<()> {
        let lacks = |call: &&FamilyCall| call.family.log_cdf.is_none() && call.family.log_ccdf.is_none();
        let Some(call) = leaves(base).into_iter().find(|call| lacks(call)) else { return Some(()) };
        if normaliser(call) == Normaliser::Improper {
            return Some(());
        }
        self.report(errors::no_distribution_function(call, span));
        None
    }
}

/// Whether a joint domain is a part of space with volume (an order), not a surface in it (a simplex).
fn full_volume(domain: &Domain) -> bool {
    let free = domain.transform.is_some_and(|transform| (transform.free_size)(&[5]) == 5);
    domain.rank == Rank::Vector
        && free
        && domain.interval.grain == Grain::Real
        && domain.interval.high == f64::INFINITY
}
