//! Raw text to tokens, comments included. Texts and numbers that cannot be read are reported here.

use super::{habits, words};
use crate::diagnostics::syntax_codes::{
    NAME_LETTERS, NUMBER, SINGLE_QUOTES, UNKNOWN_CHARACTER, UNTERMINATED_TEXT,
};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or a reserved word.
    Word,
    Number,
    Text,
    /// `# …`
    Comment,
    /// `## …`
    Doc,
    Open,
    Close,
    /// An operator or a mark.
    Sign,
    /// Reported already; its statement is not parsed.
    Bad,
}

/// A token and the line it begins on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
    pub(super) line: usize,
}

impl Token {
    /// Its letters.
    pub(super) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.span.start..self.span.end]
    }

    /// Whether it is `# …` or `## …`.
    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::Comment | TokenKind::Doc)
    }

    /// Whether an operand may end with it.
    pub(super) fn ends_operand(&self, text: &str) -> bool {
        match self.kind {
            TokenKind::Word => !words::asks_for_operand(self.text(text)),
            TokenKind::Number | TokenKind::Text | TokenKind::Close | TokenKind::Bad => true,
            TokenKind::Sign => matches!(self.text(text), "?" | "'"),
            TokenKind::Open | TokenKind::Comment | TokenKind::Doc => false,
        }
    }
}

/// All tokens of a text, and what was wrong with some.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer =
        Lexer { text, at: 0, line: 1, tokens: Vec::new(), diagnostics: Vec::new(), modules: Vec::new() };
    while lexer.step() {}
    lexer.diagnostics.extend(habits::modules(text, &lexer.modules));
    (lexer.tokens, lexer.diagnostics)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
    /// `np.exp`, `pm.Normal`: reported all at once.
    modules: Vec<Span>,
}

