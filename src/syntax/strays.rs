//! Text that belongs to no statement: what it would be in the language its writer comes from, and its form here.

use super::brackets::Braces;
use super::cut::{Piece, State};
use super::parse::File;
use super::token::TokenKind;
use super::typed::{self, STAN_TYPES};
use super::words::{self, StatementWord};
use super::{links, loops};
use crate::diagnostics::suggest::{is_mistyped, nearest};
use crate::diagnostics::syntax_codes::{
    BARE_ASSIGNMENT, BARE_TILDE, BLOCK, LOOP, STAN_DECLARATION, TARGET_INCREMENT, UNKNOWN_STATEMENT,
};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;
use std::collections::{HashMap, HashSet};

/// At most this many places get a label.
const LABELS: usize = 3;

/// The words that begin a statement, for suggestions; those that are not supported yet are left out.
const STATEMENT_WORDS: [&str; 9] =
    ["dim", "data", "let", "latent", "learn", "observe", "potential", "generate", "fn"];

/// One diagnostic for all blocks of a file.
pub(super) fn blocks(heads: &[Span]) -> Option<Diagnostic> {
    heads.first()?;
    let mut diagnostic = Diagnostic::new(BLOCK, "a model has no blocks");
    for head in heads.iter().take(LABELS) {
        diagnostic = diagnostic.at(*head, "a block begins here");
    }
    Some(diagnostic.help(
        "every statement says what it declares: `data y: real`, `latent mu ~ normal(0, 1)`, `observe y ~ …`",
    ))
}

/// One diagnostic for each stray piece; a declaration in Stan's spelling takes the draw of the name along.
pub(super) fn report(file: &File<'_>, pieces: &[Piece], blocks: &[Span]) -> Vec<Diagnostic> {
    let declared = declared(file, pieces, blocks);
    let children = pieces.iter().flat_map(|piece| piece.children.iter());
    let strays: Vec<Stray> = pieces
        .iter()
        .chain(children)
        .filter(|piece| piece.word.is_none() && piece.state == State::Sound)
        .map(|piece| Stray { file, piece, declared: &declared, block: Block::of(file, piece, blocks) })
        .collect();
    let completed: HashMap<(&str, Block), usize> =
        strays.iter().enumerate().rev().filter_map(|(k, stray)| Some((stray.completes()?, k))).collect();
    let braces = Braces::of(file, blocks);
    let mut taken = HashSet::new();
    let mut found = Vec::new();
    for (k, stray) in strays.iter().enumerate() {
        let later = stray.stan_name().and_then(|nth| completed.get(&(stray.word(nth), stray.block)));
        match later.filter(|later| **later > k) {
            Some(later) => {
                taken.insert(*later);
                found.push(stray.declared_and_completed(&strays[*later]));
            }
            None if taken.contains(&k) => {}
            // That there are no blocks has been said.
            None if stray.is_typed() && braces.enclose(stray.piece.tokens.start) => {}
            None => found.push(stray.explain()),
        }
    }
    found
}

/// The block of a Stan program that a stray stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Block {
    Data,
    Parameters,
    Computed,
    Other,
}

impl Block {
    fn of(file: &File<'_>, piece: &Piece, heads: &[Span]) -> Self {
        let start = file.tokens[piece.tokens.start].span.start;
        let nth = heads.partition_point(|head| head.start < start);
        let Some(head) = nth.checked_sub(1).map(|nth| heads[nth]) else { return Self::Other };
        let mut words = file.text[head.start..head.end].split_whitespace();
        match words.next().unwrap_or_default().trim_end_matches('{') {
            "data" => Self::Data,
            "parameters" => Self::Parameters,
            "transformed" | "generated" => Self::Computed,
            _ => Self::Other,
        }
    }
}

type Declared<'a> = HashMap<&'a str, (StatementWord, Span)>;

/// The names that declarations give, with their kind.
fn declared<'a>(file: &File<'a>, pieces: &[Piece], blocks: &[Span]) -> Declared<'a> {
    let mut declared = HashMap::new();
    for piece in pieces {
        let name = piece.tokens.start + 1;
        if let (Some(word), Some(token)) = (piece.word, file.tokens.get(name)) {
            declared.entry(file.word(name)).or_insert((word, token.span));
        }
    }
    // What a block of Stan declares as data is data.
    let nothing = HashMap::new();
    for piece in pieces.iter().filter(|piece| piece.word.is_none()) {
        let stray = Stray { file, piece, declared: &nothing, block: Block::of(file, piece, blocks) };
        if let (Block::Data, Some(nth)) = (stray.block, stray.stan_name()) {
            let at = piece.tokens.start + nth;
            declared.entry(file.word(at)).or_insert((StatementWord::Data, file.tokens[at].span));
        }
    }
    declared
}

