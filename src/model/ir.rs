//! The checked model: names looked up, axes explicit, arguments in canonical order. Made only by `check`.
//!
//! An expression ([`Term`]) is a function of the *cell*: it names the axes it varies over, and reads arrays at
//! explicit positions. An axis is a dim plus the number of enclosing binders of the same dim, so that
//! `K[i: obs, j: obs]` has the axes (obs, 0) and (obs, 1).

use std::sync::Arc;

use crate::library::{Domain, Family, Function};
use crate::source::Span;

/// A dim of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DimId(pub usize);

/// A declared array of the model: data, let, latent, generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub usize);

/// An axis that a term can vary over: a dim, and how many binders of the same dim enclose this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AxisVar {
    /// The dim it runs over.
    pub dim: DimId,
    /// 0 for the dim's own axis, 1 for a second one …
    pub copy: usize,
}

/// A dim: named, with coordinates.
#[derive(Clone, Debug)]
pub struct Dim {
    /// Its name; for a `where` in a head, the parent's name.
    pub name: String,
    /// How its size is known.
    pub kind: DimKind,
    /// Its declaration.
    pub span: Span,
    /// Its documentation.
    pub doc: Option<String>,
}

/// How a dim's size and coordinates are known.
#[derive(Clone, Debug)]
pub enum DimKind {
    /// From the data that are declared over it.
    FromData,
    /// A data-only integer; coordinates 1..n.
    Size(Term),
    /// Coordinates first..last, both data-only integers.
    Range(Term, Term),
    /// Labels in order.
    Labels(Vec<String>),
    /// The elements of `parent` where `filter` (a term over the parent's axis) holds.
    Sub {
        /// The dim it selects from.
        parent: DimId,
        /// Data-only condition over (parent, 0).
        filter: Term,
    },
}

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A real number.
    Real,
    /// An integer.
    Int,
    /// 0 or 1.
    Bool,
    /// A position in a dim (counted from 0; shown as its coordinate or label).
    Index(DimId),
}

/// When a value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Written in the model.
    Literal,
    /// Once the data are read.
    Data,
    /// Only given the latents.
    Model,
    /// Only after the fit (`generate`).
    Draw,
}

/// An expression, elaborated.
#[derive(Clone, Debug)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// The axes it varies over, in ascending order.
    pub axes: Vec<AxisVar>,
    /// What its numbers mean.
    pub value: Kind,
    /// When it is known.
    pub stage: Stage,
    /// Where it was written.
    pub span: Span,
}

/// The forms of a term.
#[derive(Clone, Debug)]
pub enum TermKind {
    /// A number.
    Number(f64),
    /// The position (from 0) along an axis: what a binder's variable is.
    Position(AxisVar),
    /// The value of an array: one address for each declared axis of the site, in declared order.
    Read(SiteId, Vec<Address>),
    /// A position as its coordinate (the integer the user sees), or an integer as a position: see `Conversion`.
    Convert(Conversion, Arc<Term>),
    /// A library function, element-wise, along or over axes.
    Apply {
        /// The row.
        function: &'static Function,
        /// Canonical arguments.
        arguments: Vec<Term>,
        /// The axes acted on, bound here (reductions, along, matrices): in written order.
        over: Vec<AxisVar>,
        /// For matrices and kernels, the twin of each of `over`.
        twins: Vec<AxisVar>,
        /// `where`: a 0/1 term.
        filter: Option<Arc<Term>>,
        /// `by`: the group (an index term) for each cell; the result varies over its dim's own axis.
        by: Option<Arc<Term>>,
    },
    /// An operator.
    Operate(Operator, Vec<Term>),
    /// `if c then a else b`
    If(Arc<Term>, Arc<Term>, Arc<Term>),
    /// `[a, b, c]` along an axis.
    Stack(AxisVar, Vec<Term>),
    /// The same value with axes renamed, all at once `(from, to)`: what `transpose` and `a[_, j]` need.
    Rename(Vec<(AxisVar, AxisVar)>, Arc<Term>),
    /// Number of elements of a dim.
    Size(DimId),
    /// log density or distribution function of a distribution at a value: `log_prob(D, x)`, `cdf(D, x)` …
    OfDistribution(DistributionFunction, Arc<Distribution>, Arc<Term>),
    /// The position of a label that only the data declare.
    LabelPosition(DimId, String),
    /// `rep(y)`: a replicate of the observed site of this factor.
    Replicate(usize),
    /// `prob(z)`, `best(z)`: what is known of a discrete latent given each draw of all else. `prob` of an index also
    /// varies over the dim of its states.
    States(StatesOf, SiteId),
    /// `x in s`, membership of a position in a sub-dim.
    Member(Arc<Term>, DimId),
    /// A piece that has been reported; never in a model without errors.
    Broken,
}

