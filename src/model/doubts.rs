//! Warnings about what a model says: priors that hardly mean what they say, latents that the data cannot tell apart,
//! sums over nothing.

use super::ident;
use super::ir::*;
use super::lints::{once, walk_all};
use super::priors::leaves;
use super::supports::literal;
use crate::diagnostics::{Code, Diagnostic};
use crate::library::{Action, Normaliser, Parameter};
use crate::source::{Source, Span};

/// All of them.
pub fn doubts(model: &Model, source: &Source) -> Vec<Diagnostic> {
    let mut found = improper(model);
    found.extend(absent_axes(model));
    found.extend(ident::undetermined(model));
    found.extend(shared_states(model));
    found.extend(pathless(model));
    for call in calls(model) {
        found.extend(scale_like_variance(call, model, source));
        found.extend(vague(call));
    }
    found
}

/// Every distribution of the model.
pub fn distributions(model: &Model) -> Vec<&Distribution> {
    let priors = model.sites.iter().filter_map(|site| match &site.kind {
        SiteKind::Latent { prior, .. } => Some(prior),
        _ => None,
    });
    let observed = model.factors.iter().filter_map(|factor| match factor {
        Factor::Observe { distribution, .. } => Some(distribution),
        Factor::Potential { .. } => None,
    });
    priors.chain(observed).collect()
}

fn calls(model: &Model) -> Vec<&FamilyCall> {
    distributions(model).into_iter().flat_map(leaves).collect()
}

/// Whether a latent has an improper prior.
pub fn is_flat(site: &Site) -> bool {
    let SiteKind::Latent { prior, .. } = &site.kind else { return false };
    leaves(prior).iter().any(|call| call.family.forms[call.form].normaliser == Normaliser::Improper)
}

/// The sites that the factors read, directly or through what they read.
fn reached(model: &Model) -> Vec<bool> {
    let mut known = vec![false; model.sites.len()];
    let mut waiting: Vec<SiteId> = Vec::new();
    let mut note = |term: &Term, waiting: &mut Vec<SiteId>| {
        if let TermKind::Read(site, _) = term.kind
            && !std::mem::replace(&mut known[site.0], true)
        {
            waiting.push(site);
        }
    };
    for factor in &model.factors {
        match factor {
            Factor::Observe { distribution, .. } => distribution.walk(&mut |term| note(term, &mut waiting)),
            Factor::Potential { value, .. } => value.walk(&mut |term| note(term, &mut waiting)),
        }
    }
    while let Some(site) = waiting.pop() {
        match &model.site(site).kind {
            SiteKind::Let(value) => value.walk(&mut |term| note(term, &mut waiting)),
            SiteKind::Latent { prior, .. } => prior.walk(&mut |term| note(term, &mut waiting)),
            _ => {}
        }
    }
    known
}

/// Flat latents that no data reach.
fn improper(model: &Model) -> Vec<Diagnostic> {
    let known = reached(model);
    let lost = model.site_ids().filter(|id| is_flat(model.site(*id)) && !known[id.0]);
    lost.map(|id| {
        let site = model.site(id);
        Diagnostic::new(
            Code(1007),
            format!("`{}` has no posterior: its prior is flat and no data reach it", site.name),
        )
        .at(site.span, "nothing holds it")
        .help("give it a proper prior, or use it in an `observe`")
    })
    .collect()
}

/// Latents that something reads, but no data depend on, although there are data. What is drawn from latents that data
/// inform is a prediction.
fn pathless(model: &Model) -> Vec<Diagnostic> {
    if model.factors.is_empty() {
        return Vec::new();
    }
    let known = reached(model);
    let mut read = vec![false; model.sites.len()];
    let mut informed = known.clone();
    for id in model.site_ids() {
        model.site(id).walk(&mut |term| {
            if let TermKind::Read(site, _) = term.kind {
                read[site.0] |= site != id;
                informed[id.0] |= site != id && is_informed(model, site, &known, &informed);
            }
        });
    }
    let lost = model.site_ids().filter(|id| {
        let site = model.site(*id);
        matches!(site.kind, SiteKind::Latent { .. }) && read[id.0] && !informed[id.0] && !is_flat(site)
    });
    lost.map(|id| {
        let site = model.site(id);
        Diagnostic::new(Code(1018), format!("no data depend on `{}`", site.name))
            .at(site.span, "its posterior is its prior")
            .help("let an `observe` depend on it, or remove it and what is computed from it")
    })
    .collect()
}