struct Stray<'a> {
    file: &'a File<'a>,
    piece: &'a Piece,
    declared: &'a Declared<'a>,
    block: Block,
}

impl<'a> Stray<'a> {
    fn word(&self, nth: usize) -> &'a str {
        let at = self.piece.tokens.start + nth;
        if self.piece.tokens.contains(&at) { self.file.word(at) } else { "" }
    }

    fn kind(&self, nth: usize) -> Option<TokenKind> {
        let at = self.piece.tokens.start + nth;
        self.piece.tokens.contains(&at).then(|| self.file.tokens[at].kind)
    }

    fn token_span(&self, nth: usize) -> Span {
        self.file.tokens[self.piece.tokens.start + nth].span
    }

    fn text(&self, span: Span) -> &str {
        &self.file.text[span.start..span.end]
    }

    /// Where the sign stands that tells what the stray does: outside of brackets, counted from its first token.
    fn sign(&self) -> Option<(usize, &'a str)> {
        let mut depth = 0usize;
        for nth in 0..self.piece.tokens.len() {
            match self.word(nth) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                sign @ ("~" | "=" | ":=" | "+=") if depth == 0 => return Some((nth, sign)),
                "<" if depth == 0 && self.is_arrow(nth) => return Some((nth, "<-")),
                _ => {}
            }
        }
        None
    }

    /// `<-` is read as two signs, since `x<-1` compares.
    fn is_arrow(&self, nth: usize) -> bool {
        self.word(nth + 1) == "-" && self.token_span(nth).end == self.token_span(nth + 1).start
    }

    fn explain(&self) -> Diagnostic {
        let first = self.word(0);
        if matches!(first, "for" | "while" | "repeat" | "if" | "else") {
            return self.control(first);
        }
        if self.is_stan() {
            return self.stan_declaration();
        }
        match self.sign() {
            Some((nth, "+=")) => self.increment(nth),
            _ if self.kind(1) == Some(TokenKind::Word) && self.kind(0) == Some(TokenKind::Word) => {
                self.unknown()
            }
            Some((nth, "~")) if nth > 0 => self.bare_tilde(nth),
            Some((nth, sign)) if nth > 0 => self.bare_assignment(nth, sign),
            _ => self.unknown(),
        }
    }

    fn control(&self, first: &str) -> Diagnostic {
        let span = self.token_span(0);
        if matches!(first, "if" | "else") {
            return Diagnostic::new(LOOP, "`if` is an expression, not a statement")
                .at(span, "stands on its own")
                .help("write it where its value is used: `let x = if a > b then a else b`");
        }
        let is_data = |name: &str| {
            matches!(self.declared.get(name), None | Some((StatementWord::Data | StatementWord::Let, _)))
        };
        let body = loops::body(self.file, self.piece, is_data);
        let once = body.unwrap_or_else(|| "observe y ~ normal(mu, sigma)".to_owned());
        Diagnostic::new(LOOP, "there are no loops")
            .at(span, "names align by their dims instead")
            .help(format!("write the statement once: `{once}`; name the running element where neighbours are needed: `let h[t: time] = …`"))
    }

    fn is_stan(&self) -> bool {
        STAN_TYPES.contains(&self.word(0))
            && (self.kind(1) == Some(TokenKind::Word) || matches!(self.word(1), "<" | "["))
    }

    /// The name that a declaration in Stan's spelling gives.
    fn stan_name(&self) -> Option<usize> {
        if !self.is_stan() {
            return None;
        }
        let mut depth = 0usize;
        for nth in 1..self.piece.tokens.len() {
            match self.word(nth) {
                "[" | "<" | "(" => depth += 1,
                "]" | ">" | ")" => depth = depth.saturating_sub(1),
                word if depth == 0
                    && self.kind(nth) == Some(TokenKind::Word)
                    && !STAN_TYPES.contains(&word) =>
                {
                    return Some(nth);
                }
                _ => {}
            }
        }
        None
    }

    /// The name that a draw or an assignment without its first word is of, and the block in which it was declared.
    fn completes(&self) -> Option<(&'a str, Block)> {
        if self.is_stan() || self.kind(0) != Some(TokenKind::Word) {
            return None;
        }
        match self.sign()? {
            (1, "~") => Some((self.word(0), Block::Parameters)),
            (1, "=" | "<-") => Some((self.word(0), Block::Computed)),
            _ => None,
        }
    }

    /// Whether it is a declaration such as `y[obs]: real`, without its first word.
    fn is_typed(&self) -> bool {
        self.sign().is_none() && (0..self.piece.tokens.len()).any(|nth| self.word(nth) == ":")
    }

    fn stan_declaration(&self) -> Diagnostic {
        let nth = self.stan_name();
        let span = self.token_span(0).to(self.token_span(nth.unwrap_or(0)));
        let name = nth.map_or("x", |nth| self.word(nth));
        let support = self.support();
        let container = !matches!(self.word(0), "real" | "int" | "complex")
            || nth.is_some_and(|nth| self.word(nth + 1) == "[")
            || self.word(1) == "[";
        let axes = if container { "[obs]" } else { "" };
        let dim = if container { ", with `dim obs`: no size is passed, it comes from the data" } else { "" };
        if let (Some((at, "=")), Some(nth), false) = (self.sign(), nth, container)
            && at == nth + 1
            && matches!(self.block, Block::Computed | Block::Other)
        {
            let edit = Edit { span, text: format!("let {name}") };
            return Diagnostic::new(STAN_DECLARATION, format!("`{name}` is computed, in Stan's spelling"))
                .at(span, "a declaration in Stan's spelling")
                .fix(format!("write `let {name} = …`"), vec![edit]);
        }
        let message = match self.block {
            Block::Data => format!("`{name}` is data, in Stan's spelling"),
            Block::Parameters => format!("`{name}` is unobserved, in Stan's spelling"),
            Block::Computed => format!("`{name}` is computed, in Stan's spelling"),
            Block::Other => format!("is `{name}` unobserved or data?"),
        };
        let help = match self.block {
            Block::Data => format!("write `data {name}{axes}: {support}`{dim}"),
            Block::Parameters => format!("write it with its prior: `latent {name}{axes}: {support} ~ …`"),
            Block::Computed => format!(
                "write it with its value: `let {name}{axes} = …`, or `generate {name} = …` for what is computed after the fit"
            ),
            Block::Other => format!(
                "write `data {name}: {support}` if it is data, `latent {name}: {support} ~ …` if it is unobserved; axes go behind the name: `{name}[obs]`"
            ),
        };
        Diagnostic::new(STAN_DECLARATION, message).at(span, "a declaration in Stan's spelling").help(help)
    }

    /// A parameter of Stan and its prior, or a computed value and its assignment, which are one statement here.
    fn declared_and_completed(&self, later: &Stray<'_>) -> Diagnostic {
        let (name, support) = (later.word(0), self.support());
        let (how, what, keyword, sign_here) = match self.block {
            Block::Computed => ("computed", "its value", "let", "="),
            _ => ("drawn", "its prior", "latent", "~"),
        };
        let typed =
            if support == "real" || keyword == "let" { String::new() } else { format!(": {support}") };
        let own = self.token_span(0).to(self.token_span(self.piece.tokens.len() - 1));
        let (left, sign) = (later.token_span(0), later.token_span(1));
        let diagnostic = Diagnostic::new(STAN_DECLARATION, format!("`{name}` is declared where it is {how}"))
            .at(own, "a declaration in Stan's spelling")
            .at(left, what);
        let words = format!("write `{keyword} {name}{typed} {sign_here} …` for both");
        if !matches!(self.word(0), "real" | "int") {
            return diagnostic.help(format!(
                "{words}, with the axes behind the name: `{keyword} {name}[k]{typed} {sign_here} …`"
            ));
        }
        let end = later.token_span(later.piece.tokens.len() - 1).end;
        let mut edits = vec![
            Edit { span: self.with_blank(own), text: String::new() },
            Edit { span: Span::new(left.start, left.start), text: format!("{keyword} ") },
            Edit { span: Span::new(left.end, sign.start), text: format!("{typed} ") },
        ];
        let blank = self.with_blank(Span::new(end, end));
        let ended = &self.file.text[blank.start..blank.end];
        let text = if ended == "\r" { "\n" } else { "" };
        edits.extend((!ended.is_empty()).then(|| Edit { span: blank, text: text.to_owned() }));
        diagnostic.fix(words, edits)
    }

    /// A place and the blank right behind it, which a semicolon has left in the cleaned text.
    fn with_blank(&self, span: Span) -> Span {
        let rest = &self.file.text[span.end..];
        let blank = rest.starts_with(' ') || (rest.starts_with('\r') && !rest.starts_with("\r\n"));
        Span::new(span.start, span.end + usize::from(blank))
    }

    fn support(&self) -> String {
        let words: Vec<&str> = (0..self.piece.tokens.len()).map(|nth| self.word(nth)).collect();
        typed::support(&words)
    }

    fn increment(&self, nth: usize) -> Diagnostic {
        let span = self.token_span(0).to(self.token_span(nth));
        let edit = Edit { span, text: "potential".to_owned() };
        Diagnostic::new(TARGET_INCREMENT, "the log density is added to with `potential`")
            .at(span, "adds to the log density")
            .fix("write `potential …`", vec![edit])
    }

    fn bare_tilde(&self, nth: usize) -> Diagnostic {
        let left = self.token_span(0).to(self.token_span(nth - 1));
        let shown = clip(self.text(left));
        let name = self.word(0);
        let insertion =
            |word: &str| Edit { span: Span::new(left.start, left.start), text: format!("{word} ") };
        match self.declared.get(name) {
            Some((StatementWord::Data | StatementWord::Let, declared)) => {
                Diagnostic::new(BARE_TILDE, format!("`{shown} ~` lacks its first word"))
                    .at(left, "a draw, but of what kind?")
                    .at(*declared, "declared here")
                    .fix(format!("write `observe {shown} ~ …`"), vec![insertion("observe")])
            }
            Some((StatementWord::Latent, declared)) => {
                Diagnostic::new(BARE_TILDE, format!("`{shown} ~` lacks its first word"))
                    .at(left, "a draw, but of what kind?")
                    .at(*declared, "declared here")
                    .help(format!("give the prior where `{name}` is declared: `latent {name} ~ …`"))
            }
            _ => Diagnostic::new(BARE_TILDE, format!("is `{name}` unobserved or data?"))
                .at(left, "a draw, but of what kind?")
                .help(format!(
                    "write `latent {shown} ~ …` if it is unobserved, `observe {shown} ~ …` if it is data"
                )),
        }
    }

    fn bare_assignment(&self, nth: usize, sign: &str) -> Diagnostic {
        let left = self.token_span(0).to(self.token_span(nth - 1));
        let shown = clip(self.text(left));
        let mut span = self.token_span(nth);
        if sign == "<-" {
            span.end += 1;
        }
        if let Some(inverted) = links::inverted(self.file, self.piece, nth, span) {
            return inverted;
        }
        let diagnostic = Diagnostic::new(BARE_ASSIGNMENT, format!("`{shown} {sign}` lacks its first word"));
        // Whether the name is that of a distribution is not known here.
        if self.is_call(nth + if sign == "<-" { 2 } else { 1 }) {
            return diagnostic.at(left, "a value, or a draw?").help(format!(
                "write `let {shown} = …` if it is computed, `latent {shown} ~ …` if it is drawn from a distribution"
            ));
        }
        let edits = vec![
            Edit { span: Span::new(left.start, left.start), text: "let ".to_owned() },
            Edit { span, text: "=".to_owned() },
        ];
        diagnostic.at(left, "a value is declared with `let`").fix(format!("write `let {shown} = …`"), edits)
    }

    /// Whether all from a token on is one call: `f(…)`.
    fn is_call(&self, first: usize) -> bool {
        let mut depth = 0usize;
        let end = (first + 1..self.piece.tokens.len()).find(|nth| {
            match self.word(*nth) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        self.kind(first) == Some(TokenKind::Word)
            && self.word(first + 1) == "("
            && end == Some(self.piece.tokens.len() - 1)
    }

    fn unknown(&self) -> Diagnostic {
        let span = self.token_span(0);
        let first = clip(self.text(span));
        let diagnostic = Diagnostic::new(UNKNOWN_STATEMENT, format!("`{first}` does not begin a statement"));
        let second = if self.kind(1) == Some(TokenKind::Word) { self.word(1) } else { "" };
        let named = if second.is_empty() || words::is_reserved(second) { "mu" } else { second };
        match first.as_str() {
            "param" | "parameter" | "parameters" | "var" | "random" | "sample" => diagnostic
                .at(span, "an unobserved value?")
                .help(format!("write `latent {named} ~ …` for an unobserved value, with its prior")),
            "import" | "include" | "library" | "using" | "package" => diagnostic
                .at(span, "nothing is imported")
                .help("all functions and distributions are always there"),
            "def" | "function" => {
                diagnostic.at(span, "not a word of the language").help("write `fn f(x, y) = …`")
            }
            "const" | "var_" | "val" => {
                diagnostic.at(span, "not a word of the language").help(format!("write `let {named} = …`"))
            }
            "print" | "return" => diagnostic
                .at(span, "not a word of the language")
                .help("write `generate g = …` to see a value"),
            _ => match nearest(&first, STATEMENT_WORDS).filter(|_| !second.is_empty()) {
                Some(word) => {
                    let edit = Edit { span, text: word.to_owned() };
                    let edits = if is_mistyped(&first, word) { vec![edit] } else { Vec::new() };
                    diagnostic.at(span, "misspelt?").fix(format!("write `{word}`"), edits)
                }
                None => diagnostic.at(span, "belongs to no statement").help(format!(
                    "a statement begins with one of {}",
                    STATEMENT_WORDS.map(|word| format!("`{word}`")).join(", ")
                )),
            },
        }
    }
}

/// A piece of text short enough for a message.
pub(super) fn clip(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or("");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
