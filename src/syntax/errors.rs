//! Where pest stopped, in human words. No rule's name is ever shown.

use super::cut::Piece;
use super::grammar::{Rule, is_word, word_text};
use super::parse::File;
use super::words::{self, StatementWord};
use super::{juxtaposed, truncation, typed};
use crate::diagnostics::syntax_codes::{
    CLAUSE_COMMA, RESERVED, SINGLE_EQUALS, STAN_DECLARATION, UNEXPECTED, WRONG_SIGN,
};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;
use pest::error::{Error, ErrorVariant, InputLocation};

/// Domains of whole arrays, whose dim follows `over`.
const JOINT: [&str; 5] = ["simplex", "ordered", "positive_ordered", "unit_vector", "zero_sum"];

/// A range in the place of a dim.
const ELEMENTS: &str =
    "a bracket names a dim; which of its elements are meant is a condition: `[t: time where t > 1]`";

/// The place of a mistake among the tokens, and what could have stood there.
struct Stop<'a> {
    file: &'a File<'a>,
    piece: &'a Piece,
    /// The token that does not fit; the end of the piece where something is lacking.
    at: usize,
    expected: Vec<Rule>,
}

/// The diagnostic for a piece that pest could not read.
pub(super) fn explain(file: &File<'_>, piece: &Piece, error: &Error<Rule>) -> Diagnostic {
    let place = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at + file.span(piece).start,
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let tokens = &file.tokens[piece.tokens.clone()];
    let at = piece.tokens.start + tokens.partition_point(|token| token.span.start < place);
    if let Some(typed) = typed::explain(file, piece) {
        return typed;
    }
    let stop = Stop { file, piece, at, expected };
    let particular = [
        Stop::clause_comma,
        Stop::wrong_sign,
        Stop::single_equals,
        Stop::stan_bounds,
        Stop::reserved,
        Stop::missing_colon,
        Stop::missing_tilde,
        Stop::stan_truncation,
        Stop::sized_bracket,
    ];
    particular.iter().find_map(|explanation| explanation(&stop)).unwrap_or_else(|| stop.unexpected())
}

