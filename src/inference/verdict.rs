//! From what a fit has shown to a verdict: trust, check or do not use, with reasons and what to do next.

use super::evaluator::Halt;
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

/// What a second, independent start found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Agreement {
    /// The same region.
    Same,
    /// Another region, whose bound differs by so many nats.
    Other {
        /// Bound of the region reported minus bound of the other.
        gap: f64,
    },
    /// Nothing: no second path was finished.
    Unknown,
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
    /// Two starts compared.
    pub agreement: Agreement,
    /// Curvature at the end of the path.
    pub definiteness: Definiteness,
    /// Moments with errors, of the result.
    pub moments: &'a Moments,
    /// The heaviest tail of squared deviations under the weights, with its coordinate.
    pub heaviest: Option<(usize, f64)>,
    /// Ended from outside?
    pub halt: Option<Halt>,
    /// Share of the result's draws at which the log density is no number.
    pub lost: f64,
    /// Where the guide did not converge: the latents that would still move, by how many standard deviations.
    pub moving: &'a [(String, f64)],
    /// Name of each coordinate's latent.
    pub names: &'a [String],
}

/// Whether importance weights entered the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightUse {
    /// They did.
    Used,
    /// They did not.
    Unused,
}

/// A k-hat above which weights are never taken for good, however many draws there are.
const MOST_KHAT: f64 = 0.6;

/// Collects reasons; the verdict is the worst of them.
#[derive(Default)]
struct Findings {
    worst: Option<Verdict>,
    reasons: Vec<String>,
}

impl Findings {
    fn add(&mut self, verdict: Verdict, reason: String) {
        self.worst = Some(self.worst.map_or(verdict, |worst| worst.max(verdict)));
        self.reasons.push(reason);
    }
}

/// The verdict, and its reasons in plain sentences.
pub fn judge(evidence: &Evidence) -> (Verdict, Vec<String>) {
    let mut findings = Findings::default();
    judge_halt(evidence, &mut findings);
    judge_lost(evidence, &mut findings);
    judge_propriety(evidence, &mut findings);
    judge_weights(evidence, &mut findings);
    judge_agreement(evidence, &mut findings);
    judge_tails(evidence, &mut findings);
    judge_precision(evidence, &mut findings);
    match findings.worst {
        Some(verdict) => (verdict, findings.reasons),
        None => (Verdict::Trust, vec![praise(evidence)]),
    }
}

fn praise(evidence: &Evidence) -> String {
    format!(
        "the guide fits the posterior (k-hat {:.2}, {:.0} effective draws of {}) and two independent starts agree",
        evidence.khat, evidence.effective, evidence.draws
    )
}

fn judge_halt(evidence: &Evidence, findings: &mut Findings) {
    match evidence.halt {
        Some(Halt::Limit) => findings.add(
            Verdict::Check,
            "the evaluation limit ended the fit early; raise the limit and fit again".to_owned(),
        ),
        Some(Halt::Asked) => {
            findings.add(Verdict::Check, "the fit was stopped before it had finished; fit again".to_owned());
        }
        None => {}
    }
}

/// A share of lost draws above which the result says too little of the posterior.
const MOST_LOST: f64 = 0.05;

/// Draws without a density have no weight, as if they were impossible: where it is undefined, nobody knows.
fn judge_lost(evidence: &Evidence, findings: &mut Findings) {
    if evidence.lost > 0.0 {
        let verdict = if evidence.lost > MOST_LOST { Verdict::DoNotUse } else { Verdict::Check };
        let share = 100.0 * evidence.lost;
        let share = if share < 1.0 { format!("{share:.2}") } else { format!("{share:.0}") };
        findings.add(
            verdict,
            format!(
                "the log density is not a number at {share} % of the draws, which are left out: the posterior is \
                 known only where the model can be computed"
            ),
        );
    }
}

