//! The compiled story of a model for tools: as one JSON object, and as a graph for Graphviz.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::estimator::{Choice, Dependence, Measured, Part, Takes, by_part};
use crate::graph::expect::Piece;
use crate::lower::{Beyond, expected_axes, formula, guide_of};
use crate::model::{AxisVar, Distribution, Factor, Model, Site, SiteId, SiteKind, Stage, Term, TermKind};

use super::explain::{Story, distribution_words, kind_words, sites};

/// Everything that the text says, by name: dims, data, latents with the choice made for each, what is computed,
/// factors. Spans are byte offsets into the model, `[start, end]`.
pub fn json(story: &Story) -> Value {
    let model = story.model;
    let is_data = |site: &Site| matches!(site.kind, SiteKind::Data { .. });
    let is_given = |site: &Site| {
        matches!(site.kind, SiteKind::Data { .. } | SiteKind::Gaps { .. } | SiteKind::Latent { .. })
    };
    json!({
        "dims": dims(story),
        "data": described(model, is_data),
        "latents": latents(story),
        "computed": described(model, |site| !is_given(site)),
        "factors": factors(model),
        "expectations": story.ways.iter().map(expectation).collect::<Vec<_>>(),
    })
}

fn dims(story: &Story) -> Vec<Value> {
    let size = |k: usize| story.bound.and_then(|bound| bound.bindings().sizes[k]);
    let each = story.model.dims.iter().enumerate();
    each.map(|(k, dim)| json!({"name": dim.name, "size": size(k), "doc": dim.doc})).collect()
}

fn described(model: &Model, keep: impl Fn(&Site) -> bool) -> Vec<Value> {
    let each = sites(model, keep).map(|(_, site)| {
        let known = match site.stage {
            Stage::Literal | Stage::Data => "data",
            Stage::Model => "model",
            Stage::Draw => "draw",
        };
        json!({
            "name": site.name,
            "axes": axes(model, &site.axes),
            "type": kind_words(model, site),
            "may_be_missing": site.gaps().is_some(),
            "known": known,
            "reads": names(model, &reads_of(site)),
            "doc": site.doc,
        })
    });
    each.collect()
}

/// Each latent, with how smoothly its prior depends on others.
fn latents(story: &Story) -> Vec<Value> {
    let found = by_part(story.model);
    let each = story.choices.iter().map(|choice| {
        let own = found.iter().find(|(part, _)| *part == Part::Prior(choice.latent));
        latent(story, choice, own.map_or(&[][..], |(_, each)| each.as_slice()))
    });
    each.collect()
}

fn latent(story: &Story, choice: &Choice, prior_depends: &[(SiteId, Dependence)]) -> Value {
    let (model, site) = (story.model, story.model.site(choice.latent));
    let SiteKind::Latent { prior, using } = &site.kind else { unreachable!("choices are made for latents") };
    let refusals = choice.refusals.iter().map(|refusal| {
        json!({
            "estimator": refusal.estimator,
            "reason": refusal.reason,
            "span": [refusal.span.start, refusal.span.end],
        })
    });
    json!({
        "name": site.name,
        "axes": axes(model, &site.axes),
        "type": kind_words(model, site),
        "prior": distribution_words(prior),
        "reads": names(model, &reads_of(site)),
        "estimator": choice.estimator.name,
        "asked": using.as_ref().map(|(name, _)| name),
        "cost": {"formula": choice.cost.formula, "visits": choice.cost.visits},
        "why": choice.why,
        "guide": (choice.estimator.takes == Takes::Path).then(|| guide_of(site).name),
        "refusals": refusals.collect::<Vec<_>>(),
        "dependence": dependence(model, prior_depends),
        "measured": choice.measured.iter().map(|one| measured(choice, one)).collect::<Vec<_>>(),
        "sum": (is_summed(story, choice.latent) && choice.integral.is_none()).then(|| sum(story, choice.latent)),
        "doc": site.doc,
    })
}

fn measured(choice: &Choice, one: &Measured) -> Value {
    json!({
        "estimator": one.estimator.name,
        "variance": one.variance,
        "evaluations": one.evaluations,
        "taken": one.estimator.name == choice.estimator.name,
    })
}

/// What an exact sum visits; numbers only where data are bound.
fn sum(story: &Story, latent: SiteId) -> Value {
    let Some(known) = story.sums.iter().find(|sum| sum.site == latent) else {
        return json!({"formula": formula(&expected_axes(story.model, latent)), "elements": null, "range": null});
    };
    let range = known.range.map(|range| {
        let beyond = match range.beyond {
            Beyond::OfPrior(share) => Some(share),
            Beyond::Unknown => None,
        };
        json!({"low": range.low, "high": range.high, "prior_beyond": beyond})
    });
    json!({"formula": formula(&known.axes), "elements": known.cost, "range": range})
}

/// Each factor, with how smoothly it depends on each latent and what in the model makes it so.
fn factors(model: &Model) -> Vec<Value> {
    let found = by_part(model);
    let each = model.factors.iter().enumerate().map(|(k, factor)| {
        let mut object = factor_object(model, factor);
        let own = found.iter().find(|(part, _)| *part == Part::Factor(k));
        object["dependence"] = own.map_or(json!([]), |(_, each)| dependence(model, each));
        object
    });
    each.collect()
}

