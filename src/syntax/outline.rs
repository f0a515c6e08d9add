//! Tree to an indented outline, for people who want to see what was read (`--emit tree`).

use super::ast::*;
use super::print::{number, operator_text, quote, type_text};

/// One line for each node, indented by depth.
pub fn outline(tree: &Tree) -> String {
    let mut out = Outline::default();
    out.statements(&tree.statements);
    out.text
}

#[derive(Default)]
struct Outline {
    text: String,
    depth: usize,
}

impl Outline {
    fn line(&mut self, words: &str) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
        self.text.push_str(words);
        self.text.push('\n');
    }

    /// A line, and what `inside` writes below it.
    fn under(&mut self, words: &str, inside: impl FnOnce(&mut Self)) {
        self.line(words);
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(&statement.kind);
        }
    }

    fn statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Dim(items) => items.iter().for_each(|item| self.dim(item)),
            StatementKind::Data(data) => self.declaration("data", &data.head, data.ty.as_ref(), |out| {
                if let Some((field, _)) = &data.from {
                    out.line(&format!("from {}", quote(field)));
                }
                out.part("missing", data.missing.as_ref());
                out.part("default", data.default.as_ref());
            }),
            StatementKind::Let(value) => {
                self.declaration("let", &value.head, value.ty.as_ref(), |out| out.expr(&value.value));
            }
            StatementKind::Latent(latent) => {
                self.declaration("latent", &latent.head, latent.ty.as_ref(), |out| {
                    out.part("prior", latent.prior.as_ref());
                    if let Some(using) = &latent.using {
                        out.line(&format!("using {}", using.text));
                    }
                })
            }
            StatementKind::Learn(learn) => {
                self.declaration("learn", &learn.head, learn.ty.as_ref(), |out| {
                    out.part("init", learn.init.as_ref())
                });
            }
            StatementKind::Observe(observe) => self.under("observe", |out| {
                match &observe.head {
                    Some(head) => out.head("target", head),
                    None => out.expr(&observe.target),
                }
                out.expr(&observe.distribution);
            }),
            StatementKind::Potential(value) => self.under("potential", |out| out.expr(value)),
            StatementKind::Generate(generate) => {
                self.declaration("generate", &generate.head, generate.ty.as_ref(), |out| {
                    match &generate.value {
                        GenerateValue::Value(value) => out.part("value", Some(value)),
                        GenerateValue::Draw(value) => out.part("draw", Some(value)),
                    }
                });
            }
            StatementKind::Function(function) => self.function(function),
            StatementKind::Guide(inner) => self.under("guide", |out| out.statements(inner)),
            StatementKind::Ode(ode) => self.ode(ode),
        }
    }

    fn function(&mut self, function: &FunctionDeclaration) {
        let names: Vec<&str> = function.parameters.iter().map(|name| name.text.as_str()).collect();
        let title = format!("fn {}({})", function.name.text, names.join(", "));
        self.under(&title, |out| out.expr(&function.body));
    }

    fn ode(&mut self, ode: &OdeBlock) {
        self.under(&format!("ode {}", ode.time.text), |out| {
            out.part("from", Some(&ode.start));
            out.part("at", Some(&ode.at));
            ode.options.iter().for_each(|option| out.argument(option));
            for state in &ode.states {
                out.under(&format!("state {}", state.name.text), |out| {
                    out.part("start", Some(&state.start));
                    out.part("rate", Some(&state.rate));
                });
            }
        });
    }

    fn dim(&mut self, item: &DimDeclaration) {
        let title = format!("dim {}", item.name.text);
        self.under(&title, |out| match &item.form {
            DimForm::FromData => {}
            DimForm::Size(size) => out.part("size", Some(size)),
            DimForm::Range(low, high) => {
                out.part("first", Some(low));
                out.part("last", Some(high));
            }
            DimForm::Labels(labels) => labels.iter().for_each(|(label, _)| out.line(&quote(label))),
            DimForm::Sub { parent, filter } => {
                out.line(&format!("of {}", parent.text));
                out.part("where", Some(filter));
            }
            DimForm::Ragged { parent, sizes } => {
                out.line(&format!("in {}", parent.text));
                out.part("sizes", sizes.as_ref());
            }
        });
    }

    fn declaration(&mut self, word: &str, head: &Head, ty: Option<&TypeExpr>, rest: impl FnOnce(&mut Self)) {
        self.head(word, head);
        self.depth += 1;
        if let Some(ty) = ty {
            self.line(&format!("type {}", type_text(ty)));
        }
        rest(self);
        self.depth -= 1;
    }

    fn head(&mut self, word: &str, head: &Head) {
        self.under(&format!("{word} {}", head.name.text), |out| {
            head.axes.iter().flatten().for_each(|binder| out.binder("axis", binder));
        });
    }

    fn binder(&mut self, word: &str, binder: &Binder) {
        let variable = binder.variable.as_ref().map_or(String::new(), |name| format!("{}: ", name.text));
        let title = format!("{word} {variable}{}", binder.dim.text);
        self.under(&title, |out| out.part("where", binder.filter.as_ref()));
    }

    fn part(&mut self, word: &str, value: Option<&Expr>) {
        if let Some(value) = value {
            self.under(word, |out| out.expr(value));
        }
    }

    fn argument(&mut self, argument: &Argument) {
        match &argument.name {
            Some(name) => self.part(&format!("{} =", name.text), Some(&argument.value)),
            None => self.expr(&argument.value),
        }
    }

    fn expr(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::Number { value, integer } => self.line(&number(*value, *integer)),
            ExprKind::Text(text) => self.line(&quote(text)),
            ExprKind::Truth(Truth::True) => self.line("true"),
            ExprKind::Truth(Truth::False) => self.line("false"),
            ExprKind::Name(name) => self.line(name),
            ExprKind::Unary(UnaryOperator::Negate, inner) => self.under("negate", |out| out.expr(inner)),
            ExprKind::Unary(UnaryOperator::Not, inner) => self.under("not", |out| out.expr(inner)),
            ExprKind::Binary(operator, left, right) => self.under(operator_text(*operator), |out| {
                out.expr(left);
                out.expr(right);
            }),
            ExprKind::If(condition, yes, no) => self.under("if", |out| {
                out.expr(condition);
                out.expr(yes);
                out.expr(no);
            }),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Index(array, places) => self.under("index", |out| {
                out.expr(array);
                places.iter().for_each(|place| out.place(place));
            }),
            ExprKind::Array(elements) => {
                self.under("array", |out| elements.iter().for_each(|element| out.expr(element)))
            }
            ExprKind::Range(low, high) => self.under("range", |out| {
                out.part("from", low.as_deref());
                out.part("to", high.as_deref());
            }),
            ExprKind::Broken => self.line("broken"),
        }
    }

    fn call(&mut self, call: &Call) {
        self.under(&format!("call {}", call.function.text), |out| {
            call.arguments.iter().for_each(|argument| out.argument(argument));
            call.over.iter().for_each(|binder| out.binder("over", binder));
            out.part("where", call.filter.as_deref());
            call.by.iter().for_each(|key| out.part("by", Some(key)));
        });
    }

    fn place(&mut self, place: &Index) {
        match place {
            Index::At(value) => self.expr(value),
            Index::All(_) => self.line("_"),
            Index::Named(name, value) => self.part(&format!("{} =", name.text), Some(value)),
        }
    }
}
