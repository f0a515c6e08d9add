//! What a row of the library is: a distribution, a function, a domain. Rows are plain data and plain functions.

use crate::graph::{Axis, Builder, Node};
use crate::numeric::random::Generator;

use super::conjugacy::Quadratic;
use super::interval::Interval;
use super::laws::Law;

/// The axes that a joint operation acts on. A matrix over a dim repeated has the axis and its twin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Over {
    /// The axes acted on, in the order the user wrote; empty for element-wise operations.
    pub axes: Vec<Axis>,
    /// For each of `axes`, the second axis of the same dim, that matrices over the repeated dim have.
    pub twins: Vec<Axis>,
}

/// How much of an array one argument (or value) takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// One number per cell.
    Scalar,
    /// A vector along the joint axis.
    Vector,
    /// A matrix over the joint axis and its twin.
    Matrix,
    /// Positions in the joint axis, listed along an axis of their own, which is used up (the edges of `icar`).
    Positions,
}

/// A parameter of a distribution or a function.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its keyword.
    pub name: &'static str,
    /// What it must be: the name of a domain row.
    pub domain: &'static str,
    /// How much it takes.
    pub rank: Rank,
    /// Used where the argument is left off.
    pub default: Option<f64>,
    /// A few words.
    pub doc: &'static str,
}

/// One way to give the parameters of a distribution: `normal(mean, sd)` or `normal(mean, precision)`.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Its parameters, in positional order.
    pub parameters: &'static [Parameter],
    /// Its arguments turned into those of the family's first form.
    pub canonical: fn(&mut Builder, &[Node], &Over) -> Vec<Node>,
    /// A log density of its own where the detour through the first form would lose accuracy (`bernoulli(logit = e)`).
    pub log_density: Option<LogDensity>,
    /// What else the caller must do to have a normalised density.
    pub normaliser: Normaliser,
}

/// Whether a form's log density is normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normaliser {
    /// It is.
    Included,
    /// It is 0 everywhere: the caller subtracts the log of the size of the site's domain, log(high - low) or the log of
    /// the number of values. The value's kind is that of the declared type. Canonical arguments are the domain's ends.
    DomainSize,
    /// It is improper, or its constant is unknown but free of the arguments: nothing is added, restricted or not.
    Improper,
}

/// Log density: builder, arguments, value, joint axes. Element-wise for scalar families; without the joint axes for
/// joint ones. Written for values inside of the support; the caller selects -inf outside.
pub type LogDensity = fn(&mut Builder, &[Node], Node, &Over) -> Node;

/// A function of a value and canonical arguments, element-wise: a distribution function, say. Written for values inside
/// of the support and its ends.
pub type OfValue = fn(&mut Builder, &[Node], Node) -> Node;

/// The value made of standard-normal noise, from canonical arguments.
pub type OfNoise = fn(&mut Builder, &[Node], Node, &Over) -> Node;

/// Mean and standard deviation, from canonical arguments.
pub type Moments = fn(&mut Builder, &[Node], &Over) -> (Node, Node);

/// What kind of number a family's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Reals: a density with respect to length.
    Continuous,
    /// Integers from 0: a probability.
    Count,
    /// 0 or 1.
    Bool,
    /// A position of a dim.
    Index,
}

/// The support of a family: a domain, possibly with ends that are arguments.
#[derive(Clone, Copy, Debug)]
pub struct Support {
    /// Name of the domain row.
    pub domain: &'static str,
    /// Lower and upper end, where the domain has such.
    pub ends: [End; 2],
}

/// One end of a support.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// The domain says it.
    None,
    /// A number.
    At(f64),
    /// The canonical argument of this position.
    Argument(usize),
}

/// How values are drawn, given canonical arguments as numbers.
#[derive(Clone, Copy, Debug)]
pub enum Draw {
    /// One number.
    Scalar(fn(&mut Generator, &[f64]) -> f64),
    /// All values of one joint draw, row-major: each argument broadcast to its rank (scalars: one number, vectors `n`,
    /// matrices `n * n`), and `n`, the length of the vectors. One number if the family's rank is `Scalar`.
    Joint(fn(&mut Generator, &[Vec<f64>], usize) -> Vec<f64>),
    /// Cannot be drawn from (`flat`).
    Impossible,
}

/// One outside value of a log density.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Canonical arguments (joint: concatenated, row-major).
    pub arguments: &'static [f64],
    /// Value (joint: all of it, row-major).
    pub value: &'static [f64],
    /// What the outside tool says.
    pub log_density: f64,
}

