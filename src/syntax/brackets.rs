//! Matching brackets, and what is said of those that do not match.

use super::cut::MAX_NESTING;
use super::parse::File;
use super::token::Token;
use super::words::StatementWord;
use crate::diagnostics::syntax_codes::{STRAY_CLOSER, TOO_DEEP, UNCLOSED};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;

/// An open bracket, and the `if`s begun in it since its last comma.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frame {
    pub(super) open: usize,
    pub(super) ifs: usize,
}

/// The open brackets of a piece. Counts by kind keep a closer that fits nothing from being searched for.
#[derive(Debug, Default)]
pub(super) struct Stack {
    frames: Vec<(char, Frame)>,
    counts: [usize; 3],
}

impl Stack {
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn innermost(&mut self) -> Option<&mut Frame> {
        self.frames.last_mut().map(|(_, frame)| frame)
    }

    pub(super) fn push(&mut self, bracket: char, open: usize) {
        self.counts[kind(bracket)] += 1;
        self.frames.push((bracket, Frame { open, ifs: 0 }));
    }

    /// Takes off all frames down to the one that `bracket` opened, which comes first; `None` where there is none.
    pub(super) fn close(&mut self, bracket: char) -> Option<Vec<Frame>> {
        if self.counts[kind(bracket)] == 0 {
            return None;
        }
        let depth = self.frames.iter().rposition(|(open, _)| *open == bracket)?;
        let taken: Vec<(char, Frame)> = self.frames.drain(depth..).collect();
        for (open, _) in &taken {
            self.counts[kind(*open)] -= 1;
        }
        Some(taken.into_iter().map(|(_, frame)| frame).collect())
    }

    /// Takes off everything.
    pub(super) fn clear(&mut self) -> Vec<Frame> {
        self.counts = [0; 3];
        self.frames.drain(..).map(|(_, frame)| frame).collect()
    }
}

fn kind(bracket: char) -> usize {
    match bracket {
        '(' => 0,
        '[' => 1,
        _ => 2,
    }
}

/// For each token that is a `{`: its `}`, whatever other brackets do between them.
pub(super) fn brace_partners(text: &str, tokens: &[Token]) -> Vec<Option<usize>> {
    let mut partners = vec![None; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text(text) {
            "{" => open.push(at),
            "}" => {
                if let Some(partner) = open.pop() {
                    partners[partner] = Some(at);
                }
            }
            _ => {}
        }
    }
    partners
}

/// The braces of the blocks of a file.
pub(super) struct Braces<'a> {
    file: &'a File<'a>,
    heads: &'a [Span],
    partners: Vec<Option<usize>>,
}

impl<'a> Braces<'a> {
    pub(super) fn of(file: &'a File<'a>, heads: &'a [Span]) -> Self {
        Self { file, heads, partners: brace_partners(file.text, file.tokens) }
    }

    /// Whether a token stands between the braces of the block that begins last before it.
    pub(super) fn enclose(&self, at: usize) -> bool {
        let tokens = self.file.tokens;
        let nth = self.heads.partition_point(|head| head.start < tokens[at].span.start);
        let Some(head) = nth.checked_sub(1).map(|nth| self.heads[nth]) else { return false };
        let open = tokens.partition_point(|token| token.span.end < head.end);
        open < at && self.partners.get(open).copied().flatten().is_none_or(|close| close > at)
    }
}

/// `(` for `)`.
pub(super) fn opener(closer: &str) -> char {
    match closer {
        ")" => '(',
        "]" => '[',
        _ => '{',
    }
}

