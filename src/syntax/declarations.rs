//! Statements from pest's tree.

use super::ast::*;
use super::expressions::{Builder, unquote};
use super::grammar::{Pair, Rule, parts};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::syntax_codes::UNEXPECTED;
use crate::source::Span;

impl Builder<'_> {
    /// The statement under a node of one of the statement rules.
    pub(super) fn statement(&mut self, pair: Pair<'_>) -> StatementKind {
        match pair.as_rule() {
            Rule::dim_statement => StatementKind::Dim(parts(pair).map(|item| self.dim_item(item)).collect()),
            Rule::observe_statement => StatementKind::Observe(self.observe(pair)),
            Rule::potential_statement => {
                let value = self.only_expression(pair);
                StatementKind::Potential(value.unwrap_or_else(|| unreachable!("a potential has a value")))
            }
            Rule::function_statement => StatementKind::Function(self.function(pair)),
            Rule::ode_statement => StatementKind::Ode(self.ode(pair)),
            rule => {
                let declared = self.declared(pair);
                match rule {
                    Rule::data_statement => declared.data(),
                    Rule::let_statement => declared.binding(),
                    Rule::latent_statement => declared.latent(),
                    Rule::learn_statement => declared.learn(),
                    _ => declared.generate(),
                }
            }
        }
    }

    fn dim_item(&mut self, pair: Pair<'_>) -> DimDeclaration {
        let mut name = None;
        let mut parent = None;
        let mut value = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::dim_parent => parent = parts(part).next().map(|parent| self.name(&parent)),
                _ => value = Some(self.dim_value(part)),
            }
        }
        let name = name.unwrap_or_else(|| unreachable!("a dim has a name"));
        let form = match (parent, value) {
            (Some(parent), value) => DimForm::Ragged { parent, sizes: value.map(|(expr, _)| expr) },
            (None, None) => DimForm::FromData,
            (None, Some((expr, filter))) => {
                self.check_dim_value(&expr, filter.as_ref());
                dim_form(expr, filter)
            }
        };
        DimDeclaration { name, form }
    }

    fn check_dim_value(&mut self, value: &Expr, filter: Option<&Expr>) {
        let diagnostic = match (&value.kind, filter) {
            (ExprKind::Name(_), Some(_)) | (ExprKind::Range(Some(_), Some(_)), None) => return,
            (_, Some(_)) => Diagnostic::new(UNEXPECTED, "only a dim can be narrowed with `where`")
                .at(value.span, "not a dim's name")
                .help("write `dim late = time where time > 3`"),
            (ExprKind::Range(..), None) => {
                Diagnostic::new(UNEXPECTED, "a dim's range needs both of its ends")
                    .at(value.span, "one end is missing")
                    .help(
                        "write `dim year = 1851..1962`, or leave the range off: then the data give the size",
                    )
            }
            _ => return,
        };
        self.diagnostics.push(diagnostic);
    }

    fn dim_value(&mut self, pair: Pair<'_>) -> (Expr, Option<Expr>) {
        let mut value = None;
        let mut filter = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::filter => filter = self.only_expression(part),
                _ => value = Some(self.value(part).expr),
            }
        }
        (value.unwrap_or_else(|| unreachable!("a dim's `=` has a value")), filter)
    }

    fn observe(&mut self, pair: Pair<'_>) -> ObserveStatement {
        let mut head = None;
        let mut expressions = Vec::new();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::observed_head => {
                    let observed = self.head(part);
                    expressions.push(target_of(&observed));
                    head = Some(observed);
                }
                _ => expressions.push(self.expression(part)),
            }
        }
        let Ok([target, distribution]) = <[Expr; 2]>::try_from(expressions) else {
            unreachable!("an observe has two sides")
        };
        ObserveStatement { target, head, distribution }
    }

    fn function(&mut self, pair: Pair<'_>) -> FunctionDeclaration {
        let mut name = None;
        let mut parameters = Vec::new();
        let mut body = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::parameters => parameters = parts(part).map(|name| self.name(&name)).collect(),
                _ => body = Some(self.expression(part)),
            }
        }
        let (Some(name), Some(body)) = (name, body) else { unreachable!("a function has a name and a body") };
        FunctionDeclaration { name, parameters, body }
    }

    fn ode(&mut self, pair: Pair<'_>) -> OdeBlock {
        let mut time = None;
        let mut start = None;
        let mut at = None;
        let mut options = Vec::new();
        let mut states = Vec::new();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::name => time = Some(self.name(&part)),
                Rule::expression => start = Some(self.expression(part)),
                Rule::ode_times => at = Some(self.operand(part).expr),
                Rule::ode_options => options = parts(part).map(|option| self.argument(option).0).collect(),
                _ => states.push(self.ode_state(part)),
            }
        }
        let (Some(time), Some(start), Some(at)) = (time, start, at) else {
            unreachable!("an ode has a time, a start and times")
        };
        OdeBlock { time, start, at, options, states }
    }

    fn ode_state(&mut self, pair: Pair<'_>) -> OdeState {
        let mut inner = parts(pair);
        let name = inner.next().map(|name| self.name(&name));
        let start = inner.next().map(|start| self.expression(start));
        let rate = inner.next().map(|rate| self.expression(rate));
        let (Some(name), Some(start), Some(rate)) = (name, start, rate) else {
            unreachable!("a state has a name, a start and a rate")
        };
        OdeState { name, start, rate }
    }

    fn head(&mut self, pair: Pair<'_>) -> Head {
        let mut inner = parts(pair);
        let name = inner.next().map(|name| self.name(&name));
        let axes = inner.next().map(|axes| parts(axes).map(|binder| self.binder(binder)).collect());
        Head { name: name.unwrap_or_else(|| unreachable!("a head has a name")), axes }
    }

    fn type_expr(&mut self, pair: Pair<'_>) -> TypeExpr {
        let mut name = None;
        let mut bounds = None;
        let mut over = Vec::new();
        let mut optional = None;
        let mut end = 0;
        for part in parts(pair) {
            let span = self.span(&part);
            end = span.end;
            match part.as_rule() {
                Rule::type_name => name = Some(self.name(&part)),
                Rule::bounds => bounds = Some(self.bounds(part)),
                Rule::optional => optional = Some(span),
                _ => {
                    over = parts(part).map(|dim| self.name(&dim)).collect();
                    end = over.last().map_or(end, |dim: &Name| dim.span.end);
                }
            }
        }
        let name = name.unwrap_or_else(|| unreachable!("a type has a name"));
        let span = Span::new(name.span.start, end);
        TypeExpr { name, bounds, over, optional, span }
    }

    fn bounds(&mut self, pair: Pair<'_>) -> (Option<Expr>, Option<Expr>) {
        let mut lower = None;
        let mut upper = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::lower_bound => lower = self.only_expression(part),
                _ => upper = self.only_expression(part),
            }
        }
        (lower, upper)
    }

    /// The clauses of `data`, `let`, `latent`, `learn` and `generate`, which have one shape.
    fn declared(&mut self, pair: Pair<'_>) -> Declared {
        let mut declared = Declared::default();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::head => declared.head = Some(self.head(part)),
                Rule::annotation => declared.ty = Some(self.type_expr(part)),
                Rule::from_clause => {
                    declared.from = parts(part).next().map(|text| (unquote(text.as_str()), self.span(&text)));
                }
                Rule::missing_clause => declared.missing = self.only_expression(part),
                Rule::prior_clause => declared.drawn = self.only_expression(part),
                Rule::using_clause => declared.using = parts(part).next().map(|name| self.name(&name)),
                Rule::init_clause => declared.init = self.only_expression(part),
                Rule::default_clause => declared.value = self.only_expression(part),
                _ => declared.value = Some(self.expression(part)),
            }
        }
        declared
    }
}

