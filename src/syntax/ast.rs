//! The tree of a `.vi` file: what was written, with spans, before any name is looked up.

use crate::source::Span;

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    /// Statements in the order written.
    pub statements: Vec<Statement>,
}

/// A statement with its documentation (`##`).
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it declares.
    pub kind: StatementKind,
    /// From its reserved word to its last token.
    pub span: Span,
    /// Text of its `##` comments, lines joined by newlines.
    pub doc: Option<String>,
}

/// The forms of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `dim a, b = 3`
    Dim(Vec<DimDeclaration>),
    /// `data x[d]: T from "field" missing -1 = default`
    Data(DataDeclaration),
    /// `let e[d]: T = expr`
    Let(LetDeclaration),
    /// `latent z[d]: T ~ D using score`
    Latent(LatentDeclaration),
    /// `learn w[d]: T init expr`
    Learn(LearnDeclaration),
    /// `observe x ~ D`
    Observe(ObserveStatement),
    /// `potential expr`
    Potential(Expr),
    /// `generate g = expr` or `generate g[d] ~ D`
    Generate(GenerateDeclaration),
    /// `fn f(x, y) = expr`
    Function(FunctionDeclaration),
    /// `guide { ... }`
    Guide(Vec<Statement>),
    /// `ode t from t0 at ts { ... }`
    Ode(OdeBlock),
}

/// An identifier as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The letters.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// One axis declared by `dim`.
#[derive(Clone, Debug, PartialEq)]
pub struct DimDeclaration {
    /// Its name.
    pub name: Name,
    /// How its size and coordinates are given.
    pub form: DimForm,
}

/// How a dim's size and coordinates are given.
#[derive(Clone, Debug, PartialEq)]
pub enum DimForm {
    /// `dim d`: from the data.
    FromData,
    /// `dim d = expr`: a data-only integer.
    Size(Expr),
    /// `dim year = 1851..1962`
    Range(Expr, Expr),
    /// `dim effect = ["intercept", "floor"]`
    Labels(Vec<(String, Span)>),
    /// `dim late = time where time > K`
    Sub {
        /// The dim it selects from.
        parent: Name,
        /// Which of the parent's coordinates.
        filter: Expr,
    },
    /// `dim step in item` or `dim step in item = steps`
    Ragged {
        /// The dim it lies inside of.
        parent: Name,
        /// Its sizes, one per element of the parent.
        sizes: Option<Expr>,
    },
}

/// `[t: time where t > K]`, `[obs]`, or one `k: lag` after `over`.
#[derive(Clone, Debug, PartialEq)]
pub struct Binder {
    /// The name of the running coordinate, if one is given.
    pub variable: Option<Name>,
    /// The dim it runs over.
    pub dim: Name,
    /// `where` inside of the bracket.
    pub filter: Option<Expr>,
}

/// A name with its bracket.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// What is declared.
    pub name: Name,
    /// Its axes; `None` where no bracket was written.
    pub axes: Option<Vec<Binder>>,
}

/// A declared type: a scalar kind with a support.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// `real`, `count`, `simplex`, a dim's name …
    pub name: Name,
    /// `(a..b)`; either end may be left off.
    pub bounds: Option<(Option<Expr>, Option<Expr>)>,
    /// `over topic`
    pub over: Vec<Name>,
    /// The span of `?`, if written.
    pub optional: Option<Span>,
    /// All of it.
    pub span: Span,
}

/// `data …`
#[derive(Clone, Debug, PartialEq)]
pub struct DataDeclaration {
    /// Name and axes.
    pub head: Head,
    /// Type; required by the language, but its absence is the checker's to report.
    pub ty: Option<TypeExpr>,
    /// `from "field"`
    pub from: Option<(String, Span)>,
    /// `missing -1`
    pub missing: Option<Expr>,
    /// `= default`
    pub default: Option<Expr>,
}

/// `let …`
#[derive(Clone, Debug, PartialEq)]
pub struct LetDeclaration {
    /// Name and axes.
    pub head: Head,
    /// The user's claim, checked at run time.
    pub ty: Option<TypeExpr>,
    /// Its value.
    pub value: Expr,
}

