//! What is kept of a statement that did not parse: its kind and its name, so that later passes know the name.
//! What could not be read is [`ExprKind::Broken`]; a broken `data` has it as its default.

use super::ast::*;
use super::cut::Piece;
use super::parse::File;
use super::token::TokenKind;
use super::words::{self, StatementWord};

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
            StatementKind::Dim(vec![DimDeclaration { name: head.name, form: DimForm::Size(broken()) }])
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

fn name(file: &File<'_>, at: usize) -> Option<Name> {
    let token = file.tokens.get(at).filter(|token| token.kind == TokenKind::Word)?;
    let text = token.text(file.text);
    (!words::is_reserved(text) && text != "_").then(|| Name { text: text.to_owned(), span: token.span })
}

/// The name, with its bracket if that holds nothing but plain binders.
fn head(file: &File<'_>, piece: &Piece) -> Option<Head> {
    let at = piece.tokens.start + 1;
    if !piece.tokens.contains(&at) {
        return None;
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
