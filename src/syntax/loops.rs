//! The body of a loop, written once for all elements.

use super::cut::Piece;
use super::parse::File;
use super::strays::clip;
use super::words::StatementWord;

/// The draw in the body of a loop without the loop's variable, if that is all there is; `is_data` tells what is observed.
pub(super) fn body(file: &File<'_>, piece: &Piece, is_data: impl Fn(&str) -> bool) -> Option<String> {
    let head = piece.tokens.start;
    let in_parentheses = file.word(head + 1) == "(";
    let variable = file.word(head + 1 + usize::from(in_parentheses));
    let first = first_token(file, head)?;
    let line = file.tokens.get(first)?.line;
    let mut depth = 0usize;
    let ends = |at: &usize| {
        match file.word(*at) {
            "{" => depth += 1,
            "}" if depth == 0 => return true,
            "}" => depth -= 1,
            _ => {}
        }
        file.tokens[*at].line != line
    };
    let end = (first..file.tokens.len()).find(ends).unwrap_or(file.tokens.len());
    let signs = (first..end).filter(|at| matches!(file.word(*at), "~" | "="));
    if first >= end || signs.map(|at| file.word(at)).collect::<Vec<_>>() != ["~"] {
        return None;
    }
    let (start, stop) = (file.tokens[first].span.start, file.tokens[end - 1].span.end);
    let text = file.text.get(start..stop)?.replace(&format!("[{variable}]"), "");
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.split(|c| !part_of_name(c)).any(|word| word == variable) {
        return None;
    }
    let name = file.word(first);
    let keyword = match StatementWord::of(name) {
        Some(_) => "",
        None if is_data(name) => "observe ",
        None => "latent ",
    };
    Some(format!("{keyword}{}", clip(&text)))
}

/// The first token behind the head of a loop: behind its brace, its parentheses, or its line.
pub(super) fn first_token(file: &File<'_>, head: usize) -> Option<usize> {
    let line = file.tokens[head].line;
    let behind = |at: usize| if file.word(at) == "{" { at + 1 } else { at };
    let mut depth = 0usize;
    for at in head + 1..file.tokens.len() {
        match file.word(at) {
            "(" => depth += 1,
            ")" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 && file.word(head + 1) == "(" {
                    return Some(behind(at + 1));
                }
            }
            "{" if depth == 0 => return Some(at + 1),
            _ if file.tokens[at].line != line => return Some(at),
            _ => {}
        }
    }
    None
}
