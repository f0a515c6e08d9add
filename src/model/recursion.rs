//! Recursion: a name read before it is known must be read at a strictly earlier element of a shared dim. What reads
//! itself or each other so is computed in one pass along that dim.

use std::collections::HashSet;

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::names::ArrayState;
use super::scope::{Origin, Scope};
use super::supports::interval_of;
use crate::source::Span;

/// A read of a site at an earlier element, by a site declared no later.
#[derive(Clone, Copy, Debug)]
pub struct ForwardRead {
    /// Who reads.
    pub reader: SiteId,
    /// What is read.
    pub read: SiteId,
    /// Along which dim it is earlier.
    pub dim: DimId,
}

/// How a read that is not at an earlier element falls short.
enum Fault {
    SameElement,
    Elsewhere(Option<DimId>),
    ByData(Span),
}

/// The pairs `s < t` of axes that a condition says.
pub fn less_facts(condition: &Term) -> Vec<(AxisVar, AxisVar)> {
    let TermKind::Operate(operator, operands) = &condition.kind else { return Vec::new() };
    let sides = match &operands[..] {
        [Term { kind: TermKind::Position(left), .. }, Term { kind: TermKind::Position(right), .. }] => {
            Some((*left, *right))
        }
        _ => None,
    };
    match (operator, sides) {
        (Operator::And, _) => operands.iter().flat_map(less_facts).collect(),
        (Operator::Less, Some((left, right))) => vec![(left, right)],
        (Operator::Greater, Some((left, right))) => vec![(right, left)],
        _ => Vec::new(),
    }
}

impl<'t> Checker<'t> {
    /// Whether a site may be read here; if not, it is reported.
    pub fn check_order(&mut self, id: SiteId, addresses: &[Address], span: Span, scope: &Scope<'t>) -> bool {
        let site = self.model.site(id);
        let (name, declared) = (site.name.clone(), site.span);
        let state = self.names.arrays.get(name.as_str()).map(|array| array.state);
        if state == Some(ArrayState::Ready) {
            return true;
        }
        let Some(reader) = self.reader else {
            self.report(errors::not_earlier((&name, &self.earlier_read(&name)), span, declared, None));
            return false;
        };
        let diagnostic = match self.earlier(id, addresses, scope) {
            Ok(dim) => {
                self.forward.push(ForwardRead { reader, read: id, dim });
                return true;
            }
            Err(Fault::SameElement) if reader == id => {
                errors::same_element((&name, &self.earlier_read(&name)), span, declared)
            }
            Err(Fault::ByData(at)) => errors::unsupported(at, "recursion along an index from the data"),
            Err(Fault::SameElement) => {
                errors::not_earlier((&name, &self.earlier_read(&name)), span, declared, None)
            }
            Err(Fault::Elsewhere(dim)) => {
                let dim = dim.map(|dim| self.model.dim(dim).name.clone());
                errors::not_earlier((&name, &self.earlier_read(&name)), span, declared, dim.as_deref())
            }
        };
        self.report(diagnostic);
        false
    }

    /// The read of the element before the current one, by the names of the declaration; along its last axis that has one.
    fn earlier_read(&self, name: &str) -> errors::Earlier {
        let binders = self.names.arrays.get(name).and_then(|array| array.axes).unwrap_or_default();
        let last = binders.len().saturating_sub(1);
        let along = binders.iter().rposition(|binder| binder.variable.is_some()).unwrap_or(last);
        let named = |at: usize| match &binders.get(at)?.variable {
            Some(variable) => Some(variable.text.as_str()),
            None => (at != along).then(|| binders[at].dim.text.as_str()),
        };
        let variable = named(along).unwrap_or("t").to_owned();
        let place = |at: usize| match at == along {
            true => format!("{variable}-1"),
            false => named(at).unwrap_or_default().to_owned(),
        };
        let places: Vec<String> = (0..binders.len().max(1)).map(place).collect();
        errors::Earlier { read: format!("{name}[{}]", places.join(", ")), variable }
    }