/// Longest first, so that `==` is not read as two `=`.
const SIGNS: [&str; 14] =
    ["%*%", "**", ":=", "==", "!=", "<=", ">=", "&&", "||", "..", ".*", "./", ".^", "+="];

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Reads one token or one run of white space; tells whether there was something to read.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest().chars().next() else { return false };
        match first {
            '\n' => {
                self.line += 1;
                self.at += 1;
            }
            // A semicolon between statements has left it.
            '\r' if !self.rest().starts_with("\r\n") => {
                self.line += 1;
                self.at += 1;
            }
            _ if first.is_ascii_whitespace() => self.at += 1,
            '#' => self.comment(),
            '"' => self.quoted(),
            '\'' => self.apostrophe(),
            '(' | '[' | '{' => self.push(TokenKind::Open, 1),
            ')' | ']' | '}' => self.push(TokenKind::Close, 1),
            '0'..='9' => self.number(),
            '.' if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number(),
            '_' => self.word(),
            _ if first.is_alphabetic() => self.word(),
            _ => self.sign(first),
        }
        true
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = Span::new(self.at, self.at + length);
        self.tokens.push(Token { kind, span, line: self.line });
        self.at = span.end;
    }

    fn report(&mut self, diagnostic: Diagnostic, length: usize) {
        self.diagnostics.push(diagnostic);
        self.push(TokenKind::Bad, length);
    }

    fn here(&self, length: usize) -> Span {
        Span::new(self.at, self.at + length)
    }

    fn comment(&mut self) {
        let length = self.line_rest().trim_end().len();
        let kind = if self.rest().starts_with("##") { TokenKind::Doc } else { TokenKind::Comment };
        self.push(kind, length);
    }

    /// What is left of the line.
    fn line_rest(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find('\n').unwrap_or(rest.len())]
    }

    fn quoted(&mut self) {
        match closing_quote(self.rest()) {
            Some(end) => self.push(TokenKind::Text, end + 1),
            None => {
                let length = self.line_rest().trim_end().len();
                let diagnostic = Diagnostic::new(UNTERMINATED_TEXT, "a text is not ended on its line")
                    .at(self.here(length), "no `\"` closes this")
                    .help("write a `\"` where the text ends");
                self.report(diagnostic, length);
            }
        }
    }

    /// `x'` (a transpose, reported with the operators) or `'text'`.
    fn apostrophe(&mut self) {
        let touches = self.tokens.last().is_some_and(|token| {
            token.span.end == self.at && token.ends_operand(self.text) && token.kind != TokenKind::Bad
        });
        if touches {
            return self.push(TokenKind::Sign, 1);
        }
        let stop = self.rest()[1..].find(['\'', '\n']);
        let Some(length) = stop.filter(|stop| self.rest()[1 + stop..].starts_with('\'')) else {
            return self.unknown('\'');
        };
        let inner = &self.rest()[1..=length];
        let edit = Edit { span: self.here(length + 2), text: format!("\"{}\"", inner.replace('"', "\\\"")) };
        let diagnostic = Diagnostic::new(SINGLE_QUOTES, "a text is written in double quotes")
            .at(edit.span, "single quotes")
            .fix(format!("write `{}`", edit.text), vec![edit]);
        self.report(diagnostic, length + 2);
    }

    fn number(&mut self) {
        let rest = self.rest();
        let proper = number_length(rest);
        let point = rest[proper..].starts_with('.') && !rest[proper..].starts_with("..");
        let written = proper
            + usize::from(point)
            + rest[proper + usize::from(point)..]
                .chars()
                .take_while(|c| is_word_character(*c))
                .map(char::len_utf8)
                .sum::<usize>();
        if written == proper {
            return self.push(TokenKind::Number, proper);
        }
        let diagnostic = number_mistake(&rest[..written], self.here(written));
        self.report(diagnostic, written);
    }

    fn word(&mut self) {
        let rest = self.rest();
        let mut length = word_length(rest);
        // `foo.bar`: a name in R.
        while rest[length..].starts_with('.')
            && rest[length + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
        {
            length += 1 + word_length(&rest[length + 1..]);
        }
        let word = &rest[..length];
        if word == "_"
            || word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.bytes().all(is_word_byte)
        {
            return self.push(TokenKind::Word, length);
        }
        if habits::is_module(word) {
            self.modules.push(self.here(length));
            return self.push(TokenKind::Bad, length);
        }
        let span = self.here(length);
        let diagnostic = match habits::method(rest, length, span) {
            Some(method) => method,
            None => name_mistake(word, span),
        };
        self.report(diagnostic, length);
    }

    fn sign(&mut self, first: char) {
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            return self.push(TokenKind::Sign, sign.len());
        }
        if "~=+-*/@^<>,:?!%".contains(first) {
            return self.push(TokenKind::Sign, 1);
        }
        self.unknown(first);
    }

    /// A run of one unknown character is one mistake.
    fn unknown(&mut self, first: char) {
        let length = self.rest().chars().take_while(|c| *c == first).map(char::len_utf8).sum();
        let shown =
            if first.is_control() { format!("U+{:04X}", u32::from(first)) } else { format!("`{first}`") };
        let diagnostic = Diagnostic::new(UNKNOWN_CHARACTER, format!("{shown} means nothing here"))
            .at(self.here(length), "not a part of the language");
        let diagnostic = match first {
            '|' => diagnostic.help(
                "for Stan's `normal_lpdf(y | mu, sigma)` write `log_prob(normal(mu, sigma), y)`; for R's `(1 | group)` declare `latent a[group] ~ normal(0, tau)` and read `a[group]`; `or` joins conditions",
            ),
            '$' => diagnostic.help("columns are read by their names: `data y[obs]: real`"),
            _ => diagnostic,
        };
        self.report(diagnostic, length);
    }
}

/// Where the quote that closes the text at the front stands, on the same line.
fn closing_quote(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return Some(at),
            b'\n' => return None,
            b'\\' if bytes.get(at + 1) != Some(&b'\n') => at += 2,
            _ => at += 1,
        }
    }
    None
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn word_length(rest: &str) -> usize {
    rest.chars().take_while(|c| is_word_character(*c)).map(char::len_utf8).sum()
}