/// What is asked of a distribution in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistributionFunction {
    /// log density
    LogProbability,
    /// P(X <= x)
    Cdf,
    /// P(X > x)
    Ccdf,
    /// x with P(X <= x) = p
    Quantile,
}

/// What is asked of the states of a discrete latent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatesOf {
    /// The probability of each state; of `true`, for a bool.
    Probability,
    /// The assignment of all discrete latents that is most probable together.
    Best,
}

/// Between positions and coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Position in the dim to its integer coordinate.
    ToCoordinate(DimId),
    /// Integer coordinate to position in the dim.
    ToPosition(DimId),
    /// Position in a sub-dim to the position in its parent.
    ToParent(DimId),
}

/// Where an array is read along one of its declared axes.
#[derive(Clone, Debug)]
pub enum Address {
    /// At the cell itself.
    Here(AxisVar),
    /// At the position that a term gives.
    At(Term),
}

/// Element-wise operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name is its meaning")]
pub enum Operator {
    Negate,
    Not,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    IntegerDivide,
    Modulo,
    Power,
}

/// A distribution, elaborated.
#[derive(Clone, Debug)]
pub enum Distribution {
    /// A row of the library.
    Family(FamilyCall),
    /// `if c then D1 else D2`
    If(Arc<Term>, Arc<Distribution>, Arc<Distribution>),
    /// `truncated(D, a..b)`, and latents whose declared type narrows the support.
    Truncated {
        /// What is truncated.
        base: Arc<Distribution>,
        /// Lower and upper end.
        ends: [Option<Arc<Term>>; 2],
        /// Where it was asked for.
        span: Span,
    },
    /// `censored(D, right = flag)`
    Censored {
        /// The distribution of the uncensored value.
        base: Arc<Distribution>,
        /// Known only to be above (0/1).
        right: Option<Arc<Term>>,
        /// Known only to be below (0/1).
        left: Option<Arc<Term>>,
        /// Known only to lie between the value and this.
        upto: Option<Arc<Term>>,
        /// Where it was asked for.
        span: Span,
    },
    /// `mixture(w, D1, D2)`: weights and components in order.
    Mixture {
        /// One probability for each component.
        weights: Vec<Term>,
        /// The components.
        components: Vec<Distribution>,
        /// Where it was asked for.
        span: Span,
    },
    /// `mixture(w, D over k)`
    MixtureOver {
        /// Probabilities along the axis.
        weights: Arc<Term>,
        /// The component, varying over the axis.
        component: Arc<Distribution>,
        /// The axis.
        axis: AxisVar,
        /// Where it was asked for.
        span: Span,
    },
}

/// A call of a family.
#[derive(Clone, Debug)]
pub struct FamilyCall {
    /// The row.
    pub family: &'static Family,
    /// Which of its forms.
    pub form: usize,
    /// Arguments in the form's order, defaults filled in.
    pub arguments: Vec<Term>,
    /// Joint axes, in written order; empty for scalar families.
    pub over: Vec<AxisVar>,
    /// Their twins, where an argument or the value is a matrix.
    pub twins: Vec<AxisVar>,
    /// Where it was written.
    pub span: Span,
}

/// The set that a site's values lie in.
#[derive(Clone, Debug)]
pub struct SiteDomain {
    /// The row.
    pub domain: &'static Domain,
    /// Ends, where the domain takes such.
    pub ends: [Option<Arc<Term>>; 2],
    /// Joint axes (of the site's own axes).
    pub over: Vec<AxisVar>,
    /// Twins of the joint axes, for matrix domains.
    pub twins: Vec<AxisVar>,
}

/// A declared array.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its axes in declared order.
    pub axes: Vec<AxisVar>,
    /// What its numbers mean.
    pub value: Kind,
    /// Where they lie.
    pub domain: SiteDomain,
    /// When it is known.
    pub stage: Stage,
    /// How it comes by its value.
    pub kind: SiteKind,
    /// Its name in the declaration.
    pub span: Span,
    /// Its documentation.
    pub doc: Option<String>,
}

