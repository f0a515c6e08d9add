//! What parameters demand of their arguments, before any data: proven, refuted (an error), or open (checked when the
//! data are bound or the fit starts).

use std::sync::Arc;

use super::checker::Checker;
use super::combinators::is_combinator;
use super::errors;
use super::ir::*;
use super::supports::{interval_of, literal, of_operator, site_interval};
use super::terms;
use crate::diagnostics::Edit;
use crate::library::{self, Action, Domain, Interval, Parameter, Rank};
use crate::source::Span;

/// How a demand came out.
enum Verdict<'m> {
    Proven,
    Open,
    /// Some values that the latents can take break it; with the site if a bare name was given.
    Refuted(Option<&'m Site>),
}

/// Where an argument stands among others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nothing follows it.
    Last,
    /// What follows it would take other places behind a keyword.
    Earlier,
}

impl Place {
    fn of(at: usize, arguments: &[Term]) -> Self {
        if at + 1 == arguments.len() { Self::Last } else { Self::Earlier }
    }
}

impl<'t> Checker<'t> {
    /// Checks arguments of a call against the domains of its parameters.
    pub fn demand(
        &mut self,
        (owner, span): (&str, Span),
        (parameters, over): (&[Parameter], &[AxisVar]),
        arguments: &[Term],
    ) {
        for (at, (parameter, term)) in parameters.iter().zip(arguments).enumerate() {
            if terms::is_broken(term) {
                continue;
            }
            let known = self.diagnostics.len();
            let name = format!("`{}`", parameter.name);
            match over.first().filter(|_| parameter.domain == "simplex") {
                Some(axis) => self.demand_probabilities((owner, &name), term, *axis),
                None => self.demand_domain(owner, &name, parameter.domain, term),
            }
            if self.diagnostics.len() > known
                && let Some(other) = self.exchanged(parameters, arguments, at)
            {
                let places = [term.span, arguments[other].span];
                let texts = places.map(|place| self.text(place));
                let diagnostic = &mut self.diagnostics[known];
                errors::offer_swap(
                    diagnostic,
                    (owner, parameters[at].name, parameters[other].name),
                    places,
                    texts,
                );
                return;
            }
            if self.diagnostics.len() > known
                && let Some(by) = self.rotated(parameters, arguments)
            {
                let places: Vec<Span> = arguments.iter().map(|argument| argument.span).collect();
                let texts: Vec<&str> = places.iter().map(|place| self.text(*place)).collect();
                let turned: Vec<&str> = (0..texts.len()).map(|at| texts[(at + by) % texts.len()]).collect();
                let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
                errors::offer_order(&mut self.diagnostics[known], (owner, &names), &places, &turned);
                return;
            }
            if let [diagnostic] = &mut self.diagnostics[known..] {
                let value = match &term.kind {
                    TermKind::Read(id, _) => Some(self.model.site(*id)),
                    _ => None,
                };
                if let Some(Site { name, kind: SiteKind::Let(value), .. }) = value {
                    errors::point_at_let(diagnostic, name, value.span);
                }
            }
            if let Some(body) = self.body_at(term.span)
                && let [diagnostic] = &mut self.diagnostics[known..]
            {
                errors::point_at_body(diagnostic, body);
            }
            if parameter.rank == Rank::Matrix && self.diagnostics.len() == known + 1 {
                let keyword = self.place_of_keyword(span, term, Place::Earlier);
                let mut diagnostic = self.diagnostics.remove(known);
                self.mend_matrix(&mut diagnostic, (owner, parameter, over), (term, keyword));
                self.diagnostics.push(diagnostic);
            }
            let whole = parameter.domain != "simplex"
                || (is_read_along(term, over) && over.iter().all(|axis| self.crossed(term, *axis).is_none()));
            if whole && self.diagnostics.len() == known + 1 {
                let place = self.place_of_keyword(span, term, Place::of(at, arguments));
                self.offer_link((owner, parameters), at, (term, place));
            }
        }
    }

    /// Where the keyword of an argument stands or can be put; none where it cannot, as before other arguments.
    pub fn place_of_keyword(&self, call: Span, term: &Term, place: Place) -> Option<Span> {
        if !call.contains(term.span) {
            return None;
        }
        let before = self.text(Span::new(call.start, term.span.start)).trim_end();
        match before.strip_suffix('=').map(str::trim_end) {
            Some(named) => {
                let end = call.start + named.len();
                let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                Some(Span::new(end - named.len() + named.trim_end_matches(part_of_name).len(), end))
            }
            None => (place == Place::Last).then_some(Span::new(term.span.start, term.span.start)),
        }
    }

