//! Which statement a `##` comment documents.

use super::cut::Piece;
use super::token::{Token, TokenKind};

/// Gives each `##` comment to its piece: behind something it documents that; alone on a line, the next statement,
/// or the one it stands in the middle of.
pub(super) fn attach(pieces: &mut [Piece], text: &str, all: &[Token]) {
    let mut owners = Vec::new();
    collect(pieces, &mut owners);
    let mut before: Option<usize> = None;
    let mut last_line = 0;
    for token in all {
        if !token.is_comment() {
            before = Some(before.map_or(0, |at| at + 1));
            last_line = token.line;
            continue;
        }
        if token.kind == TokenKind::Doc {
            let behind = before.filter(|_| last_line == token.line);
            let owner = match behind {
                Some(at) => holding(&owners, at),
                None => following(&owners, before.map_or(0, |at| at + 1)),
            };
            if let Some(owner) = owner {
                owners[owner].2.push(doc_line(token.text(text)));
            }
        }
    }
}

/// First token, one past the last (of the statement's own tokens), and where its lines go.
type Owner<'a> = (usize, usize, &'a mut Vec<String>);

fn collect<'a>(pieces: &'a mut [Piece], owners: &mut Vec<Owner<'a>>) {
    for piece in pieces {
        let Piece { tokens, children, doc, .. } = piece;
        let own_end = children.first().map_or(tokens.end, |child| child.tokens.start);
        owners.push((tokens.start, own_end, doc));
        collect(children, owners);
    }
}

/// The last piece that begins at or before the token.
fn holding(owners: &[Owner<'_>], at: usize) -> Option<usize> {
    owners.partition_point(|owner| owner.0 <= at).checked_sub(1)
}

/// The piece that the token `next` continues, or the first that begins at it or later.
fn following(owners: &[Owner<'_>], next: usize) -> Option<usize> {
    let later = owners.partition_point(|owner| owner.0 < next);
    let inside = later.checked_sub(1).filter(|&owner| next < owners[owner].1);
    inside.or((later < owners.len()).then_some(later))
}

fn doc_line(comment: &str) -> String {
    let line = comment.strip_prefix("##").unwrap_or(comment);
    line.strip_prefix(' ').unwrap_or(line).to_owned()
}
