//! Warnings about latents that the data cannot tell apart: sums, products and logits of which only a part is determined,
//! and components that can change places.

use std::collections::{HashMap, HashSet};

use super::doubts::{distributions, is_flat};
use super::ir::*;
use super::lints::{once, walk_all};
use super::priors::leaves;
use super::supports::literal;
use crate::diagnostics::{Code, Diagnostic};
use crate::library::{Domain, Normaliser, Rank, is_even, is_free_of_shifts};

/// All of them.
pub fn undetermined(model: &Model) -> Vec<Diagnostic> {
    let mut found = exchangeable(model);
    found.extend(exchangeable_states(model));
    found.extend(additive(model));
    found.extend(shifted_logits(model));
    found.extend(multiplicative(model));
    found
}

/// Mixture components drawn alike: their labels can be exchanged without a difference to the density.
fn exchangeable(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for distribution in distributions(model) {
        let Distribution::MixtureOver { component, axis, span, .. } = distribution else { continue };
        let mut read: Vec<SiteId> = Vec::new();
        let mut told_apart = false;
        component.walk(&mut |term| match &term.kind {
            TermKind::Read(site, _) if term.axes.contains(axis) => {
                let site_ = model.site(*site);
                let joint = site_.domain.over.iter().any(|own| own.dim == axis.dim);
                let latent = matches!(site_.kind, SiteKind::Latent { .. });
                let own = latent && !varies_by_prior(site_, axis.dim);
                told_apart |= joint || !own;
                if own && !joint {
                    read.push(*site);
                }
            }
            TermKind::Position(own) if own == axis => told_apart = true,
            _ => {}
        });
        if let (Some(first), false) = (read.first(), told_apart) {
            let site = model.site(*first);
            let dim = &model.dim(axis.dim).name;
            found.push(
                Diagnostic::new(Code(1015), format!("the components over {dim} can change places"))
                    .at(site.span, format!("drawn alike for every {dim}"))
                    .at(*span, "the same density in any order of the components")
                    .help(format!(
                        "order them: `latent {}[{}]: ordered over {dim} ~ …`",
                        site.name,
                        brackets(model, site)
                    )),
            );
        }
    }
    found
}

/// Latents that a discrete latent chooses between, drawn alike for each of its states.
fn exchangeable_states(model: &Model) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut seen = HashSet::new();
    for chooser in &model.sites {
        let (SiteKind::Latent { prior, .. }, Kind::Index(dim)) = (&chooser.kind, chooser.value) else {
            continue;
        };
        if !has_free_categories(prior) || !seen.insert(dim) {
            continue;
        }
        let Some(first) = States { model, dim }.chosen() else { continue };
        let (site, dim) = (model.site(first), &model.dim(dim).name);
        let order =
            format!("order them: `latent {}[{}]: ordered over {dim} ~ …`", site.name, brackets(model, site));
        found.push(
            Diagnostic::new(Code(1015), format!("the states of `{}` can change places", chooser.name))
                .at(site.span, format!("drawn alike for every {dim}"))
                .at(chooser.span, format!("chooses a {dim}"))
                .help(order),
        );
    }
    found
}

/// Whether the categories of a distribution are in no order.
fn has_free_categories(prior: &Distribution) -> bool {
    leaves(prior).into_iter().all(|call| {
        let form = &call.family.forms[call.form];
        let free = form.parameters.iter().any(|parameter| {
            parameter.rank == Rank::Vector && matches!(parameter.domain, "simplex" | "real")
        });
        free || form.normaliser == Normaliser::DomainSize
    })
}

/// The states of discrete latents over one dim.
struct States<'m> {
    model: &'m Model,
    dim: DimId,
}