    /// Adds the form that takes any number, with an edit where the argument can be any and its keyword has a place.
    fn offer_link(
        &mut self,
        (owner, parameters): (&str, &[Parameter]),
        at: usize,
        (term, place): (&Term, Option<Span>),
    ) {
        let Some(link) = link(owner, parameters, at) else { return };
        let Some(diagnostic) = self.diagnostics.last_mut() else { return };
        let found = interval_of(&self.model, term);
        let free = found.low == f64::NEG_INFINITY && found.high == f64::INFINITY;
        let is_data = matches!(term.kind, TermKind::Read(site, _) if is_data(self.model.site(site)));
        errors::offer_link(diagnostic, (owner, link), place.filter(|_| free && !is_data));
        if let (TermKind::Read(site, _), "simplex") = (&term.kind, parameters[at].domain)
            && is_latent(self.model.site(*site))
        {
            errors::offer_simplex(diagnostic, self.model.site(*site), &self.model);
        }
    }

    /// The argument that would be right in the place of this one, and this one in its place.
    fn exchanged(&self, parameters: &[Parameter], arguments: &[Term], at: usize) -> Option<usize> {
        let fits = |parameter: &Parameter, term: &Term| {
            let wanted = library::domain(parameter.domain).filter(|wanted| wanted.rank == Rank::Scalar);
            let proven = wanted.is_some_and(|wanted| matches!(self.verdict(wanted, term), Verdict::Proven));
            proven && (parameter.domain != "count" || term.value == Kind::Int)
        };
        let both = |other: &usize| {
            *other != at
                && parameters[*other].domain != "real"
                && fits(&parameters[at], &arguments[*other])
                && fits(&parameters[*other], &arguments[at])
        };
        (0..arguments.len().min(parameters.len())).find(both)
    }

    /// By how much to turn three arguments or more so that all are right, if one way alone does it.
    fn rotated(&self, parameters: &[Parameter], arguments: &[Term]) -> Option<usize> {
        let count = arguments.len();
        let fits = |at: usize, by: usize| {
            let wanted = library::domain(parameters[at].domain).filter(|wanted| wanted.rank == Rank::Scalar);
            wanted.is_some_and(|wanted| {
                matches!(self.verdict(wanted, &arguments[(at + by) % count]), Verdict::Proven)
            })
        };
        let mut ways = (1..count).filter(|by| (0..count).all(|at| fits(at, *by)));
        let way = ways.next().filter(|_| count >= 3 && count == parameters.len());
        way.filter(|_| ways.next().is_none())
    }

    /// Checks one value against a domain; what stays open is checked at run time.
    pub fn demand_domain(&mut self, owner: &str, name: &str, domain: &str, term: &Term) {
        let Some(wanted) = library::domain(domain) else { return };
        self.demand_along((owner, name), wanted, (term, &[]));
    }

    /// The same for a domain that takes the values along some axes together.
    pub fn demand_along(
        &mut self,
        (owner, name): (&str, &str),
        wanted: &'static Domain,
        (term, over): (&Term, &[AxisVar]),
    ) {
        let of_family = library::family(owner).is_some();
        match self.verdict(wanted, term) {
            Verdict::Proven => {}
            Verdict::Refuted(None) if !of_family => {
                self.report(errors::may_leave(term, (owner, name), wanted))
            }
            Verdict::Refuted(site) => {
                let declared = site.map(|site| (site, self.retyped(site, wanted)));
                let mut diagnostic = errors::parameter(term, (owner, name), wanted, declared);
                if let Some(site) = site.filter(|site| wanted.rank == Rank::Vector && is_latent(site)) {
                    diagnostic.help.clear();
                    errors::offer_simplex(&mut diagnostic, site, &self.model);
                }
                self.report(diagnostic);
            }
            Verdict::Open if !of_family && !is_combinator(owner) => {}
            Verdict::Open => {
                // Touching an end, as `sqrt` touches 0, is no reason for a warning: the run-time check has it.
                let beyond = beyond(interval_of(&self.model, term), wanted.interval);
                if beyond && of_family && wanted.rank == Rank::Scalar && term.stage > Stage::Data {
                    self.report(errors::may_leave(term, (owner, name), wanted));
                }
                self.model.obligations.push(Obligation {
                    value: term.clone(),
                    domain: wanted,
                    over: over.to_vec(),
                    demanded_by: format!("{name} of `{owner}`"),
                });
            }
        }
    }