impl Stop<'_> {
    fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    /// The token at fault; empty at the end.
    fn found(&self) -> &str {
        if self.at < self.piece.tokens.end { self.file.word(self.at) } else { "" }
    }

    fn found_span(&self) -> Span {
        let last = self.piece.tokens.end - 1;
        self.file.tokens[self.at.min(last)].span
    }

    fn before(&self) -> &str {
        if self.at > self.piece.tokens.start { self.file.word(self.at - 1) } else { "" }
    }

    /// `sum(x, over i: d)`
    fn clause_comma(&self) -> Option<Diagnostic> {
        if self.before() != "," || !matches!(self.found(), "over" | "where" | "by") {
            return None;
        }
        let comma = self.file.tokens[self.at - 1].span;
        let edit = Edit { span: comma, text: String::new() };
        Some(
            Diagnostic::new(CLAUSE_COMMA, format!("no comma before `{}`", self.found()))
                .at(comma, "clauses follow without a comma")
                .fix("remove the comma", vec![edit]),
        )
    }

    /// The sign that was written, where it is one of those that people take for another.
    fn sign(&self) -> Option<Span> {
        let span = self.found_span();
        match self.found() {
            "=" | "~" | ":=" => Some(span),
            "<" if self.file.word(self.at + 1) == "-" => {
                let dash = self.file.tokens[self.at + 1].span;
                (dash.start == span.end).then(|| span.to(dash))
            }
            _ => None,
        }
    }

    /// `latent mu = …`, `let x ~ …`, `let x <- …`
    fn wrong_sign(&self) -> Option<Diagnostic> {
        let span = self.sign()?;
        let written = self.file.text.get(span.start..span.end).unwrap_or("");
        let draw = self.expects(Rule::tilde) || self.expects(Rule::prior_clause);
        let value = self.expects(Rule::equals) || self.expects(Rule::default_clause);
        let (wanted, why) = match (draw, value) {
            (true, false) if written != "~" => ("~", "a draw from a distribution is written with `~`"),
            (_, true) if written != "=" => ("=", "a value is given with `=`"),
            _ => return None,
        };
        let diagnostic =
            Diagnostic::new(WRONG_SIGN, format!("expected `{wanted}`, found `{written}`")).at(span, why);
        let edit = Edit { span, text: wanted.to_owned() };
        Some(match (written, self.piece.word) {
            ("~", Some(StatementWord::Let)) => {
                diagnostic.help("write `latent` in place of `let` for something random, or `=` for a value")
            }
            _ => diagnostic.fix(format!("write `{wanted}`"), vec![edit]),
        })
    }

    /// `if t = 1 then …`
    fn single_equals(&self) -> Option<Diagnostic> {
        if self.found() != "=" || !self.expects(Rule::infix) {
            return None;
        }
        let edit = Edit { span: self.found_span(), text: "==".to_owned() };
        Some(
            Diagnostic::new(SINGLE_EQUALS, "`=` does not compare")
                .at(edit.span, "gives a value, but stands inside of an expression")
                .fix("compare with `==`", vec![edit]),
        )
    }

    /// `data x: real<lower=0>`, `latent s: simplex[k]`
    fn stan_bounds(&self) -> Option<Diagnostic> {
        let (what, help) = self.stan_type()?;
        let diagnostic = Diagnostic::new(STAN_DECLARATION, "this is a type in Stan's spelling")
            .at(self.found_span(), what);
        let Some((span, own)) = self.bounded().or_else(|| self.axis_in_type()) else {
            return Some(diagnostic.help(help));
        };
        Some(diagnostic.fix(format!("write `{own}`"), vec![Edit { span, text: own.clone() }]))
    }

    /// A type with bounds of Stan that has a name here, and the name.
    fn bounded(&self) -> Option<(Span, String)> {
        let rest = self.at..self.piece.tokens.end;
        let end = rest.clone().find(|at| self.file.word(*at) == ">").filter(|_| self.found() == "<")?;
        let words: Vec<&str> = (self.at - 1..end).map(|at| self.file.word(at)).collect();
        let own = typed::support(&words);
        let tokens = &self.file.tokens;
        (!matches!(own.as_str(), "real" | "int"))
            .then(|| (tokens[self.at - 1].span.to(tokens[end].span), own))
    }

    /// A name whose dim stands behind a joint type, `m: ordered[k]`, with both where they belong.
    fn axis_in_type(&self) -> Option<(Span, String)> {
        let word = |at: usize| self.file.word(at);
        let [name, joint, axis] = [self.at.checked_sub(3)?, self.at - 1, self.at + 1];
        let is_name = |at: usize| word(at).starts_with(|c: char| c.is_alphabetic());
        let whole = self.found() == "[" && word(self.at + 2) == "]" && self.at + 2 < self.piece.tokens.end;
        (whole && is_name(name) && is_name(axis) && JOINT.contains(&word(joint))).then(|| {
            let text = format!("{}[{axis}]: {} over {axis}", word(name), word(joint), axis = word(axis));
            (self.file.tokens[name].span.to(self.file.tokens[axis + 1].span), text)
        })
    }

    /// What is Stan's about a type, and how it is written here.
    fn stan_type(&self) -> Option<(&'static str, String)> {
        let typed = self.expects(Rule::optional) && self.at >= 2 && self.file.word(self.at - 2) == ":";
        Some(match self.found() {
            "<" if typed => {
                let help = "write `real(0..1)`, `positive`, `nonneg` or `unit`".to_owned();
                ("bounds stand in parentheses", help)
            }
            "[" if typed => match self.before() {
                joint if JOINT.contains(&joint) => (
                    "the axis follows `over`",
                    format!("write `{joint} over k`, with the dim `k` behind the name too"),
                ),
                matrix @ ("corr" | "cov" | "chol_corr" | "chol_cov") => (
                    "axes stand behind the name",
                    format!("write the dim twice behind the name: `{}[i: k, j: k]: {matrix}`", self.name()),
                ),
                _ => {
                    ("axes stand behind the name", format!("declare `dim k` and write `{}[k]`", self.name()))
                }
            },
            _ => return None,
        })
    }

    fn wants_name(&self) -> bool {
        !self.expected.is_empty()
            && self.expected.iter().all(|rule| matches!(describe(*rule), Some(Words::Name)))
    }

    /// `latent if ~ …`
    fn reserved(&self) -> Option<Diagnostic> {
        let found = self.found();
        if !self.wants_name() || !words::is_reserved(found) {
            return None;
        }
        let edit = Edit { span: self.found_span(), text: format!("{found}_") };
        Some(
            Diagnostic::new(RESERVED, format!("`{found}` is a reserved word and cannot be a name"))
                .at(edit.span, "reserved")
                .fix(format!("choose another name, such as `{found}_`"), vec![edit]),
        )
    }

    /// `data n[obs] count`
    fn missing_colon(&self) -> Option<Diagnostic> {
        let found = self.found();
        let word = found.starts_with(|c: char| c.is_ascii_alphabetic()) && !words::is_reserved(found);
        let typed = self.expects(Rule::annotation) || self.expects(Rule::colon);
        if !word || !typed || self.piece.word != Some(StatementWord::Data) {
            return None;
        }
        let before = self.file.tokens[self.at - 1].span.end;
        let gap = Span::new(before, self.found_span().start);
        let edit = Edit { span: gap, text: ": ".to_owned() };
        Some(
            Diagnostic::new(UNEXPECTED, format!("expected `:` before {}", shown(found)))
                .at(self.found_span(), "a type follows a colon")
                .fix(format!("write `: {found}`"), vec![edit]),
        )
    }

    /// `latent mu normal(0, 1)`
    fn missing_tilde(&self) -> Option<Diagnostic> {
        let draws = self.expects(Rule::tilde) || self.expects(Rule::prior_clause);
        let found = self.found();
        let called =
            found.starts_with(|c: char| c.is_ascii_alphabetic()) && self.file.word(self.at + 1) == "(";
        if !draws || !called || words::is_reserved(found) {
            return None;
        }
        let start = self.found_span().start;
        let edit = Edit { span: Span::new(start, start), text: "~ ".to_owned() };
        Some(
            Diagnostic::new(UNEXPECTED, format!("expected `~` before {}", shown(found)))
                .at(self.found_span(), "a draw from a distribution is written with `~`")
                .fix(format!("write `~ {found}(…)`"), vec![edit]),
        )
    }

    /// `y ~ normal(mu, sigma) T[0, ]`
    fn stan_truncation(&self) -> Option<Diagnostic> {
        let found = self.found();
        let bounds = matches!(found, "T" | "I") && matches!(self.file.word(self.at + 1), "[" | "(");
        if !bounds || self.before() != ")" {
            return None;
        }
        let diagnostic =
            Diagnostic::new(UNEXPECTED, format!("{} does not continue this statement", shown(found)))
                .at(self.found_span(), "a truncation in Stan's or BUGS's spelling");
        Some(match truncation::rewritten(self.file, self.at) {
            Some((text, edit)) => {
                diagnostic.fix(format!("a truncated distribution is one of its own: `{text}`"), vec![edit])
            }
            None => diagnostic.help("a truncated distribution is one of its own: `truncated(D, 0..)`"),
        })
    }

    /// `latent b[2] ~ …`
    fn sized_bracket(&self) -> Option<Diagnostic> {
        let found = self.found();
        let number = found.starts_with(|c: char| c.is_ascii_digit());
        if !number || !matches!(self.before(), "[" | ",") || !self.wants_name() {
            return None;
        }
        let message = format!("brackets hold dims, found {}", shown(found));
        let words = self.piece.tokens.start + 2..self.at;
        let bracket = words.map(|at| self.file.word(at)).collect::<String>().replace(',', ", ");
        Some(
            Diagnostic::new(UNEXPECTED, message).at(self.found_span(), "a size, not a dim").help(format!(
                "name the axis: `dim k = {found}` above, and `{}{bracket}k]` here",
                self.name()
            )),
        )
    }

    fn inside_bracket(&self) -> bool {
        let words = || (self.piece.tokens.start..self.at).map(|at| self.file.word(at));
        words().filter(|word| *word == "[").count() > words().filter(|word| *word == "]").count()
    }

    /// The name that the statement declares.
    fn name(&self) -> &str {
        self.file.word(self.piece.tokens.start + 1)
    }

    fn unexpected(&self) -> Diagnostic {
        let found = self.found();
        let after = shown(self.before());
        let wanted = self.wanted();
        let draws = self.expects(Rule::tilde) || self.expects(Rule::prior_clause);
        let complete = wanted.is_empty() || self.expects(Rule::EOI) && !draws;
        if found.is_empty() {
            let message = format!("expected {} after {after}", alternatives(&wanted));
            return self.hinted(
                Diagnostic::new(UNEXPECTED, message).at(self.found_span(), "the statement ends here"),
            );
        }
        let found = shown(found);
        let message = if complete {
            format!("{found} does not continue this statement")
        } else {
            format!("expected {} after {after}, found {found}", alternatives(&wanted))
        };
        self.hinted(Diagnostic::new(UNEXPECTED, message).at(self.found_span(), "not expected here"))
    }

    fn hinted(&self, diagnostic: Diagnostic) -> Diagnostic {
        let expects = |rule| self.expects(rule);
        if expects(Rule::word_else) || expects(Rule::word_then) {
            return diagnostic.help("an `if` has both branches: `if t == 1 then a else b`");
        }
        if self.before() == ":" && self.wants_name() && self.inside_bracket() {
            return diagnostic.help(ELEMENTS);
        }
        if self.before() == ":" && self.wants_name() {
            return diagnostic.help(
                "a type is a word: `real`, `positive`, `unit`, `real(0..1)`, `count`, `bool`, or a dim",
            );
        }
        if let Some(words) = juxtaposed::between(self.file, self.piece, self.at)
            && expects(Rule::infix)
        {
            return diagnostic.help(words);
        }
        let named = self.at == self.piece.tokens.start + 2;
        if named && matches!(self.found(), ">" | "<" | ">=" | "<=") {
            return diagnostic.help(format!(
                "where values lie is a type: `{}: positive`, `: unit`, `: real(0..10)`",
                self.name()
            ));
        }
        if named && self.found() == "," {
            return diagnostic
                .help("each name has its own statement; names drawn alike are one array over a dim");
        }
        match self.found() {
            "{" | "}" => diagnostic.help("only `guide` and `ode` have braces"),
            ")" | "]" if self.before() == "," => {
                diagnostic.help("nothing follows the comma: leave it out, or say what does")
            }
            "(" if named => diagnostic.help(format!("brackets name dims: `{}[obs]`", self.name())),
            ":" if self.piece.word == Some(StatementWord::Dim) => {
                let edit = Edit { span: self.found_span(), text: "..".to_owned() };
                diagnostic.fix("a range is written with dots: `1900..1950`", vec![edit])
            }
            "?" | "if" if expects(Rule::infix) => diagnostic.help("a choice is written `if c then a else b`"),
            ".." if self.inside_bracket() => diagnostic.help(ELEMENTS),
            "" if self.piece.word == Some(StatementWord::Observe) && named => {
                diagnostic.help(format!("say how it varies: `observe {} ~ normal(m, s)`", self.name()))
            }
            _ => diagnostic,
        }
    }

    /// What could have stood here, most telling first, without repetition.
    fn wanted(&self) -> Vec<String> {
        let described: Vec<Words> = self.expected.iter().filter_map(|rule| describe(*rule)).collect();
        let mut wanted: Vec<String> = Vec::new();
        if described.contains(&Words::Expression) {
            wanted.push("an expression".to_owned());
        } else if described.contains(&Words::Name) {
            wanted.push("a name".to_owned());
        }
        // Behind an operand a call, a range or an operator may always follow; only what must follow is named.
        let behind_operand = self.expects(Rule::infix);
        for words in described {
            let exact = match words {
                Words::Exact("`(`" | "`..`") if behind_operand => continue,
                Words::Exact(exact) => exact,
                _ => continue,
            };
            if !wanted.iter().any(|known| known == exact) {
                wanted.push(exact.to_owned());
            }
        }
        if wanted.is_empty() && !self.expected.is_empty() {
            wanted.push("an operator".to_owned());
        }
        wanted
    }
}