impl States<'_> {
    /// The first latent read at a state; none if anything tells the states apart.
    fn chosen(&self) -> Option<SiteId> {
        if !self.model.sites.iter().all(|site| self.is_alike(site)) {
            return None;
        }
        let (mut told_apart, mut chosen) = (false, Vec::new());
        walk_all(self.model, &mut |reader, term| {
            let after = reader.is_some_and(|id| self.model.site(id).stage == Stage::Draw);
            if !after {
                told_apart |= self.names_a_state(term);
                chosen.extend(self.read_at_a_state(term));
            }
        });
        chosen.into_iter().min().filter(|_| !told_apart)
    }

    /// Whether a declaration treats all states alike.
    fn is_alike(&self, site: &Site) -> bool {
        let over = site.axes.iter().any(|axis| axis.dim == self.dim);
        match &site.kind {
            SiteKind::Generate(_) | SiteKind::GenerateDraw(_) => true,
            SiteKind::Latent { .. } => !over || (!varies_by_prior(site, self.dim) && !self.is_ordered(site)),
            _ => !over && site.value != Kind::Index(self.dim),
        }
    }

    fn is_ordered(&self, site: &Site) -> bool {
        site.domain.over.iter().any(|axis| axis.dim == self.dim) && has_volume(site.domain.domain)
    }

    /// Whether a term speaks of one state in particular, or of the states as a sequence.
    fn names_a_state(&self, term: &Term) -> bool {
        let own = |inner: &Term| inner.value == Kind::Index(self.dim);
        match &term.kind {
            TermKind::Number(_) | TermKind::LabelPosition(..) | TermKind::Position(_) => own(term),
            TermKind::Convert(_, inner) | TermKind::Member(inner, _) => own(inner) || own(term),
            TermKind::Operate(_, operands) => operands.iter().any(own),
            TermKind::Stack(axis, _) => axis.dim == self.dim,
            TermKind::Apply { function, over, by, .. } => {
                let along = over.iter().any(|axis| axis.dim == self.dim);
                (along && !is_free_of_shifts(function)) || by.as_deref().is_some_and(own)
            }
            _ => false,
        }
    }

    /// The latent that is read at the state of another.
    fn read_at_a_state(&self, term: &Term) -> Option<SiteId> {
        let TermKind::Read(id, addresses) = &term.kind else { return None };
        let site = self.model.site(*id);
        let latent = matches!(site.kind, SiteKind::Latent { .. }) && site.domain.domain.rank == Rank::Scalar;
        let at_state = |(axis, address): (&AxisVar, &Address)| {
            axis.dim == self.dim && matches!(address, Address::At(Term { kind: TermKind::Read(..), .. }))
        };
        (latent && site.axes.iter().zip(addresses).any(at_state)).then_some(*id)
    }
}

/// `k, item`
fn brackets(model: &Model, site: &Site) -> String {
    let names: Vec<&str> = site.axes.iter().map(|axis| model.dim(axis.dim).name.as_str()).collect();
    names.join(", ")
}

/// Whether the prior itself tells the elements of a dim apart.
fn varies_by_prior(site: &Site, dim: DimId) -> bool {
    let SiteKind::Latent { prior, .. } = &site.kind else { return false };
    let mut varies = false;
    prior.walk(&mut |term| varies |= term.axes.iter().any(|axis| axis.dim == dim));
    varies
}

/// Two flat latents in one sum: only the sum is determined.
fn additive(model: &Model) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut inner: HashSet<*const Term> = HashSet::new();
    walk_all(model, &mut |_, term| {
        // A sum inside of one that has been looked at.
        if inner.contains(&std::ptr::from_ref(term)) {
            return;
        }
        let mut flat: Vec<SiteId> = Vec::new();
        summands(term, &mut inner, &mut |part| {
            if let TermKind::Read(site, _) = part.kind
                && is_flat(model.site(site))
                && can_shift(model.site(site))
                && !flat.contains(&site)
            {
                flat.push(site);
            }
        });
        if let [first, second, ..] = flat[..] {
            let (first, second) = (model.site(first), model.site(second));
            let message = format!(
                "only the sum of `{}` and `{}` is determined, and both are flat",
                first.name, second.name
            );
            let diagnostic = Diagnostic::new(Code(1014), message)
                .at(second.span, "flat")
                .at(first.span, "flat too")
                .help(format!(
                    "give one of them a proper prior, `~ normal(0, 1)`{}",
                    zero_sum([second, first], model)
                ));
            found.push(diagnostic);
        }
    });
    once(found)
}

/// Whether a number can be added to all values of a site: not on a surface, such as where a sum is fixed.
fn can_shift(site: &Site) -> bool {
    site.domain.domain.rank != Rank::Vector || has_volume(site.domain.domain)
}

/// Whether a joint domain has as many coordinates as numbers, as an order has.
fn has_volume(domain: &Domain) -> bool {
    const SIZE: usize = 5;
    domain.transform.map(|transform| (transform.free_size)(&[SIZE])) == Some(SIZE)
}

/// The declaration that fixes the sum of the first site that has elements.
fn zero_sum(sites: [&Site; 2], model: &Model) -> String {
    let Some(site) = sites.into_iter().find(|site| !site.axes.is_empty()) else { return String::new() };
    let over = match &site.axes[..] {
        [.., _, last] => format!(" over {}", model.dim(last.dim).name),
        _ => String::new(),
    };
    let dims = brackets(model, site);
    format!(", or let elements sum to 0: `latent {}[{dims}]: zero_sum{over} ~ flat`", site.name)
}

fn summands<'t>(term: &'t Term, sums: &mut HashSet<*const Term>, visit: &mut dyn FnMut(&'t Term)) {
    match &term.kind {
        TermKind::Operate(Operator::Add | Operator::Subtract, operands) => {
            sums.insert(std::ptr::from_ref(term));
            operands.iter().for_each(|operand| summands(operand, sums, visit));
        }
        _ => visit(term),
    }
}

/// Reads of each site, anywhere.
fn reads(model: &Model) -> HashMap<SiteId, usize> {
    let mut reads = HashMap::new();
    walk_all(model, &mut |_, term| {
        if let TermKind::Read(site, _) = term.kind {
            *reads.entry(site).or_insert(0) += 1;
        }
    });
    reads
}

