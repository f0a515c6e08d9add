//! What a program is made of: groups of instructions, and where their operands lie.
//!
//! A sample, or eight of them abreast, has one memory, in which every array that outlives a group has its place; slots
//! live in scratch that all share. Places count elements: an element is a number, or the vector of eight samples.

use std::sync::Arc;

use crate::graph::{Axis, Binary, Direction, Ternary, Unary};

use super::tile::Tile;

/// First element of an array in a chunk's memory.
pub(super) type Offset = usize;

/// Where an instruction writes, and reads, one vector for each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A block of rows in scratch.
    Slot(usize),
    /// An array in memory, at the block's rows.
    Array(Offset),
}

/// What an instruction reads at each row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operand {
    /// The row's vector.
    Rows(Place),
    /// The same vector at all rows.
    Scalar(Offset),
    /// The row's number, the same for all samples: an index into [`Code::columns`].
    Column(usize),
    /// The same number for all.
    Immediate(f64),
}

/// Sign of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Two functions computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    SoftplusSigmoid,
    LgammaDigamma,
}

/// An instruction executed for the rows of a block.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RowOp {
    /// out\[row] = array[map\[row]]
    Load {
        out: Place,
        array: Offset,
        map: usize,
    },
    Copy {
        out: Place,
        x: Operand,
    },
    Unary {
        op: Unary,
        out: Place,
        x: Operand,
    },
    Binary {
        op: Binary,
        out: Place,
        x: Operand,
        y: Operand,
    },
    Ternary {
        op: Ternary,
        out: Place,
        operands: [Operand; 3],
    },
    Select {
        out: Place,
        condition: Operand,
        yes: Operand,
        no: Operand,
    },
    /// out = ± x y ± z
    MultiplyAdd {
        out: Place,
        product: [Operand; 2],
        addend: Operand,
        signs: [Sign; 2],
    },
    Pair {
        op: Pair,
        out: [Place; 2],
        x: Operand,
    },
    /// out\[row] = sum over columns of tile[row, column] * vector[column]
    MatrixVector {
        out: Place,
        tile: usize,
        vector: Offset,
    },
    /// into += sum over rows of the product of the factors
    Sum {
        factors: Factors,
        into: Offset,
    },
    /// into[map\[row]] += the product of the factors; rows that map to [`DROPPED`] are not added.
    SumInto {
        factors: Factors,
        map: usize,
        into: Offset,
    },
    /// strands\[column, row mod 8] += tile[row, column] * x\[row], which are added up at the end of a stretch.
    TransposedMatrixVector {
        tile: usize,
        x: Operand,
        strands: Offset,
    },
}

/// One factor, or two to be multiplied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Factors {
    One(Operand),
    Two(Operand, Operand),
}

/// The target of rows that are not added anywhere.
pub(super) const DROPPED: u32 = u32::MAX;

/// A loop over the rows of a domain.
#[derive(Clone, Debug)]
pub(super) struct RowGroup {
    /// The domain, flattened row-major into rows.
    pub domain: Vec<Axis>,
    pub rows: usize,
    /// Rows in a block.
    pub block: usize,
    /// Accumulators: first element and length.
    pub sums: Vec<(Offset, usize)>,
    /// Accumulators that are kept in strands.
    pub strands: Vec<Strands>,
    /// The matrix that is read, if one is: a loop of several blocks asks for its next rows.
    pub tile: Option<usize>,
    pub ops: Vec<RowOp>,
}

/// An accumulator with its strands, eight for each of its elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strands {
    pub strands: Offset,
    pub into: Offset,
    pub length: usize,
}

/// Rows that are added up before their sum is added to that of the rows before: at least so many, and at most so many
/// stretches. Different stretches may be done by different threads.
const STRETCH: usize = 4096;
const STRETCHES: usize = 16;
/// Rows of a stretch for each accumulator at least: adding up accumulators costs as much as a few rows.
const ROWS_FOR_A_SUM: usize = 4;

impl RowGroup {
    /// Whether it takes more than one block.
    pub fn is_long(&self) -> bool {
        self.rows > self.block
    }

    /// Rows in a stretch: whole blocks.
    pub fn stretch(&self) -> usize {
        let least = STRETCH.max(ROWS_FOR_A_SUM * self.summed());
        self.rows.div_ceil(STRETCHES).max(least).next_multiple_of(self.block)
    }

    /// Number of stretches.
    pub fn stretches(&self) -> usize {
        self.rows.div_ceil(self.stretch())
    }

    /// Elements of all accumulators.
    pub fn summed(&self) -> usize {
        self.sums.iter().map(|(_, length)| length).sum()
    }
}

/// An array that is read whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Input {
    Array(Offset),
    /// Index into [`Code::columns`].
    Column(usize),
}

/// An array seen as lines: element `k` of line `r` is at `starts[r] + steps[k]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lines {
    pub starts: Arc<[u32]>,
    pub steps: Arc<[u32]>,
}

/// A batch of matrices: element (i, j) of matrix b is at `starts[b] + i row + j column`.
#[derive(Clone, Debug)]
pub(super) struct Matrices {
    pub array: Offset,
    pub starts: Arc<[u32]>,
    pub row: usize,
    pub column: usize,
    pub size: usize,
}

/// A reduction of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduction {
    Max,
    LogSumExp,
}

