//! The first pass: tokens are cut into pieces at statement words, brackets are matched, nesting is capped.
//! What follows it may recurse over a piece, since no sound piece is nested deeper than [`MAX_NESTING`].

use super::brackets::{self, Frame, Stack};
use super::token::{Token, TokenKind};
use super::words::{self, StatementWord};
use crate::diagnostics::syntax_codes::{GUIDE_STATEMENT, RESERVED};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;
use std::ops::Range;

/// How deeply brackets and `if` may nest in one statement.
pub(super) const MAX_NESTING: usize = 100;

/// Whether a piece is still worth parsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Sound,
    /// A mistake in it has been reported.
    Broken,
}

/// A statement, or text that belongs to none.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// `None`: text that begins with no statement word.
    pub(super) word: Option<StatementWord>,
    /// Its tokens, comments not counted.
    pub(super) tokens: Range<usize>,
    pub(super) state: State,
    /// The statements inside of `guide { … }`.
    pub(super) children: Vec<Piece>,
    /// The lines of its `##` comments.
    pub(super) doc: Vec<String>,
}

/// The pieces of a file.
pub(super) struct Cut {
    pub(super) pieces: Vec<Piece>,
    /// Heads of blocks such as `model {`.
    pub(super) blocks: Vec<Span>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Cuts a file, given its tokens without the comments.
pub(super) fn cut(text: &str, tokens: &[Token]) -> Cut {
    let mut cutter = Cutter {
        text,
        tokens,
        partners: brackets::brace_partners(text, tokens),
        stack: Stack::default(),
        base: Frame::default(),
        nesting: 0,
        current: None,
        guide: None,
        block_ends: Vec::new(),
        out: Cut { pieces: Vec::new(), blocks: Vec::new(), diagnostics: Vec::new() },
    };
    let mut at = 0;
    while at < tokens.len() {
        at = cutter.step(at);
    }
    cutter.finish()
}

struct Cutter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// For each `{`, in order of tokens: where its `}` is.
    partners: Vec<Option<usize>>,
    stack: Stack,
    /// What is open outside of all brackets: only `if`s.
    base: Frame,
    /// Brackets and `if`s open now.
    nesting: usize,
    current: Option<Piece>,
    /// The open `guide {` and where its `}` is.
    guide: Option<(Piece, usize, Option<usize>)>,
    block_ends: Vec<Option<usize>>,
    out: Cut,
}

