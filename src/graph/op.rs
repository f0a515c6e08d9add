//! The operations of the graph: a closed set, one row each (name, meaning of an element, pullback, probe points).

mod binary;
mod quantiles;
mod ternary;
mod unary;

pub use binary::BinaryRow;
pub use ternary::TernaryRow;
pub use unary::UnaryRow;

use super::{Axis, DataId, ScanId};

/// A parameter vector that a program is given at each evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vector {
    /// The unconstrained position.
    Position,
    /// A direction for Hessian-vector products.
    Direction,
}

/// First to last, or last to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// First to last.
    Forward,
    /// Last to first.
    Reverse,
}

impl Direction {
    /// The other way.
    pub fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Reverse,
            Self::Reverse => Self::Forward,
        }
    }
}

/// What a node computes. "Inputs" are the node's inputs in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A scalar, by its bits.
    Constant(u64),
    /// A constant array.
    Data(DataId),
    /// A stretch of a parameter vector, from `offset`, as long as the node has elements.
    Parameter {
        /// Which vector.
        vector: Vector,
        /// First element.
        offset: usize,
    },
    /// 0, 1, 2 … along the axis.
    Iota(Axis),
    /// A value inside of a scan's body.
    Leaf {
        /// The scan it belongs to.
        scan: ScanId,
        /// Distinguishes the leaves of one scan.
        slot: u32,
    },
    /// Element-wise, one input.
    Unary(Unary),
    /// Element-wise, two inputs, broadcast by axis.
    Binary(Binary),
    /// Element-wise, three inputs, broadcast by axis.
    Ternary(Ternary),
    /// Element-wise: second input where the first is not 0, else third.
    Select,
    /// Sum over the axes.
    Sum(Vec<Axis>),
    /// Largest over the axes.
    Max(Vec<Axis>),
    /// log(sum(exp(x))) over the axes, without overflow; -inf where all are -inf.
    LogSumExp(Vec<Axis>),
    /// Sum over the axes of the product of two inputs (a dot product, matrix-vector, matrix-matrix product).
    Contract(Vec<Axis>),
    /// The same value along more axes.
    Expand(Vec<Axis>),
    /// The same values with axes renamed, all at once: `(from, to)`; sizes agree.
    Rename(Vec<(Axis, Axis)>),
    /// Inputs: source, then one array of positions for each axis listed. Reads the source there: the listed axes go,
    /// the axes of the positions come (those that the source has too are aligned). Positions out of range are clamped.
    Gather(Vec<Axis>),
    /// The transpose of `Gather`. Inputs: values, then one array of positions for each of `targets`. Adds the values
    /// into an array over `axes` (which contain `targets`), summing over all axes that are not in `axes`.
    /// Positions out of range are dropped.
    Scatter {
        /// The axes addressed by positions.
        targets: Vec<Axis>,
        /// The axes of the result, ascending.
        axes: Vec<Axis>,
    },
    /// One input for each position of a new axis.
    Stack(Axis),
    /// Running sum along the axis, the own element included.
    CumulativeSum(Axis, Direction),
    /// Lower triangular L with A = L L'. `row`, `column`: the matrix's axes, in input and result. NaN where A is not
    /// positive definite. Reads the lower triangle only.
    Cholesky {
        /// First index.
        row: Axis,
        /// Second index.
        column: Axis,
    },
    /// Inputs: lower triangular L[row, column], b. Solves for x along the named axis:
    /// forward: b has `row`, x has `column`, L x = b. Reverse: b has `column`, x has `row`, L' x = b.
    SolveTriangular {
        /// First index of L.
        row: Axis,
        /// Second index of L.
        column: Axis,
        /// L x = b, or L' x = b.
        direction: Direction,
    },
    /// Inverse of a square matrix, as a matrix over the same axes: `row` stays the first index.
    Inverse {
        /// First index.
        row: Axis,
        /// Second index.
        column: Axis,
    },
    /// log |det A|.
    LogAbsDet {
        /// First index.
        row: Axis,
        /// Second index.
        column: Axis,
    },
    /// A recurrence; only [`Op::Output`]s read it.
    Scan(ScanId),
    /// The k-th result of a scan (its single input).
    Output(u32),
    /// The same value, with derivative 0.
    StopGradient,
}

/// Element-wise operations of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each name is its meaning; the rows in this file document them")]
pub enum Unary {
    Neg,
    Reciprocal,
    Square,
    Sqrt,
    Exp,
    Expm1,
    Log,
    Log1p,
    Abs,
    /// -1, 0, 1
    Sign,
    Floor,
    Ceil,
    Round,
    Sin,
    Cos,
    Tan,
    Atan,
    Tanh,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// log(1 + exp(x))
    Softplus,
    Lgamma,
    /// Derivative n + 1 of lgamma: 0 digamma, 1 trigamma, 2 …
    Polygamma(u8),
    Erf,
    Erfc,
    /// Log of the standard normal distribution function, accurate in both tails.
    LogNormalCdf,
    /// Quantile of the standard normal.
    NormalQuantile,
    /// 1 where x is 0, else 0.
    Not,
}

/// Element-wise operations of two arguments. Comparisons give 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each name is its meaning; the rows in this file document them")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    /// x to the power y.
    Pow,
    Min,
    Max,
    Atan2,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    And,
    Or,
    /// floor(x / y)
    IntegerDivide,
    /// x - y floor(x / y)
    Modulo,
    /// log of the quantile at x of a gamma of shape y and rate 1.
    LogGammaQuantile,
    /// How it moves with the shape: at the log of a quantile x, for the shape y.
    LogGammaSlope,
    /// Quantile at x of a Student t of y degrees of freedom.
    StudentQuantile,
    /// How it moves with the degrees of freedom: at a quantile x, for y degrees.
    StudentSlope,
    /// Quantile at x of a von Mises of concentration y about 0.
    VonMisesQuantile,
    /// How it moves with the concentration: at a quantile x, for the concentration y.
    VonMisesSlope,
}

/// Element-wise operations of three arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ternary {
    /// logit of the quantile at x of a beta(y, z).
    LogitBetaQuantile,
    /// How it moves with y: at the logit of a quantile x, for a beta(y, z).
    LogitBetaSlope,
}
