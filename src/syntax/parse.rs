//! Source to tree: each piece of the cut is parsed on its own, so that one mistake hides no other.

use super::ast::{Statement, StatementKind, Tree};
use super::cut::{self, Piece, State};
use super::expressions::Builder;
use super::grammar::{Grammar, Rule, parts};
use super::token::{self, Token};
use super::words::StatementWord;
use super::{clean, docs, errors, habits, noise, salvage, strays};
use crate::diagnostics::syntax_codes::UNEXPECTED;
use crate::diagnostics::{Diagnostic, any_error};
use crate::source::{Source, Span};
use pest::Parser;

/// Reads a model. The tree holds every statement whose kind and name could be made out; the diagnostics are all
/// mistakes of the file, by place.
pub fn parse(source: &Source) -> (Tree, Vec<Diagnostic>) {
    let (text, mut diagnostics) = clean::clean(source.text());
    let (all, mistakes) = token::tokens(&text);
    diagnostics.extend(mistakes);
    let tokens: Vec<Token> = all.iter().filter(|token| !token.is_comment()).copied().collect();
    let mut cut = cut::cut(&text, &tokens);
    diagnostics.append(&mut cut.diagnostics);
    docs::attach(&mut cut.pieces, &text, &all);
    let file = File { text: &text, tokens: &tokens };
    noise::withhold_bodies(&file, &mut cut.pieces);
    diagnostics.extend(habits::operators(&file, &cut.pieces));
    diagnostics.extend(strays::blocks(&cut.blocks));
    diagnostics.extend(strays::report(&file, &cut.pieces, &cut.blocks));
    let strays = salvage::strays(&file, &cut.pieces);
    let pieces = cut.pieces.clone();
    let statements = file.statements(cut.pieces, &mut diagnostics);
    noise::reduce(&file, &pieces, &mut diagnostics);
    let mut statements: Vec<Statement> = strays.into_iter().chain(statements).collect();
    statements.iter_mut().for_each(|statement| statement.span = source.whole(statement.span));
    diagnostics.iter_mut().for_each(|diagnostic| diagnostic.align(source));
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map_or(0, |label| label.span.start));
    (Tree { statements }, diagnostics)
}

/// The cleaned text and its tokens without comments.
pub(super) struct File<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
}

impl<'a> File<'a> {
    /// The letters of a token; empty past the end.
    pub(super) fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    /// From the first to the last token of a piece.
    pub(super) fn span(&self, piece: &Piece) -> Span {
        self.tokens[piece.tokens.start].span.to(self.tokens[piece.tokens.end - 1].span)
    }

    fn statements(&self, pieces: Vec<Piece>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Statement> {
        pieces.into_iter().filter_map(|piece| self.statement(piece, diagnostics)).collect()
    }

    fn statement(&self, mut piece: Piece, diagnostics: &mut Vec<Diagnostic>) -> Option<Statement> {
        let word = piece.word?;
        let span = self.span(&piece);
        let doc = (!piece.doc.is_empty()).then(|| piece.doc.join("\n"));
        let kind = if word == StatementWord::Guide {
            let children = std::mem::take(&mut piece.children);
            self.check_guide(&piece, diagnostics);
            Some(StatementKind::Guide(self.statements(children, diagnostics)))
        } else {
            match piece.state {
                State::Sound => self.parse(&piece, diagnostics),
                State::Broken => None,
            }
        };
        let kind = kind.or_else(|| salvage::statement(self, &piece))?;
        Some(Statement { kind, span, doc })
    }

    /// A guide's statements are pieces of their own; only its brace is left to check.
    fn check_guide(&self, piece: &Piece, diagnostics: &mut Vec<Diagnostic>) {
        if piece.state == State::Sound && self.word(piece.tokens.start + 1) != "{" {
            diagnostics.push(
                Diagnostic::new(UNEXPECTED, "expected `{` after `guide`")
                    .at(self.tokens[piece.tokens.start].span, "a guide is a block")
                    .help("write `guide { latent z ~ normal(m, s) }`"),
            );
        }
    }

    fn parse(&self, piece: &Piece, diagnostics: &mut Vec<Diagnostic>) -> Option<StatementKind> {
        let span = self.span(piece);
        let text = &self.text[span.start..span.end];
        let mut pairs = match Grammar::parse(Rule::statement, text) {
            Ok(pairs) => pairs,
            Err(error) => {
                diagnostics.push(errors::explain(self, piece, &error));
                return None;
            }
        };
        let statement = pairs.next().and_then(|whole| parts(whole).next())?;
        let mut builder = Builder { text, offset: span.start, diagnostics: Vec::new() };
        let kind = builder.statement(statement);
        diagnostics.append(&mut builder.diagnostics);
        Some(kind)
    }
}

/// Reads a model that must be free of mistakes.
pub(super) fn parse_clean(source: &Source) -> Result<Tree, Vec<Diagnostic>> {
    let (tree, diagnostics) = parse(source);
    if any_error(&diagnostics) { Err(diagnostics) } else { Ok(tree) }
}