/// Whether a latent, or a let, carries what data say of latents.
fn is_informed(model: &Model, site: SiteId, known: &[bool], informed: &[bool]) -> bool {
    match model.site(site).kind {
        SiteKind::Latent { .. } => known[site.0] || informed[site.0],
        SiteKind::Let(_) => informed[site.0] && model.site(site).stage > Stage::Data,
        _ => false,
    }
}

/// `sum(x over school)` where `x` does not vary over school: the size of the dim times `x`.
fn absent_axes(model: &Model) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    walk_all(model, &mut |_, term| {
        let TermKind::Apply { function, arguments, over, filter, by, .. } = &term.kind else { return };
        let inside = arguments.iter().chain(filter.iter().chain(by).map(AsRef::as_ref));
        let used: Vec<AxisVar> = inside.flat_map(|inner| inner.axes.iter().copied()).collect();
        let Some(axis) = over.iter().find(|axis| !used.contains(axis)) else { return };
        if function.action == Action::Reduce {
            let dim = &model.dim(axis.dim).name;
            let message = format!("`{}` is over {dim}, but nothing in it varies over {dim}", function.name);
            let diagnostic = Diagnostic::new(Code(1006), message)
                .at(term.span, format!("the same for every {dim}"))
                .help(format!("leave `{dim}` out of `over`, or index what should vary over it"));
            found.push(diagnostic);
        }
    });
    once(found)
}

/// One discrete latent that chooses for every cell at once, where each cell was hardly meant to share it.
fn shared_states(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let shared = |term: &Term| match &term.kind {
        TermKind::Read(site, addresses) if addresses.is_empty() => {
            let site_ = model.site(*site);
            let discrete = matches!(site_.kind, SiteKind::Latent { .. })
                && matches!(site_.value, Kind::Bool | Kind::Index(_));
            discrete.then_some(*site)
        }
        _ => None,
    };
    for factor in &model.factors {
        let Factor::Observe { axes, distribution, .. } = factor else { continue };
        let Some(axis) = axes.first() else { continue };
        let mut chosen: Vec<(SiteId, Span)> = Vec::new();
        let mut note = |term: &Term| {
            if let Some(site) = shared(term)
                && !chosen.iter().any(|(known, _)| *known == site)
            {
                chosen.push((site, term.span));
            }
        };
        if let Distribution::If(condition, ..) = distribution {
            note(condition);
        }
        distribution.walk(&mut |term| match &term.kind {
            TermKind::Read(_, addresses) => addresses.iter().for_each(|address| {
                if let Address::At(position) = address {
                    note(position);
                }
            }),
            TermKind::If(condition, ..) => note(condition),
            _ => {}
        });
        for (site, place) in chosen {
            let (site, dim) = (model.site(site), &model.dim(axis.dim).name);
            found.push(
                Diagnostic::new(Code(1012), format!("one `{}` chooses for every {dim} at once", site.name))
                    .at(place, format!("the same for every {dim}"))
                    .at(site.span, "a single discrete latent")
                    .help(format!("if each {dim} has its own, write `latent {}[{dim}] ~ …`", site.name)),
            );
        }
    }
    found
}

/// Parameters of a call with what is given for them.
fn given(call: &FamilyCall) -> impl Iterator<Item = (&'static Parameter, &Term)> {
    call.family.forms[call.form].parameters.iter().zip(&call.arguments)
}

/// `normal(mu, sigma^2)`, `normal(0, 0.0001)`: a variance or a precision at the place of a standard deviation.
fn scale_like_variance(call: &FamilyCall, model: &Model, source: &Source) -> Option<Diagnostic> {
    const SMALL: f64 = 1e-3;
    let names = |name: &str| given(call).any(|(parameter, _)| parameter.name == name);
    let has = |name: &str| {
        call.family.forms.iter().any(|form| form.parameters.iter().any(|parameter| parameter.name == name))
    };
    let is_scale = |name: &str| matches!(name, "sd" | "sd_log") || (name == "scale" && names("loc"));
    let (parameter, term) = given(call).find(|(parameter, _)| is_scale(parameter.name))?;
    let small = literal(term).is_some_and(|value| value > 0.0 && value < SMALL);
    let (computed, value) = through_let(term, model);
    let squared = is_squared(value);
    let likely = match small && has("precision") {
        true => "a precision",
        false if squared || is_named_variance(term, model) => "a variance",
        false => return None,
    };
    let (name, whole) = (call.family.name, source.slice(term.span));
    let what = if parameter.name == "scale" { "a scale" } else { "a standard deviation" };
    let message = format!("`{name}` takes {what}; is this {likely}?");
    let mut diagnostic =
        Diagnostic::new(Code(1008), message).at(term.span, format!("used as the {}", parameter.name));
    if let Some(site) = computed.filter(|_| squared) {
        diagnostic = diagnostic.at(value.span, format!("`{}` is a square", site.name));
    }
    let keyword = if small { "precision" } else { "variance" };
    let diagnostic = match has(keyword) {
        true => diagnostic.help(format!("if it is {likely}, name it: `{keyword} = {whole}`")),
        false => diagnostic.help(format!("if it is {likely}, take its root: `sqrt({whole})`")),
    };
    let root = match &value.kind {
        TermKind::Operate(Operator::Power | Operator::Multiply, operands) => source.slice(operands[0].span),
        _ => whole,
    };
    Some(match squared && root != whole {
        true => diagnostic.help(format!("if `{root}` is the {} itself, write `{root}`", parameter.name)),
        false => diagnostic,
    })
}