impl<'a> Cutter<'a> {
    fn word_at(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    fn first_on_line(&self, at: usize) -> bool {
        at == 0 || self.tokens[at - 1].line < self.tokens[at].line
    }

    /// Takes the token at `at` and gives the next one to take.
    fn step(&mut self, at: usize) -> usize {
        let word = self.word_at(at);
        match self.tokens[at].kind {
            TokenKind::Open => return self.open(at),
            TokenKind::Close => self.close(at),
            TokenKind::Word => match StatementWord::of(word) {
                Some(word) => self.statement_word(at, word),
                None => self.ordinary(at),
            },
            _ => self.ordinary(at),
        }
        match word {
            "if" => self.count_if(),
            "," => self.forget_ifs(),
            _ => {}
        }
        at + 1
    }

    fn statement_word(&mut self, at: usize, word: StatementWord) {
        if self.stack.is_empty() && !self.operand_wanted(at) {
            return self.begin(at, Some(word));
        }
        if !self.stack.is_empty() && self.first_on_line(at) {
            self.unclosed(Some(at));
            return self.begin(at, Some(word));
        }
        self.extend(at);
        let name = self.word_at(at);
        let edit = Edit { span: self.tokens[at].span, text: format!("{name}_") };
        self.report(
            Diagnostic::new(RESERVED, format!("`{name}` is a reserved word and cannot be a name"))
                .at(edit.span, format!("`{name}` begins a statement"))
                .fix(format!("choose another name, such as `{name}_`"), vec![edit]),
        );
    }

    /// Whether the token stands, on the line of its piece, where an operand or a name must follow.
    fn operand_wanted(&self, at: usize) -> bool {
        let Some(piece) = &self.current else { return false };
        let Some(before) = at.checked_sub(1).filter(|before| piece.tokens.contains(before)) else {
            return false;
        };
        let only_its_word =
            piece.word.is_some_and(|word| word != StatementWord::Guide) && piece.tokens.len() == 1;
        let asked =
            !self.tokens[before].ends_operand(self.text) && self.tokens[before].kind != TokenKind::Open;
        !self.first_on_line(at) && (only_its_word || asked)
    }

    fn ordinary(&mut self, at: usize) {
        if self.stack.is_empty() && self.stray_begins(at) { self.begin(at, None) } else { self.extend(at) }
    }

    /// Whether a name on a new line, after something complete, begins text that belongs to no statement.
    fn stray_begins(&self, at: usize) -> bool {
        let Some(piece) = &self.current else { return true };
        let token = self.tokens[at];
        let word = self.word_at(at);
        let next = self.word_at(at + 1);
        let continues = piece.word.is_some_and(|statement| statement.continues_with(word))
            && !matches!(next, "~" | "=" | ":=" | ":" | "[" | "+=");
        matches!(token.kind, TokenKind::Word | TokenKind::Bad)
            && self.first_on_line(at)
            && self.tokens[at - 1].ends_operand(self.text)
            && !words::asks_for_operand(word)
            && !continues
            && !self.is_loop(piece)
    }

    fn is_loop(&self, piece: &Piece) -> bool {
        piece.word.is_none() && matches!(self.word_at(piece.tokens.start), "for" | "while" | "if" | "else")
    }

    fn begin(&mut self, at: usize, word: Option<StatementWord>) {
        self.end_piece();
        self.nesting = 0;
        self.base = Frame::default();
        let fits = word.is_none_or(StatementWord::fits_guide);
        if !fits && matches!(self.guide, Some((_, _, None))) {
            self.end_guide(Some(at), at);
        }
        self.current =
            Some(Piece { word, tokens: at..at, state: State::Sound, children: Vec::new(), doc: Vec::new() });
        self.extend(at);
        if !fits && self.guide.is_some() {
            let name = self.word_at(at);
            self.report(
                Diagnostic::new(GUIDE_STATEMENT, format!("`{name}` does not belong into a guide"))
                    .at(self.tokens[at].span, "a guide holds `learn`, `let` and `latent`")
                    .help(format!("move this `{name}` out of the braces")),
            );
        }
    }

    fn extend(&mut self, at: usize) {
        if self.current.is_none() {
            return self.begin(at, None);
        }
        if let Some(piece) = &mut self.current {
            piece.tokens.end = at + 1;
            if self.tokens[at].kind == TokenKind::Bad {
                piece.state = State::Broken;
            }
        }
    }

    /// Reports a mistake in the current piece, unless one in it is known already.
    fn report(&mut self, diagnostic: Diagnostic) {
        if let Some(piece) = &mut self.current {
            if piece.state == State::Broken {
                return;
            }
            piece.state = State::Broken;
        }
        self.out.diagnostics.push(diagnostic);
    }

    fn end_piece(&mut self) {
        if let Some(piece) = self.current.take() {
            match &mut self.guide {
                Some((guide, _, _)) => guide.children.push(piece),
                None => self.out.pieces.push(piece),
            }
        }
    }

    /// Ends the guide before the token `end`; `next` is what shows that its brace was left open.
    fn end_guide(&mut self, next: Option<usize>, end: usize) {
        self.end_piece();
        let Some((mut guide, open, partner)) = self.guide.take() else { return };
        guide.tokens.end = end;
        if partner.is_none() {
            guide.state = State::Broken;
            self.out.diagnostics.push(brackets::unclosed(self.text, self.tokens, &[open], next));
        }
        self.out.pieces.push(guide);
    }

    fn open(&mut self, at: usize) -> usize {
        if self.word_at(at) == "{" && self.stack.is_empty() {
            return self.open_brace(at);
        }
        self.push_frame(at);
        at + 1
    }

    fn open_brace(&mut self, at: usize) -> usize {
        let partner = self.partners[at];
        match &self.current {
            Some(piece)
                if piece.word == Some(StatementWord::Guide)
                    && piece.tokens.len() == 1
                    && self.guide.is_none() =>
            {
                self.guide = self.current.take().map(|guide| (guide, at, partner));
                at + 1
            }
            Some(piece) if self.is_loop(piece) && partner.is_some() => {
                let end = partner.map_or(at, |close| close);
                self.extend(end);
                self.end_piece();
                end + 1
            }
            Some(piece) if !self.is_block_head(piece) => {
                self.push_frame(at);
                at + 1
            }
            _ => {
                self.open_block(at);
                at + 1
            }
        }
    }

    /// `model {`, `transformed parameters {`: words alone, or a type and a call as in `real f(real x) {`.
    fn is_block_head(&self, piece: &Piece) -> bool {
        let words = piece.tokens.clone().all(|at| self.tokens[at].kind == TokenKind::Word);
        words && piece.word.is_none_or(|_| piece.tokens.len() == 1)
            || piece.word.is_none()
                && piece.state == State::Sound
                && self.word_at(piece.tokens.end - 1) == ")"
    }

    fn open_block(&mut self, at: usize) {
        let mut head = self.tokens[at].span;
        if let Some(piece) = self.current.take() {
            head = self.tokens[piece.tokens.start].span.to(head);
            let line = self.tokens[piece.tokens.start].line;
            let qualifier = self.out.pieces.pop_if(|last| {
                last.word.is_none() && last.tokens.len() == 1 && self.tokens[last.tokens.start].line == line
            });
            if let Some(qualifier) = qualifier {
                head = self.tokens[qualifier.tokens.start].span.to(head);
            }
        }
        self.out.blocks.push(head);
        self.block_ends.push(self.partners[at]);
    }

    fn push_frame(&mut self, at: usize) {
        self.extend(at);
        self.stack.push(self.word_at(at).chars().next().unwrap_or('{'), at);
        self.nest(at);
    }

    fn nest(&mut self, at: usize) {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            self.report(brackets::too_deep(self.tokens[at].span));
        }
    }

