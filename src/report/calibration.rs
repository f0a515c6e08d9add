//! A calibration in words and in data: a picture of each latent's ranks, and what is wrong with them.

use std::fmt::Write as _;

use serde::Serialize;

use super::columns::{aligned, fixed};

/// Ranks of true values among draws of their posterior, over many data sets drawn from the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// The seed that reproduces it.
    pub seed: u64,
    /// Data sets asked for.
    pub asked: usize,
    /// Data sets drawn and fitted before it ended.
    pub done: usize,
    /// Fits with the verdict `trust`.
    pub trust: usize,
    /// Fits with the verdict `check`.
    pub check: usize,
    /// Fits with the verdict `do-not-use`.
    pub do_not_use: usize,
    /// Data sets that could not be fitted at all.
    pub failed: usize,
    /// Data sets that were not finite numbers.
    pub not_finite: usize,
    /// Draws among which each truth was ranked.
    pub thinned: usize,
    /// The p-value below which a latent is not calibrated.
    pub level: f64,
    /// Each scalar.
    pub latents: Vec<Latent>,
}

/// The ranks of one scalar. Fewer than 20 are not tested.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latent {
    /// `theta[3]`
    pub name: String,
    /// Of all fits.
    pub all: Option<Ranks>,
    /// Of those with the verdict `trust`.
    pub trusted: Option<Ranks>,
    /// Of all others.
    pub others: Option<Ranks>,
}

/// Ranks, tested.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranks {
    /// How many.
    pub count: usize,
    /// How many in each of equal stretches.
    pub bins: Vec<usize>,
    /// Their distance from uniform.
    pub chi_square: f64,
    /// The chance of a distance as large.
    pub p_value: f64,
    /// Above 0 the posterior lies too low, below 0 too high: in standard errors.
    pub shift: f64,
    /// Above 0 the posterior is too narrow, below 0 too wide: in standard errors.
    pub spread: f64,
}

/// Whether ranks are what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing speaks against it.
    Calibrated,
    /// Some latent's ranks are not uniform where it counts.
    Miscalibrated,
    /// There are too few ranks.
    Unknown,
}

impl Calibration {
    /// The latents whose ranks are not uniform over the fits to be trusted; over all fits, where too few are.
    pub fn miscalibrated(&self) -> Vec<&Latent> {
        let decisive = |latent: &&Latent| self.is_uneven(latent.trusted.as_ref().or(latent.all.as_ref()));
        self.latents.iter().filter(decisive).collect()
    }

    /// The latents whose ranks are uniform over the fits to be trusted, and not over all fits.
    pub fn saved_by_the_verdict(&self) -> Vec<&Latent> {
        let is_saved = |latent: &&Latent| {
            latent.trusted.is_some()
                && !self.is_uneven(latent.trusted.as_ref())
                && self.is_uneven(latent.all.as_ref())
        };
        self.latents.iter().filter(is_saved).collect()
    }

    fn is_uneven(&self, ranks: Option<&Ranks>) -> bool {
        ranks.is_some_and(|ranks| ranks.p_value < self.level)
    }

    /// The answer.
    pub fn finding(&self) -> Finding {
        if self.latents.iter().all(|latent| latent.all.is_none()) {
            Finding::Unknown
        } else if self.miscalibrated().is_empty() {
            Finding::Calibrated
        } else {
            Finding::Miscalibrated
        }
    }
}

/// How many latents are shown; the others, those with the largest p-values, are only counted.
const SHOWN: usize = 30;

/// The whole calibration.
pub fn table(calibration: &Calibration) -> String {
    let mut text = String::new();
    let shown = shown(calibration);
    for line in lines(&shown) {
        let _ = writeln!(text, "{line}");
    }
    let more = calibration.latents.len() - shown.len();
    if more > 0 {
        let _ = writeln!(text, "and {more} more with larger p-values; --format json has all");
    }
    let _ = writeln!(text, "\n{}", replicates(calibration));
    match calibration.finding() {
        Finding::Unknown => text.push_str("Too few fits to say anything.\n"),
        Finding::Calibrated => {
            let level = fixed(calibration.level, 4);
            let saved = calibration.saved_by_the_verdict();
            let scope = if saved.is_empty() { "" } else { " where the verdict is trust" };
            let _ = writeln!(text, "Calibrated{scope}: no p-value is below {level}.");
            for latent in saved {
                let ranks = latent.all.as_ref();
                let _ = writeln!(text, "Not so over all fits: {}.", fault(latent, ranks));
            }
        }
        Finding::Miscalibrated => {
            for latent in calibration.miscalibrated() {
                let (ranks, scope) = match &latent.trusted {
                    Some(trusted) => (Some(trusted), "where the verdict is trust"),
                    None => (latent.all.as_ref(), "over all fits"),
                };
                let _ = writeln!(text, "Not calibrated {scope}: {}.", fault(latent, ranks));
            }
        }
    }
    text
}