    fn verdict(&self, wanted: &'static Domain, term: &Term) -> Verdict<'_> {
        if wanted.rank != Rank::Scalar {
            return self.joint_verdict(wanted, term);
        }
        let found = interval_of(&self.model, term);
        if found.is_subset(wanted.interval) {
            return Verdict::Proven;
        }
        if found.is_disjoint(wanted.interval) {
            return Verdict::Refuted(self.declared_site(term));
        }
        match self.declared_site(term) {
            Some(site) if beyond(found, wanted.interval) => Verdict::Refuted(Some(site)),
            None if self.reaches_beyond(term, wanted.interval) => Verdict::Refuted(None),
            _ => Verdict::Open,
        }
    }

    /// Joint facts come from declarations, not from arithmetic.
    fn joint_verdict(&self, wanted: &'static Domain, term: &Term) -> Verdict<'_> {
        if self.proves(wanted, term) {
            return Verdict::Proven;
        }
        match self.declared_site(term) {
            Some(site) if is_sought(site) => Verdict::Refuted(Some(site)),
            Some(site) if wanted.rank == Rank::Matrix && site.domain.domain.rank == Rank::Scalar => {
                Verdict::Refuted(Some(site))
            }
            _ => Verdict::Open,
        }
    }

    /// Where the type of a name was written, if it was a plain word.
    pub fn type_span(&self, name: &str) -> Option<Span> {
        let ty = self.names.arrays.get(name)?.ty?;
        (ty.span == ty.name.span).then_some(ty.span)
    }

    /// The edit that gives a declared name a type within a domain. An end that was written, and is narrower, stays.
    fn retyped(&self, site: &Site, wanted: &Domain) -> Option<Edit> {
        let ty = self.names.arrays.get(site.name.as_str())?.ty;
        let end = Span::new(site.span.end, site.span.end);
        match ty {
            Some(ty) if ty.bounds.is_some() => {
                Some(Edit { span: ty.span, text: within(wanted, &site.domain)? })
            }
            Some(ty) if ty.span == ty.name.span => Some(Edit { span: ty.span, text: wanted.name.to_owned() }),
            None if is_sought(site) && site.axes.is_empty() => {
                Some(Edit { span: end, text: format!(": {}", wanted.name) })
            }
            _ => None,
        }
    }

    fn proves(&self, wanted: &'static Domain, term: &Term) -> bool {
        match &term.kind {
            TermKind::Read(site, _) => {
                let own = self.model.site(*site).domain.domain;
                let narrower = own.rank == wanted.rank
                    && own.interval.is_subset(wanted.interval)
                    && own.name.ends_with(wanted.name);
                std::ptr::eq(own, wanted) || narrower || own.within == Some(wanted.name)
            }
            TermKind::If(_, then, otherwise) => self.proves(wanted, then) && self.proves(wanted, otherwise),
            TermKind::Rename(_, inner) => self.proves(wanted, inner),
            _ => false,
        }
    }

    /// The site that a bare read is of, if its domain is as the user declared it.
    fn declared_site(&self, term: &Term) -> Option<&Site> {
        let TermKind::Read(site, _) = term.kind else { return None };
        let site = self.model.site(site);
        matches!(site.kind, SiteKind::Latent { .. } | SiteKind::Learn(_) | SiteKind::Data { .. })
            .then_some(site)
    }

    /// Whether the latents can take values that bring the term beyond the ends, whatever the signs of the data are.
    fn reaches_beyond(&self, term: &Term, wanted: Interval) -> bool {
        [1.0, -1.0].into_iter().all(|sign| {
            let mut reach = Reach { model: &self.model, sign, read: Vec::new() };
            reach.of(term).is_some_and(|found| beyond(found, wanted))
        })
    }
}

/// The values that a term takes, exactly: where every latent occurs once, interval arithmetic loses nothing.
struct Reach<'m> {
    model: &'m Model,
    /// What stands for data whose sign is not known.
    sign: f64,
    /// Latents, with the elements where those are written in the model.
    read: Vec<(SiteId, Option<Vec<f64>>)>,
}

impl Reach<'_> {
    /// `None` where it cannot be told.
    fn of(&mut self, term: &Term) -> Option<Interval> {
        if term.stage == Stage::Data && !matches!(term.kind, TermKind::Read(..) | TermKind::Number(_)) {
            return self.known(interval_of(self.model, term));
        }
        match &term.kind {
            TermKind::Number(value) => Some(Interval::point(*value)),
            TermKind::Read(site, addresses) => self.site(*site, addresses),
            TermKind::Rename(_, inner) => self.of(inner),
            TermKind::Operate(operator, operands) => {
                let exact = matches!(
                    operator,
                    Operator::Negate
                        | Operator::Add
                        | Operator::Subtract
                        | Operator::Multiply
                        | Operator::Divide
                        | Operator::Power
                );
                let intervals: Option<Vec<Interval>> =
                    operands.iter().map(|operand| self.of(operand)).collect();
                intervals.filter(|_| exact).map(|intervals| of_operator(*operator, &intervals, term.value))
            }
            TermKind::Apply { function, arguments, .. } if function.action == Action::ElementWise => {
                // A function whose range at a point is no point has a range that is only a bound.
                let points = vec![Interval::point(0.7); arguments.len()];
                let at_a_point = (function.range)(&points);
                let intervals: Option<Vec<Interval>> =
                    arguments.iter().map(|argument| self.of(argument)).collect();
                intervals
                    .filter(|_| at_a_point.low == at_a_point.high)
                    .map(|intervals| (function.range)(&intervals))
            }
            _ => None,
        }
    }

