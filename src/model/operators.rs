//! Operators: what they make of kinds, and the rule that dims align only nested.

use std::collections::HashSet;
use std::sync::Arc;

use super::checker::Checker;
use super::errors;
use super::expressions::join;
use super::ir::*;
use super::scope::Scope;
use super::supports::literal;
use super::terms;
use crate::source::Span;
use crate::syntax::ast::{BinaryOperator, Expr, ExprKind, Name, UnaryOperator};

impl<'t> Checker<'t> {
    /// `-x`, `not x`
    pub fn unary(
        &mut self,
        operator: UnaryOperator,
        operand: &'t Expr,
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        match operator {
            UnaryOperator::Not => {
                let operand = self.condition(operand, scope);
                terms::operate(Operator::Not, vec![operand], Kind::Bool, span)
            }
            UnaryOperator::Negate => {
                let operand = self.number(operand, scope);
                let value = join(operand.value, Kind::Int);
                terms::operate(Operator::Negate, vec![operand], value, span)
            }
        }
    }

    /// `a + b`
    pub fn binary(
        &mut self,
        operator: BinaryOperator,
        (left, right): (&'t Expr, &'t Expr),
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        match operator {
            BinaryOperator::MatrixMultiply => self.matrix_product(left, right, span, scope),
            BinaryOperator::In => self.membership(left, right, span, scope),
            BinaryOperator::And | BinaryOperator::Or => {
                let operands = vec![self.condition(left, scope), self.condition(right, scope)];
                self.element_wise(element_operator(operator), operands, Kind::Bool, (span, scope))
            }
            _ => {
                let operands = self.operands(left, right, scope);
                match element_operator(operator) {
                    compared if is_comparison(compared) => self.comparison(compared, operands, span, scope),
                    computed => self.arithmetic(computed, operands, span, scope),
                }
            }
        }
    }

    /// Both sides; a text beside an index is the label of one of its elements.
    fn operands(&mut self, left: &'t Expr, right: &'t Expr, scope: &mut Scope<'t>) -> [Term; 2] {
        match (&left.kind, &right.kind) {
            (_, ExprKind::Text(label)) => {
                let other = self.term(left, scope);
                let label = self.label_beside(label, right.span, &other);
                [other, label]
            }
            (ExprKind::Text(label), _) => {
                let other = self.term(right, scope);
                let label = self.label_beside(label, left.span, &other);
                [label, other]
            }
            _ => [self.term(left, scope), self.term(right, scope)],
        }
    }

    fn label_beside(&mut self, label: &str, span: Span, other: &Term) -> Term {
        match other.value {
            Kind::Index(dim) => self.label(dim, label, span),
            _ if terms::is_broken(other) => terms::broken(span),
            _ => self.fail(span, errors::stray_text(span)),
        }
    }

