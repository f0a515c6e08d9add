//! From what a fit has shown to a verdict: trust, check or do not use, with findings that name the latents concerned and
//! say what to do next.

use super::escape::{Escape, Side};
use super::evaluator::Halt;
use super::failure::{Failure, Finding, listed};
use super::gaussian::Definiteness;
use super::moments::Moments;
use super::natural::Status;
use super::psis;

/// How far a result may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing found speaks against it.
    Trust,
    /// Something needs a look first.
    Check,
    /// It is likely to be wrong.
    DoNotUse,
}

/// What independent starts found.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreement {
    /// The same region.
    Same,
    /// Several regions.
    Several {
        /// Bound of the best region minus bound of the next, in nats.
        gap: f64,
        /// Coordinates in which they are apart.
        apart: Vec<usize>,
        /// Coordinates of latents whose elements they exchange; none if it is no exchange.
        exchanged: Vec<usize>,
    },
    /// Different states, which are in the draws together.
    Together,
    /// Nothing: no second path was finished.
    Unknown,
}

/// Whether importance weights entered the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightUse {
    /// They did.
    Used,
    /// They did not.
    Unused,
}

/// Everything a verdict is taken from.
pub struct Evidence<'a> {
    /// Shape of the weights' tail.
    pub khat: f64,
    /// Number of weighted draws.
    pub draws: usize,
    /// Effective number of draws.
    pub effective: f64,
    /// Whether the guide's optimum was found.
    pub status: Status,
    /// Whether the weights were used.
    pub weights: WeightUse,
    /// Independent starts compared.
    pub agreement: Agreement,
    /// Curvature at the end of the path.
    pub definiteness: Definiteness,
    /// Moments with errors, of the result.
    pub moments: &'a Moments,
    /// How the density falls off far out, where that was looked at.
    pub escapes: &'a [Escape],
    /// Coordinates whose draws have heavy tails, where nothing is known of them far out.
    pub outlying: &'a [usize],
    /// The coordinate along which curvature changes most, with the change in standard units.
    pub bend: Option<(usize, f64)>,
    /// Latents whose k-hat given all others is bad, with it.
    pub misfits: &'a [(String, f64)],
    /// The coordinate of which another family with sound weights says something else, with the difference in standard deviations.
    pub contradicted: Option<(usize, f64)>,
    /// Coordinates whose linear response is far from the guide's own standard deviation.
    pub hidden: &'a [usize],
    /// How many nats the best bound of all families is above that of the one kept.
    pub bound_gap: f64,
    /// Number of ends of each coordinate's latent.
    pub ends: &'a [usize],
    /// Ended from outside?
    pub halt: Option<Halt>,
    /// Share of the result's draws at which the log density is no number.
    pub lost: f64,
    /// Where the guide did not converge: the latents that would still move, by how many standard deviations.
    pub moving: &'a [(String, f64)],
    /// Name of each coordinate's latent.
    pub names: &'a [String],
}

/// A k-hat above which weights are never taken for good, however many draws there are.
const MOST_KHAT: f64 = 0.6;
/// A k-hat above which a family whose bound is far from another one's is doubted.
const DOUBTFUL_KHAT: f64 = 0.5;
/// A share of lost draws above which the result says too little of the posterior.
const MOST_LOST: f64 = 0.05;
/// A standard deviation that no posterior has.
const MOST_DEVIATION: f64 = 1e12;
/// A standard deviation that no logarithm of a scale has.
const MOST_LOG_DEVIATION: f64 = 100.0;
/// A standard deviation, against the value, that rounding alone may leave; and the logarithm of a scale that has vanished.
const ROUNDING: f64 = 1e-11;
const VANISHED: f64 = -18.0;
/// Change of curvature, in standard units, from which on a coordinate makes a funnel.
const FUNNEL: f64 = 1.0;
/// Nats by which another family's bound may be above.
const BOUND_GAP: f64 = 3.0;

impl Evidence<'_> {
    fn names_of(&self, coordinates: &[usize]) -> Vec<String> {
        let mut names: Vec<String> = coordinates.iter().filter_map(|i| self.names.get(*i)).cloned().collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    fn finding(&self, failure: Failure, verdict: Verdict, at: &[usize], seen: String) -> Finding {
        Finding { failure, verdict, latents: self.names_of(at), seen }
    }
}

