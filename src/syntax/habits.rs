//! Operators of other languages inside of statements. The grammar reads them, so that the rest of the statement is
//! checked; here they are reported, each kind once for a file. Likewise names called by their module, as in Python.

use super::cut::Piece;
use super::parse::File;
use super::token::TokenKind;
use crate::diagnostics::syntax_codes::{FOREIGN_OPERATOR, MODULE, TRANSPOSE};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;

/// At most this many places get a label; the edits cover all.
const LABELS: usize = 3;

/// The spelling of this language.
fn native(sign: &str) -> Option<&'static str> {
    Some(match sign {
        "**" | ".^" => "^",
        ":=" => "=",
        "&&" => "and",
        "||" => "or",
        "!" => "not",
        "%" => "mod",
        "%*%" => "@",
        ".*" => "*",
        "./" => "/",
        _ => return None,
    })
}

/// One diagnostic for all operators of other languages, and one for all transposes.
pub(super) fn operators(file: &File<'_>, pieces: &[Piece]) -> Vec<Diagnostic> {
    let mut foreign = Vec::new();
    let mut transposes = Vec::new();
    let own = pieces.iter().filter(|piece| piece.word.is_some()).flat_map(|piece| piece.tokens.clone());
    for token in own.map(|at| file.tokens[at]).filter(|token| token.kind == TokenKind::Sign) {
        let sign = token.text(file.text);
        match native(sign) {
            Some(native) => foreign.push((sign, native, token.span)),
            None if sign == "'" => transposes.push(token.span),
            None => {}
        }
    }
    [foreign_operators(file, &foreign), transposed(&transposes)].into_iter().flatten().collect()
}

fn foreign_operators(file: &File<'_>, found: &[(&str, &'static str, Span)]) -> Option<Diagnostic> {
    let (sign, native, _) = found.first()?;
    let same = found.iter().all(|(other, _, _)| other == sign);
    let message = if same {
        format!("`{sign}` is spelt `{native}` here")
    } else {
        "some operators are spelt otherwise here".to_owned()
    };
    let mut diagnostic = Diagnostic::new(FOREIGN_OPERATOR, message);
    for (_, native, span) in found.iter().take(LABELS) {
        diagnostic = diagnostic.at(*span, format!("write `{native}`"));
    }
    let edits =
        found.iter().map(|(_, native, span)| Edit { span: *span, text: spaced(file.text, *span, native) });
    let help = if found.len() == 1 { format!("write `{native}`") } else { "replace them".to_owned() };
    Some(diagnostic.fix(help, edits.collect()))
}

/// A word needs space on both sides.
fn spaced(text: &str, span: Span, native: &str) -> String {
    if !native.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return native.to_owned();
    }
    let before =
        if text[..span.start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') { " " } else { "" };
    let after = if text[span.end..].starts_with(char::is_whitespace) { "" } else { " " };
    format!("{before}{native}{after}")
}

fn transposed(found: &[Span]) -> Option<Diagnostic> {
    let mut diagnostic = Diagnostic::new(TRANSPOSE, "`'` does not transpose");
    found.first()?;
    for span in found.iter().take(LABELS) {
        diagnostic = diagnostic.at(*span, "a habit from matrix languages");
    }
    Some(diagnostic.help(
        "`A @ b` finds the shared dim by name, so a transpose is seldom needed; where it is, write `transpose(A)`",
    ))
}

/// Names under which modules of Python are imported.
const MODULES: [&str; 16] = [
    "np", "numpy", "jnp", "jax", "math", "torch", "pm", "pymc", "pt", "numpyro", "pyro", "dist", "tfd", "tf",
    "scipy", "stats",
];

/// Whether a dotted name begins with a module.
pub(super) fn is_module(word: &str) -> bool {
    word.split_once('.').is_some_and(|(first, _)| MODULES.contains(&first))
}