/// How a site comes by its value.
#[derive(Clone, Debug)]
pub enum SiteKind {
    /// Read from the data.
    Data {
        /// The field it is read from.
        field: String,
        /// Where the field's name was written, if apart from the site's.
        field_span: Span,
        /// Used where the field is absent.
        default: Option<Term>,
        /// Which of its values are missing, if that may be.
        gaps: Option<SiteId>,
    },
    /// Whether each value of a data site is missing.
    Gaps {
        /// The site.
        of: SiteId,
        /// The number that stands for a missing value.
        code: Option<f64>,
    },
    /// Computed.
    Let(Term),
    /// Unobserved; with its prior, and the estimator the user asks for.
    Latent {
        /// Its distribution, already truncated to the declared type.
        prior: Distribution,
        /// `using score`
        using: Option<(String, Span)>,
    },
    /// Found by maximisation, without a posterior; real. With where the search starts.
    Learn(Init),
    /// Computed for each posterior draw.
    Generate(Term),
    /// Drawn for each posterior draw.
    GenerateDraw(Distribution),
}

/// Where the search for a learned value starts.
#[derive(Clone, Debug)]
pub enum Init {
    /// In the middle of its type, or close to it.
    Middle,
    /// At a value that is known from data.
    Value(Term),
    /// At a draw from a distribution that is known from data, already truncated to the type.
    Drawn(Distribution),
}

/// A term of the log joint density that is not a latent's prior.
#[derive(Clone, Debug)]
pub enum Factor {
    /// `observe target ~ D`
    Observe {
        /// The observed value, data-stage, at the cell.
        target: Term,
        /// The site observed.
        site: SiteId,
        /// The cells, in the order of the head.
        axes: Vec<AxisVar>,
        /// Its distribution.
        distribution: Distribution,
        /// Whether the value at the cell is missing, and adds nothing.
        gaps: Option<Arc<Term>>,
        /// The statement.
        span: Span,
    },
    /// `potential e`
    Potential {
        /// Its value.
        value: Term,
        /// The statement.
        span: Span,
    },
}

/// Lets that read themselves or each other at earlier elements of one axis: computed in one pass along it.
#[derive(Clone, Debug)]
pub struct Recurrence {
    /// The axis they run along.
    pub axis: AxisVar,
    /// The lets, in the order in which one element of each is computed.
    pub members: Vec<SiteId>,
}

/// One step in the order of evaluation.
#[derive(Clone, Debug)]
pub enum Step {
    /// A site by itself.
    Site(SiteId),
    /// Lets computed together.
    Recurrence(Recurrence),
}

/// A checked model. No errors are left in it but those of data.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// All dims; anonymous sub-dims of `where` heads included.
    pub dims: Vec<Dim>,
    /// All sites, in declared order.
    pub sites: Vec<Site>,
    /// Likelihood terms in declared order.
    pub factors: Vec<Factor>,
    /// Sites in an order in which what is read comes first.
    pub order: Vec<Step>,
    /// Facts about supports that could not be decided before the data: checked at run time.
    pub obligations: Vec<Obligation>,
}

/// A requirement that is neither proven nor refuted: `value` must lie in `domain`.
#[derive(Clone, Debug)]
pub struct Obligation {
    /// What must lie there.
    pub value: Term,
    /// Where.
    pub domain: &'static Domain,
    /// The axes along which a joint domain takes the values together, also where they are all the same.
    pub over: Vec<AxisVar>,
    /// Who asks: "the sd of `normal`".
    pub demanded_by: String,
}

impl Site {
    /// Which of its values are missing, for data that may be.
    pub fn gaps(&self) -> Option<SiteId> {
        match self.kind {
            SiteKind::Data { gaps, .. } => gaps,
            _ => None,
        }
    }
}

impl Model {
    /// A dim.
    pub fn dim(&self, id: DimId) -> &Dim {
        &self.dims[id.0]
    }

    /// A site.
    pub fn site(&self, id: SiteId) -> &Site {
        &self.sites[id.0]
    }

    /// A site by name.
    pub fn site_named(&self, name: &str) -> Option<SiteId> {
        self.sites.iter().position(|site| site.name == name).map(SiteId)
    }

    /// All site identities, in declared order.
    pub fn site_ids(&self) -> impl Iterator<Item = SiteId> + use<> {
        (0..self.sites.len()).map(SiteId)
    }
}
