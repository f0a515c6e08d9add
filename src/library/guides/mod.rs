//! Guides: for each domain a family of distributions that a posterior there may well have, with a sampler that is a
//! differentiable function of uniform numbers and parameters. Everything is in the unconstrained coordinates of the domain.

mod beta;
mod dirichlet;
mod gamma;
mod gaussian;
mod student;
mod von_mises;

use crate::graph::{Axis, Builder, Node};

use super::{Domain, Rank};

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    /// Its name in reports.
    pub name: &'static str,
    /// One line: the family, in the values of the domain.
    pub summary: &'static str,
    /// The domains that it serves, by name.
    pub domains: &'static [&'static str],
    /// How much one value takes.
    pub rank: Rank,
    /// The priors that ask for it, by name; every prior if there are none.
    pub priors: &'static [&'static str],
    /// Its parameters, an array each.
    pub parameters: &'static [GuideParameter],
    /// The draw made of uniform numbers.
    pub sample: Sample,
    /// The log density of a draw, summed over its elements.
    pub log_density: Sample,
    /// Unconstrained parameters from what a Gaussian has found.
    pub start: fn(&Seen) -> Vec<Vec<f64>>,
    /// How its support closes.
    pub closure: Closure,
}

/// A parameter: one number for each element.
#[derive(Clone, Copy, Debug)]
pub struct GuideParameter {
    /// Its name.
    pub name: &'static str,
    /// Where it lies.
    pub range: GuideRange,
}

/// Where a parameter lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GuideRange {
    /// Any number.
    Real,
    /// Above 0, through the exponential.
    Positive,
    /// Between 0 and an end, through the logistic function: beyond, the density would lose its digits, and the family is
    /// its own limit.
    Below(f64),
}

/// Whether the ends of the support are one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closure {
    /// They are not.
    Open,
    /// They are: a density that is not the same at both has no pathwise gradient.
    Circle,
}

/// Builds an array from constrained parameters, and uniforms or a draw.
pub type Sample = fn(&mut Builder, &[Node], Node, &GuideAxes) -> Node;

/// The axes of a draw of a joint domain; none for domains of single numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct GuideAxes {
    /// The axis of the values, which parameters and uniforms have.
    pub values: Option<Axis>,
    /// The axis of the unconstrained coordinates, which draws have.
    pub free: Option<Axis>,
}

/// What is known of a latent's coordinates: row-major, `width` coordinates to a value.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Means.
    pub mean: &'a [f64],
    /// Standard deviations.
    pub deviation: &'a [f64],
    /// Skewness.
    pub skewness: &'a [f64],
    /// How many coordinates one value has.
    pub width: usize,
}

impl PartialEq for Guide {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Guide {
    /// Whether it is the Gaussian that every latent can have.
    pub fn is_gaussian(&self) -> bool {
        self.name == gaussian::GAUSSIAN.name
    }
}

impl GuideRange {
    /// The parameter from its unconstrained number.
    pub fn constrained(self, b: &mut Builder, free: Node) -> Node {
        match self {
            Self::Real => free,
            Self::Positive => b.exp(free),
            Self::Below(end) => {
                let share = b.sigmoid(free);
                b.times(share, end)
            }
        }
    }

    /// The unconstrained number of a parameter.
    pub fn free(self, value: f64) -> f64 {
        match self {
            Self::Real => value,
            Self::Positive => value.ln(),
            Self::Below(end) => value.ln() - (end - value).ln(),
        }
    }
}

/// Every guide, in the order in which they are asked.
pub static GUIDES: &[&Guide] = &[
    &von_mises::VON_MISES,
    &student::STUDENT,
    &gamma::GAMMA,
    &beta::BETA,
    &dirichlet::DIRICHLET,
    &gaussian::GAUSSIAN,
];

/// The guide that matches a domain and, if it is a single call, the family of the prior: the first that serves both; the
/// Gaussian where none does.
pub fn guide(domain: &Domain, prior: Option<&str>) -> &'static Guide {
    let serves = |guide: &&Guide| {
        guide.domains.contains(&domain.name)
            && (guide.priors.is_empty() || prior.is_some_and(|prior| guide.priors.contains(&prior)))
    };
    GUIDES.iter().copied().find(serves).unwrap_or(&gaussian::GAUSSIAN)
}

/// The argument at which an increasing function reaches a value, by bisection between two ends.
fn solve(f: impl Fn(f64) -> f64, value: f64, [mut low, mut high]: [f64; 2]) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