/// `)` for `(`.
fn closer(opener: &str) -> &'static str {
    match opener {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// Brackets left open, outermost first; `next` is the token that shows it.
pub(super) fn unclosed(text: &str, tokens: &[Token], open: &[usize], next: Option<usize>) -> Diagnostic {
    let outermost = open.first().copied().unwrap_or(0);
    let bracket = tokens[outermost].text(text);
    let mut diagnostic = Diagnostic::new(UNCLOSED, format!("this `{bracket}` is never closed"))
        .at(tokens[outermost].span, "opened here");
    if let Some(next) = next {
        let found = tokens[next].text(text);
        let words = match StatementWord::of(found) {
            Some(_) => "a new statement begins here".to_owned(),
            None => format!("`{found}` comes before it is closed"),
        };
        diagnostic = diagnostic.at(tokens[next].span, words);
    }
    if let Some(before) = end_of_head(text, tokens, open, next.unwrap_or(tokens.len())) {
        let (word, end) = (tokens[before].text(text), tokens[before].span.end);
        let closer = closer(bracket);
        let edit = Edit { span: Span::new(end, end), text: closer.to_owned() };
        return diagnostic.fix(format!("add `{closer}` after `{word}`"), vec![edit]);
    }
    let closers: String = open.iter().rev().map(|at| closer(tokens[*at].text(text))).collect();
    let last = next.unwrap_or(tokens.len()).saturating_sub(1);
    let end = tokens[last].span.end;
    let word = tokens[last].text(text);
    if is_certain(text, tokens, open, last) {
        let edit = Edit { span: Span::new(end, end), text: closers.clone() };
        return diagnostic.fix(format!("add `{closers}` after `{word}`"), vec![edit]);
    }
    if !tokens[last].ends_operand(text) {
        return diagnostic.help(format!("what follows `{word}` is lacking; then add `{closers}`"));
    }
    diagnostic.help(format!("add `{closers}` where it belongs, at the latest after `{word}`"))
}

/// Whether a bracket belongs to the name that a statement declares.
fn is_of_head(text: &str, tokens: &[Token], open: usize) -> bool {
    let is_word = |at: usize| tokens[at].kind == super::token::TokenKind::Word;
    open >= 2 && is_word(open - 1) && StatementWord::of(tokens[open - 2].text(text)).is_some()
}

/// The last token of a declared name's bracket that was left open: before the `=` or `~` of the statement, or the type of
/// data. None where a colon may be that of a running element as well as that of a type.
fn end_of_head(text: &str, tokens: &[Token], open: &[usize], end: usize) -> Option<usize> {
    let &[bracket] = open else { return None };
    if !is_of_head(text, tokens, bracket) {
        return None;
    }
    let word = |at: &usize| tokens[*at].text(text);
    let sign = (bracket + 1..end).find(|at| matches!(word(at), "=" | "~"));
    let colon = (bracket + 1..sign.unwrap_or(end)).rfind(|at| word(at) == ":");
    let is_data = StatementWord::of(tokens[bracket - 2].text(text)) == Some(StatementWord::Data);
    let after = match (colon, sign) {
        (Some(colon), _) if is_data => colon,
        (Some(_), _) => return None,
        (None, sign) => sign?,
    };
    (after > bracket + 1).then(|| after - 1)
}

/// Whether brackets can only be closed at the end: those of calls, with no other bracket inside of them. The end of a
/// sum in parentheses, or of the inner of two calls, is the writer's to say.
fn is_certain(text: &str, tokens: &[Token], open: &[usize], last: usize) -> bool {
    let bracket = |at: usize| matches!(tokens[at].text(text), "(" | "[" | "{" | ")" | "]" | "}");
    let called = |at: usize| at > 0 && tokens[at - 1].kind == super::token::TokenKind::Word;
    let first = open.first().copied().unwrap_or(0);
    tokens[last].ends_operand(text)
        && !is_of_head(text, tokens, first)
        && open.iter().all(|at| called(*at))
        && (first..=last).all(|at| open.binary_search(&at).is_ok() || !bracket(at))
}

/// A closing bracket that nothing opened.
pub(super) fn stray(text: &str, span: Span) -> Diagnostic {
    let found = &text[span.start..span.end];
    let edit = Edit { span, text: String::new() };
    Diagnostic::new(STRAY_CLOSER, format!("this `{found}` closes nothing"))
        .at(span, format!("no `{}` is open here", opener(found)))
        .fix("remove it", vec![edit])
}

/// Brackets or `if`s nested beyond the cap.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(TOO_DEEP, format!("this is nested more than {MAX_NESTING} deep"))
        .at(span, "one level too many")
        .help("name a part of it with `let` and use the name")
}
