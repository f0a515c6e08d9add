//! What each node is as a function of the position: free of it, affine, a sum of terms, or none of these.

use std::rc::Rc;

use super::terms::{Term, Terms};
use super::{Expecting, Obstacle};
use crate::graph::{Axis, Binary, Direction, Node, NodeData, Op, Unary};

/// A node as a function of the position.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// It does not depend on it.
    Free,
    /// Affine; the same value by linear operations alone.
    Affine(Node),
    /// A sum of terms.
    Sum(Rc<Vec<Term>>),
    /// None of these.
    Not(Obstacle),
}

impl Expecting<'_> {
    /// The form of a node.
    pub(super) fn form(&mut self, node: Node) -> Form {
        if let Some(known) = self.forms.get(&node) {
            return known.clone();
        }
        // A product of terms may be the node itself: `x * x` of a function `x` is its square. Until more is known of it, it
        // is none of these.
        self.forms.insert(node, Form::Not(Obstacle::Several));
        let found = self.find_form(node);
        self.forms.insert(node, found.clone());
        found
    }

    /// Whether a node does not depend on the position.
    pub(super) fn is_free(&mut self, node: Node) -> bool {
        if let Some(&known) = self.free.get(&node) {
            return known;
        }
        let data = self.builder.graph().node(node).clone();
        let source = matches!(data.op, Op::Parameter { .. } | Op::Leaf { .. });
        let free = !source && data.inputs.iter().all(|&input| self.is_free(input));
        self.free.insert(node, free);
        free
    }

    /// A node as a sum of terms; what is none, but a function of few affine nodes element by element, is such a term itself.
    pub(super) fn terms(&mut self, node: Node) -> Terms {
        match self.form(node) {
            Form::Free => Ok(vec![Term::free(node)]),
            Form::Affine(affine) => Ok(vec![self.linear_term(affine)]),
            Form::Sum(terms) => Ok(terms.to_vec()),
            Form::Not(obstacle) => {
                self.bases(node).map_err(|_| obstacle)?;
                let one = self.builder.constant(1.0);
                Ok(vec![Term { function: Some(node), ..Term::free(one) }])
            }
        }
    }

    fn find_form(&mut self, node: Node) -> Form {
        if self.is_free(node) {
            return Form::Free;
        }
        let data = self.builder.graph().node(node).clone();
        if let Op::Parameter { offset, .. } = data.op {
            let within = offset + self.builder.graph().len_of(node) <= self.dimension;
            return if within { Form::Affine(node) } else { Form::Not(Obstacle::Kept) };
        }
        if let Some(affine) = self.linear(node, &data) {
            return Form::Affine(affine);
        }
        match self.composed(&data) {
            Ok(terms) => Form::Sum(Rc::new(terms)),
            Err(obstacle) => Form::Not(obstacle),
        }
    }

    /// The node by linear operations, if it is affine.
    fn linear(&mut self, node: Node, data: &NodeData) -> Option<Node> {
        if data.op == Op::Unary(Unary::Log) {
            let Form::Sum(terms) = self.form(data.inputs[0]) else { return None };
            return self.logarithm(&terms);
        }
        let free: Vec<bool> = data.inputs.iter().map(|&input| self.is_free(input)).collect();
        if !is_linear(&data.op, &free) {
            return None;
        }
        let mut inputs = Vec::with_capacity(data.inputs.len());
        for &input in &data.inputs {
            match self.form(input) {
                Form::Free => inputs.push(input),
                Form::Affine(affine) => inputs.push(affine),
                Form::Sum(_) | Form::Not(_) => return None,
            }
        }
        Some(if inputs == data.inputs { node } else { self.builder.apply(&data.op, &inputs, &[]) })
    }

    /// The terms of an operation on terms.
    fn composed(&mut self, data: &NodeData) -> Terms {
        let inputs = &data.inputs;
        match &data.op {
            Op::Unary(op) => self.composed_unary(*op, inputs[0]),
            Op::Binary(op) => self.composed_binary(*op, inputs[0], inputs[1]),
            Op::Select if self.is_free(inputs[0]) => {
                let (yes, no) = (self.terms(inputs[1])?, self.terms(inputs[2])?);
                let otherwise = self.builder.unary(Unary::Not, inputs[0]);
                let (yes, no) = (self.masked(&yes, inputs[0]), self.masked(&no, otherwise));
                self.joined(yes, no)
            }
            Op::Select => Err(Obstacle::Kink),
            Op::Sum(axes) => {
                let terms = self.terms(inputs[0])?;
                Ok(self.bind(&terms, axes))
            }
            Op::Contract(axes) => {
                let (x, y) = (self.terms(inputs[0])?, self.terms(inputs[1])?);
                let products = self.products(&x, &y)?;
                Ok(self.bind(&products, axes))
            }
            Op::Expand(_) => self.terms(inputs[0]),
            Op::Rename(pairs) => {
                let terms = self.terms(inputs[0])?;
                let axes: Vec<Axis> = pairs.iter().flat_map(|&(from, to)| [from, to]).collect();
                Ok(self.moved(&terms, &axes, &mut |this, node| this.builder.rename(node, pairs)))
            }
            Op::Gather(gone) if inputs[1..].iter().all(|&positions| self.is_free(positions)) => {
                self.gathered(inputs, gone)
            }
            Op::Gather(_) => Err(Obstacle::Jump),
            Op::Stack(axis) => self.stacked(*axis, inputs),
            Op::CumulativeSum(axis, direction) => self.running(inputs[0], (*axis, *direction)),
            Op::Max(_) => Err(Obstacle::Function("max")),
            Op::LogSumExp(_) => Err(Obstacle::Function("log_sum_exp")),
            Op::Scan(_) | Op::Output(_) | Op::Leaf { .. } => Err(Obstacle::Recurrence),
            Op::StopGradient => Err(Obstacle::Function("stop_gradient")),
            Op::Cholesky { .. }
            | Op::SolveTriangular { .. }
            | Op::Inverse { .. }
            | Op::LogAbsDet { .. }
            | Op::Scatter { .. } => Err(Obstacle::Matrix),
            Op::Constant(_) | Op::Data(_) | Op::Parameter { .. } | Op::Iota(_) => {
                unreachable!("free of the position, or affine")
            }
        }
    }

    fn composed_unary(&mut self, op: Unary, x: Node) -> Terms {
        let other = Err(Obstacle::Function(op.row().name));
        match op {
            Unary::Neg => {
                let minus = self.builder.constant(-1.0);
                let terms = self.terms(x)?;
                Ok(self.scaled(&terms, minus))
            }
            Unary::Square => {
                let terms = self.terms(x)?;
                self.products(&terms, &terms)
            }
            Unary::Exp | Unary::Expm1 => {
                let Form::Affine(exponent) = self.form(x) else { return other };
                let mut terms = vec![self.exponential(exponent)];
                if op == Unary::Expm1 {
                    terms.push(Term::free(self.builder.constant(-1.0)));
                }
                Ok(terms)
            }
            Unary::Reciprocal | Unary::Sqrt => {
                let power = self.builder.constant(if op == Unary::Sqrt { 0.5 } else { -1.0 });
                let terms = self.terms(x)?;
                self.power(&terms, power).map_or(other, Ok)
            }
            Unary::Abs => {
                let terms = self.terms(x)?;
                self.magnitude(&terms).ok_or(Obstacle::Kink)
            }
            Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Not => Err(Obstacle::Jump),
            _ => other,
        }
    }

    fn composed_binary(&mut self, op: Binary, x: Node, y: Node) -> Terms {
        let other = Err(Obstacle::Function(op.row().name));
        match op {
            Binary::Add | Binary::Sub => {
                let (x, mut y) = (self.terms(x)?, self.terms(y)?);
                if op == Binary::Sub {
                    let minus = self.builder.constant(-1.0);
                    y = self.scaled(&y, minus);
                }
                self.joined(x, y)
            }
            Binary::Mul => {
                let (x, y) = (self.terms(x)?, self.terms(y)?);
                self.products(&x, &y)
            }
            Binary::Div => {
                let inverse = self.builder.reciprocal(y);
                let (x, inverse) = (self.terms(x)?, self.terms(inverse)?);
                self.products(&x, &inverse)
            }
            Binary::Pow if self.is_free(y) => {
                let terms = self.terms(x)?;
                self.power(&terms, y).map_or(other, Ok)
            }
            Binary::Pow if self.is_free(x) => {
                let log = self.builder.log(x);
                let exponent = self.builder.mul(log, y);
                let Form::Affine(exponent) = self.form(exponent) else { return other };
                Ok(vec![self.exponential(exponent)])
            }
            Binary::Min | Binary::Max => Err(Obstacle::Kink),
            Binary::Pow | Binary::Atan2 => other,
            _ => Err(Obstacle::Jump),
        }
    }

    fn gathered(&mut self, inputs: &[Node], gone: &[Axis]) -> Terms {
        let terms = self.terms(inputs[0])?;
        let at: Vec<(Axis, Node)> = gone.iter().copied().zip(inputs[1..].iter().copied()).collect();
        let come = inputs[1..].iter().flat_map(|&positions| self.builder.axes_of(positions).to_vec());
        let axes: Vec<Axis> = gone.iter().copied().chain(come).collect();
        Ok(self.moved(&terms, &axes, &mut |this, node| {
            let own = this.builder.axes_of(node);
            let read: Vec<(Axis, Node)> = at.iter().copied().filter(|(axis, _)| own.contains(axis)).collect();
            this.builder.gather(node, &read)
        }))
    }

    /// Each element at its own position.
    fn stacked(&mut self, axis: Axis, elements: &[Node]) -> Terms {
        let mut all = Vec::new();
        for (position, &element) in elements.iter().enumerate() {
            let terms = self.terms(element)?;
            let own = self.at_position(&terms, axis, position);
            all = self.joined(all, own)?;
        }
        Ok(all)
    }

    /// A running sum: the product with a triangle of ones.
    fn running(&mut self, x: Node, (axis, direction): (Axis, Direction)) -> Terms {
        let terms = self.terms(x)?;
        let info = self.builder.graph().axis(axis).clone();
        let source = self.builder.axis(info.label, info.size);
        let moved = self.moved(&terms, &[axis], &mut |this, node| {
            let wide = this.builder.expand(node, &[]);
            this.builder.rename(wide, &[(axis, source)])
        });
        let (from, to) = (self.builder.iota(source), self.builder.iota(axis));
        let triangle = match direction {
            Direction::Forward => self.builder.binary(Binary::LessEqual, from, to),
            Direction::Reverse => self.builder.binary(Binary::LessEqual, to, from),
        };
        let scaled = self.scaled(&moved, triangle);
        Ok(self.bind(&scaled, &[source]))
    }
}

/// Whether an operation is linear in those of its inputs that are not free.
fn is_linear(op: &Op, free: &[bool]) -> bool {
    match op {
        Op::Unary(Unary::Neg)
        | Op::Binary(Binary::Add | Binary::Sub)
        | Op::Sum(_)
        | Op::Expand(_)
        | Op::Rename(_)
        | Op::Stack(_)
        | Op::CumulativeSum(..) => true,
        Op::Binary(Binary::Mul) | Op::Contract(_) => free.contains(&true),
        Op::Binary(Binary::Div) => free[1],
        Op::Gather(_) | Op::Scatter { .. } => free[1..].iter().all(|&free| free),
        Op::SolveTriangular { .. } | Op::Select => free[0],
        _ => false,
    }
}