/// The verdict, the findings it is the worst of, and the reasons in plain sentences.
pub fn judge(evidence: &Evidence) -> (Verdict, Vec<Finding>, Vec<String>) {
    let mut findings = halted(evidence);
    findings.extend(lost(evidence));
    let improper = propriety(evidence);
    if improper.is_empty() {
        findings.extend(convergence(evidence));
        findings.extend(weights(evidence));
        findings.extend(contradiction(evidence));
        findings.extend(agreement(evidence));
        findings.extend(tails(evidence));
        findings.extend(precision(evidence));
        findings.extend(correlation(evidence));
    } else {
        findings.extend(improper);
    }
    let verdict = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Trust);
    let reasons = match (findings.is_empty(), evidence.halt) {
        (true, _) => vec![praise(evidence)],
        (false, None) => findings.iter().map(Finding::sentence).collect(),
        (false, Some(_)) => findings.iter().map(Finding::sentence_of_part).collect(),
    };
    (verdict, findings, reasons)
}

fn praise(evidence: &Evidence) -> String {
    format!(
        "the guide fits the posterior (k-hat {:.2}, {:.0} effective draws of {}) and {}",
        evidence.khat,
        evidence.effective,
        evidence.draws,
        match evidence.agreement {
            Agreement::Together => "the draws hold what independent starts found",
            _ => "two independent starts agree",
        }
    )
}

fn halted(evidence: &Evidence) -> Vec<Finding> {
    let seen = match evidence.halt {
        Some(Halt::Limit) => "the evaluation limit ended the fit early",
        Some(Halt::Asked) => "the fit was stopped before it had finished",
        None => return Vec::new(),
    };
    vec![evidence.finding(Failure::Interrupted, Verdict::Check, &[], seen.to_owned())]
}

/// Draws without a density have no weight, as if they were impossible: where it is undefined, nobody knows.
fn lost(evidence: &Evidence) -> Option<Finding> {
    (evidence.lost > 0.0).then(|| {
        let verdict = if evidence.lost > MOST_LOST { Verdict::DoNotUse } else { Verdict::Check };
        let share = 100.0 * evidence.lost;
        let share = if share < 1.0 { format!("{share:.2}") } else { format!("{share:.0}") };
        let seen = format!(
            "the log density is not a number at {share} % of the draws, which are left out: the posterior is known only \
             where the model can be computed"
        );
        evidence.finding(Failure::Undefined, verdict, &[], seen)
    })
}

/// Signs of a posterior without finite mass.
fn propriety(evidence: &Evidence) -> Vec<Finding> {
    let mut found: Vec<(Failure, Vec<usize>)> = Vec::new();
    for escape in evidence.escapes.iter().filter(|escape| escape.has_no_mass()) {
        let both = evidence.escapes.iter().filter(|other| other.axis == escape.axis);
        let failure = kind(escape, both.filter(|other| other.has_no_mass()).count(), evidence.ends);
        let with_others = matches!(failure, Failure::NonIdentified | Failure::Separation);
        let axes = std::iter::once(escape.axis).chain(escape.along.iter().copied().filter(|_| with_others));
        match found.iter_mut().find(|(known, _)| *known == failure) {
            Some((_, known)) => known.extend(axes),
            None => found.push((failure, axes.collect())),
        }
    }
    if found.is_empty() {
        return runaway(evidence).or_else(|| collapsed(evidence)).into_iter().collect();
    }
    let describe = |(failure, axes): (Failure, Vec<usize>)| {
        let names = listed(&evidence.names_of(&axes));
        let seen = match failure {
            Failure::Separation => {
                format!(
                    "the density keeps rising as {names} runs off without end, as where data separate perfectly"
                )
            }
            Failure::NonIdentified => {
                format!(
                    "{names} can move together without end at no loss: only a combination of them is determined"
                )
            }
            Failure::Unbounded => format!("the mass keeps growing as {names} goes to the end of its range"),
            _ => format!("the mass far out in {names} is infinite, or as good as"),
        };
        evidence.finding(failure, Verdict::DoNotUse, &axes, seen)
    };
    found.into_iter().map(describe).collect()
}

/// What an infinite mass one way, or both ways, is called.
fn kind(escape: &Escape, ways: usize, ends: &[usize]) -> Failure {
    match (ends.get(escape.axis), ways, escape.side) {
        (Some(0), 1, _) => Failure::Separation,
        (Some(0), _, _) if !escape.along.is_empty() => Failure::NonIdentified,
        (Some(1), _, Side::Low) if escape.rises() => Failure::Unbounded,
        _ => Failure::Improper,
    }
}

/// A spread that is no spread, of a value or of the logarithm of one.
fn runaway(evidence: &Evidence) -> Option<Finding> {
    let deviations = &evidence.moments.deviation;
    let most = |i: usize| if evidence.ends.get(i) == Some(&1) { MOST_LOG_DEVIATION } else { MOST_DEVIATION };
    let excess = |i: &usize| deviations[*i] / most(*i);
    let widest = (0..deviations.len()).max_by(|a, b| excess(a).total_cmp(&excess(b)))?;
    let excess = excess(&widest);
    (!excess.is_finite() || excess > 1.0).then(|| {
        let seen = format!("{} has no finite spread", listed(&evidence.names_of(&[widest])));
        evidence.finding(Failure::Improper, Verdict::DoNotUse, &[widest], seen)
    })
}