/// Terms that a number can be added to along an axis without a change: what softmax takes, and logits.
fn logits(model: &Model) -> Vec<(&Term, AxisVar)> {
    let mut found = Vec::new();
    walk_all(model, &mut |_, term| {
        if let TermKind::Apply { function, arguments, over, .. } = &term.kind
            && is_free_of_shifts(function)
            && let ([argument], [axis]) = (&arguments[..], &over[..])
        {
            found.push((argument, *axis));
        }
    });
    for call in distributions(model).into_iter().flat_map(leaves) {
        let parameters = call.family.forms[call.form].parameters.iter().zip(&call.arguments);
        let vectors =
            parameters.filter(|(parameter, _)| parameter.name == "logit" && parameter.rank == Rank::Vector);
        if let [axis] = call.over[..] {
            found.extend(vectors.map(|(_, term)| (term, axis)));
        }
    }
    found
}

/// Flat logits: only their differences are determined.
fn shifted_logits(model: &Model) -> Vec<Diagnostic> {
    let all = reads(model);
    let mut inside: HashMap<SiteId, (usize, &Term)> = HashMap::new();
    for (term, axis) in logits(model) {
        summands(term, &mut HashSet::new(), &mut |part| {
            let TermKind::Read(site, addresses) = &part.kind else { return };
            let here = addresses.iter().any(|address| matches!(address, Address::Here(own) if *own == axis));
            if here || !part.axes.contains(&axis) {
                inside.entry(*site).or_insert((0, term)).0 += 1;
            }
        });
    }
    let mut flat: Vec<_> = inside.into_iter().collect();
    flat.sort_by_key(|(id, _)| *id);
    let free = flat.into_iter().filter(|(id, (count, _))| {
        let site = model.site(*id);
        is_flat(site) && can_shift(site) && all.get(id) == Some(count)
    });
    free.map(|(id, (_, term))| {
        let site = model.site(id);
        Diagnostic::new(
            Code(1014),
            format!("a number added to all of `{}` changes no probability, and it is flat", site.name),
        )
        .at(site.span, "flat")
        .at(term.span, "only differences of these logits matter")
        .help(format!("give it a proper prior, `~ normal(0, 1)`{}", zero_sum([site, site], model)))
    })
    .collect()
}

/// Two latents that nothing reads but their product: a factor can be moved from one to the other, or the sign.
fn multiplicative(model: &Model) -> Vec<Diagnostic> {
    let all = reads(model);
    let mut products: HashMap<[SiteId; 2], (usize, &Term)> = HashMap::new();
    walk_all(model, &mut |_, term| {
        if let TermKind::Operate(Operator::Multiply, factors) = &term.kind
            && let [TermKind::Read(one, _), TermKind::Read(other, _)] = [&factors[0].kind, &factors[1].kind]
            && one != other
        {
            let pair = [*one.min(other), *one.max(other)];
            products.entry(pair).or_insert((0, term)).0 += 1;
        }
    });
    let mut products: Vec<_> = products.into_iter().collect();
    products.sort_by_key(|(pair, _)| *pair);
    let only =
        products.into_iter().filter(|(pair, (count, _))| pair.iter().all(|id| all.get(id) == Some(count)));
    only.filter_map(|(pair, (_, term))| {
        let [first, second] = pair.map(|id| model.site(id));
        let (fact, label, help) =
            match (is_flat(first) && is_flat(second), is_symmetric(first) && is_symmetric(second)) {
                (true, _) => (
                    format!(
                        "only the product of `{}` and `{}` is determined, and both are flat",
                        first.name, second.name
                    ),
                    "flat",
                    format!(
                        "give one of them a prior that fixes its size: `latent {}{} ~ normal(0, 1)`",
                        second.name,
                        bracket(model, second)
                    ),
                ),
                (false, true) => (
                    format!("`{}` and `{}` can change their signs together", first.name, second.name),
                    "as likely below 0 as above",
                    format!(
                        "let one of them be positive: `latent {}{} ~ half_normal(1)`",
                        first.name,
                        bracket(model, first)
                    ),
                ),
                _ => return None,
            };
        Some(
            Diagnostic::new(Code(1020), fact)
                .at(term.span, "nothing else reads the two")
                .at(first.span, label)
                .at(second.span, label)
                .help(help),
        )
    })
    .collect()
}

/// Whether a latent is drawn evenly around 0, on both sides.
fn is_symmetric(site: &Site) -> bool {
    let SiteKind::Latent { prior: Distribution::Family(call), .. } = &site.kind else { return false };
    let Some((location, _)) = call.family.location_scale.filter(|_| is_even(call.family)) else {
        return false;
    };
    let name = call.family.forms[0].parameters[location].name;
    let mut given = call.family.forms[call.form].parameters.iter().zip(&call.arguments);
    given.any(|(parameter, term)| parameter.name == name && literal(term) == Some(0.0))
}

/// `[k, item]`, or nothing for a single value.
fn bracket(model: &Model, site: &Site) -> String {
    if site.axes.is_empty() { String::new() } else { format!("[{}]", brackets(model, site)) }
}
