//! What is kept of a statement that did not parse: its kind and its name, so that later passes know the name.
//! What could not be read is [`ExprKind::Broken`]; a broken `data` has it as its default.

use std::collections::HashSet;

use super::ast::*;
use super::cut::Piece;
use super::parse::File;
use super::token::TokenKind;
use super::typed;
use super::words::{self, StatementWord};
use crate::source::Span;

/// The statement with its expression broken; `None` where not even a name can be made out.
pub(super) fn statement(file: &File<'_>, piece: &Piece) -> Option<StatementKind> {
    let word = piece.word?;
    let span = file.span(piece);
    let broken = || Expr { kind: ExprKind::Broken, span };
    match word {
        StatementWord::Potential => return Some(StatementKind::Potential(broken())),
        StatementWord::Guide => return Some(StatementKind::Guide(Vec::new())),
        StatementWord::Ode => return None,
        _ => {}
    }
    let head = head(file, piece)?;
    Some(match word {
        StatementWord::Dim => {
            let names = dim_names(file, piece).into_iter();
            StatementKind::Dim(
                names.map(|name| DimDeclaration { name, form: DimForm::Size(broken()) }).collect(),
            )
        }
        StatementWord::Data => {
            let default = Some(broken());
            StatementKind::Data(DataDeclaration { head, ty: None, from: None, missing: None, default })
        }
        StatementWord::Let => StatementKind::Let(LetDeclaration { head, ty: None, value: broken() }),
        StatementWord::Latent => {
            StatementKind::Latent(LatentDeclaration { head, ty: None, prior: Some(broken()), using: None })
        }
        StatementWord::Learn => {
            StatementKind::Learn(LearnDeclaration { head, ty: None, init: Some(broken()) })
        }
        StatementWord::Generate => {
            let value = GenerateValue::Value(broken());
            StatementKind::Generate(GenerateDeclaration { head, ty: None, value })
        }
        StatementWord::Function => {
            let parameters = Vec::new();
            StatementKind::Function(FunctionDeclaration { name: head.name, parameters, body: broken() })
        }
        _ => {
            let target = Expr { kind: ExprKind::Name(head.name.text.clone()), span: head.name.span };
            StatementKind::Observe(ObserveStatement { target, head: None, distribution: broken() })
        }
    })
}

/// The names in text that belongs to no statement and that no statement declares, as latents whose prior is broken: what
/// was meant to declare them has been reported, and their uses are no mistakes of their own.
pub(super) fn strays(file: &File<'_>, pieces: &[Piece]) -> Vec<Statement> {
    let more: Vec<Name> = pieces.iter().flat_map(|piece| further_names(file, piece)).collect();
    if more.is_empty() && pieces.iter().all(|piece| piece.word.is_some()) {
        return Vec::new();
    }
    let own = pieces.iter().filter(|piece| piece.word.is_some());
    let declared = |piece: &Piece| match piece.word {
        Some(StatementWord::Dim) => dim_names(file, piece),
        Some(StatementWord::Observe | StatementWord::Potential | StatementWord::Guide) => vec![],
        _ => name(file, piece.tokens.start + 1).into_iter().collect(),
    };
    let mut known: HashSet<String> = own.flat_map(declared).map(|name| name.text).collect();
    let stray = pieces.iter().filter(|piece| piece.word.is_none()).flat_map(|piece| piece.tokens.clone());
    let names = stray.filter(|at| file.word(at + 1) != "(").filter_map(|at| name(file, at));
    let fresh: Vec<Name> = names.chain(more).filter(|name| known.insert(name.text.clone())).collect();
    fresh.into_iter().map(poisoned).collect()
}

/// `b` and `c` of `latent a, b, c ~ …`, which does not parse.
fn further_names(file: &File<'_>, piece: &Piece) -> Vec<Name> {
    let many = matches!(piece.word, Some(StatementWord::Data | StatementWord::Latent | StatementWord::Let));
    let mut at = piece.tokens.start + 2;
    let mut names = Vec::new();
    while many && piece.tokens.contains(&(at + 1)) && file.word(at) == "," {
        names.extend(name(file, at + 1));
        at += 2;
    }
    names
}

fn poisoned(name: Name) -> Statement {
    let span = name.span;
    let prior = Some(Expr { kind: ExprKind::Broken, span });
    let head = Head { name, axes: None };
    let kind = StatementKind::Latent(LatentDeclaration { head, ty: None, prior, using: None });
    // Before all others, so that they are known wherever they are used.
    Statement { kind, span: Span::default(), doc: None }
}

fn name(file: &File<'_>, at: usize) -> Option<Name> {
    let token = file.tokens.get(at).filter(|token| token.kind == TokenKind::Word)?;
    let text = token.text(file.text);
    (!words::is_reserved(text) && text != "_").then(|| Name { text: text.to_owned(), span: token.span })
}

/// The names right behind `dim` and behind the commas outside of brackets.
fn dim_names(file: &File<'_>, piece: &Piece) -> Vec<Name> {
    let mut names = Vec::new();
    let mut depth = 0usize;
    for at in piece.tokens.clone() {
        match file.word(at) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "dim" | "," if depth == 0 && piece.tokens.contains(&(at + 1)) => names.extend(name(file, at + 1)),
            _ => {}
        }
    }
    names
}

/// The name, with its bracket if that holds nothing but plain binders.
fn head(file: &File<'_>, piece: &Piece) -> Option<Head> {
    let at = piece.tokens.start + 1;
    if !piece.tokens.contains(&at) {
        return None;
    }
    if let Some(at) = typed::named(file, piece) {
        return Some(Head { name: name(file, at)?, axes: None });
    }
    let name = name(file, at)?;
    let axes = if file.word(at + 1) == "[" { axes(file, at + 2) } else { None };
    Some(Head { name, axes })
}

fn axes(file: &File<'_>, mut at: usize) -> Option<Vec<Binder>> {
    let mut binders = Vec::new();
    loop {
        let first = name(file, at)?;
        let (variable, dim) = if file.word(at + 1) == ":" {
            at += 2;
            (Some(first), name(file, at)?)
        } else {
            (None, first)
        };
        binders.push(Binder { variable, dim, filter: None });
        match file.word(at + 1) {
            "," => at += 2,
            "]" => return Some(binders),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Source;
    use crate::syntax::{outline, parse};

    #[test]
    fn broken_statements_keep_their_names() {
        let text = "dim a, b, c = (1\ndata x[a]: real from 3\nlatent z[i: a, b] ~ f(,)\nobserve x ~ +\n";
        let (tree, diagnostics) = parse(&Source::new("m.vi", text));
        assert_eq!(diagnostics.len(), 4, "{diagnostics:#?}");
        let outline = outline(&tree);
        for line in [
            "dim a\n",
            "dim b\n",
            "dim c\n",
            "data x\n  axis a\n",
            "latent z\n  axis i: a\n  axis b\n",
            "observe\n  x\n",
        ] {
            assert!(outline.contains(line), "{line} in\n{outline}");
        }
    }
}
