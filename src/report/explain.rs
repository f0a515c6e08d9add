//! The compiled story of a model: dims, data, latents with their supports and estimators, factors.

use std::fmt::Write;

use crate::data::BoundModel;
use crate::estimator::{Choice, Dependence, ESTIMATORS, Level, Part, Takes, by_part};
use crate::graph::expect::Piece;
use crate::library::{Domain, Rank};
use crate::lower::{Beyond, Range, SummedOut, expected_axes, formula, guide_of};
use crate::model::{AxisVar, DimKind, Distribution, Factor, Kind, Model, Site, SiteId, SiteKind, Stage};

/// What is explained: a model, the choices made for it, and its data if they are at hand.
#[derive(Clone, Copy, Debug)]
pub struct Story<'a> {
    /// The model.
    pub model: &'a Model,
    /// How each latent's gradient is taken.
    pub choices: &'a [Choice],
    /// Sizes, once data are bound.
    pub bound: Option<&'a BoundModel>,
    /// What summing out discrete latents costs, once data are bound.
    pub sums: &'a [SummedOut],
    /// For each factor of the density, how its expectation under a Gaussian guide is taken, once data are bound.
    pub ways: &'a [(String, Vec<Piece>)],
}

/// The story as text.
pub fn explain(story: &Story) -> String {
    let mut text = String::new();
    section(&mut text, "dims", dims(story));
    section(&mut text, "data", data(story));
    section(&mut text, "latents", latents(story));
    section(&mut text, "computed", computed(story));
    section(&mut text, "density", density(story));
    section(&mut text, "estimators", estimators(story));
    section(&mut text, "not possible", refusals(story));
    section(&mut text, "measured at the start of the fit", measured(story));
    section(&mut text, "exact sums", sums(story));
    section(&mut text, "expectations under a Gaussian guide", expectations(story));
    text
}