    fn element_wise(
        &mut self,
        operator: Operator,
        operands: Vec<Term>,
        value: Kind,
        (span, scope): (Span, &Scope<'t>),
    ) -> Term {
        let all: Vec<&Term> = operands.iter().collect();
        if self.aligned(&all, scope) {
            terms::operate(operator, operands, value, span)
        } else {
            terms::broken(span)
        }
    }

    fn comparison(&mut self, operator: Operator, operands: [Term; 2], span: Span, scope: &Scope<'t>) -> Term {
        if operands.iter().any(terms::is_broken) {
            return terms::broken(span);
        }
        let [left, right] = operands;
        let operands = match (left.value, right.value) {
            (Kind::Index(a), Kind::Index(b)) if a == b => vec![left, right],
            (Kind::Index(a), Kind::Index(b)) => {
                let names = [&self.model.dim(a).name, &self.model.dim(b).name];
                let diagnostic = errors::compared_indices(span, names, [&left, &right]);
                return self.fail(span, diagnostic);
            }
            _ => vec![terms::numeric(left), terms::numeric(right)],
        };
        self.element_wise(operator, operands, Kind::Bool, (span, scope))
    }

    fn arithmetic(&mut self, operator: Operator, operands: [Term; 2], span: Span, scope: &Scope<'t>) -> Term {
        let [left, right] = operands;
        let (left, right, value) = match (operator, left.value, right.value) {
            (Operator::Subtract, Kind::Index(a), Kind::Index(b)) if a == b => (left, right, Kind::Int),
            (
                Operator::Add | Operator::Subtract,
                Kind::Index(dim),
                Kind::Int | Kind::Bool | Kind::Index(_),
            ) => (left, terms::numeric(right), Kind::Index(dim)),
            (Operator::Add, Kind::Int | Kind::Bool, Kind::Index(dim)) => (left, right, Kind::Index(dim)),
            _ => {
                let (left, right) = (terms::numeric(left), terms::numeric(right));
                let value = arithmetic_kind(operator, &left, &right);
                (left, right, value)
            }
        };
        self.element_wise(operator, vec![left, right], value, (span, scope))
    }

    fn membership(&mut self, left: &'t Expr, right: &'t Expr, span: Span, scope: &mut Scope<'t>) -> Term {
        let element = self.term(left, scope);
        let ExprKind::Name(name) = &right.kind else {
            return self.fail(right.span, errors::not_a_sub_dim(right.span));
        };
        let Some(dim) = self.dim_named(&Name { text: name.clone(), span: right.span }) else {
            return terms::broken(span);
        };
        if terms::is_broken(&element) {
            return element;
        }
        match self.parent(dim) {
            Some(parent) if element.value == Kind::Index(parent) => {
                let axes = element.axes.clone();
                let stage = element.stage.max(Stage::Data);
                Term { kind: TermKind::Member(Arc::new(element), dim), axes, value: Kind::Bool, stage, span }
            }
            Some(parent) => {
                let wanted = self.model.dim(parent).name.clone();
                let diagnostic = errors::index_kind(&element, &wanted, &[], &self.model);
                self.fail(left.span, diagnostic)
            }
            None => self.fail(right.span, errors::not_a_sub_dim(right.span)),
        }
    }

    /// Whether the axes of operands are nested, or all that differ are named around them; if not, it is reported.
    pub fn aligned(&mut self, operands: &[&Term], scope: &Scope<'t>) -> bool {
        if operands.iter().any(|term| terms::is_broken(term)) {
            return true;
        }
        // Those over the same axes align alike: each set of axes is compared once.
        let mut seen: HashSet<&[AxisVar]> = HashSet::new();
        let different: Vec<&Term> = operands.iter().copied().filter(|term| seen.insert(&term.axes)).collect();
        for (place, second) in different.iter().enumerate() {
            for first in &different[..place] {
                if !self.nested(first, second, scope) {
                    return false;
                }
            }
        }
        true
    }

    fn nested(&mut self, first: &Term, second: &Term, scope: &Scope<'t>) -> bool {
        let only = |a: &Term, b: &Term| -> Vec<AxisVar> {
            a.axes.iter().filter(|axis| !b.axes.contains(axis)).copied().collect()
        };
        let (left, right) = (only(first, second), only(second, first));
        let uneven = |axis: &&AxisVar| {
            let times = |term: &Term| term.axes.iter().filter(|other| other.dim == axis.dim).count();
            times(first) > 0 && times(second) > 0 && times(first) != times(second) && !scope.binds(**axis)
        };
        if let Some(axis) = left.iter().chain(&right).find(uneven) {
            let dim = self.model.dim(axis.dim).name.clone();
            self.report(errors::repeated_dim(first, second, &dim));
            return false;
        }
        if left.is_empty() || right.is_empty() || left.iter().chain(&right).all(|axis| scope.binds(*axis)) {
            return true;
        }
        let gather = right.iter().find_map(|axis| self.gather(second, axis.dim));
        let gather = gather.or_else(|| left.iter().find_map(|axis| self.gather(first, axis.dim)));
        let diagnostic = errors::outer_product([first, second], gather, self.reader, &self.model);
        self.report(diagnostic);
        false
    }
}

/// The kind of `a + b` and its like, for numbers.
fn arithmetic_kind(operator: Operator, left: &Term, right: &Term) -> Kind {
    let joined = join(join(left.value, right.value), Kind::Int);
    match operator {
        Operator::Divide => Kind::Real,
        Operator::Power if literal(right).is_some_and(|power| power >= 0.0) => joined,
        Operator::Power => Kind::Real,
        _ => joined,
    }
}

fn is_comparison(operator: Operator) -> bool {
    use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(operator, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
}

/// The element-wise operator of an infix sign.
fn element_operator(operator: BinaryOperator) -> Operator {
    match operator {
        BinaryOperator::Or => Operator::Or,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Equal => Operator::Equal,
        BinaryOperator::NotEqual => Operator::NotEqual,
        BinaryOperator::Less => Operator::Less,
        BinaryOperator::LessEqual => Operator::LessEqual,
        BinaryOperator::Greater => Operator::Greater,
        BinaryOperator::GreaterEqual => Operator::GreaterEqual,
        BinaryOperator::Add => Operator::Add,
        BinaryOperator::Subtract => Operator::Subtract,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::IntegerDivide => Operator::IntegerDivide,
        BinaryOperator::Modulo => Operator::Modulo,
        BinaryOperator::Power => Operator::Power,
        BinaryOperator::MatrixMultiply | BinaryOperator::In => {
            unreachable!("`@` and `in` are taken out before element-wise operators")
        }
    }
}