    fn count_if(&mut self) {
        self.stack.innermost().unwrap_or(&mut self.base).ifs += 1;
        let at = self.current.as_ref().map_or(0, |piece| piece.tokens.end.saturating_sub(1));
        self.nest(at);
    }

    /// A comma ends every `if` since the last bracket or comma.
    fn forget_ifs(&mut self) {
        let frame = self.stack.innermost().unwrap_or(&mut self.base);
        self.nesting = self.nesting.saturating_sub(frame.ifs);
        frame.ifs = 0;
    }

    fn close(&mut self, at: usize) {
        if self.guide.as_ref().is_some_and(|(_, _, end)| *end == Some(at)) {
            self.unclosed(Some(at));
            return self.end_guide(None, at + 1);
        }
        if self.block_ends.last().is_some_and(|end| *end == Some(at)) {
            self.block_ends.pop();
            self.unclosed(Some(at));
            return self.end_piece();
        }
        self.extend(at);
        let Some(frames) = self.stack.close(brackets::opener(self.word_at(at))) else {
            return self.report(brackets::stray(self.text, self.tokens[at].span));
        };
        self.nesting = self.nesting.saturating_sub(frames.iter().map(|frame| 1 + frame.ifs).sum());
        let open: Vec<usize> = frames[1..].iter().map(|frame| frame.open).collect();
        if !open.is_empty() {
            self.report(brackets::unclosed(self.text, self.tokens, &open, Some(at)));
        }
        let is_ode = self.current.as_ref().is_some_and(|piece| piece.word == Some(StatementWord::Ode));
        if is_ode && self.stack.is_empty() && self.word_at(at) == "}" {
            self.end_piece();
        }
    }

    /// Reports the brackets still open and closes them.
    fn unclosed(&mut self, next: Option<usize>) {
        if self.stack.is_empty() {
            return;
        }
        let open: Vec<usize> = self.stack.clear().iter().map(|frame| frame.open).collect();
        self.report(brackets::unclosed(self.text, self.tokens, &open, next));
    }

    fn finish(mut self) -> Cut {
        self.unclosed(None);
        self.end_guide(None, self.tokens.len());
        self.end_piece();
        self.out
    }
}