    /// The dim along which a read is strictly earlier than the current cell.
    fn earlier(&self, id: SiteId, addresses: &[Address], scope: &Scope<'t>) -> Result<DimId, Fault> {
        let mut fault = Fault::SameElement;
        for (axis, address) in self.model.site(id).axes.iter().zip(addresses) {
            match address {
                Address::Here(at) => {
                    let below = |(s, t): &(AxisVar, AxisVar)| s == at && self.is_head(*t, axis.dim, scope);
                    if scope.less.iter().any(below) {
                        return Ok(axis.dim);
                    }
                    if !self.is_head(*at, axis.dim, scope) {
                        fault = Fault::Elsewhere(Some(axis.dim));
                    }
                }
                Address::At(term) => match self.step(term, axis.dim, scope) {
                    Some(step) if step >= 1.0 => return Ok(axis.dim),
                    // Whether the parents of a tree come first is seen once the data are there.
                    _ if self.is_parent(id, term) => return Ok(axis.dim),
                    _ if matches!(term.kind, TermKind::Read(..)) => fault = Fault::ByData(term.span),
                    _ => fault = Fault::Elsewhere(Some(axis.dim)),
                },
            }
        }
        Err(fault)
    }

    fn is_head(&self, axis: AxisVar, dim: DimId, scope: &Scope<'t>) -> bool {
        axis.dim == dim && scope.bound.iter().any(|bound| bound.axis == axis && bound.origin == Origin::Head)
    }

    /// Whether a latent reads its own element at an index from the data.
    fn is_parent(&self, id: SiteId, term: &Term) -> bool {
        self.drawn == Some(id)
            && self.model.site(id).value != Kind::Real
            && term.stage <= Stage::Data
            && matches!(term.kind, TermKind::Read(..))
    }

    /// By how much at least a position lies before the current one.
    fn step(&self, term: &Term, dim: DimId, scope: &Scope<'t>) -> Option<f64> {
        let TermKind::Operate(Operator::Subtract, operands) = &term.kind else { return None };
        let [Term { kind: TermKind::Position(axis), .. }, back] = &operands[..] else { return None };
        self.is_head(*axis, dim, scope).then(|| interval_of(&self.model, back).low)
    }
}

/// Sites in an order in which what is read comes first; lets that read themselves or each other together.
pub fn order(model: &Model, forward: &[ForwardRead]) -> Vec<Step> {
    let reads: Vec<Vec<SiteId>> = model.sites.iter().map(reads_of).collect();
    let mut steps = Vec::new();
    let all: Vec<SiteId> = model.site_ids().collect();
    // In order of the readers, and of the text for each.
    let mut forward = forward.to_vec();
    forward.sort_by_key(|read| read.reader);
    order_among(&all, &Graph { model, reads: &reads, forward: &forward }, &mut steps);
    steps
}

/// Who reads whom.
struct Graph<'m> {
    model: &'m Model,
    reads: &'m [Vec<SiteId>],
    forward: &'m [ForwardRead],
}

impl Graph<'_> {
    /// What a site reads before it is complete.
    fn forward_of(&self, reader: SiteId) -> &[ForwardRead] {
        let first = self.forward.partition_point(|read| read.reader < reader);
        let end = self.forward.partition_point(|read| read.reader <= reader);
        &self.forward[first..end]
    }
}

fn order_among(sites: &[SiteId], graph: &Graph, steps: &mut Vec<Step>) {
    for component in components(sites, graph.reads) {
        let loops = component.len() > 1 || graph.reads[component[0].0].contains(&component[0]);
        let (drawn, computed): (Vec<SiteId>, Vec<SiteId>) =
            component.iter().copied().partition(|id| is_drawn(graph.model.site(*id)));
        steps.extend(drawn.iter().map(|id| Step::Site(*id)));
        if !drawn.is_empty() {
            order_among(&computed, graph, steps);
        } else if loops {
            steps.push(Step::Recurrence(recurrence(computed, graph)));
        } else {
            steps.extend(computed.iter().map(|id| Step::Site(*id)));
        }
    }
}

