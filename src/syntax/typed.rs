//! Types of Stan: what each is here, and one that stands before the name in a statement of this language:
//! `data real<lower=0> sigma`, `latent real mu ~ …`.

use super::cut::Piece;
use super::parse::File;
use super::token::TokenKind;
use super::words::{self, StatementWord};
use crate::diagnostics::syntax_codes::STAN_DECLARATION;
use crate::diagnostics::{Diagnostic, Edit};

pub(super) const STAN_TYPES: [&str; 17] = [
    "real",
    "int",
    "vector",
    "row_vector",
    "matrix",
    "array",
    "complex",
    "simplex",
    "ordered",
    "positive_ordered",
    "unit_vector",
    "corr_matrix",
    "cov_matrix",
    "cholesky_factor_corr",
    "cholesky_factor_cov",
    "sum_to_zero_vector",
    "tuple",
];

/// The diagnostic for a piece that pest could not read, if it is such.
pub(super) fn explain(file: &File<'_>, piece: &Piece) -> Option<Diagnostic> {
    let at = named(file, piece)?;
    let (word, ty) = (piece.word?, piece.tokens.start + 1);
    let written: Vec<&str> = (ty..at).map(|at| file.word(at)).collect();
    let support = support(&written);
    let (keyword, name) = (file.word(piece.tokens.start), file.word(at));
    let plain = matches!(written[0], "real" | "int");
    let array = !plain || file.tokens.get(at + 1).is_some() && file.word(at + 1) == "[";
    let computed = matches!(word, StatementWord::Let | StatementWord::Generate);
    let untyped = computed || (support == "real" && word == StatementWord::Latent);
    let axes = if array { "[obs]" } else { "" };
    let own = if untyped { format!("{name}{axes}") } else { format!("{name}{axes}: {support}") };
    let span = file.tokens[ty].span.to(file.tokens[at].span);
    let diagnostic =
        Diagnostic::new(STAN_DECLARATION, format!("the type of `{name}` stands behind its name"))
            .at(span, "a declaration in Stan's spelling");
    let sign = match word {
        StatementWord::Latent => " ~ …",
        StatementWord::Let | StatementWord::Generate => " = …",
        _ => "",
    };
    let form = format!("`{keyword} {own}{sign}`");
    Some(match array {
        true => diagnostic.help(format!("write {form}, with the dims of the axes: no size is passed")),
        false => diagnostic.fix(format!("write {form}"), vec![Edit { span, text: own }]),
    })
}

/// Where the name stands, behind its type.
pub(super) fn named(file: &File<'_>, piece: &Piece) -> Option<usize> {
    let ty = piece.tokens.start + 1;
    let declares = matches!(
        piece.word?,
        StatementWord::Data | StatementWord::Latent | StatementWord::Let | StatementWord::Generate
    );
    let typed = piece.tokens.contains(&ty) && STAN_TYPES.contains(&file.word(ty));
    if declares && typed { name(file, piece, ty + 1) } else { None }
}

/// The name behind the bounds and sizes of a type.
fn name(file: &File<'_>, piece: &Piece, first: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in first..piece.tokens.end {
        match file.word(at) {
            "[" | "<" | "(" => depth += 1,
            "]" | ">" | ")" => depth = depth.saturating_sub(1),
            word if depth == 0 && STAN_TYPES.contains(&word) => {}
            word if depth == 0 => {
                let named = file.tokens[at].kind == TokenKind::Word && !words::is_reserved(word);
                return named.then_some(at);
            }
            _ => {}
        }
    }
    None
}

/// The type of this language nearest to a type of Stan with its bounds, as words.
pub(super) fn support(words: &[&str]) -> String {
    let kind =
        words.iter().copied().find(|word| *word == "int").or(words.first().copied()).unwrap_or_default();
    let bounds = ["lower", "upper"].map(|side| bound(words, side));
    let joint = match kind {
        "simplex" | "ordered" | "positive_ordered" | "unit_vector" => Some(kind),
        "corr_matrix" => Some("corr"),
        "cov_matrix" => Some("cov"),
        "cholesky_factor_corr" => Some("chol_corr"),
        "cholesky_factor_cov" => Some("chol_cov"),
        _ => None,
    };
    let ends = bounds.each_ref().map(|bound| bound.as_deref());
    let named = match (kind, ends) {
        (_, _) if joint.is_some() => joint,
        ("int", [Some("0"), Some("1")]) => Some("bool"),
        ("int", [Some("0"), None]) => Some("count"),
        ("int", [None, None]) => Some("int"),
        ("int", _) => None,
        (_, [Some("0"), Some("1")]) => Some("unit"),
        (_, [Some("0"), None]) => Some("positive"),
        (_, [None, None]) => Some("real"),
        _ => None,
    };
    let number = if kind == "int" { "int" } else { "real" };
    let [low, high] = ends.map(Option::unwrap_or_default);
    named.map_or_else(|| format!("{number}({low}..{high})"), str::to_owned)
}

/// What is written for one side of `<lower=…, upper=…>`.
fn bound(words: &[&str], side: &str) -> Option<String> {
    let start = words.windows(2).position(|two| two == [side, "="])? + 2;
    let mut depth = 0usize;
    let mut value = String::new();
    for word in &words[start..] {
        match *word {
            "," | ">" if depth == 0 => break,
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        value.push_str(word);
    }
    (!value.is_empty()).then_some(value)
}
