//! Tree to text: the canonical source of a tree, which parses back to it.

use super::ast::*;
use super::precedence::{binary_strength, unary_strength};
use std::fmt::Write;

/// The canonical text of a tree: one statement a line, `##` comments above their statement.
pub fn print(tree: &Tree) -> String {
    let mut out = String::new();
    statements(&tree.statements, "", &mut out);
    out
}

fn statements(list: &[Statement], indent: &str, out: &mut String) {
    for statement in list {
        for line in statement.doc.iter().flat_map(|doc| doc.split('\n')) {
            let space = if line.is_empty() { "" } else { " " };
            out.push_str(&format!("{indent}##{space}{line}\n"));
        }
        out.push_str(indent);
        out.push_str(&statement_text(&statement.kind, indent));
        out.push('\n');
    }
}

fn statement_text(kind: &StatementKind, indent: &str) -> String {
    match kind {
        StatementKind::Dim(items) => format!("dim {}", list(items, dim_item)),
        StatementKind::Data(data) => data_text(data),
        StatementKind::Let(value) => {
            format!("let {}{} = {}", head(&value.head), annotation(value.ty.as_ref()), expr(&value.value))
        }
        StatementKind::Latent(latent) => {
            let prior = clause(" ~ ", latent.prior.as_ref());
            let using = latent.using.as_ref().map_or(String::new(), |name| format!(" using {}", name.text));
            format!("latent {}{}{prior}{using}", head(&latent.head), annotation(latent.ty.as_ref()))
        }
        StatementKind::Learn(learn) => {
            let init = clause(" init ", learn.init.as_ref());
            format!("learn {}{}{init}", head(&learn.head), annotation(learn.ty.as_ref()))
        }
        StatementKind::Observe(observe) => {
            let target = observe.head.as_ref().map_or_else(|| expr(&observe.target), head);
            format!("observe {target} ~ {}", expr(&observe.distribution))
        }
        StatementKind::Potential(value) => format!("potential {}", expr(value)),
        StatementKind::Generate(generate) => {
            let value = match &generate.value {
                GenerateValue::Value(value) => format!(" = {}", expr(value)),
                GenerateValue::Draw(value) => format!(" ~ {}", expr(value)),
            };
            format!("generate {}{}{value}", head(&generate.head), annotation(generate.ty.as_ref()))
        }
        StatementKind::Function(function) => {
            let parameters = list(&function.parameters, |name| name.text.clone());
            format!("fn {}({parameters}) = {}", function.name.text, expr(&function.body))
        }
        StatementKind::Guide(inner) => {
            let mut text = String::from("guide {\n");
            statements(inner, &format!("{indent}  "), &mut text);
            text + indent + "}"
        }
        StatementKind::Ode(ode) => ode_text(ode, indent),
    }
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// `before` and the expression, if there is one.
fn clause(before: &str, value: Option<&Expr>) -> String {
    value.map_or(String::new(), |value| format!("{before}{}", expr(value)))
}

fn dim_item(item: &DimDeclaration) -> String {
    let form = match &item.form {
        DimForm::FromData => String::new(),
        DimForm::Size(size) => format!(" = {}", expr(size)),
        DimForm::Range(low, high) => format!(" = {}..{}", expr(low), expr(high)),
        DimForm::Labels(labels) => format!(" = [{}]", list(labels, |(label, _)| quote(label))),
        DimForm::Sub { parent, filter } => format!(" = {} where {}", parent.text, expr(filter)),
        DimForm::Ragged { parent, sizes } => format!(" in {}{}", parent.text, clause(" = ", sizes.as_ref())),
    };
    item.name.text.clone() + &form
}

fn data_text(data: &DataDeclaration) -> String {
    let mut text = format!("data {}{}", head(&data.head), annotation(data.ty.as_ref()));
    if let Some((field, _)) = &data.from {
        let _ = write!(text, " from {}", quote(field));
    }
    text + &clause(" missing ", data.missing.as_ref()) + &clause(" = ", data.default.as_ref())
}

fn ode_text(ode: &OdeBlock, indent: &str) -> String {
    let options =
        if ode.options.is_empty() { String::new() } else { format!(" ({})", list(&ode.options, argument)) };
    // A call would take the options for its own.
    let at = if matches!(ode.at.kind, ExprKind::Name(_) | ExprKind::Index(..)) {
        expr(&ode.at)
    } else {
        format!("({})", expr(&ode.at))
    };
    let mut text = format!("ode {} from {} at {at}{options} {{\n", ode.time.text, expr(&ode.start));
    for state in &ode.states {
        let _ = writeln!(
            text,
            "{indent}  {} = {}, rate {}",
            state.name.text,
            expr(&state.start),
            expr(&state.rate)
        );
    }
    text + indent + "}"
}

fn head(head: &Head) -> String {
    let axes = head.axes.as_ref().map_or(String::new(), |axes| format!("[{}]", list(axes, binder)));
    head.name.text.clone() + &axes
}

fn binder(binder: &Binder) -> String {
    let variable = binder.variable.as_ref().map_or(String::new(), |name| format!("{}: ", name.text));
    format!("{variable}{}{}", binder.dim.text, clause(" where ", binder.filter.as_ref()))
}

fn annotation(ty: Option<&TypeExpr>) -> String {
    ty.map_or(String::new(), |ty| format!(": {}", type_text(ty)))
}

/// A type as written in a declaration.
pub(super) fn type_text(ty: &TypeExpr) -> String {
    let end = |end: &Option<Expr>| end.as_ref().map_or(String::new(), expr);
    let bounds =
        ty.bounds.as_ref().map_or(String::new(), |(low, high)| format!("({}..{})", end(low), end(high)));
    let optional = if ty.optional.is_some() { "?" } else { "" };
    let over = if ty.over.is_empty() {
        String::new()
    } else {
        format!(" over {}", list(&ty.over, |dim| dim.text.clone()))
    };
    format!("{}{bounds}{optional}{over}", ty.name.text)
}

/// A text between quotes.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A number such that it reads back with the same value and the same kind.
pub(super) fn number(value: f64, integer: bool) -> String {
    if integer { format!("{value}") } else { format!("{value:?}") }
}

/// The canonical text of an expression.
pub(super) fn expr(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Number { value, integer } => number(*value, *integer),
        ExprKind::Text(text) => quote(text),
        ExprKind::Truth(Truth::True) => "true".to_owned(),
        ExprKind::Truth(Truth::False) => "false".to_owned(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Unary(operator, inner) => {
            let sign = if *operator == UnaryOperator::Negate { "-" } else { "not " };
            format!("{sign}{}", operand(inner, unary_strength(*operator)))
        }
        ExprKind::Binary(operator, left, right) => binary(*operator, left, right),
        ExprKind::If(condition, yes, no) => {
            format!("if {} then {} else {}", expr(condition), expr(yes), expr(no))
        }
        ExprKind::Call(call) => call_text(call),
        ExprKind::Index(array, places) => format!("{}[{}]", operand(array, u8::MAX), list(places, place)),
        ExprKind::Array(elements) => format!("[{}]", list(elements, expr)),
        ExprKind::Range(low, high) => {
            let end = |end: &Option<Box<Expr>>| end.as_ref().map_or(String::new(), |end| expr(end));
            format!("{}..{}", end(low), end(high))
        }
        // Not a legal text: what is broken must not read back as something sound.
        ExprKind::Broken => "?".to_owned(),
    }
}

fn binary(operator: BinaryOperator, left: &Expr, right: &Expr) -> String {
    let strength = binary_strength(operator);
    let comparison = strength == binary_strength(BinaryOperator::Equal);
    let power = operator == BinaryOperator::Power;
    // An operand as strong as the operator keeps its place only on the side towards which the operator associates.
    let left = operand(left, strength + u8::from(comparison || power));
    let right = operand(right, strength + u8::from(!power));
    let sign = operator_text(operator);
    if power { format!("{left}^{right}") } else { format!("{left} {sign} {right}") }
}

/// An operand, in parentheses where it binds less than `least`.
fn operand(value: &Expr, least: u8) -> String {
    let strength = match &value.kind {
        ExprKind::Binary(operator, ..) => binary_strength(*operator),
        ExprKind::Unary(operator, _) => unary_strength(*operator),
        ExprKind::If(..) | ExprKind::Range(..) => 0,
        _ => u8::MAX,
    };
    if strength < least { format!("({})", expr(value)) } else { expr(value) }
}

/// How an operator is spelt.
pub(super) fn operator_text(operator: BinaryOperator) -> &'static str {
    use BinaryOperator::*;
    match operator {
        Or => "or",
        And => "and",
        Equal => "==",
        NotEqual => "!=",
        Less => "<",
        LessEqual => "<=",
        Greater => ">",
        GreaterEqual => ">=",
        In => "in",
        Add => "+",
        Subtract => "-",
        Multiply => "*",
        Divide => "/",
        IntegerDivide => "div",
        Modulo => "mod",
        MatrixMultiply => "@",
        Power => "^",
    }
}

fn call_text(call: &Call) -> String {
    let mut parts = Vec::new();
    if !call.arguments.is_empty() {
        parts.push(list(&call.arguments, argument));
    }
    if !call.over.is_empty() {
        parts.push(format!("over {}", list(&call.over, binder)));
    }
    if let Some(filter) = &call.filter {
        parts.push(format!("where {}", expr(filter)));
    }
    if !call.by.is_empty() {
        parts.push(format!("by {}", list(&call.by, expr)));
    }
    format!("{}({})", call.function.text, parts.join(" "))
}

fn argument(argument: &Argument) -> String {
    let name = argument.name.as_ref().map_or(String::new(), |name| format!("{} = ", name.text));
    name + &expr(&argument.value)
}

fn place(place: &Index) -> String {
    match place {
        Index::At(value) => expr(value),
        Index::All(_) => "_".to_owned(),
        Index::Named(name, value) => format!("{} = {}", name.text, expr(value)),
    }
}
