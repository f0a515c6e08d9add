//! Two operands on a line without a sign between them. Which sign was left out, only the writer knows.

use super::cut::Piece;
use super::parse::File;
use super::token::{Token, TokenKind};
use super::words;

/// What may have been left out before the token at `at`: `beta dose`, `2 x`, `normal 0, 1`, `f(a b)`.
pub(super) fn between(file: &File<'_>, piece: &Piece, at: usize) -> Option<String> {
    if at <= piece.tokens.start || at >= piece.tokens.end {
        return None;
    }
    let operand = |token: &Token| match token.kind {
        TokenKind::Word => !words::is_reserved(token.text(file.text)),
        kind => kind == TokenKind::Number,
    };
    let (before, here) = (file.tokens[at - 1], file.tokens[at]);
    if before.line != here.line || !operand(&before) || !operand(&here) {
        return None;
    }
    let (left, right) = (file.word(at - 1), file.word(at));
    if left == "lambda" && file.word(at + 1) == ":" {
        return Some(format!("a function is declared by its name: `fn f({right}) = …`"));
    }
    let product = format!("if a product is meant, write `{left} * {right}`");
    let drawn = at.checked_sub(2).is_some_and(|at| file.word(at) == "~");
    Some(match (drawn, in_call(file, piece, at)) {
        (true, _) => format!("arguments stand in parentheses: `{left}({right} …)`"),
        (false, true) => format!("if these are two arguments, write `{left}, {right}`; {product}"),
        (false, false) => product,
    })
}

/// Whether the innermost bracket that is open before a token is that of a call.
fn in_call(file: &File<'_>, piece: &Piece, at: usize) -> bool {
    let mut closed = 0usize;
    for before in (piece.tokens.start..at).rev() {
        match file.word(before) {
            ")" | "]" | "}" => closed += 1,
            "(" | "[" | "{" if closed > 0 => closed -= 1,
            "(" => return before > 0 && file.tokens[before - 1].kind == TokenKind::Word,
            "[" | "{" => return false,
            _ => {}
        }
    }
    false
}