/// A distribution.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name in models.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// A paragraph: the formula, with units.
    pub doc: &'static str,
    /// A complete small model that uses it.
    pub example: &'static str,
    /// What its values are.
    pub kind: ValueKind,
    /// How much one draw takes. `Scalar` with a `Vector` parameter: one number per vector (`categorical`).
    pub rank: Rank,
    /// Ways to give parameters; the first is canonical.
    pub forms: &'static [Form],
    /// Where its values lie.
    pub support: Support,
    /// Log density in canonical arguments.
    pub log_density: LogDensity,
    /// Log of the distribution function P(X <= x), canonical arguments.
    pub log_cdf: Option<OfValue>,
    /// Log of P(X > x), canonical arguments.
    pub log_ccdf: Option<OfValue>,
    /// Quantile function, canonical arguments.
    pub quantile: Option<OfValue>,
    /// Location and scale, as canonical argument positions, if x = location + scale * noise with noise free of both.
    pub location_scale: Option<(usize, usize)>,
    /// The canonical argument at which the log density has a corner, where a value passes it.
    pub corner: Option<usize>,
    /// The value that standard-normal noise becomes, for families whose values are a linear image of such noise.
    pub whitening: Option<OfNoise>,
    /// What the log density is a quadratic function of, all together: in a sum of such densities it is normal.
    pub quadratic: &'static [Quadratic],
    /// Mean and standard deviation as graph; none where they do not exist or are not known.
    pub moments: Option<Moments>,
    /// How values are drawn.
    pub draw: Draw,
    /// Outside values.
    pub references: &'static [Reference],
    /// The tool that made them.
    pub reference_source: &'static str,
    /// Laws that do not apply, with the reason.
    pub exempt: &'static [(Law, &'static str)],
}

/// How smooth a function is in its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Smoothness {
    /// Linear in all arguments together.
    Linear,
    /// Derivatives of all orders on its domain.
    Smooth,
    /// Continuous, with a corner.
    Kink,
    /// Discontinuous.
    Jump,
}

/// What a function does with axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Cell by cell.
    ElementWise,
    /// Removes the axes it is over; `where` and `by` allowed.
    Reduce,
    /// Keeps the axis it is over.
    Along,
    /// Takes a matrix (the axis and its twin); gives what `result` says.
    Matrix {
        /// What the result has of the two axes.
        result: Rank,
    },
    /// Takes vectors over the axis (or nothing), gives a matrix over it and its twin: a kernel, `diag`, `eye`.
    Kernel,
}

/// Expands a call: builder, arguments, the 0/1 mask of `where` (reductions only), axes.
pub type Expand = fn(&mut Builder, &[Node], Option<Node>, &Over) -> Node;

/// A function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name in models.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// More.
    pub doc: &'static str,
    /// A complete small model that uses it.
    pub example: &'static str,
    /// Its parameters; an optional one has a default.
    pub parameters: &'static [Parameter],
    /// Whether the last parameter may be given again and again (`min(a, b, c)`).
    pub variadic: Variadic,
    /// What it does with axes.
    pub action: Action,
    /// Where its values lie, given where its arguments lie.
    pub range: fn(&[Interval]) -> Interval,
    /// How smooth it is.
    pub smoothness: Smoothness,
    /// The call as graph.
    pub expand: Expand,
    /// Arguments and values by an outside tool, for element-wise functions.
    pub references: &'static [(&'static [f64], f64)],
}

/// Whether the last parameter repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variadic {
    /// As many arguments as parameters.
    Fixed,
    /// The last one may be given any number of times.
    Repeats,
}

/// What a transform is told besides its input.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Ends of an interval, where the domain has such.
    pub ends: [Option<Node>; 2],
    /// The joint axes of the constrained value.
    pub over: Over,
    /// The axis of the unconstrained value that replaces the joint axes (joint domains only).
    pub free: Option<Axis>,
}

/// A constrained value and the log absolute determinant of its Jacobian (one per draw: joint axes summed out).
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// The constrained value.
    pub value: Node,
    /// log |det dx/du|.
    pub log_abs_det: Node,
}

/// How a domain is reached from unconstrained space.
#[derive(Clone, Copy, Debug)]
pub struct Transform {
    /// Length of the unconstrained vector that one joint value needs, given the sizes of its joint axes; 1 for scalars.
    pub free_size: fn(&[usize]) -> usize,
    /// Unconstrained to constrained, as graph.
    pub forward: fn(&mut Builder, Node, &Place) -> Image,
    /// The numbers of the value that volume is measured in: what the determinant, and any density there, refers to.
    pub measure: Measure,
    /// Constrained to unconstrained, numerically: value row-major, ends (unused ones infinite), size of the last axis.
    pub inverse: fn(&[f64], [f64; 2], usize) -> Vec<f64>,
}

/// Which numbers of a constrained value its volume is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// All of them.
    All,
    /// All but the last: it follows from the others.
    AllButLast,
    /// Coordinates in an orthonormal basis of the subspace.
    Subspace,
    /// Elements strictly below the diagonal.
    BelowDiagonal,
    /// Elements below the diagonal and on it.
    UpToDiagonal,
    /// Area on the sphere; one unconstrained number is redundant.
    Sphere,
}