/// Values that are given, not computed: a density that reads them may be read by what they depend on.
fn is_drawn(site: &Site) -> bool {
    matches!(site.kind, SiteKind::Latent { .. } | SiteKind::GenerateDraw(_))
}

/// Members read each other at the same element only backwards, so declared order is the order within one element.
fn recurrence(mut members: Vec<SiteId>, graph: &Graph) -> Recurrence {
    members.sort_unstable();
    let mut reads = members.iter().flat_map(|reader| graph.forward_of(*reader));
    let dim = reads.find(|read| members.binary_search(&read.read).is_ok()).map(|read| read.dim);
    let own = members.first().and_then(|id| {
        graph.model.site(*id).axes.iter().copied().find(|axis| dim.is_none_or(|dim| axis.dim == dim))
    });
    let axis = own.unwrap_or(AxisVar { dim: dim.unwrap_or(DimId(0)), copy: 0 });
    Recurrence { axis, members }
}

/// The sites that a site's definition reads, each once.
fn reads_of(site: &Site) -> Vec<SiteId> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    site.walk(&mut |term| {
        if let TermKind::Read(id, _) = term.kind
            && seen.insert(id)
        {
            found.push(id);
        }
    });
    found
}

/// Strongly connected components, those that are read first (Tarjan 1972). The search keeps its own stack: a chain of
/// lets may be as long as the file.
fn components(sites: &[SiteId], reads: &[Vec<SiteId>]) -> Vec<Vec<SiteId>> {
    let mut search = Search {
        // Sites come in ascending order.
        sites,
        reads,
        index: vec![None; sites.len()],
        low: vec![0; sites.len()],
        open: vec![false; sites.len()],
        stack: Vec::new(),
        next: 0,
        found: Vec::new(),
    };
    for at in 0..sites.len() {
        if search.index[at].is_none() {
            search.visit(at);
        }
    }
    search.found
}

/// Sites go by their place among those searched.
struct Search<'s> {
    sites: &'s [SiteId],
    reads: &'s [Vec<SiteId>],
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    /// Whether a site is on the stack.
    open: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    found: Vec<Vec<SiteId>>,
}

impl Search<'_> {
    fn visit(&mut self, root: usize) {
        self.enter(root);
        // Sites under way, and how many of their reads have been followed.
        let mut path = vec![(root, 0)];
        while let Some((at, followed)) = path.last_mut() {
            let (at, read) = (*at, self.reads[self.sites[*at].0].get(*followed));
            *followed += 1;
            let Some(read) = read else {
                self.leave(at);
                path.pop();
                if let Some((parent, _)) = path.last() {
                    self.low[*parent] = self.low[*parent].min(self.low[at]);
                }
                continue;
            };
            let Ok(next) = self.sites.binary_search(read) else { continue };
            match self.index[next] {
                None => {
                    self.enter(next);
                    path.push((next, 0));
                }
                Some(index) if self.open[next] => self.low[at] = self.low[at].min(index),
                Some(_) => {}
            }
        }
    }

    fn enter(&mut self, at: usize) {
        (self.index[at], self.low[at], self.open[at]) = (Some(self.next), self.next, true);
        self.next += 1;
        self.stack.push(at);
    }

    /// Takes a component off the stack where it began here.
    fn leave(&mut self, at: usize) {
        if Some(self.low[at]) != self.index[at] {
            return;
        }
        let mut component = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.open[member] = false;
            component.push(self.sites[member]);
            if member == at {
                break;
            }
        }
        component.sort_unstable();
        self.found.push(component);
    }
}