/// A fit inside of a spike, where a scale has all but vanished and a coordinate is as narrow as its own rounding: weights are
/// even there, since nothing varies.
fn collapsed(evidence: &Evidence) -> Option<Finding> {
    let (mean, deviation) = (&evidence.moments.mean, &evidence.moments.deviation);
    let narrow = (0..mean.len()).any(|i| deviation[i] < ROUNDING * mean[i].abs());
    let scales = (0..mean.len()).filter(|i| evidence.ends.get(*i) == Some(&1));
    let vanished = scales.min_by(|a, b| mean[*a].total_cmp(&mean[*b]))?;
    (narrow && mean[vanished] < VANISHED).then(|| {
        let name = listed(&evidence.names_of(&[vanished]));
        let seen = format!("the fit ended where {name} is as good as 0, and draws differ by rounding only");
        evidence.finding(Failure::Unbounded, Verdict::DoNotUse, &[vanished], seen)
    })
}

fn convergence(evidence: &Evidence) -> Option<Finding> {
    let is_even = evidence.effective > 0.5 * evidence.draws as f64 && evidence.weights == WeightUse::Used;
    (evidence.status == Status::Unconverged && !is_even).then(|| {
        let verdict = if evidence.weights == WeightUse::Used { Verdict::Check } else { Verdict::DoNotUse };
        let latents = evidence.moving.iter().map(|(name, _)| name.clone()).collect();
        let seen = format!("the bound of the Gaussian guide kept rising{}", moving_words(evidence.moving));
        Finding { latents, ..evidence.finding(Failure::Unconverged, verdict, &[], seen) }
    })
}

/// `, and `a` would still move by 0.8 standard deviations, `b` by -0.3`
fn moving_words(moving: &[(String, f64)]) -> String {
    let mut words = String::new();
    for (nth, (name, step)) in moving.iter().enumerate() {
        words += &match nth {
            0 => format!(", and `{name}` would still move by {step:.2} standard deviations"),
            _ => format!(", `{name}` by {step:.2}"),
        };
    }
    words
}

fn weights(evidence: &Evidence) -> Option<Finding> {
    let limit = psis::threshold(evidence.draws).min(MOST_KHAT);
    let khat = evidence.khat;
    let share = evidence.effective / evidence.draws as f64;
    let (verdict, seen) = if !khat.is_finite() || khat > 1.0 {
        (Verdict::DoNotUse, format!("k-hat is {khat:.2}: the guide cannot follow the posterior"))
    } else if khat > 0.9 && evidence.definiteness == Definiteness::Indefinite {
        let seen = format!("k-hat is {khat:.2}, and the density does not curve downwards near the best fit");
        (Verdict::DoNotUse, seen)
    } else if khat > limit {
        (
            Verdict::Check,
            format!("k-hat is {khat:.2}, above {limit:.2}: the guide misses part of the posterior"),
        )
    } else if share < 0.25 {
        let seen =
            format!("only {:.0} % of the draws are effective: the guide has another shape", 100.0 * share);
        (Verdict::Check, seen)
    } else if evidence.effective < 100.0 {
        let seen = format!("only {:.0} effective draws remain after weighting", evidence.effective);
        return Some(evidence.finding(Failure::Imprecision, Verdict::Check, &[], seen));
    } else if evidence.bound_gap > BOUND_GAP && evidence.bound_gap.is_finite() && khat > DOUBTFUL_KHAT {
        let gap = evidence.bound_gap;
        (Verdict::Check, format!("another family has a bound that is {gap:.1} nats higher, but bad weights"))
    } else {
        return None;
    };
    Some(misfit(evidence, verdict, seen))
}

/// Two families with sound weights that do not agree: one of them misses a part of the posterior.
fn contradiction(evidence: &Evidence) -> Option<Finding> {
    let (axis, gap) = evidence
        .contradicted
        .filter(|_| matches!(evidence.agreement, Agreement::Same | Agreement::Together))?;
    let name = listed(&evidence.names_of(&[axis]));
    let seen = format!(
        "another family, whose weights are as sound, places or spreads {name} differently by {gap:.2} standard deviations"
    );
    Some(evidence.finding(Failure::Misfit, Verdict::Check, &[axis], seen))
}