/// Columns of a product of matrices that are computed together.
pub(super) const COLUMNS: usize = 32;

/// An operation on whole arrays.
#[derive(Clone, Debug)]
pub(super) enum WholeOp {
    /// out[targets\[k]] = part[sources\[k]], for each part.
    Stack {
        parts: Vec<Part>,
        out: Offset,
    },
    Reduce {
        op: Reduction,
        x: Offset,
        lines: Lines,
        out: Offset,
    },
    Contract {
        /// A line for each row of the result.
        x: (Input, Lines),
        /// A line for each element of the result, or for each of a row if all rows read the same.
        y: (Input, Lines),
        out: Offset,
        /// Elements in a row of the result: one after another, they read the same line of x.
        columns: usize,
    },
    CumulativeSum {
        x: Offset,
        lines: Lines,
        direction: Direction,
        out: Offset,
    },
    Cholesky {
        x: Matrices,
        out: Offset,
    },
    SolveTriangular {
        l: Matrices,
        b: (Offset, Lines),
        x: (Offset, Lines),
        direction: Direction,
    },
    Inverse {
        x: Matrices,
        out: Offset,
    },
    LogAbsDet {
        x: Matrices,
        out: Offset,
    },
    Gather {
        source: Input,
        starts: Arc<[u32]>,
        at: Vec<Positions>,
        out: Offset,
    },
    Scatter {
        values: (Input, Arc<[u32]>),
        starts: Arc<[u32]>,
        at: Vec<Positions>,
        out: Offset,
        length: usize,
    },
    Scan(Box<ScanOp>),
}

/// One position of a stack: what it reads, at which elements, and where these go.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub from: Input,
    pub sources: Arc<[u32]>,
    pub targets: Arc<[u32]>,
}

/// Positions along one addressed axis.
#[derive(Clone, Debug)]
pub(super) struct Positions {
    pub from: Input,
    /// Which element of `from` for each row.
    pub rows: Arc<[u32]>,
    /// Size of the addressed axis, and distance between its positions.
    pub size: usize,
    pub stride: usize,
}

/// A copy of `length` elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub from: Input,
    pub to: Offset,
    pub length: usize,
}

/// One position of an array along the axis of a scan: element (o, i) of the slice at t is at (o T + t) inner + i.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub array: Input,
    /// The slice itself, contiguous.
    pub slice: Input,
    pub outer: usize,
    pub inner: usize,
}

/// A recurrence.
#[derive(Clone, Debug)]
pub(super) struct ScanOp {
    pub length: usize,
    pub direction: Direction,
    /// Initial carries and constants into their leaves.
    pub before: Vec<Transfer>,
    pub sequences: Vec<Slice>,
    pub body: Vec<Group>,
    pub outputs: Vec<Slice>,
    /// New carries into staging, then from staging into the leaves: one may be read by another.
    pub next: Vec<Transfer>,
    pub carried: Vec<Transfer>,
    /// Final carries into their arrays.
    pub after: Vec<Transfer>,
}

/// What an instruction of flat code does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FlatKind {
    /// Sets `rows` elements to 0.
    Clear,
    /// The first operand's array, read through a map.
    Load(usize),
    Copy,
    Unary(Unary),
    Binary(Binary),
    Ternary(Ternary),
    Select,
    MultiplyAdd([Sign; 2]),
    Pair(Pair),
    /// By a tile.
    MatrixVector(usize),
    Sum,
    /// Sum of products.
    Dot,
    /// By a map.
    SumInto(usize),
    /// Products, by a map.
    DotInto(usize),
    /// By a tile.
    TransposedMatrixVector(usize),
}

/// Where an operand lies in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct FlatOperand {
    pub at: Offset,
    /// Whether all rows read its first element.
    pub same: bool,
}

/// An instruction whose operands lie in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlatOp {
    pub kind: FlatKind,
    pub rows: usize,
    pub out: [Offset; 2],
    pub operands: [FlatOperand; 3],
}

/// Small loops, one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Flat {
    pub ops: Vec<FlatOp>,
}

/// Instructions executed together.
#[derive(Clone, Debug)]
pub(super) enum Group {
    Flat(Flat),
    Rows(RowGroup),
    Whole(WholeOp),
}

/// A constant that lies in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Splat {
    pub column: usize,
    pub to: Offset,
    pub length: usize,
}

/// A result of the program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    pub from: Input,
    pub length: usize,
}

/// A stretch of a parameter vector and its place in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ParameterSpace {
    pub first: Offset,
    pub length: usize,
}

/// A compiled graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Code {
    pub groups: Vec<Group>,
    pub columns: Vec<Arc<[f64]>>,
    pub maps: Vec<Arc<[u32]>>,
    pub tiles: Vec<Tile>,
    /// Constants that whole-array operations read as arrays.
    pub splats: Vec<Splat>,
    pub positions: ParameterSpace,
    pub directions: ParameterSpace,
    pub roots: Vec<Root>,
    /// Vectors in a chunk's memory.
    pub memory: usize,
    /// Vectors in scratch.
    pub scratch: usize,
    /// Numbers in the scratch of matrix operations.
    pub numbers: usize,
    /// Elements of the accumulators of a loop, the most of all that have several stretches.
    pub totals: usize,
}
