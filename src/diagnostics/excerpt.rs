//! The few lines of a text that a diagnostic shows. Long lines are cut around what is labelled, so that drawing costs
//! as much as what is drawn and not as much as the file.

use crate::source::{Source, Span};

/// A label's place in the excerpt and in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// In the excerpt.
    pub(super) span: Span,
    /// The words of the label.
    pub(super) text: String,
    /// Line in the text, from 0.
    pub(super) line: usize,
    /// Column in the text, in characters, from 0.
    pub(super) column: usize,
}

/// Consecutive lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// In the excerpt.
    pub(super) span: Span,
    /// The first line's number in the text, from 0.
    pub(super) line: usize,
    /// How many lines.
    pub(super) count: usize,
}

/// Lines of one text around some labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The lines, cut to the width.
    pub(super) text: String,
    /// Which lines they are.
    pub(super) blocks: Vec<Block>,
    /// The labels that can be shown, in the order given.
    pub(super) marks: Vec<Mark>,
}

/// The lines under the labels and their neighbours, none wider than `width` characters.
pub(super) fn excerpt(source: &Source, labels: &[(Span, &str)], width: usize) -> Excerpt {
    let mut places: Vec<Place<'_>> = labels.iter().map(|(span, text)| place(source, *span, text)).collect();
    let mut lines: Vec<usize> =
        places.iter().flat_map(|place| place.line.saturating_sub(1)..=place.line + 1).collect();
    lines.sort_unstable();
    lines.dedup();
    let mut out = Excerpt::default();
    for line in lines {
        let Some(span) = source.line_span(line) else { continue };
        let labelled = places.iter().any(|place| place.line == line);
        if !labelled && span.start == source.text().len() {
            continue;
        }
        let start = out.text.len();
        let here: Vec<&mut Place<'_>> = places.iter_mut().filter(|place| place.line == line).collect();
        push_line(source.slice(span), span.start, here, (width, &mut out.text));
        let end = out.text.len();
        match out.blocks.last_mut() {
            Some(block) if block.line + block.count == line => {
                block.span.end = end;
                block.count += 1;
            }
            _ => out.blocks.push(Block { span: Span::new(start, end), line, count: 1 }),
        }
    }
    let marks = places.into_iter().filter_map(|place| {
        let span = place.shown?;
        Some(Mark { span, text: place.text.to_owned(), line: place.line, column: place.column })
    });
    out.marks = marks.collect();
    out
}

/// A label before and after its line is cut.
struct Place<'a> {
    span: Span,
    text: &'a str,
    line: usize,
    column: usize,
    shown: Option<Span>,
}

/// A label over several lines is shown on its first.
fn place<'a>(source: &Source, span: Span, text: &'a str) -> Place<'a> {
    let start = source.floor(span.start);
    let position = source.position(start);
    let line = position.line - 1;
    let line_end = source.line_span(line).map_or(start, |line| line.end);
    let end = source.floor(span.end).clamp(start, line_end.max(start));
    Place { span: Span::new(start, end), text, line, column: position.column - 1, shown: None }
}

/// Appends a line, cut so that its first label is in sight, and records where labels come to lie.
fn push_line(line: &str, offset: usize, mut places: Vec<&mut Place<'_>>, (width, out): (usize, &mut String)) {
    let first = places.iter().map(|place| place.span.start.saturating_sub(offset)).min().unwrap_or(0);
    let from = if first > width / 2 { back(line, first, width / 3) } else { 0 };
    let to = forward(line, from, width);
    if from > 0 {
        out.push('…');
    }
    let base = out.len();
    let mapped = |at: usize| base + visible(&line[from..at.clamp(from, to)]).len();
    for place in &mut places {
        let (start, end) = (place.span.start - offset, place.span.end - offset);
        if start <= to {
            place.shown = Some(Span::new(mapped(start), mapped(end)));
        }
    }
    out.push_str(&visible(&line[from..to]));
    if to < line.len() {
        out.push('…');
    }
    out.push('\n');
}

/// The byte `count` characters before the byte `at`.
fn back(line: &str, at: usize, count: usize) -> usize {
    let before = line.get(..at).unwrap_or("");
    before.char_indices().rev().nth(count.saturating_sub(1)).map_or(0, |(byte, _)| byte)
}

/// The byte `count` characters after the byte `from`.
fn forward(line: &str, from: usize, count: usize) -> usize {
    line[from..].char_indices().nth(count).map_or(line.len(), |(byte, _)| from + byte)
}

/// Control characters would reach the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_line_is_cut_around_its_label() {
        let text = format!("{{\"y\": [{}NA, 7]}}\n", "1.25, ".repeat(50_000));
        let at = text.find("NA").unwrap();
        let source = Source::new("y.json", text);
        let excerpt = excerpt(&source, &[(Span::new(at, at + 2), "missing")], 100);
        assert!(excerpt.text.len() < 400, "{}", excerpt.text.len());
        let mark = &excerpt.marks[0];
        assert_eq!(&excerpt.text[mark.span.start..mark.span.end], "NA");
        assert_eq!((mark.line, mark.column), (0, at));
    }

    #[test]
    fn distant_lines_are_separate_blocks() {
        let source = Source::new("m.vi", "a\nb\nc\nd\ne\nf\ng\nh\n");
        let excerpt = excerpt(&source, &[(Span::new(2, 3), "b"), (Span::new(12, 13), "g")], 80);
        let lines: Vec<(usize, usize)> =
            excerpt.blocks.iter().map(|block| (block.line, block.count)).collect();
        assert_eq!(lines, [(0, 3), (5, 3)]);
        assert_eq!(&excerpt.text[excerpt.marks[1].span.start..excerpt.marks[1].span.end], "g");
    }

    #[test]
    fn labels_at_and_past_the_end_are_kept_in_bounds() {
        let source = Source::new("m.vi", "ab");
        for span in [Span::new(2, 2), Span::new(7, 9), Span::new(0, 50)] {
            let excerpt = excerpt(&source, &[(span, "x")], 80);
            assert!(excerpt.marks[0].span.end <= excerpt.text.len());
        }
    }
}
