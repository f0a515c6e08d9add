//! What can be the matter with a fit: each failure has a name, and says what to do next.

use super::verdict::Verdict;

/// A kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// Nothing to start from.
    NoStart,
    /// The posterior has no finite mass, or hardly.
    Improper,
    /// The density grows without limit where a scale vanishes, and the mass with it.
    Unbounded,
    /// The density is highest at infinity.
    Separation,
    /// A combination of latents that neither data nor priors determine.
    NonIdentified,
    /// More than one region with weight.
    Multimodality,
    /// Regions that exchange elements of the same latents.
    LabelSwitching,
    /// The spread of some latents changes with another one.
    Funnel,
    /// Tails too heavy for a standard deviation, or for an estimate of it.
    HeavyTails,
    /// The guide has another shape than the posterior.
    Misfit,
    /// Independent coordinates hide that the latents are correlated.
    HiddenCorrelation,
    /// The log density is no number at draws of the result.
    Undefined,
    /// The guide's optimum was not found.
    Unconverged,
    /// Nothing confirmed the region found.
    Unconfirmed,
    /// Too few draws count.
    Imprecision,
    /// Ended from outside.
    Interrupted,
}

/// Name and advice of a failure.
struct Row {
    name: &'static str,
    advice: &'static str,
}

impl Failure {
    fn row(self) -> Row {
        let (name, advice) = match self {
            Failure::NoStart => (
                "no start",
                "check the data for values outside of their distributions' support, and the priors' scales",
            ),
            Failure::Improper => ("improper posterior", "give it a proper prior"),
            Failure::Unbounded => (
                "unbounded density",
                "give the scale a prior that vanishes at 0, such as `inv_gamma` or `lognormal`, or a lower bound",
            ),
            Failure::Separation => (
                "separation",
                "give the coefficients proper priors, such as `normal(0, 2.5)` for predictors of unit scale",
            ),
            Failure::NonIdentified => {
                ("non-identified direction", "give each of them a proper prior, or leave one out")
            }
            Failure::Multimodality => (
                "multimodality",
                "report the modes one by one, restrict the latents to one of them, or compare several seeds",
            ),
            Failure::LabelSwitching => (
                "label switching",
                "declare one latent of the components `: ordered`, or report only what does not depend on labels",
            ),
            Failure::Funnel => (
                "funnel",
                "give the scale a prior that keeps away from 0, or more data to what depends on it",
            ),
            Failure::HeavyTails => ("heavy tails", "report quantiles, or use a prior with lighter tails"),
            Failure::Misfit => (
                "misfit",
                "compare with another parameterisation, more informative priors or a sampler before relying on \
                 standard deviations and tails",
            ),
            Failure::HiddenCorrelation => (
                "hidden correlation",
                "fit with `--family full-rank`, or with none pinned, before relying on joint statements",
            ),
            Failure::Undefined => (
                "undefined density",
                "declare the latents so that it cannot happen: the diagnostic V0902 names the expression",
            ),
            Failure::Unconverged => (
                "no convergence",
                "rescale predictors to about unit size, tighten priors, or try another seed",
            ),
            Failure::Unconfirmed => (
                "no second start",
                "compare the fits of other seeds and of `--family partly-centred`: that they agree is what is missing",
            ),
            Failure::Imprecision => ("imprecision", "ask for more than 4000, with `--draws`"),
            Failure::Interrupted => {
                ("ended early", "fit to the end before anything else: raise the limit, or let it finish")
            }
        };
        Row { name, advice }
    }

    /// Whether it may be nothing but a want of effort.
    pub fn may_pass(self) -> bool {
        use Failure::{HiddenCorrelation, Imprecision, Misfit, NoStart, Unconfirmed, Unconverged};
        matches!(self, HiddenCorrelation | Imprecision | Misfit | NoStart | Unconfirmed | Unconverged)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What to do next.
    pub fn advice(self) -> &'static str {
        self.row().advice
    }
}

/// A failure that was found in a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub failure: Failure,
    /// How much it matters.
    pub verdict: Verdict,
    /// The latents concerned, or elements of them; none where it concerns all.
    pub latents: Vec<String>,
    /// What was seen.
    pub seen: String,
}

impl Finding {
    /// Name, what was seen, what to do next.
    pub fn sentence(&self) -> String {
        format!("{}: {}; {}", self.failure.name(), self.seen, self.failure.advice())
    }

    /// The same of a fit that was ended early.
    pub fn sentence_of_part(&self) -> String {
        match self.failure.may_pass() {
            true => format!("{}: {}, which the rest of the fit may mend", self.failure.name(), self.seen),
            false => self.sentence(),
        }
    }
}

/// Names in backquotes, at most four of them.
pub fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0..=4 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), more - 4),
    }
}