/// A domain: a set of values with the way to it.
#[derive(Clone, Copy, Debug)]
pub struct Domain {
    /// Its name in types.
    pub name: &'static str,
    /// Words for a message: "a positive number".
    pub words: &'static str,
    /// How much one value takes.
    pub rank: Rank,
    /// What its values are.
    pub kind: ValueKind,
    /// Where each single number of it lies (before ends are applied).
    pub interval: Interval,
    /// How many ends `(a..b)` it takes from its user: real(a..b).
    pub takes_ends: Ends,
    /// Whether a whole value is inside: row-major numbers, ends (unused ones infinite), size of the last joint axis
    /// (1 for scalars).
    pub contains: fn(&[f64], [f64; 2], usize) -> Membership,
    /// The way from unconstrained space; none for discrete domains.
    pub transform: Option<Transform>,
    /// Values inside, for tests: (row-major numbers, ends, n).
    pub inside: &'static [(&'static [f64], [f64; 2], usize)],
    /// Values outside.
    pub outside: &'static [(&'static [f64], [f64; 2], usize)],
    /// Makes a value of a joint domain from independent draws of one distribution, such that it follows their density
    /// as it is on the domain; none where no rearrangement does.
    pub arrange: Option<fn(&mut [f64])>,
    /// Name of the joint domain that all its values lie in besides, if there is one.
    pub within: Option<&'static str>,
    /// Laws that do not apply, with the reason.
    pub exempt: &'static [(Law, &'static str)],
}

/// Which ends a domain takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// None.
    None,
    /// A lower one.
    Lower,
    /// An upper one.
    Upper,
    /// Both.
    Both,
}

/// In or out, with the reason in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Inside.
    Inside,
    /// Outside, because.
    Outside(&'static str),
}

impl Parameter {
    /// One number per cell.
    pub const fn scalar(name: &'static str, domain: &'static str, doc: &'static str) -> Self {
        Self { name, domain, rank: Rank::Scalar, default: None, doc }
    }

    /// A vector along the joint axis.
    pub const fn vector(name: &'static str, domain: &'static str, doc: &'static str) -> Self {
        Self { name, domain, rank: Rank::Vector, default: None, doc }
    }

    /// A matrix over the joint axis and its twin.
    pub const fn matrix(name: &'static str, domain: &'static str, doc: &'static str) -> Self {
        Self { name, domain, rank: Rank::Matrix, default: None, doc }
    }

    /// The same, optional.
    pub const fn or(self, default: f64) -> Self {
        Self { default: Some(default), ..self }
    }
}

impl Form {
    /// The first form: its arguments are canonical.
    pub const fn canonical(parameters: &'static [Parameter]) -> Self {
        Self::new(parameters, |_, arguments, _| arguments.to_vec())
    }

    /// A further form.
    pub const fn new(
        parameters: &'static [Parameter],
        canonical: fn(&mut Builder, &[Node], &Over) -> Vec<Node>,
    ) -> Self {
        Self { parameters, canonical, log_density: None, normaliser: Normaliser::Included }
    }

    /// The same, with a log density in its own arguments.
    pub const fn with_density(self, log_density: LogDensity) -> Self {
        Self { log_density: Some(log_density), ..self }
    }

    /// The same, not normalised by itself.
    pub const fn with_normaliser(self, normaliser: Normaliser) -> Self {
        Self { normaliser, ..self }
    }
}

impl Support {
    /// A domain as it is.
    pub const fn of(domain: &'static str) -> Self {
        Self { domain, ends: [End::None, End::None] }
    }
}

impl Domain {
    /// A scalar domain without ends, of which nothing is known but what it contains.
    pub(in crate::library) const fn base(contains: fn(&[f64], [f64; 2], usize) -> Membership) -> Self {
        Self {
            name: "",
            words: "",
            rank: Rank::Scalar,
            kind: ValueKind::Continuous,
            interval: Interval::REAL,
            takes_ends: Ends::None,
            contains,
            transform: None,
            inside: &[],
            outside: &[],
            arrange: None,
            within: None,
            exempt: &[],
        }
    }
}

impl Family {
    /// A continuous scalar family over the reals, of which nothing is known but its density and how it is drawn.
    pub(in crate::library) const fn base(log_density: LogDensity, draw: Draw) -> Self {
        Self {
            name: "",
            summary: "",
            doc: "",
            example: "",
            kind: ValueKind::Continuous,
            rank: Rank::Scalar,
            forms: &[],
            support: Support::of("real"),
            log_density,
            log_cdf: None,
            log_ccdf: None,
            quantile: None,
            location_scale: None,
            corner: None,
            whitening: None,
            quadratic: &[],
            moments: None,
            draw,
            references: &[],
            reference_source: "scipy 1.17.1",
            exempt: &[],
        }
    }
}

impl Function {
    /// A smooth element-wise function with values anywhere.
    pub(in crate::library) const fn base(expand: Expand) -> Self {
        Self {
            name: "",
            summary: "",
            doc: "",
            example: "",
            parameters: &[],
            variadic: Variadic::Fixed,
            action: Action::ElementWise,
            range: |_| Interval::REAL,
            smoothness: Smoothness::Smooth,
            expand,
            references: &[],
        }
    }
}
