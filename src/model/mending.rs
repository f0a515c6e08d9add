//! Edits of the text that mend a mistake, worked out from statements and what was written.

use super::checker::Checker;
use super::errors;
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;
use crate::syntax::ast::*;

/// Statements farther apart than this are left for the person to move.
const FARTHEST: usize = 1000;

impl<'t> Checker<'t> {
    /// `let mu = normal(0, 5)`
    pub fn assigned_distribution(&self, made: &LetDeclaration) -> Diagnostic {
        let (name, value) = (&made.head.name, made.value.span);
        let before = Span::new(0, name.span.start);
        let keyword = self.text(before).rfind("let").unwrap_or(before.end);
        let between = Span::new(name.span.end, value.start);
        let sign = between.start + self.text(between).rfind('=').unwrap_or(0);
        let places = [Span::new(keyword, keyword + "let".len()), Span::new(sign, sign + 1)];
        errors::assigned_distribution(name, (value, self.text(value)), places)
    }

    /// A name read before its declaration, with the move that puts the two in order.
    pub fn used_before(&self, name: &Name, declared: Span) -> Diagnostic {
        errors::used_before(name, declared, self.reordering(name.span, declared))
    }

    fn reordering(&self, used: Span, declared: Span) -> Option<(&'static str, Vec<Edit>)> {
        let (user, declarer) = (self.statement_at(used)?, self.statement_at(declared)?);
        let (first, last) = (&self.statements[user], &self.statements[declarer]);
        if user >= declarer || declarer - user > FARTHEST {
            return None;
        }
        if !self.names_any(last, &self.statements[user..declarer]) {
            let place = self.lines_of(first.span)?.start;
            return Some(("move the declaration up", self.moved(self.lines_of(last.span)?, place)));
        }
        let free = matches!(first.kind, StatementKind::Observe(_) | StatementKind::Potential(_));
        let replicated = self.text(first.span.to(last.span)).contains("rep(");
        let place = self.lines_of(last.span)?.end;
        (free && !replicated)
            .then_some(("move this statement down", self.moved(self.lines_of(first.span)?, place)))
    }

    fn statement_at(&self, place: Span) -> Option<usize> {
        let after = self.statements.partition_point(|statement| statement.span.start <= place.start);
        let at = after.checked_sub(1)?;
        (place.end <= self.statements[at].span.end).then_some(at)
    }

    /// Whether the text of a statement has the name of something that one of `others` declares.
    fn names_any(&self, statement: &Statement, others: &[Statement]) -> bool {
        let (Some(first), Some(last)) = (others.first(), others.last()) else { return false };
        let inside = |span: &Span| first.span.start <= span.start && span.end <= last.span.end;
        let declared = |word: &str| {
            let array = self.names.arrays.get(word).map(|array| array.span);
            let dim = self.names.dims.get(word).map(|dim| dim.span);
            array.into_iter().chain(dim).any(|span| inside(&span))
        };
        let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.text(statement.span).split(|c| !part_of_name(c)).any(declared)
    }

    /// The whole lines of a statement; none if it shares them with another, or has its documentation above.
    fn lines_of(&self, statement: Span) -> Option<Span> {
        let text = self.source.text();
        let start = text[..statement.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[statement.end..].find('\n').map_or(text.len(), |at| statement.end + at + 1);
        let rest = text[statement.end..end].trim();
        let above = text[..start].trim_end().rsplit('\n').next().unwrap_or("");
        let alone =
            text[start..statement.start].trim().is_empty() && (rest.is_empty() || rest.starts_with('#'));
        (alone && !above.trim_start().starts_with("##")).then_some(Span::new(start, end))
    }

    fn moved(&self, lines: Span, place: usize) -> Vec<Edit> {
        let mut text = self.text(lines).trim_end_matches('\n').to_owned();
        let ended = place == 0 || self.source.text()[..place].ends_with('\n');
        text = if ended { text + "\n" } else { format!("\n{text}") };
        vec![Edit { span: Span::new(place, place), text }, Edit { span: lines, text: String::new() }]
    }
}
