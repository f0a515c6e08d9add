//! Expressions from pest's flat lists: operators are folded by precedence with an explicit stack.

use super::ast::{Argument, Binder, Call, Expr, ExprKind, Index, Name, Truth, UnaryOperator};
use super::grammar::{Pair, Rule, parts};
use super::precedence::Folder;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::syntax_codes::{NUMBER, SLICE};
use crate::source::Span;

/// An expression and the depth of its tree.
pub(super) struct Built {
    pub(super) expr: Expr,
    pub(super) depth: usize,
}

/// Turns the nodes of one piece into the tree.
pub(super) struct Builder<'a> {
    /// The piece.
    pub(super) text: &'a str,
    /// Where the piece begins in the file.
    pub(super) offset: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    /// The span in the file of a node that ends with its own last token.
    pub(super) fn span(&self, pair: &Pair<'_>) -> Span {
        let span = pair.as_span();
        Span::new(span.start(), span.end()).shifted(self.offset)
    }

    /// The text under a span of the file.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start - self.offset..span.end - self.offset).unwrap_or("")
    }

    pub(super) fn name(&self, pair: &Pair<'_>) -> Name {
        Name { text: pair.as_str().to_owned(), span: self.span(pair) }
    }

    pub(super) fn expression(&mut self, pair: Pair<'_>) -> Expr {
        self.build(pair).expr
    }

    /// The expression inside of a clause such as `where c`.
    pub(super) fn only_expression(&mut self, clause: Pair<'_>) -> Option<Expr> {
        parts(clause).next().map(|pair| self.expression(pair))
    }

    fn build(&mut self, pair: Pair<'_>) -> Built {
        let mut folder = Folder::default();
        for part in pair.into_inner() {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::prefix => folder.prefix(prefix_operator(part.as_str()), span),
                Rule::infix => folder.infix(self, (part.as_str(), span)),
                _ => {
                    let built = self.operand(part);
                    folder.operand(built);
                }
            }
        }
        folder.finish(self)
    }

    pub(super) fn operand(&mut self, pair: Pair<'_>) -> Built {
        let mut inner = pair.into_inner();
        let primary = inner.next().map(|pair| self.primary(pair));
        let mut built = primary.unwrap_or_else(|| unreachable!("an operand begins with a primary"));
        for suffix in inner {
            let span = built.expr.span.to(self.span(&suffix));
            let (kind, depth) = match suffix.as_rule() {
                Rule::index => {
                    let (places, depth) = self.places(suffix);
                    let depth = depth.max(built.depth);
                    (ExprKind::Index(Box::new(built.expr), places), depth)
                }
                // Reported with the operators of other languages.
                _ => (ExprKind::Broken, 0),
            };
            built = self.capped(Expr { kind, span }, depth + 1);
        }
        built
    }

    fn primary(&mut self, pair: Pair<'_>) -> Built {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::conditional => self.conditional(pair),
            Rule::number => leaf(self.number(pair.as_str(), span), span),
            Rule::text => leaf(ExprKind::Text(unquote(pair.as_str())), span),
            Rule::truth => {
                let truth = if pair.as_str() == "true" { Truth::True } else { Truth::False };
                leaf(ExprKind::Truth(truth), span)
            }
            Rule::named => self.named(pair),
            Rule::name => leaf(ExprKind::Name(pair.as_str().to_owned()), span),
            Rule::parenthesis => {
                let inner = parts(pair).next().map(|inner| self.build(inner));
                let mut built = inner.unwrap_or_else(|| unreachable!("a parenthesis holds an expression"));
                built.expr.span = span;
                built
            }
            _ => self.array(pair),
        }
    }

    fn array(&mut self, pair: Pair<'_>) -> Built {
        let span = self.span(&pair);
        let elements: Vec<Built> = parts(pair).map(|element| self.build(element)).collect();
        let depth = elements.iter().map(|element| element.depth).max().unwrap_or(0);
        let kind = ExprKind::Array(elements.into_iter().map(|element| element.expr).collect());
        self.capped(Expr { kind, span }, depth + 1)
    }

    fn conditional(&mut self, pair: Pair<'_>) -> Built {
        let start = self.span(&pair).start;
        let built: Vec<Built> = parts(pair).map(|part| self.build(part)).collect();
        let depth = built.iter().map(|part| part.depth).max().unwrap_or(0);
        let Ok([condition, yes, no]) = <[Built; 3]>::try_from(built) else {
            unreachable!("a conditional has three expressions")
        };
        let span = Span::new(start, no.expr.span.end);
        let kind = ExprKind::If(Box::new(condition.expr), Box::new(yes.expr), Box::new(no.expr));
        self.capped(Expr { kind, span }, depth + 1)
    }

    fn number(&mut self, written: &str, span: Span) -> ExprKind {
        let value: f64 = written.parse().unwrap_or(f64::INFINITY);
        if value.is_finite() {
            return ExprKind::Number { value, integer: written.bytes().all(|byte| byte.is_ascii_digit()) };
        }
        self.diagnostics.push(
            Diagnostic::new(NUMBER, "this number is too large")
                .at(span, "beyond 1.8e308, the largest number there is")
                .help("write `inf` where infinity is meant"),
        );
        ExprKind::Broken
    }

    fn named(&mut self, pair: Pair<'_>) -> Built {
        let mut inner = pair.into_inner();
        let name = inner.next().map(|name| self.name(&name));
        let name = name.unwrap_or_else(|| unreachable!("a named operand begins with its name"));
        match inner.next() {
            Some(call) => self.call(name, call),
            None => leaf(ExprKind::Name(name.text), name.span),
        }
    }

    fn call(&mut self, function: Name, pair: Pair<'_>) -> Built {
        let span = function.span.to(self.span(&pair));
        let mut call =
            Call { function, arguments: Vec::new(), over: Vec::new(), filter: None, by: Vec::new() };
        let mut depth = 0;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::argument => {
                    let (argument, deep) = self.argument(part);
                    depth = depth.max(deep);
                    call.arguments.push(argument);
                }
                Rule::over => call.over = parts(part).map(|item| self.binder(item)).collect(),
                rule => {
                    let built: Vec<Built> = parts(part).map(|expression| self.build(expression)).collect();
                    depth = built.iter().map(|expression| expression.depth).fold(depth, usize::max);
                    let mut expressions = built.into_iter().map(|expression| expression.expr);
                    if rule == Rule::by {
                        call.by = expressions.collect();
                    } else {
                        call.filter = expressions.next().map(Box::new);
                    }
                }
            }
        }
        self.capped(Expr { kind: ExprKind::Call(call), span }, depth + 1)
    }

    /// `mean = x`, `a..b` or `x`, with its depth.
    pub(super) fn argument(&mut self, pair: Pair<'_>) -> (Argument, usize) {
        let mut name = None;
        let mut value = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::keyword => name = parts(part).next().map(|name| self.name(&name)),
                _ => value = Some(self.value(part)),
            }
        }
        let value = value.unwrap_or_else(|| unreachable!("an argument has a value"));
        (Argument { name, value: value.expr }, value.depth)
    }

    /// An expression or a range.
    pub(super) fn value(&mut self, pair: Pair<'_>) -> Built {
        let mut lower = None;
        let mut range = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::expression => lower = Some(self.build(part)),
                _ => {
                    let dots = self.dots_of(&part);
                    range = Some((dots, parts(part).next().map(|upper| self.build(upper))));
                }
            }
        }
        let Some((dots, upper)) = range else {
            return lower.unwrap_or_else(|| unreachable!("a value is an expression or a range"));
        };
        let span = [&lower, &upper].into_iter().flatten().fold(dots, |span, end| span.to(end.expr.span));
        let depth = lower.as_ref().map_or(0, |end| end.depth).max(upper.as_ref().map_or(0, |end| end.depth));
        let kind = ExprKind::Range(lower.map(|end| Box::new(end.expr)), upper.map(|end| Box::new(end.expr)));
        self.capped(Expr { kind, span }, depth + 1)
    }

    /// The span of the two dots with which a range's node begins.
    fn dots_of(&self, pair: &Pair<'_>) -> Span {
        let start = self.span(pair).start;
        Span::new(start, start + 2)
    }

    /// `d`, `i: d`, with `where c` in a head.
    pub(super) fn binder(&mut self, pair: Pair<'_>) -> Binder {
        let mut names = Vec::new();
        let mut filter = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::name => names.push(self.name(&part)),
                Rule::filter => filter = self.only_expression(part),
                _ => names.extend(parts(part).map(|name| self.name(&name))),
            }
        }
        let dim = names.pop().unwrap_or_else(|| unreachable!("a binder has a name"));
        Binder { variable: names.pop(), dim, filter }
    }

    fn places(&mut self, pair: Pair<'_>) -> (Vec<Index>, usize) {
        let mut depth = 0;
        let places = parts(pair)
            .map(|place| {
                let (index, deep) = self.place(place);
                depth = depth.max(deep);
                index
            })
            .collect();
        (places, depth)
    }

    fn place(&mut self, pair: Pair<'_>) -> (Index, usize) {
        let span = trimmed(self.text, self.span(&pair), self.offset);
        let mut name = None;
        let mut value = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::all => return (Index::All(span), 0),
                Rule::keyword => name = parts(part).next().map(|name| self.name(&name)),
                Rule::expression => value = Some(self.build(part)),
                _ => return (self.slice_mistake(span), 0),
            }
        }
        let value = value.unwrap_or_else(|| unreachable!("a place is `_` or has an expression"));
        match name {
            Some(name) => (Index::Named(name, value.expr), value.depth),
            None => (Index::At(value.expr), value.depth),
        }
    }

    fn slice_mistake(&mut self, span: Span) -> Index {
        let written = self.slice(span).to_owned();
        let diagnostic = Diagnostic::new(SLICE, format!("`{written}` is a slice, and there are none"));
        let diagnostic = match written.as_str() {
            ":" | ".." => diagnostic.at(span, "every element").fix(
                "a whole axis is `_`",
                vec![crate::diagnostics::Edit { span, text: "_".to_owned() }],
            ),
            _ => diagnostic
                .at(span, "a part of an axis")
                .help("declare the part, `dim late = time where time > K`, or choose in a head or reduction: `[t: time where t > K]`"),
        };
        self.diagnostics.push(diagnostic);
        Index::At(Expr { kind: ExprKind::Broken, span })
    }
}

fn leaf(kind: ExprKind, span: Span) -> Built {
    Built { expr: Expr { kind, span }, depth: 1 }
}

fn prefix_operator(written: &str) -> UnaryOperator {
    if written == "-" { UnaryOperator::Negate } else { UnaryOperator::Not }
}

/// The span without the white space and comments that pest reads before a part that then is not there.
fn trimmed(text: &str, span: Span, offset: usize) -> Span {
    let written = text.get(span.start - offset..span.end - offset).unwrap_or("");
    Span::new(span.start, span.start + written.trim_end().len())
}

/// The text between quotes, `\"` and `\\` undone.
pub(super) fn unquote(written: &str) -> String {
    let inner = written.strip_prefix('"').unwrap_or(written);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next) if character == '\\' && matches!(next, '"' | '\\') => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}
