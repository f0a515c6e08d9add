//! The ways to take an expectation: a row each, in the order of preference, and the choice among them.

use super::Obstacle;

/// What a way does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A formula in the mean and the covariance.
    ClosedForm,
    /// A sum over nodes.
    Quadrature,
    /// An average over draws.
    Draws,
}

/// What is known of a piece of a density.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What keeps it from being polynomials times exponentials.
    pub obstacle: Option<Obstacle>,
    /// The degree of the polynomial.
    pub degree: usize,
    /// Whether there is an exponential.
    pub exponential: bool,
    /// Of how many affine nodes the rest is a function, or why it is none.
    pub bases: Result<usize, Obstacle>,
    /// Elements that the expectation visits against those that draws would.
    pub price: f64,
}

/// A way to take the expectation of a piece.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Its name.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Why it is right where it is right, with its source.
    pub doc: &'static str,
    /// What it does.
    pub takes: Takes,
    /// Why it is not possible, if it is not.
    pub refuse: fn(&Facts) -> Option<String>,
    /// Why it was taken.
    pub why: fn(&Facts) -> String,
}

/// A way that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub way: &'static str,
    /// Why.
    pub reason: String,
}

/// The way a piece goes.
#[derive(Clone, Debug)]
pub struct Piece {
    /// It.
    pub way: &'static Way,
    /// Why.
    pub why: String,
    /// The better ones, and why not these.
    pub refused: Vec<Refused>,
}

/// Times the elements that draws visit from which on they are preferred, noise and all.
const DEAREST: f64 = 2.0;

/// All ways, the best first. The last one is always possible.
pub static WAYS: &[&Way] = &[&CLOSED_FORM, &QUADRATURE, &DRAWS];

static CLOSED_FORM: Way = Way {
    name: "closed form",
    summary: "a formula in the guide's mean and covariance; no noise",
    doc: "The moments of a Gaussian and its moment-generating function: E[exp(a)] = exp(m + v / 2), under which tilt every \
          other affine quantity moves by its covariance with a.",
    takes: Takes::ClosedForm,
    refuse: |facts| facts.obstacle.map(words).or_else(|| dear(facts)),
    why: |facts| {
        let polynomial = match facts.degree {
            0 => "",
            1 => "linear",
            _ => "quadratic",
        };
        match (polynomial, facts.exponential) {
            ("", true) => "an exponential of an affine quantity".to_string(),
            ("", false) => "constant".to_string(),
            (polynomial, true) => format!("{polynomial} times an exponential of an affine quantity"),
            (polynomial, false) => polynomial.to_string(),
        }
    },
};

static QUADRATURE: Way = Way {
    name: "quadrature",
    summary: "a sum over Gauss-Hermite nodes, as many as it needs; no noise",
    doc: "An affine function of Gaussian coordinates is Gaussian, so the expectation of a function of it is an integral \
          over one dimension (over two for two of them), whatever the number of coordinates (Liu and Pierce 1994).",
    takes: Takes::Quadrature,
    refuse: |facts| facts.bases.err().map(words).or_else(|| dear(facts)),
    why: |facts| match facts.bases {
        Ok(2) => "a function of two affine quantities".to_string(),
        _ => "a function of one affine quantity".to_string(),
    },
};

static DRAWS: Way = Way {
    name: "draws",
    summary: "an average over fixed draws of the guide",
    doc: "Right whatever the density, with noise that the antithetic, moment-matched draws keep small (Giordano, Ingram \
          and Broderick 2024).",
    takes: Takes::Draws,
    refuse: |_| None,
    why: |_| "nothing better is right".to_string(),
};

fn dear(facts: &Facts) -> Option<String> {
    (facts.price > DEAREST).then(|| format!("it would cost {:.0} times what draws cost", facts.price))
}

/// An obstacle as the end of "not this way: …".
fn words(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::Function(name) => {
            return format!("`{name}` of a latent is neither polynomial nor exponential");
        }
        Obstacle::Degree => "it is a polynomial of degree above 2",
        Obstacle::Terms => "it falls apart into too many terms",
        Obstacle::Kink => "it has a kink",
        Obstacle::Jump => "it jumps",
        Obstacle::Several => "it is a function of more than two affine quantities",
        Obstacle::Mixed => "it mixes several elements, a function of each",
        Obstacle::Recurrence => "it is a recurrence",
        Obstacle::Matrix => "it factorises, inverts or solves with a matrix of latents",
        Obstacle::Kept => "it reads a latent that stays in the guide without a gradient",
        Obstacle::Hidden => "its affine quantities are not at the same places throughout",
        Obstacle::Imprecise => "the largest number of nodes is not precise enough",
    }
    .to_string()
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.way.takes == other.way.takes && self.why == other.why && self.refused == other.refused
    }
}

/// The first way that is not refused.
pub fn choose(facts: &Facts) -> Piece {
    let mut refused = Vec::new();
    for &way in WAYS {
        match (way.refuse)(facts) {
            Some(reason) => refused.push(Refused { way: way.name, reason }),
            None => return Piece { way, why: (way.why)(facts), refused },
        }
    }
    unreachable!("draws are never refused")
}