    /// A value that is known from data, of which only the sign is taken to matter.
    fn known(&self, range: Interval) -> Option<Interval> {
        [self.sign, 1.0, 0.5].into_iter().find(|value| range.contains(*value)).map(Interval::point)
    }

    /// Whether a latent is read here for the first time: at other elements it is another unknown.
    fn is_first(&mut self, id: SiteId, addresses: &[Address]) -> bool {
        let fixed = |address: &Address| match address {
            Address::At(Term { kind: TermKind::Convert(_, inner), .. }) => literal(inner),
            _ => None,
        };
        let place: Option<Vec<f64>> = addresses.iter().map(fixed).collect();
        let place = place.filter(|place| !place.is_empty());
        let meets = |(known, other): &(SiteId, Option<Vec<f64>>)| {
            *known == id && (place.is_none() || other.is_none() || place == *other)
        };
        if self.read.iter().any(meets) {
            return false;
        }
        self.read.push((id, place));
        true
    }

    fn site(&mut self, id: SiteId, addresses: &[Address]) -> Option<Interval> {
        let site = self.model.site(id);
        match &site.kind {
            SiteKind::Let(value) => self.of(value),
            SiteKind::Data { .. } => self.known(site.domain.domain.interval),
            SiteKind::Latent { .. } | SiteKind::Learn(_)
                if site.domain.domain.rank == Rank::Scalar && self.is_first(id, addresses) =>
            {
                Some(site_interval(&site.domain))
            }
            _ => None,
        }
    }
}

/// The type of numbers that lie in a domain and between literal ends; none where there are no such.
fn within(wanted: &Domain, declared: &SiteDomain) -> Option<String> {
    let literal_end = |end: &Option<Arc<Term>>| end.as_deref().is_none_or(|end| literal(end).is_some());
    if wanted.rank != Rank::Scalar || !declared.ends.iter().all(literal_end) {
        return None;
    }
    let (own, wider) = (site_interval(declared), wanted.interval);
    let (low, high) = (own.low.max(wider.low), own.high.min(wider.high));
    let end = |end: f64| if end.is_finite() { end.to_string() } else { String::new() };
    match (low == wider.low, high == wider.high) {
        (true, true) => Some(wanted.name.to_owned()),
        _ => (low < high).then(|| format!("real({}..{})", end(low), end(high))),
    }
}

fn is_data(site: &Site) -> bool {
    matches!(site.kind, SiteKind::Data { .. })
}

/// Whether it is the declaration that says where the values may lie.
fn is_sought(site: &Site) -> bool {
    matches!(site.kind, SiteKind::Latent { .. } | SiteKind::Learn(_))
}

fn is_latent(site: &Site) -> bool {
    matches!(site.kind, SiteKind::Latent { .. })
}

/// Whether a term is an array by its name that varies over the first of some axes.
fn is_read_along(term: &Term, over: &[AxisVar]) -> bool {
    matches!(term.kind, TermKind::Read(..)) && over.first().is_none_or(|axis| term.axes.contains(axis))
}

/// Whether a set goes beyond the ends of another by more than the ends themselves.
pub fn beyond(found: Interval, wanted: Interval) -> bool {
    found.low < wanted.low || found.high > wanted.high
}

/// The keyword of a form that takes any real number where this one is particular: `log`, `logit`.
fn link(owner: &str, parameters: &[Parameter], at: usize) -> Option<&'static str> {
    let forms = library::family(owner)?.forms;
    let same = |form: &&library::Form| {
        form.parameters.len() == parameters.len()
            && form.parameters.iter().zip(parameters).enumerate().all(|(k, (other, own))| {
                if k == at {
                    other.domain == "real" && other.name != own.name
                } else {
                    other.name == own.name
                }
            })
    };
    forms.iter().find(same).map(|form| form.parameters[at].name)
}