/// A token between backticks, cut where it is long.
fn shown(token: &str) -> String {
    const LONGEST: usize = 30;
    match token.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &token[..end]),
        None => format!("`{token}`"),
    }
}

fn alternatives(wanted: &[String]) -> String {
    match wanted {
        [] => "the end of the statement".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// How a rule is spoken of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Expression,
    Name,
    Exact(&'static str),
}

/// `None` for what may always follow (an operator, an index, a clause) and is not worth a mention.
fn describe(rule: Rule) -> Option<Words> {
    use Words::{Exact, Expression, Name};
    if is_word(rule) {
        return match rule {
            Rule::word_over | Rule::word_where | Rule::word_by | Rule::word_if => None,
            _ => word_text(rule).map(|word| Exact(quoted(word))),
        };
    }
    Some(match rule {
        Rule::expression | Rule::operand | Rule::prefix | Rule::number | Rule::truth | Rule::conditional => {
            Expression
        }
        Rule::named | Rule::parenthesis | Rule::array | Rule::argument | Rule::value | Rule::place => {
            Expression
        }
        Rule::ode_times => Expression,
        Rule::name | Rule::head | Rule::dim_item | Rule::binder | Rule::over_item | Rule::ode_state => Name,
        Rule::parameters => Name,
        Rule::text => Exact("a quoted text"),
        Rule::annotation => Exact("`:`"),
        Rule::type_name => Exact("a type"),
        Rule::binder_dim | Rule::colon => Exact("`:`"),
        Rule::prior_clause | Rule::tilde => Exact("`~`"),
        Rule::dim_value | Rule::default_clause | Rule::equals => Exact("`=`"),
        Rule::close => Exact("`)`"),
        Rule::open => Exact("`(`"),
        Rule::close_square => Exact("`]`"),
        Rule::open_brace => Exact("`{`"),
        Rule::close_brace => Exact("`}`"),
        Rule::comma => Exact("`,`"),
        Rule::dots => Exact("`..`"),
        _ => return None,
    })
}

/// A word of the language between backticks.
fn quoted(word: &'static str) -> &'static str {
    match word {
        "from" => "`from`",
        "at" => "`at`",
        "rate" => "`rate`",
        "then" => "`then`",
        "else" => "`else`",
        "in" => "`in`",
        "using" => "`using`",
        "init" => "`init`",
        "missing" => "`missing`",
        other => other,
    }
}