/// Length of `1`, `1.5`, `.5`, `1e-3` at the front.
fn number_length(rest: &str) -> usize {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    if rest[length..].starts_with('.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if rest[length..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

fn number_mistake(written: &str, span: Span) -> Diagnostic {
    let plain = written.replace('_', "");
    let mended = if plain.ends_with('.') { format!("{plain}0") } else { plain };
    let diagnostic = Diagnostic::new(NUMBER, format!("`{written}` is not a number"))
        .at(span, "neither a number nor a name");
    if mended != written && number_length(&mended) == mended.len() {
        let edit = Edit { span, text: mended.clone() };
        return diagnostic.fix(format!("write `{mended}`"), vec![edit]);
    }
    diagnostic.help("numbers are written `2`, `2.5`, `.5` or `1e-3`; a product needs its `*`")
}

/// Greek letters that have a customary spelling.
const GREEK: [(char, &str); 25] = [
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('δ', "delta"),
    ('ε', "epsilon"),
    ('ζ', "zeta"),
    ('η', "eta"),
    ('θ', "theta"),
    ('ι', "iota"),
    ('κ', "kappa"),
    ('λ', "lambda"),
    ('μ', "mu"),
    ('µ', "mu"),
    ('ν', "nu"),
    ('ξ', "xi"),
    ('π', "pi_"),
    ('ρ', "rho"),
    ('σ', "sigma"),
    ('τ', "tau"),
    ('υ', "upsilon"),
    ('φ', "phi"),
    ('χ', "chi"),
    ('ψ', "psi"),
    ('ω', "omega"),
    ('Σ', "Sigma"),
];

/// A letter without its accent, a subscript as a digit, a point as `_`; others as they are.
fn ascii(character: char) -> String {
    const PLAIN: [(&str, &str); 13] = [
        ("àáâãäå", "a"),
        ("ç", "c"),
        ("èéêë", "e"),
        ("ìíîï", "i"),
        ("ñ", "n"),
        ("òóôõöø", "o"),
        ("ùúûü", "u"),
        ("ýÿ", "y"),
        ("ÄÅÁÀ", "A"),
        ("ÖØÓ", "O"),
        ("Ü", "U"),
        ("ß", "ss"),
        (".", "_"),
    ];
    if let Some(digit) = u32::from(character).checked_sub(0x2080).filter(|digit| *digit < 10) {
        return digit.to_string();
    }
    let plain = PLAIN.iter().find(|(letters, _)| letters.contains(character));
    plain.map_or_else(|| character.to_string(), |(_, plain)| (*plain).to_owned())
}

fn name_mistake(word: &str, span: Span) -> Diagnostic {
    if let Some(own) = habits::dotted(word) {
        let edit = Edit { span, text: own.to_owned() };
        return Diagnostic::new(NAME_LETTERS, format!("`{word}` is R's name"))
            .at(span, "a name has no point in it")
            .fix(format!("write `{own}`"), vec![edit]);
    }
    let mut plain = String::new();
    for character in word.chars() {
        match GREEK.iter().find(|(letter, _)| *letter == character) {
            Some((_, spelt)) => plain.push_str(spelt),
            None => plain.push_str(&ascii(character)),
        }
    }
    let plain = plain.trim_start_matches('_');
    let diagnostic = Diagnostic::new(NAME_LETTERS, format!("`{word}` cannot be a name"))
        .at(span, "names are made of the letters a-z and A-Z, digits and `_`, and begin with a letter");
    if plain.starts_with(|c: char| c.is_ascii_alphabetic())
        && plain.bytes().all(is_word_byte)
        && !words::is_reserved(plain)
    {
        let edit = Edit { span, text: plain.to_owned() };
        return diagnostic.fix(format!("write `{plain}`"), vec![edit]);
    }
    diagnostic
}