/// A heading and aligned rows; nothing where there are no rows.
fn section(text: &mut String, heading: &str, rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |k: usize| {
        rows.iter().filter_map(|row| row.get(k)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let _ = writeln!(text, "{heading}");
    for row in &rows {
        let cells = row.iter().enumerate().map(|(k, cell)| format!("{cell:<width$}", width = widths[k]));
        let _ = writeln!(text, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text.push('\n');
}

fn dims(story: &Story) -> Vec<Vec<String>> {
    let rows = story.model.dims.iter().enumerate().map(|(k, dim)| {
        let size = story
            .bound
            .and_then(|bound| bound.bindings().sizes[k])
            .map_or("?".into(), |size| size.to_string());
        let origin = match &dim.kind {
            DimKind::FromData => "size from the data".to_string(),
            DimKind::Size(_) => "size given".to_string(),
            DimKind::Range(..) => "with coordinates".to_string(),
            DimKind::Labels(labels) => format!("labels {}", labels.join(", ")),
            DimKind::Sub { parent, .. } => format!("part of `{}`", story.model.dim(*parent).name),
        };
        vec![dim.name.clone(), size, origin, dim.doc.clone().unwrap_or_default()]
    });
    rows.collect()
}

fn data(story: &Story) -> Vec<Vec<String>> {
    let rows = sites(story.model, |site| matches!(site.kind, SiteKind::Data { .. })).map(|(_, site)| {
        let field = match &site.kind {
            SiteKind::Data { field, .. } if *field != site.name => format!("from \"{field}\""),
            _ => String::new(),
        };
        let optional = if site.gaps().is_some() { "?" } else { "" };
        vec![head(story.model, site), kind_words(story.model, site) + optional, field, doc(site)]
    });
    rows.collect()
}

fn latents(story: &Story) -> Vec<Vec<String>> {
    let rows = sites(story.model, |site| matches!(site.kind, SiteKind::Latent { .. })).map(|(id, site)| {
        let SiteKind::Latent { prior, .. } = &site.kind else { unreachable!("filtered") };
        let prior = format!("~ {}", distribution_words(prior));
        let chosen = story.choices.iter().find(|choice| choice.latent == id);
        let how = match chosen.is_some_and(|choice| choice.integral.is_some()) {
            true => "integrated out".to_string(),
            false => format!("{}{}", transform_words(site), guide_words(site)),
        };
        vec![head(story.model, site), kind_words(story.model, site), prior, how, doc(site)]
    });
    rows.collect()
}

fn computed(story: &Story) -> Vec<Vec<String>> {
    let is = |site: &Site| {
        !matches!(site.kind, SiteKind::Data { .. } | SiteKind::Gaps { .. } | SiteKind::Latent { .. })
    };
    let rows = sites(story.model, is).map(|(_, site)| {
        let when = match site.stage {
            Stage::Literal | Stage::Data => "once, from data alone",
            Stage::Model if matches!(site.kind, SiteKind::Learn(_)) => {
                "learned before the fit, by maximisation"
            }
            Stage::Model => "with the latents",
            Stage::Draw => "per posterior draw, after the fit",
        };
        vec![head(story.model, site), when.to_string(), doc(site)]
    });
    rows.collect()
}

fn density(story: &Story) -> Vec<Vec<String>> {
    let found = by_part(story.model);
    let levels = |k: usize| found.iter().find(|(part, _)| *part == Part::Factor(k)).map(|(_, each)| each);
    let rows = story.model.factors.iter().enumerate().map(|(k, factor)| {
        let mut row = match factor {
            Factor::Observe { site, axes, distribution, .. } => {
                let name = bracketed(story.model, &story.model.site(*site).name, axes);
                vec!["observe".into(), name, format!("~ {}", distribution_words(distribution))]
            }
            Factor::Potential { value, .. } => {
                vec!["potential".into(), bracketed(story.model, "", &value.axes), String::new()]
            }
        };
        row.push(levels(k).map_or(String::new(), |each| level_words(story.model, each)));
        row
    });
    rows.collect()
}

/// `smooth in mu, sigma; jump in cut`
fn level_words(model: &Model, each: &[(SiteId, Dependence)]) -> String {
    let in_words = |level: Level| {
        let names: Vec<&str> = each
            .iter()
            .filter(|(site, own)| own.level == level && model.site(*site).value == Kind::Real)
            .map(|(site, _)| model.site(*site).name.as_str())
            .collect();
        (!names.is_empty()).then(|| format!("{} in {}", level.word(), names.join(", ")))
    };
    let levels = [Level::Smooth, Level::Kink, Level::Jump, Level::End];
    levels.into_iter().filter_map(in_words).collect::<Vec<_>>().join("; ")
}

/// One line for each latent: what is done, what a gradient costs, and why. A price is the elements visited for one
/// gradient; what an exact sum visits has a table of its own.
fn estimators(story: &Story) -> Vec<Vec<String>> {
    let rows = story.choices.iter().map(|choice| {
        let name = story.model.site(choice.latent).name.clone();
        let cost =
            if choice.estimator.takes == Takes::Sum { String::new() } else { choice.cost.formula.clone() };
        vec![name, choice.estimator.name.to_string(), cost, choice.why.clone()]
    });
    rows.collect()
}

/// What is not possible, for which latents, and why: those with the same reason on one line.
fn refusals(story: &Story) -> Vec<Vec<String>> {
    let mut rows: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for row in ESTIMATORS {
        for choice in story.choices {
            let name = story.model.site(choice.latent).name.as_str();
            for refusal in choice.refusals.iter().filter(|refusal| refusal.estimator == row.name) {
                let same = rows.iter_mut().find(|known| (known.0, known.1) == (row.name, &refusal.reason));
                match same {
                    Some(known) => known.2.push(name),
                    None => rows.push((row.name, &refusal.reason, vec![name])),
                }
            }
        }
    }
    let words = |(estimator, reason, names): (&str, &str, Vec<&str>)| {
        vec![estimator.to_string(), names.join(", "), reason.to_string()]
    };
    rows.into_iter().map(words).collect()
}

/// Variance and cost of one gradient by each estimator that prices leave open; the smallest product is the best.
fn measured(story: &Story) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for choice in story.choices {
        let name = &story.model.site(choice.latent).name;
        for one in &choice.measured {
            rows.push(vec![
                name.clone(),
                one.estimator.name.to_string(),
                format!("variance {:.3e}", one.variance),
                format!("times {:.1} evaluations", one.evaluations),
                format!("= {:.3e}", one.price()),
                if one.estimator.name == choice.estimator.name { "taken" } else { "" }.to_string(),
            ]);
        }
    }
    rows
}

/// What each exact sum visits, per evaluation: a formula, and a number once the data are bound.
fn sums(story: &Story) -> Vec<Vec<String>> {
    let is_sum = |choice: &&Choice| choice.estimator.takes == Takes::Sum && choice.integral.is_none();
    let summed = story.choices.iter().filter(is_sum);
    let rows = summed.map(|choice| {
        let name = story.model.site(choice.latent).name.clone();
        match story.sums.iter().find(|sum| sum.site == choice.latent) {
            Some(sum) => {
                let range = sum.range.as_ref().map_or(String::new(), range_words);
                vec![name, formula(&sum.axes), format!("= {}", sum.cost), range]
            }
            None => vec![name, formula(&expected_axes(story.model, choice.latent)), String::new()],
        }
    });
    rows.collect()
}

/// A line for each way that pieces of a factor go, and why not a better one.
fn expectations(story: &Story) -> Vec<Vec<String>> {
    let rows = story.ways.iter().flat_map(|(name, pieces)| pieces.iter().map(move |piece| (name, piece)));
    let row = |(name, piece): (&String, &Piece)| {
        let refused = piece.refused.iter().map(|refused| format!("not {}: {}", refused.way, refused.reason));
        let why = std::iter::once(piece.why.clone()).chain(refused).collect::<Vec<_>>().join("; ");
        vec![name.clone(), piece.way.name.to_string(), why]
    };
    rows.map(row).collect()
}

/// Which values of a count without an end are summed.
fn range_words(range: &Range) -> String {
    let beyond = match range.beyond {
        Beyond::OfPrior(share) => format!("{share:.0e} of the prior lies beyond"),
        Beyond::Unknown => "longer where the fit finds mass beyond".to_string(),
    };
    format!("values {} to {}; {beyond}", range.low, range.high)
}

pub(super) fn sites<'a>(
    model: &'a Model,
    keep: impl Fn(&Site) -> bool + 'a,
) -> impl Iterator<Item = (SiteId, &'a Site)> + 'a {
    model.site_ids().map(|id| (id, model.site(id))).filter(move |(_, site)| keep(site))
}

fn doc(site: &Site) -> String {
    site.doc.clone().unwrap_or_default().replace('\n', " ")
}

fn head(model: &Model, site: &Site) -> String {
    bracketed(model, &site.name, &site.axes)
}

fn bracketed(model: &Model, name: &str, axes: &[AxisVar]) -> String {
    if axes.is_empty() {
        return name.to_string();
    }
    let names: Vec<&str> = axes.iter().map(|axis| model.dim(axis.dim).name.as_str()).collect();
    format!("{name}[{}]", names.join(", "))
}

pub(super) fn kind_words(model: &Model, site: &Site) -> String {
    match site.value {
        Kind::Index(dim) => format!("position in `{}`", model.dim(dim).name),
        _ => site.domain.domain.name.to_string(),
    }
}

fn transform_words(site: &Site) -> String {
    let domain: &Domain = site.domain.domain;
    match (domain.transform.is_some(), domain.rank) {
        (false, _) => "discrete".to_string(),
        (true, Rank::Scalar) if domain.name == "real" => "unconstrained as it is".to_string(),
        (true, _) => format!("unconstrained through the transform of `{}`", domain.name),
    }
}

/// The family that the latent's guide takes where the Gaussian's weights are bad.
fn guide_words(site: &Site) -> String {
    let guide = guide_of(site);
    match site.domain.domain.transform.is_some() && !guide.is_gaussian() {
        true => format!("; matched guide: {}", guide.name),
        false => String::new(),
    }
}

/// A distribution by the names of its families.
pub(super) fn distribution_words(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Family(call) => call.family.name.to_string(),
        Distribution::If(_, yes, no) => format!("{} or {}", distribution_words(yes), distribution_words(no)),
        Distribution::Truncated { base, .. } => format!("truncated {}", distribution_words(base)),
        Distribution::Censored { base, .. } => format!("censored {}", distribution_words(base)),
        Distribution::Mixture { components, .. } => {
            let names: Vec<String> = components.iter().map(distribution_words).collect();
            format!("mixture of {}", names.join(", "))
        }
        Distribution::MixtureOver { component, .. } => {
            format!("mixture of {}", distribution_words(component))
        }
    }
}