/// Signs of a posterior without finite mass, or of separation: scales that ran away.
fn judge_propriety(evidence: &Evidence, findings: &mut Findings) {
    let deviations = &evidence.moments.deviation;
    let (widest, deviation) = deviations
        .iter()
        .enumerate()
        .fold((0, 0.0), |best, (i, s)| if s.is_nan() || *s > best.1 { (i, *s) } else { best });
    let name = evidence.names.get(widest).map_or("a latent", String::as_str);
    if !deviation.is_finite() || deviation > 1e12 {
        findings.add(
            Verdict::DoNotUse,
            format!(
                "the posterior of `{name}` seems to have no finite spread: it is improper, or the data separate \
                 perfectly; give `{name}` a proper prior"
            ),
        );
    } else if evidence.khat > 0.9 && evidence.definiteness == Definiteness::Indefinite {
        findings.add(
            Verdict::DoNotUse,
            format!(
                "the density does not fall off in every direction near the best fit (widest: `{name}`); the posterior \
                 may be improper, or unbounded where a scale vanishes; give scales and coefficients proper priors"
            ),
        );
    }
    let is_even = evidence.effective > 0.5 * evidence.draws as f64 && evidence.weights == WeightUse::Used;
    if evidence.status == Status::Unconverged && !is_even {
        let verdict = if evidence.weights == WeightUse::Used { Verdict::Check } else { Verdict::DoNotUse };
        findings.add(
            verdict,
            format!(
                "the Gaussian guide did not converge: its bound kept rising{}, as it does for improper priors and \
                 separated data; tighten priors, rescale predictors, or try another seed",
                moving_words(evidence.moving)
            ),
        );
    }
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

fn judge_weights(evidence: &Evidence, findings: &mut Findings) {
    let limit = psis::threshold(evidence.draws).min(MOST_KHAT);
    if !evidence.khat.is_finite() || evidence.khat > 1.0 {
        findings.add(
            Verdict::DoNotUse,
            format!(
                "k-hat is {:.2}: the posterior has tails or a shape that the guide cannot follow (heavy tails, a funnel \
                 or an improper prior); use tighter priors or a non-centred parameterisation",
                evidence.khat
            ),
        );
    } else if evidence.khat > limit {
        findings.add(
            Verdict::Check,
            format!(
                "k-hat is {:.2}, above {limit:.2}: the guide misses part of the posterior; compare with another \
                 parameterisation or more informative priors before relying on standard deviations and tails",
                evidence.khat
            ),
        );
    } else if evidence.effective < 0.25 * evidence.draws as f64 {
        findings.add(
            Verdict::Check,
            format!(
                "only {:.0} % of the draws are effective: the guide has another shape than the posterior, and may miss \
                 part of it; compare with another parameterisation or with long runs of a sampler",
                100.0 * evidence.effective / evidence.draws as f64
            ),
        );
    } else if evidence.effective < 100.0 {
        findings.add(
            Verdict::Check,
            format!(
                "only {:.0} effective draws remain after weighting; ask for more draws",
                evidence.effective
            ),
        );
    }
}

fn judge_agreement(evidence: &Evidence, findings: &mut Findings) {
    match evidence.agreement {
        Agreement::Same => {}
        Agreement::Other { gap } if gap > 12.0 => findings.add(
            Verdict::Check,
            format!(
                "a second start ended in another, far less probable region ({gap:.1} nats lower); the posterior may \
                 have more than one mode; try other seeds"
            ),
        ),
        Agreement::Other { gap } => findings.add(
            Verdict::Check,
            format!(
                "two independent starts ended in different regions ({:.1} nats apart): the posterior has more than one \
                 mode; order or constrain exchangeable latents, and compare several seeds",
                gap.abs()
            ),
        ),
        Agreement::Unknown => findings.add(
            Verdict::Check,
            "no second start could confirm the region found; try other seeds".to_owned(),
        ),
    }
}

fn judge_tails(evidence: &Evidence, findings: &mut Findings) {
    if let Some((coordinate, shape)) = evidence.heaviest.filter(|(_, shape)| *shape > 0.65) {
        let name = evidence.names.get(coordinate).map_or("a latent", String::as_str);
        findings.add(
            Verdict::Check,
            format!(
                "`{name}` has heavy tails (shape {shape:.2} of its squares): its standard deviation may not be finite; \
                 report quantiles, or use a tighter prior"
            ),
        );
    }
}

fn judge_precision(evidence: &Evidence, findings: &mut Findings) {
    let (mean, spread) = evidence.moments.worst();
    if mean > 0.1 || spread > 0.1 {
        findings.add(
            Verdict::Check,
            format!(
                "the Monte Carlo error is large: {mean:.2} standard deviations for a mean, {:.0} % for a standard \
                 deviation; ask for more draws",
                100.0 * spread
            ),
        );
    }
}