#[derive(Default)]
struct Declared {
    head: Option<Head>,
    ty: Option<TypeExpr>,
    from: Option<(String, Span)>,
    missing: Option<Expr>,
    value: Option<Expr>,
    drawn: Option<Expr>,
    using: Option<Name>,
    init: Option<Expr>,
}

fn always<T>(part: Option<T>) -> T {
    part.unwrap_or_else(|| unreachable!("the grammar requires this part"))
}

impl Declared {
    fn data(self) -> StatementKind {
        let Self { head, ty, from, missing, value, .. } = self;
        StatementKind::Data(DataDeclaration { head: always(head), ty, from, missing, default: value })
    }

    fn binding(self) -> StatementKind {
        StatementKind::Let(LetDeclaration { head: always(self.head), ty: self.ty, value: always(self.value) })
    }

    fn latent(self) -> StatementKind {
        let Self { head, ty, drawn, using, .. } = self;
        StatementKind::Latent(LatentDeclaration { head: always(head), ty, prior: drawn, using })
    }

    fn learn(self) -> StatementKind {
        StatementKind::Learn(LearnDeclaration { head: always(self.head), ty: self.ty, init: self.init })
    }

    fn generate(self) -> StatementKind {
        let value = match self.drawn {
            Some(drawn) => GenerateValue::Draw(drawn),
            None => GenerateValue::Value(always(self.value)),
        };
        StatementKind::Generate(GenerateDeclaration { head: always(self.head), ty: self.ty, value })
    }
}

/// What stands after a dim's `=`.
fn dim_form(value: Expr, filter: Option<Expr>) -> DimForm {
    match (value.kind, filter) {
        (ExprKind::Name(text), Some(filter)) => {
            DimForm::Sub { parent: Name { text, span: value.span }, filter }
        }
        (ExprKind::Range(Some(low), Some(high)), None) => DimForm::Range(*low, *high),
        (ExprKind::Array(elements), None) => match labels(&elements) {
            Some(labels) => DimForm::Labels(labels),
            None => DimForm::Size(Expr { kind: ExprKind::Array(elements), span: value.span }),
        },
        (kind, _) => DimForm::Size(Expr { kind, span: value.span }),
    }
}

fn labels(elements: &[Expr]) -> Option<Vec<(String, Span)>> {
    elements
        .iter()
        .map(|element| match &element.kind {
            ExprKind::Text(text) => Some((text.clone(), element.span)),
            _ => None,
        })
        .collect()
}

/// `y[t]` for the head `y[t: time where …]`.
fn target_of(head: &Head) -> Expr {
    let name = Expr { kind: ExprKind::Name(head.name.text.clone()), span: head.name.span };
    let binders = head.axes.iter().flatten();
    let places: Vec<Index> = binders
        .map(|binder| {
            let running = binder.variable.as_ref().unwrap_or(&binder.dim);
            Index::At(Expr { kind: ExprKind::Name(running.text.clone()), span: running.span })
        })
        .collect();
    let span = head.axes.iter().flatten().fold(name.span, |span, binder| span.to(binder.dim.span));
    Expr { kind: ExprKind::Index(Box::new(name), places), span }
}