fn dependence(model: &Model, each: &[(SiteId, Dependence)]) -> Value {
    let each = each.iter().map(|(site, own)| {
        json!({
            "latent": model.site(*site).name,
            "level": own.level.word(),
            "span": [own.span.start, own.span.end],
        })
    });
    each.collect()
}

fn factor_object(model: &Model, factor: &Factor) -> Value {
    match factor {
        Factor::Observe { site, axes: cells, distribution, .. } => json!({
            "kind": "observe",
            "observed": model.site(*site).name,
            "axes": axes(model, cells),
            "distribution": distribution_words(distribution),
            "reads": names(model, &reads_of_distribution(distribution)),
        }),
        Factor::Potential { value, .. } => json!({
            "kind": "potential",
            "axes": axes(model, &value.axes),
            "reads": names(model, &reads_of_term(value)),
        }),
    }
}

/// How the expectation of a factor's pieces is taken.
fn expectation((name, pieces): &(String, Vec<Piece>)) -> Value {
    let refusals = |piece: &Piece| -> Vec<Value> {
        let each = piece.refused.iter();
        each.map(|refused| json!({"way": refused.way, "reason": refused.reason})).collect()
    };
    let each = pieces
        .iter()
        .map(|piece| json!({"way": piece.way.name, "why": piece.why, "refusals": refusals(piece)}));
    json!({"factor": name, "pieces": each.collect::<Vec<_>>()})
}

fn axes(model: &Model, axes: &[AxisVar]) -> Vec<String> {
    axes.iter().map(|axis| model.dim(axis.dim).name.clone()).collect()
}

fn names(model: &Model, sites: &[SiteId]) -> Vec<String> {
    sites.iter().map(|site| model.site(*site).name.clone()).collect()
}

/// The arrays that a site's definition reads, each once, in declared order.
fn reads_of(site: &Site) -> Vec<SiteId> {
    match &site.kind {
        SiteKind::Data { .. } | SiteKind::Gaps { .. } => vec![],
        SiteKind::Let(term) | SiteKind::Generate(term) => reads_of_term(term),
        SiteKind::Latent { prior, .. } => reads_of_distribution(prior),
        SiteKind::Learn(init) => {
            let mut found = Vec::new();
            init.walk(&mut |part| note(part, &mut found));
            settled(found)
        }
        SiteKind::GenerateDraw(distribution) => reads_of_distribution(distribution),
    }
}

fn reads_of_term(term: &Term) -> Vec<SiteId> {
    let mut found = Vec::new();
    term.walk(&mut |part| note(part, &mut found));
    settled(found)
}

fn reads_of_distribution(distribution: &Distribution) -> Vec<SiteId> {
    let mut found = Vec::new();
    distribution.walk(&mut |part| note(part, &mut found));
    settled(found)
}

fn note(term: &Term, found: &mut Vec<SiteId>) {
    if let TermKind::Read(site, _) = &term.kind {
        found.push(*site);
    }
}

fn settled(mut found: Vec<SiteId>) -> Vec<SiteId> {
    found.sort_unstable();
    found.dedup();
    found
}

/// The graph in the language of Graphviz: latents are ellipses (summed out: dashed), learned values diamonds, data filled boxes, what is
/// computed from latents plain; an arrow goes from what is read to what reads it.
pub fn dot(story: &Story) -> String {
    let model = story.model;
    let mut text = "digraph model {\n".to_string();
    for (id, site) in sites(model, is_drawn) {
        let style = match site.kind {
            SiteKind::Data { .. } => "shape=box, style=filled",
            SiteKind::Latent { .. } if is_summed(story, id) => "shape=ellipse, style=dashed",
            SiteKind::Latent { .. } => "shape=ellipse",
            SiteKind::Learn(_) => "shape=diamond",
            _ => "shape=plaintext",
        };
        let _ = writeln!(text, "  \"{}\" [label=\"{}\", {style}];", site.name, label(model, site));
    }
    let mut arrows = |from: Vec<SiteId>, to: &str| {
        for site in from.into_iter().map(|from| model.site(from)).filter(|site| is_drawn(site)) {
            let _ = writeln!(text, "  \"{}\" -> \"{to}\";", site.name);
        }
    };
    for (_, site) in sites(model, is_drawn) {
        arrows(reads_of(site), &site.name);
    }
    for (k, factor) in model.factors.iter().enumerate() {
        match factor {
            Factor::Observe { site, distribution, .. } => {
                arrows(reads_of_distribution(distribution), &model.site(*site).name);
            }
            Factor::Potential { value, .. } => arrows(reads_of_term(value), &format!("potential {}", k + 1)),
        }
    }
    text.push('}');
    text
}

/// Whether a site is a node of the graph.
fn is_drawn(site: &Site) -> bool {
    match site.kind {
        SiteKind::Data { .. } | SiteKind::Latent { .. } | SiteKind::Learn(_) => true,
        SiteKind::Let(_) => site.stage > Stage::Data,
        SiteKind::Gaps { .. } | SiteKind::Generate(_) | SiteKind::GenerateDraw(_) => false,
    }
}

fn is_summed(story: &Story, latent: SiteId) -> bool {
    story.choices.iter().any(|choice| choice.latent == latent && choice.estimator.takes == Takes::Sum)
}

/// `theta[school]`
fn label(model: &Model, site: &Site) -> String {
    match site.axes.as_slice() {
        [] => site.name.clone(),
        own => format!("{}[{}]", site.name, axes(model, own).join(", ")),
    }
}
