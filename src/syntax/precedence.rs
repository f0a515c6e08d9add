//! Which operator binds tighter, stated once: for folding flat lists and for printing parentheses.

use super::ast::{BinaryOperator, Expr, ExprKind, UnaryOperator};
use super::cut::MAX_NESTING;
use super::expressions::{Builder, Built};
use crate::diagnostics::syntax_codes::{CHAINED_COMPARISON, TOO_DEEP};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;

/// A comparison so long is not repeated in a message.
const LONGEST_SHOWN: usize = 40;

/// How deep the tree of one expression may be. A chain `a + b + …` is one deeper for each operator.
pub(super) const MAX_DEPTH: usize = 500;

/// Binding strength of comparisons, which do not chain.
const COMPARISON: u8 = 4;

/// How tightly an infix operator binds.
pub(super) fn binary_strength(operator: BinaryOperator) -> u8 {
    use BinaryOperator::*;
    match operator {
        Or => 1,
        And => 2,
        Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In => COMPARISON,
        Add | Subtract => 5,
        Multiply | Divide | IntegerDivide | Modulo => 6,
        MatrixMultiply => 7,
        Power => 9,
    }
}

/// How tightly a prefix operator binds.
pub(super) fn unary_strength(operator: UnaryOperator) -> u8 {
    match operator {
        UnaryOperator::Not => 3,
        UnaryOperator::Negate => 8,
    }
}

/// The operator that is spelt so, in this language or in another one.
fn binary_operator(written: &str) -> BinaryOperator {
    use BinaryOperator::*;
    match written {
        "or" | "||" => Or,
        "and" | "&&" => And,
        "==" => Equal,
        "!=" => NotEqual,
        "<" => Less,
        "<=" => LessEqual,
        ">" => Greater,
        ">=" => GreaterEqual,
        "in" => In,
        "+" => Add,
        "-" => Subtract,
        "*" | ".*" => Multiply,
        "/" | "./" => Divide,
        "div" => IntegerDivide,
        "mod" | "%" => Modulo,
        "@" | "%*%" => MatrixMultiply,
        "^" | "**" | ".^" => Power,
        _ => unreachable!("the grammar lists no other infix operator"),
    }
}

#[derive(Clone, Copy)]
enum Operator {
    Prefix(UnaryOperator, Span),
    Infix(BinaryOperator),
}

impl Operator {
    fn strength(self) -> u8 {
        match self {
            Self::Prefix(operator, _) => unary_strength(operator),
            Self::Infix(operator) => binary_strength(operator),
        }
    }
}

/// Dijkstra's two stacks: operands, and the operators that still wait for their right side.
#[derive(Default)]
pub(super) struct Folder {
    operands: Vec<Built>,
    waiting: Vec<Operator>,
}

impl Folder {
    pub(super) fn operand(&mut self, built: Built) {
        self.operands.push(built);
    }

    pub(super) fn prefix(&mut self, operator: UnaryOperator, span: Span) {
        self.waiting.push(Operator::Prefix(operator, span));
    }

    pub(super) fn infix(&mut self, builder: &mut Builder<'_>, (written, span): (&str, Span)) {
        let operator = binary_operator(written);
        let strength = binary_strength(operator);
        while let Some(&top) = self.waiting.last() {
            let right_associative = operator == BinaryOperator::Power;
            if top.strength() < strength || top.strength() == strength && right_associative {
                break;
            }
            if strength == COMPARISON && top.strength() == COMPARISON {
                self.report_chain(builder, span);
            }
            self.waiting.pop();
            self.reduce(builder, top);
        }
        self.waiting.push(Operator::Infix(operator));
    }

    pub(super) fn finish(mut self, builder: &mut Builder<'_>) -> Built {
        while let Some(top) = self.waiting.pop() {
            self.reduce(builder, top);
        }
        self.pop()
    }

    fn pop(&mut self) -> Built {
        self.operands.pop().unwrap_or_else(|| unreachable!("the grammar gives each operator its operands"))
    }

    fn reduce(&mut self, builder: &mut Builder<'_>, operator: Operator) {
        let right = self.pop();
        let (kind, span, depth) = match operator {
            Operator::Prefix(operator, span) => {
                let span = span.to(right.expr.span);
                (ExprKind::Unary(operator, Box::new(right.expr)), span, right.depth)
            }
            Operator::Infix(operator) => {
                let left = self.pop();
                let span = left.expr.span.to(right.expr.span);
                let depth = left.depth.max(right.depth);
                (ExprKind::Binary(operator, Box::new(left.expr), Box::new(right.expr)), span, depth)
            }
        };
        let built = builder.capped(Expr { kind, span }, depth + 1);
        self.operands.push(built);
    }

    /// `0 < x < 1`
    fn report_chain(&self, builder: &mut Builder<'_>, second: Span) {
        let [.., left, middle] = &self.operands[..] else { return };
        // Of a long chain each comparison would repeat all before it.
        let first = Some(builder.slice(left.expr.span.to(middle.expr.span)));
        let first = first.filter(|first| first.len() <= LONGEST_SHOWN).unwrap_or("…").to_owned();
        let middle = builder.slice(middle.expr.span).to_owned();
        let edit = Edit { span: Span::new(second.start, second.start), text: format!("and {middle} ") };
        builder.diagnostics.push(
            Diagnostic::new(CHAINED_COMPARISON, "comparisons do not chain")
                .at(second, "a second comparison of the same value")
                .fix(
                    format!("compare twice: `{first} and {middle} {} …`", builder.slice(second)),
                    vec![edit],
                ),
        );
    }
}

impl Builder<'_> {
    /// Keeps trees shallow enough for passes that recurse; one report for each piece.
    pub(super) fn capped(&mut self, expr: Expr, depth: usize) -> Built {
        if depth <= MAX_DEPTH {
            return Built { expr, depth };
        }
        let span = Span::new(expr.span.start, expr.span.end);
        if !self.diagnostics.iter().any(|known| known.code == TOO_DEEP) {
            self.diagnostics.push(
                Diagnostic::new(TOO_DEEP, format!("this expression chains more than {MAX_DEPTH} operators"))
                    .at(span, "too long a chain")
                    .help(format!(
                        "name parts of it with `let`, or use `sum`; brackets nest at most {MAX_NESTING} deep"
                    )),
            );
        }
        Built { expr: Expr { kind: ExprKind::Broken, span }, depth: 1 }
    }
}