/// The latents with the smallest p-values, in their own order.
fn shown(calibration: &Calibration) -> Vec<&Latent> {
    let mut order: Vec<usize> = (0..calibration.latents.len()).collect();
    let p = |k: &usize| calibration.latents[*k].all.as_ref().map_or(f64::INFINITY, |ranks| ranks.p_value);
    order.sort_by(|a, b| p(a).total_cmp(&p(b)));
    order.truncate(SHOWN);
    order.sort_unstable();
    order.into_iter().map(|k| &calibration.latents[k]).collect()
}

fn replicates(calibration: &Calibration) -> String {
    let Calibration { done, asked, trust, check, do_not_use, failed, not_finite, .. } = calibration;
    let ended = if done < asked { format!(" of the {asked} asked for") } else { String::new() };
    let mut text = format!("{done} replicates{ended}: {trust} trust, {check} check, {do_not_use} do-not-use");
    if *failed > 0 {
        let _ = write!(text, ", {failed} without a fit");
    }
    if *not_finite > 0 {
        let _ = write!(text, ", {not_finite} with data beyond all numbers");
    }
    text
}

/// What a latent's ranks look like, in words.
fn fault(latent: &Latent, ranks: Option<&Ranks>) -> String {
    let Some(ranks) = ranks else { return latent.name.clone() };
    let mut shape = Vec::new();
    if ranks.shift.abs() > 3.0 {
        shape.push(if ranks.shift > 0.0 {
            "the posterior lies too low"
        } else {
            "the posterior lies too high"
        });
    }
    if ranks.spread.abs() > 3.0 {
        shape.push(if ranks.spread > 0.0 {
            "the posterior is too narrow"
        } else {
            "the posterior is too wide"
        });
    }
    let shape = if shape.is_empty() { "the ranks are uneven".to_owned() } else { shape.join(", and ") };
    format!("{}: {shape} (p = {:.1e})", latent.name, ranks.p_value)
}

fn lines(latents: &[&Latent]) -> Vec<String> {
    if latents.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> =
        std::iter::once("").chain(latents.iter().map(|latent| latent.name.as_str())).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let pad = |text: &str, width: usize| format!("{text}{}", " ".repeat(width - text.chars().count()));
    let mut lines: Vec<String> = names.iter().map(|name| pad(name, width)).collect();
    let ranks = |latent: &&Latent| latent.all.clone();
    let pictures: Vec<String> = std::iter::once("ranks".to_owned())
        .chain(
            latents.iter().map(|latent| ranks(latent).map_or("-".to_owned(), |ranks| picture(&ranks.bins))),
        )
        .collect();
    let broad = pictures.iter().map(|picture| picture.chars().count()).max().unwrap_or(0);
    for (line, picture) in lines.iter_mut().zip(&pictures) {
        let _ = write!(line, "  {}", pad(picture, broad));
    }
    let mut columns: Vec<(&str, Vec<String>)> = Vec::new();
    let number = |of: &dyn Fn(&Latent) -> Option<f64>, digits: i32| -> Vec<String> {
        latents.iter().map(|latent| of(latent).map_or("-".to_owned(), |x| fixed(x, digits))).collect()
    };
    let all = |of: fn(&Ranks) -> f64| move |latent: &Latent| latent.all.as_ref().map(of);
    columns.push(("chi-square", number(&all(|ranks| ranks.chi_square), 1)));
    let chance = |of: &dyn Fn(&Latent) -> Option<f64>| -> Vec<String> {
        latents.iter().map(|latent| of(latent).map_or("-".to_owned(), shown_chance)).collect()
    };
    columns.push(("p", chance(&all(|ranks| ranks.p_value))));
    columns.push(("shift", number(&all(|ranks| ranks.shift), 1)));
    columns.push(("spread", number(&all(|ranks| ranks.spread), 1)));
    let apart = |latent: &&Latent| {
        latent.all.as_ref().map(|ranks| ranks.count) != latent.trusted.as_ref().map(|ranks| ranks.count)
    };
    if latents.iter().any(apart) {
        columns.push(("p if trust", chance(&|latent| latent.trusted.as_ref().map(|ranks| ranks.p_value))));
        columns.push(("p if not", chance(&|latent| latent.others.as_ref().map(|ranks| ranks.p_value))));
    }
    for (header, cells) in columns {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        for (line, cell) in lines.iter_mut().zip(aligned(header, &cells)) {
            let _ = write!(line, "  {cell}");
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn shown_chance(p: f64) -> String {
    if p < 1e-4 { "<0.0001".to_owned() } else { fixed(p, 4) }
}

/// Bars of an eighth of a line each, the expected height in the middle.
fn picture(bins: &[usize]) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let expected = bins.iter().sum::<usize>() as f64 / bins.len().max(1) as f64;
    let bar = |found: &usize| BARS[((4.0 * *found as f64 / expected.max(1e-9)).round() as usize).min(8)];
    bins.iter().map(bar).collect()
}
