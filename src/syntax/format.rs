//! The formatter: it moves tokens, never changes them, so comments and the tree stay what they were.

use super::clean;
use super::cut::{self, Piece};
use super::parse::parse_clean;
use super::spacing::{Space, Tokens};
use super::token::{self, Token};
use super::words::StatementWord;
use crate::diagnostics::Diagnostic;
use crate::source::Source;

/// Columns of one level.
const INDENT: usize = 2;

/// Formats a model, or gives the mistakes that keep it from being read.
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    parse_clean(source)?;
    // Only a byte order mark can differ from the text here.
    let (text, _) = clean::clean(source.text());
    let (all, _) = token::tokens(&text);
    let tokens: Vec<Token> = all.iter().filter(|token| !token.is_comment()).copied().collect();
    let pieces = cut::cut(&text, &tokens).pieces;
    let mut writer = Writer::new(&text, &tokens, &pieces);
    for token in &all {
        writer.token(token);
    }
    Ok(join(writer.finish()))
}

/// What a token begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A statement.
    Statement,
    /// A statement inside of a guide.
    Inner,
    /// The brace that ends a guide.
    GuideEnd,
    Nothing,
}

/// A line of output; its comment is aligned later.
struct Line {
    indent: usize,
    text: String,
    comment: Option<String>,
    blank_before: bool,
}

struct Writer<'a> {
    tokens: Tokens<'a>,
    /// For each token, and for the end.
    roles: Vec<Role>,
    /// The word of the statement that is being written.
    word: Option<StatementWord>,
    /// The indentation of the statement that is being written.
    base: usize,
    brackets: Vec<char>,
    /// The next token that is no comment.
    next: usize,
    /// The line in the source of the last token.
    line: usize,
    lines: Vec<Line>,
}

fn roles(count: usize, pieces: &[Piece]) -> Vec<Role> {
    let mut roles = vec![Role::Nothing; count + 1];
    for piece in pieces {
        roles[piece.tokens.start] = Role::Statement;
        if piece.word == Some(StatementWord::Guide) {
            roles[piece.tokens.end - 1] = Role::GuideEnd;
        }
        for child in &piece.children {
            roles[child.tokens.start] = Role::Inner;
        }
    }
    roles[count] = Role::Statement;
    roles
}

impl<'a> Writer<'a> {
    fn new(text: &'a str, tokens: &'a [Token], pieces: &[Piece]) -> Self {
        let roles = roles(tokens.len(), pieces);
        let tokens = Tokens { text, tokens };
        Self { tokens, roles, word: None, base: 0, brackets: Vec::new(), next: 0, line: 0, lines: Vec::new() }
    }

    fn token(&mut self, token: &Token) {
        let gap = token.line - self.line;
        if token.is_comment() {
            self.comment(token, gap);
        } else {
            self.mark(token, gap);
            self.next += 1;
        }
        self.line = token.line;
    }

    fn comment(&mut self, token: &Token, gap: usize) {
        let text = token.text(self.tokens.text).to_owned();
        match self.lines.last_mut() {
            Some(line) if gap == 0 => line.comment = Some(text),
            _ => {
                let indent = self.indent();
                let between = self.roles[self.next] != Role::Nothing;
                let blank_before = gap > 1 && between && !self.lines.is_empty();
                self.lines.push(Line { indent, text, comment: None, blank_before });
            }
        }
    }

    fn mark(&mut self, token: &Token, gap: usize) {
        let role = self.roles[self.next];
        let word = token.text(self.tokens.text);
        let closes = matches!(word, ")" | "]" | "}");
        if closes {
            self.brackets.pop();
        }
        if role != Role::Nothing || gap > 0 || self.lines.is_empty() {
            let indent = self.indent();
            let blank_before = gap > 1 && role != Role::Nothing && !self.lines.is_empty();
            self.lines.push(Line { indent, text: word.to_owned(), comment: None, blank_before });
        } else {
            let bracket = self.brackets.last().copied();
            let space = self.tokens.space(self.next, bracket);
            if let Some(line) = self.lines.last_mut() {
                line.text.push_str(if space == Space::One { " " } else { "" });
                line.text.push_str(word);
            }
        }
        if matches!(role, Role::Statement | Role::Inner) {
            self.word = StatementWord::of(word);
            self.base = if role == Role::Inner { INDENT } else { 0 };
        }
        if matches!(word, "(" | "[" | "{") {
            self.brackets.extend(word.chars());
        }
    }

    /// The indentation of a line that begins with the next token.
    fn indent(&self) -> usize {
        match self.roles[self.next] {
            Role::Inner => INDENT,
            Role::Statement | Role::GuideEnd => 0,
            Role::Nothing => self.continued(),
        }
    }

    fn continued(&self) -> usize {
        let in_ode = self.word == Some(StatementWord::Ode);
        match self.brackets.as_slice() {
            [] if in_ode && self.tokens.word(self.next) == "}" => self.base,
            ['{'] if in_ode && self.tokens.word(self.next + 1) == "=" => self.base + INDENT,
            ['{', ..] if in_ode => self.base + 2 * INDENT,
            _ => self.base + INDENT,
        }
    }

    fn finish(self) -> Vec<Line> {
        self.lines
    }
}

fn width(line: &Line) -> usize {
    line.indent + line.text.chars().count()
}

/// Comments behind consecutive lines are aligned, two columns after the longest.
fn join(lines: Vec<Line>) -> String {
    let mut out = String::new();
    let mut start = 0;
    while start < lines.len() {
        let together =
            |nth: &usize| lines[*nth].comment.is_some() && !(*nth > start && lines[*nth].blank_before);
        let end = (start..lines.len()).take_while(together).count().max(1) + start;
        let widest = lines[start..end].iter().map(width).max().unwrap_or(0);
        for line in &lines[start..end] {
            push_line(&mut out, line, widest);
        }
        start = end;
    }
    out
}

fn push_line(out: &mut String, line: &Line, widest: usize) {
    if line.blank_before {
        out.push('\n');
    }
    out.extend(std::iter::repeat_n(' ', line.indent));
    out.push_str(&line.text);
    if let Some(comment) = &line.comment {
        out.extend(std::iter::repeat_n(' ', widest - width(line) + 2));
        out.push_str(comment);
    }
    out.push('\n');
}
