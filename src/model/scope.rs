//! What surrounds an expression: the axes bound by heads and `over`, the variables that run over them, and the
//! parameters of the functions being inlined.

use std::collections::{BTreeSet, HashMap};

use super::ir::{AxisVar, DimId};
use crate::syntax::ast::Expr;

/// Who binds an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The bracket of a statement, or the dims of what it observes.
    Head,
    /// `over`, or the joint axis of a distribution: it makes this axis the current one of its dim.
    Over,
}

/// An axis bound around an expression.
#[derive(Clone, Debug)]
pub struct Bound<'t> {
    /// The name of the running coordinate.
    pub variable: Option<&'t str>,
    /// The frame in which that name can be seen.
    pub frame: usize,
    /// The axis.
    pub axis: AxisVar,
    /// Who binds it.
    pub origin: Origin,
}

/// What an inlined function's parameter stands for: an expression of the caller.
#[derive(Clone, Copy, Debug)]
pub struct Closure<'t> {
    /// The argument as written.
    pub expr: &'t Expr,
    /// The caller's frame.
    pub frame: usize,
}

/// All that surrounds an expression.
#[derive(Clone, Debug)]
pub struct Scope<'t> {
    /// Axes bound, outermost first.
    pub bound: Vec<Bound<'t>>,
    /// Parameters by frame; frame 0 is the statement itself.
    pub frames: Vec<HashMap<&'t str, Closure<'t>>>,
    /// The frame whose names can be seen.
    pub frame: usize,
    /// Functions being inlined, outermost first.
    pub inlining: Vec<&'t str>,
    /// Axes whose variable has been named since the set was last emptied.
    pub named: BTreeSet<AxisVar>,
    /// `(s, t)` where an enclosing `where` says that s < t.
    pub less: Vec<(AxisVar, AxisVar)>,
}

impl<'t> Scope<'t> {
    /// Nothing bound.
    pub fn new() -> Self {
        Self {
            bound: Vec::new(),
            frames: vec![HashMap::new()],
            frame: 0,
            inlining: Vec::new(),
            named: BTreeSet::new(),
            less: Vec::new(),
        }
    }

    /// Binds an axis.
    pub fn bind(&mut self, variable: Option<&'t str>, axis: AxisVar, origin: Origin) {
        self.bound.push(Bound { variable, frame: self.frame, axis, origin });
    }

    /// An axis of this dim that nothing here has bound yet.
    pub fn fresh(&self, dim: DimId) -> AxisVar {
        let copies = self.bound.iter().filter(|bound| bound.axis.dim == dim).map(|bound| bound.axis.copy + 1);
        AxisVar { dim, copy: copies.max().unwrap_or(0) }
    }

    /// The innermost axis bound over exactly this dim.
    pub fn innermost(&self, dim: DimId) -> Option<&Bound<'t>> {
        self.bound.iter().rev().find(|bound| bound.axis.dim == dim)
    }

    /// The axis on which a value over this dim is current: bound, or free.
    pub fn current(&self, dim: DimId) -> AxisVar {
        self.innermost(dim).map_or(AxisVar { dim, copy: 0 }, |bound| bound.axis)
    }

    /// The axis of a variable that can be seen.
    pub fn variable(&self, name: &str) -> Option<AxisVar> {
        let seen = |bound: &&Bound| bound.frame == self.frame && bound.variable == Some(name);
        self.bound.iter().rev().find(seen).map(|bound| bound.axis)
    }

    /// Whether something here binds this axis.
    pub fn binds(&self, axis: AxisVar) -> bool {
        self.bound.iter().any(|bound| bound.axis == axis)
    }

    /// The axes that heads bind over a dim.
    pub fn heads(&self, dim: DimId) -> Vec<AxisVar> {
        let head = |bound: &&Bound| bound.origin == Origin::Head && bound.axis.dim == dim;
        self.bound.iter().filter(head).map(|bound| bound.axis).collect()
    }

    /// The parameter of this name in the frame seen.
    pub fn parameter(&self, name: &str) -> Option<Closure<'t>> {
        self.frames[self.frame].get(name).copied()
    }

    /// All names that can be seen here.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let variables =
            self.bound.iter().filter(|bound| bound.frame == self.frame).filter_map(|bound| bound.variable);
        variables.chain(self.frames[self.frame].keys().copied())
    }
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self::new()
    }
}
