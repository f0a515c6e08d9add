//! Before tokens: pasted look-alikes, semicolons and foreign comments are reported, each kind once, and overwritten
//! by what was meant. The cleaned text has the same length in bytes, so spans hold in both.

use crate::diagnostics::syntax_codes::{FOREIGN_COMMENT, LOOKALIKE, SEMICOLON};
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::source::Span;

/// The text to read in place of `text`, and what was changed.
pub(super) fn clean(text: &str) -> (String, Vec<Diagnostic>) {
    let mut cleaner = Cleaner { text, at: 0, out: String::with_capacity(text.len()), ..Cleaner::default() };
    while cleaner.step() {}
    let diagnostics = [
        semicolons(cleaner.semicolons),
        summary(FOREIGN_COMMENT, cleaner.comments, ("a comment begins with `#`", "comments begin with `#`")),
        summary(
            LOOKALIKE,
            cleaner.lookalikes,
            ("a character only looks like the one meant", "characters only look like the ones meant"),
        ),
    ];
    (cleaner.out, diagnostics.into_iter().flatten().collect())
}

/// One diagnostic for semicolons, given the edits that take them away.
pub(super) fn semicolons(edits: Vec<Edit>) -> Option<Diagnostic> {
    let found = edits.into_iter().map(|edit| Found { edit, label: "not needed".to_owned() });
    summary(SEMICOLON, found.collect(), ("a semicolon is not needed", "semicolons are not needed"))
}

#[derive(Default)]
struct Cleaner<'a> {
    text: &'a str,
    at: usize,
    out: String,
    semicolons: Vec<Edit>,
    comments: Vec<Found>,
    lookalikes: Vec<Found>,
}

/// A thing to be replaced, and a few words about it.
struct Found {
    edit: Edit,
    label: String,
}

impl<'a> Cleaner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return false };
        match first {
            '#' => self.keep(line_length(rest)),
            '"' => self.keep(text_length(rest)),
            ';' => self.semicolon(),
            '/' if rest.starts_with("//") => self.line_comment(),
            '/' if rest.starts_with("/*") => self.block_comment(),
            '\u{feff}' if self.at == 0 => self.blank(first.len_utf8()),
            '“' | '”' | '„' | '‟' => self.smart_text(first),
            _ if first.is_ascii() => self.keep(1),
            _ => self.other(first),
        }
        true
    }

    fn keep(&mut self, length: usize) {
        self.out.push_str(&self.rest()[..length]);
        self.at += length;
    }

    fn blank(&mut self, length: usize) {
        self.out.extend(std::iter::repeat_n(' ', length));
        self.at += length;
    }

    fn semicolon(&mut self) {
        let span = Span::new(self.at, self.at + 1);
        let after = self.rest()[1..].trim_start_matches([' ', '\t']);
        // What follows on the line is another statement.
        if after.is_empty() || after.starts_with(['\n', '\r', '#', '/', ';', '}']) {
            self.semicolons.push(Edit { span, text: String::new() });
            self.blank(1);
        } else {
            self.semicolons.push(Edit { span, text: "\n".to_owned() });
            self.out.push('\r');
            self.at += 1;
        }
    }

    /// `// …`: only its two marks need an edit.
    fn line_comment(&mut self) {
        let edit = Edit { span: Span::new(self.at, self.at + 2), text: "#".to_owned() };
        let label = "a comment begins with `#`; integer division is `div`".to_owned();
        self.comments.push(Found { edit, label });
        self.blank(line_length(self.rest()));
    }

    fn block_comment(&mut self) {
        let rest = self.rest();
        let end = rest[2..].find("*/").map_or(rest.len(), |at| at + 4);
        let span = Span::new(self.at, self.at + end);
        let lines: Vec<String> =
            rest[2..end].trim_end_matches("*/").lines().map(|line| format!("# {}", line.trim())).collect();
        // What follows on the same line must not be swallowed by the comment.
        let edit = Edit { span, text: lines.join("\n") + "\n" };
        self.comments.push(Found { edit, label: "there are no block comments".to_owned() });
        for character in rest[..end].chars() {
            match character {
                '\n' => self.out.push('\n'),
                _ => self.out.extend(std::iter::repeat_n(' ', character.len_utf8())),
            }
        }
        self.at += end;
    }

    /// A quote from a word processor, up to its partner on the same line.
    fn smart_text(&mut self, first: char) {
        let before = self.out.len();
        self.replace(first, "\"");
        // The padding belongs before the opening quote, not into the text.
        self.out.truncate(before);
        self.out.push_str("  \"");
        let end = self.rest().find(['\n', '"', '“', '”', '„', '‟']);
        match end.and_then(|end| Some((end, self.rest()[end..].chars().next()?))) {
            None | Some((_, '\n')) => {}
            Some((end, '"')) => self.keep(end + 1),
            Some((end, last)) => {
                self.keep(end);
                self.replace(last, "\"");
            }
        }
    }

    fn other(&mut self, first: char) {
        match plain(first) {
            Some(meant) => self.replace(first, meant),
            None => self.keep(first.len_utf8()),
        }
    }

    fn replace(&mut self, found: char, meant: &str) {
        let span = Span::new(self.at, self.at + found.len_utf8());
        let label = match meant.trim() {
            "" => format!("U+{:04X}, not a plain space", u32::from(found)),
            plain => format!("U+{:04X}, not `{plain}`", u32::from(found)),
        };
        self.lookalikes.push(Found { edit: Edit { span, text: meant.to_owned() }, label });
        self.out.push_str(meant);
        self.out.extend(std::iter::repeat_n(' ', found.len_utf8().saturating_sub(meant.len())));
        self.at = span.end;
    }
}

/// The character that was meant.
fn plain(found: char) -> Option<&'static str> {
    Some(match found {
        '\u{2212}' | '\u{2010}'..='\u{2015}' | '\u{ff0d}' | '\u{fe63}' => "-",
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{ad}' => {
            " "
        }
        '×' | '⋅' | '·' | '∗' | '∙' => "*",
        '÷' | '∕' | '⁄' => "/",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '∼' | '～' | '˜' => "~",
        '…' => "..",
        '（' => "(",
        '）' => ")",
        '［' => "[",
        '］' => "]",
        '，' => ",",
        '：' => ":",
        '＝' => "=",
        '＋' => "+",
        '‘' | '’' => "'",
        '²' => "^2",
        '³' => "^3",
        _ => return None,
    })
}

fn line_length(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// Length of the text that begins with `"`, its closing quote included, or of the rest of the line.
fn text_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\n' => return at,
            b'\\' if bytes.get(at + 1).is_some_and(|next| *next != b'\n' && next.is_ascii()) => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// At most this many places of one kind get a label; the edits cover all.
const LABELS: usize = 3;

/// One diagnostic for everything of one kind; the words are for one and for many.
fn summary(code: Code, found: Vec<Found>, words: (&str, &str)) -> Option<Diagnostic> {
    let message = match found.len() {
        0 => return None,
        1 => words.0.to_owned(),
        many => format!("{} ({many} places)", words.1),
    };
    let mut diagnostic = Diagnostic::new(code, message);
    for place in found.iter().take(LABELS) {
        diagnostic = diagnostic.at(place.edit.span, place.label.clone());
    }
    let help = match (code, found.len()) {
        (SEMICOLON, 1) => "remove it",
        (SEMICOLON, _) => "remove them",
        (FOREIGN_COMMENT, _) => "begin it with `#`",
        (_, 1) => "replace it by what was meant",
        _ => "replace each by what was meant",
    };
    Some(diagnostic.fix(help, found.into_iter().map(|place| place.edit).collect()))
}