/// What a name stands for, if a `let` says it.
fn through_let<'m>(term: &'m Term, model: &'m Model) -> (Option<&'m Site>, &'m Term) {
    match term.kind {
        TermKind::Read(id, _) => match &model.site(id).kind {
            SiteKind::Let(value) => (Some(model.site(id)), value),
            _ => (None, term),
        },
        _ => (None, term),
    }
}

/// A latent by the name of a variance, drawn as variances are.
fn is_named_variance(term: &Term, model: &Model) -> bool {
    let TermKind::Read(site, _) = term.kind else { return false };
    let site = model.site(site);
    let name = site.name.to_lowercase();
    let named =
        ["2", "_sq", "sq", "squared"].iter().any(|end| name.ends_with(end)) || name.starts_with("var");
    let SiteKind::Latent { prior: Distribution::Family(call), .. } = &site.kind else { return false };
    named && call.family.name == "inv_gamma"
}

/// `sigma^2`, in each branch of an `if` where there is one.
fn is_squared(term: &Term) -> bool {
    match &term.kind {
        TermKind::Operate(Operator::Power, operands) => {
            literal(&operands[1]) == Some(2.0) && operands[0].stage == Stage::Model
        }
        TermKind::Operate(Operator::Multiply, operands) => {
            let reads = |at: usize| match (&operands[at].kind, operands[at].stage) {
                (TermKind::Read(site, _), Stage::Model) => Some(site),
                _ => None,
            };
            reads(0).is_some() && reads(0) == reads(1)
        }
        TermKind::If(_, yes, no) => is_squared(yes) && is_squared(no),
        _ => false,
    }
}

/// Priors that put nearly all of their mass where no data of ordinary units lie.
fn vague(call: &FamilyCall) -> Option<Diagnostic> {
    const WIDE: f64 = 1e4;
    const THIN: f64 = 0.011;
    let wide = given(call).find(|(parameter, term)| {
        matches!(parameter.name, "sd" | "scale") && literal(term).is_some_and(|value| value >= WIDE)
    });
    let values: Vec<Option<f64>> = given(call).map(|(_, term)| literal(term)).collect();
    let thin = values.len() == 2
        && given(call).any(|(parameter, _)| parameter.name == "shape")
        && values.iter().all(|value| value.is_some_and(|value| value > 0.0 && value < THIN));
    let name = call.family.name;
    let diagnostic = match (wide, thin) {
        (Some((parameter, term)), _) => {
            let value = literal(term)?;
            Diagnostic::new(Code(1013), format!("`{name}` with {} {value} is hardly meant", parameter.name))
                .at(term.span, share_within(call, value))
                .help("a prior that knows the units of the data helps the fit: scale the data to about 1 and write `normal(0, 5)`")
        }
        (None, true) => {
            Diagnostic::new(Code(1013), format!("this `{name}` piles up at 0 and at very large values"))
                .at(call.span, "a vague prior that is anything but")
                .help("for a scale, `half_normal(1)` or `exponential(1)` in the units of the data")
        }
        (None, false) => return None,
    };
    Some(diagnostic)
}

/// How much of a prior of such a scale lies within it.
fn share_within(call: &FamilyCall, scale: f64) -> String {
    let share = if call.family.name.contains("cauchy") { "half" } else { "two thirds" };
    match call.family.name.starts_with("half") {
        true => format!("{share} of its mass lies below {scale}, and the rest beyond"),
        false => format!("{share} of its mass lies between -{scale} and {scale}, and the rest beyond"),
    }
}