/// Methods of arrays in Python, and the functions that they are.
const METHODS: [(&str, &str); 11] = [
    ("mean", "mean"),
    ("sum", "sum"),
    ("prod", "prod"),
    ("min", "min"),
    ("max", "max"),
    ("var", "var"),
    ("std", "sd"),
    ("any", "any"),
    ("all", "all"),
    ("cumsum", "cumsum"),
    ("round", "round"),
];

/// Functions of R with a point in their names, as they are here.
const DOTTED: [(&str, &str); 3] = [("is.na", "is_missing"), ("is.nan", "is_missing"), ("as.integer", "int")];

/// What a function of R is called here.
pub(super) fn dotted(word: &str) -> Option<&'static str> {
    DOTTED.iter().find(|(foreign, _)| *foreign == word).map(|(_, own)| *own)
}

/// `y.mean()`: a method, where the text at the front is a dotted name of some length.
pub(super) fn method(rest: &str, length: usize, span: Span) -> Option<Diagnostic> {
    let (object, name) = rest[..length].rsplit_once('.')?;
    let given = rest[length..].strip_prefix('(')?;
    let (_, function) = METHODS.iter().find(|(method, _)| *method == name)?;
    let diagnostic =
        Diagnostic::new(MODULE, format!("`{object}.{name}` is called as a method, and arrays have none"))
            .at(span, "a habit from Python");
    let call = format!("{function}({object})");
    if !given.starts_with(')') || object.contains('.') {
        return Some(diagnostic.help(format!("what a function acts on is its argument: `{call}`")));
    }
    let edit = Edit { span: Span::new(span.start, span.end + "()".len()), text: call.clone() };
    Some(diagnostic.fix(format!("write `{call}`"), vec![edit]))
}

/// `pm.Normal("b", 0, 1)` as a statement, where its arguments are plain: keywords may be others here.
fn draw(text: &str, span: Span) -> Option<String> {
    let (_, family) = text[span.start..span.end].rsplit_once('.')?;
    let given = text[span.end..].strip_prefix("(\"")?;
    let (name, rest) = given.split_once("\",")?;
    let (arguments, _) = rest.split_once(')')?;
    if arguments.contains(['=', '(', '\n', '"'])
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        return None;
    }
    let mut spelt = String::new();
    for (at, letter) in family.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            spelt.push('_');
        }
        spelt.push(letter.to_ascii_lowercase());
    }
    Some(format!("`latent {name} ~ {spelt}({})`", arguments.trim()))
}

/// One diagnostic for all names that are called by their module. A function keeps its last part; a draw is a statement.
pub(super) fn modules(text: &str, found: &[Span]) -> Option<Diagnostic> {
    let written = |span: &Span| &text[span.start..span.end];
    let last = |span: &Span| written(span).rsplit('.').next().unwrap_or_default();
    let is_draw =
        |span: &Span| last(span).starts_with(|c: char| c.is_ascii_uppercase()) || last(span) == "sample";
    let first = found.first()?;
    let places = if found.len() == 1 { String::new() } else { format!(" ({} places)", found.len()) };
    let message = format!("`{}` is called by its module, as in Python{places}", written(first));
    let mut diagnostic = Diagnostic::new(MODULE, message);
    for span in found.iter().take(LABELS) {
        diagnostic = diagnostic.at(*span, if is_draw(span) { "a draw is a statement" } else { "no module" });
    }
    let functions: Vec<Edit> = found
        .iter()
        .filter(|span| !is_draw(span))
        .map(|span| Edit { span: *span, text: last(span).to_owned() })
        .collect();
    let shown = found.iter().filter(|span| is_draw(span)).find_map(|span| draw(text, *span));
    let shown = shown.unwrap_or_else(|| "`latent mu ~ normal(0, 5)`".to_owned());
    let draws = format!(
        "write a draw as a statement: {shown} where it is unobserved, `observe y ~ normal(mu, sigma)` where it is data; there is no model object"
    );
    Some(match (functions.len(), found.len()) {
        (0, _) => diagnostic.help(draws),
        (some, all) if some == all => diagnostic.fix("all functions are there without a module", functions),
        _ => diagnostic.help(draws).help("all functions are there without a module: `exp(x)`"),
    })
}