/// `latent …`
#[derive(Clone, Debug, PartialEq)]
pub struct LatentDeclaration {
    /// Name and axes.
    pub head: Head,
    /// Narrows the support, with the normaliser.
    pub ty: Option<TypeExpr>,
    /// The prior; `None` if no `~` was written (the checker reports it).
    pub prior: Option<Expr>,
    /// `using score`
    pub using: Option<Name>,
}

/// `learn …`
#[derive(Clone, Debug, PartialEq)]
pub struct LearnDeclaration {
    /// Name and axes.
    pub head: Head,
    /// Its support.
    pub ty: Option<TypeExpr>,
    /// Where the search starts.
    pub init: Option<Expr>,
}

/// `observe target ~ distribution`
#[derive(Clone, Debug, PartialEq)]
pub struct ObserveStatement {
    /// What was written left of `~`; the checker wants a name of data or of a let of data.
    pub target: Expr,
    /// The bracket, where the target is a name with binders (`y[t: time where t > K]`).
    pub head: Option<Head>,
    /// Its distribution.
    pub distribution: Expr,
}

/// `generate …`
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateDeclaration {
    /// Name and axes.
    pub head: Head,
    /// Its support, if claimed.
    pub ty: Option<TypeExpr>,
    /// `= expr` or `~ D`.
    pub value: GenerateValue,
}

/// The two forms of `generate`.
#[derive(Clone, Debug, PartialEq)]
pub enum GenerateValue {
    /// `= expr`
    Value(Expr),
    /// `~ D`
    Draw(Expr),
}

/// `fn f(x, y) = expr`
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionDeclaration {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub parameters: Vec<Name>,
    /// Its body.
    pub body: Expr,
}

/// `ode t from t0 at ts (solver = "bdf") { u = u0, rate expr … }`
#[derive(Clone, Debug, PartialEq)]
pub struct OdeBlock {
    /// The name of time.
    pub time: Name,
    /// When it starts.
    pub start: Expr,
    /// When it is read.
    pub at: Expr,
    /// `(solver = "bdf")`
    pub options: Vec<Argument>,
    /// The states.
    pub states: Vec<OdeState>,
}

/// `u = u0, rate expr`
#[derive(Clone, Debug, PartialEq)]
pub struct OdeState {
    /// Its name.
    pub name: Name,
    /// Its value at the start.
    pub start: Expr,
    /// Its derivative by time.
    pub rate: Expr,
}

/// An expression, or a distribution: the grammar does not tell them apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number. `integer` tells `2` from `2.0`.
    Number {
        /// Its value.
        value: f64,
        /// Whether it was written without point and exponent.
        integer: bool,
    },
    /// `"Anoka"`
    Text(String),
    /// `true`, `false`
    Truth(Truth),
    /// A name on its own.
    Name(String),
    /// `-x`, `not x`
    Unary(UnaryOperator, Box<Expr>),
    /// `a + b`
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `f(args over i: d where c by g)`
    Call(Call),
    /// `a[i, _, time = t]`
    Index(Box<Expr>, Vec<Index>),
    /// `[a, b, c]`
    Array(Vec<Expr>),
    /// `a..b`, either end optional: only where a range is wanted (`truncated(D, a..b)`).
    Range(Option<Box<Expr>>, Option<Box<Expr>>),
    /// A piece that did not parse and has been reported; silences what follows from it.
    Broken,
}

/// The two truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// `true`
    True,
    /// `false`
    False,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `div`
    IntegerDivide,
    /// `mod`
    Modulo,
    /// `@`
    MatrixMultiply,
    /// `^`
    Power,
}

/// A call of a function or a distribution; which of the two is the checker's to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub function: Name,
    /// What it is given.
    pub arguments: Vec<Argument>,
    /// `over i: d, j: e`
    pub over: Vec<Binder>,
    /// `where c`
    pub filter: Option<Box<Expr>>,
    /// `by g`
    pub by: Vec<Expr>,
}

/// `x` or `mean = x`
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The keyword, if one was written.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// One place between the brackets of an index.
#[derive(Clone, Debug, PartialEq)]
pub enum Index {
    /// `i`
    At(Expr),
    /// `_`
    All(Span),
    /// `time = t`
    Named(Name, Expr),
}
