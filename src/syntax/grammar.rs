//! The derived parser. It stays in this folder: no other room sees `Rule`.

#[derive(pest_derive::Parser)]
#[grammar = "grammar/vi.pest"]
pub(super) struct Grammar;

/// One node of pest's own tree.
pub(super) type Pair<'i> = pest::iterators::Pair<'i, Rule>;

/// Whether a node is a mark or a reserved word, of no interest once its place is known.
fn is_mark(rule: Rule) -> bool {
    use Rule::*;
    matches!(
        rule,
        open | close
            | open_square
            | close_square
            | open_brace
            | close_brace
            | comma
            | colon
            | dots
            | tilde
            | equals
    ) || is_word(rule)
        || rule == EOI
}

/// Whether a node is a reserved or contextual word.
pub(super) fn is_word(rule: Rule) -> bool {
    word_text(rule).is_some()
}

/// The letters of a word's rule.
pub(super) fn word_text(rule: Rule) -> Option<&'static str> {
    use Rule::*;
    Some(match rule {
        word_dim => "dim",
        word_data => "data",
        word_let => "let",
        word_latent => "latent",
        word_observe => "observe",
        word_learn => "learn",
        word_potential => "potential",
        word_generate => "generate",
        word_fn => "fn",
        word_ode => "ode",
        word_from => "from",
        word_missing => "missing",
        word_using => "using",
        word_init => "init",
        word_at => "at",
        word_rate => "rate",
        word_if => "if",
        word_then => "then",
        word_else => "else",
        word_in => "in",
        word_over => "over",
        word_where => "where",
        word_by => "by",
        _ => return None,
    })
}

/// The nodes inside of a node, marks and words left out.
pub(super) fn parts(pair: Pair<'_>) -> impl Iterator<Item = Pair<'_>> {
    pair.into_inner().filter(|part| !is_mark(part.as_rule()))
}