/// A bad fit, with the latents that it is due to.
fn misfit(evidence: &Evidence, verdict: Verdict, seen: String) -> Finding {
    if let Some((axis, change)) = evidence.bend.filter(|(_, change)| *change > FUNNEL) {
        let name = listed(&evidence.names_of(&[axis]));
        let seen =
            format!("{seen}; the spread of other latents changes with {name} (curvature by {change:.1})");
        return evidence.finding(Failure::Funnel, verdict, &[axis], seen);
    }
    let latents: Vec<String> = evidence.misfits.iter().map(|(name, _)| name.clone()).collect();
    let seen = match evidence.misfits.first() {
        Some((_, khat)) => {
            format!("{seen}; most of all in {} (k-hat {khat:.2} given all others)", listed(&latents))
        }
        None => seen,
    };
    Finding { latents, ..evidence.finding(Failure::Misfit, verdict, &[], seen) }
}

fn agreement(evidence: &Evidence) -> Option<Finding> {
    let (failure, latents, seen) = match &evidence.agreement {
        Agreement::Same | Agreement::Together => return None,
        Agreement::Unknown => {
            let seen = "no second start could confirm the region found".to_owned();
            (Failure::Unconfirmed, &Vec::new(), seen)
        }
        Agreement::Several { exchanged, .. } if !exchanged.is_empty() => {
            let names = listed(&evidence.names_of(exchanged));
            let seen =
                format!("independent starts ended in regions that differ in the order of {names} alone");
            (Failure::LabelSwitching, exchanged, seen)
        }
        Agreement::Several { gap, apart, .. } => {
            let names = listed(&evidence.names_of(apart));
            let seen = format!(
                "independent starts ended in different regions, apart in {names} (bounds {gap:.1} nats apart)"
            );
            (Failure::Multimodality, apart, seen)
        }
    };
    Some(evidence.finding(failure, Verdict::Check, latents, seen))
}

fn tails(evidence: &Evidence) -> Option<Finding> {
    let heavy = evidence.escapes.iter().filter(|escape| {
        let value_end = match evidence.ends.get(escape.axis) {
            Some(0) => true,
            Some(1) => escape.side == Side::High,
            _ => false,
        };
        value_end && escape.is_heavy()
    });
    let least = heavy.clone().map(|escape| escape.index).fold(f64::INFINITY, f64::min);
    let axes: Vec<usize> = heavy.map(|escape| escape.axis).chain(evidence.outlying.iter().copied()).collect();
    (!axes.is_empty()).then(|| {
        let names = listed(&evidence.names_of(&axes));
        let seen = if least <= 2.0 {
            format!(
                "the density of {names} falls off as slowly as if moments of order {least:.1} and above were infinite, \
                 the standard deviation among them"
            )
        } else if least.is_finite() {
            format!(
                "the density of {names} falls off as slowly as if moments of order {least:.1} and above were infinite, \
                 which leaves the standard deviation imprecise"
            )
        } else {
            few_draws(&names)
        };
        evidence.finding(Failure::HeavyTails, Verdict::Check, &axes, seen)
    })
}

fn few_draws(names: &str) -> String {
    format!("few draws of {names} make up its standard deviation")
}

/// What draws of latents show that were integrated out: nothing else is known of their tails.
pub fn heavy_draws(latents: Vec<String>) -> Finding {
    let seen = few_draws(&listed(&latents));
    Finding { failure: Failure::HeavyTails, verdict: Verdict::Check, latents, seen }
}

fn precision(evidence: &Evidence) -> Option<Finding> {
    let (mean, spread) = evidence.moments.worst();
    (mean > 0.1 || spread > 0.1).then(|| {
        let relative = evidence.moments.mean_error.zip_map(&evidence.moments.deviation, |e, s| e / s);
        let both = relative.zip_map(&evidence.moments.spread_error, f64::max);
        let worst = both.imax();
        let seen = format!(
            "Monte Carlo errors are up to {mean:.2} standard deviations for a mean and {:.0} % for a standard deviation \
             ({})",
            100.0 * spread,
            listed(&evidence.names_of(&[worst]))
        );
        evidence.finding(Failure::Imprecision, Verdict::Check, &[worst], seen)
    })
}

/// Independence that hides correlations: they are in the response, but not in joint draws.
fn correlation(evidence: &Evidence) -> Option<Finding> {
    (!evidence.hidden.is_empty() && evidence.weights == WeightUse::Unused).then(|| {
        let names = listed(&evidence.names_of(evidence.hidden));
        let seen = format!(
            "linear response makes the standard deviation of {names} more than twice that of independent coordinates"
        );
        evidence.finding(Failure::HiddenCorrelation, Verdict::Check, evidence.hidden, seen)
    })
}
