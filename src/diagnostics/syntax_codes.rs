//! Rows of the catalogue that the syntax stage reports.

use super::codes::{Code, Row, Severity};

/// Something does not fit where it stands.
pub const UNEXPECTED: Code = Code(101);
/// A bracket is never closed.
pub const UNCLOSED: Code = Code(102);
/// A closing bracket closes nothing.
pub const STRAY_CLOSER: Code = Code(103);
/// A text is not ended on its line.
pub const UNTERMINATED_TEXT: Code = Code(104);
/// An expression is nested too deeply.
pub const TOO_DEEP: Code = Code(105);
/// A draw without its first word.
pub const BARE_TILDE: Code = Code(106);
/// A value without its first word.
pub const BARE_ASSIGNMENT: Code = Code(107);
/// Semicolons are not needed.
pub const SEMICOLON: Code = Code(108);
/// A declaration or type in Stan's spelling.
pub const STAN_DECLARATION: Code = Code(109);
/// A loop or a conditional statement.
pub const LOOP: Code = Code(110);
/// A model has no blocks.
pub const BLOCK: Code = Code(111);
/// A character that only looks like the one meant.
pub const LOOKALIKE: Code = Code(112);
/// A name holds a character that names cannot have.
pub const NAME_LETTERS: Code = Code(113);
/// `np.exp`
pub const MODULE: Code = Code(129);
/// A reserved word as a name.
pub const RESERVED: Code = Code(114);
/// A slice of an array.
pub const SLICE: Code = Code(115);
/// An operator of another language.
pub const FOREIGN_OPERATOR: Code = Code(116);
/// An apostrophe after a value.
pub const TRANSPOSE: Code = Code(117);
/// A chain of comparisons.
pub const CHAINED_COMPARISON: Code = Code(118);
/// `=` where a comparison is meant.
pub const SINGLE_EQUALS: Code = Code(119);
/// `=` for `~`, or the reverse.
pub const WRONG_SIGN: Code = Code(120);
/// An increment of the log density.
pub const TARGET_INCREMENT: Code = Code(121);
/// Text that begins no statement.
pub const UNKNOWN_STATEMENT: Code = Code(122);
/// A comma before a clause.
pub const CLAUSE_COMMA: Code = Code(123);
/// A number that cannot be read.
pub const NUMBER: Code = Code(124);
/// A character that means nothing here.
pub const UNKNOWN_CHARACTER: Code = Code(125);
/// A statement that does not belong into a guide.
pub const GUIDE_STATEMENT: Code = Code(126);
/// A comment of another language.
pub const FOREIGN_COMMENT: Code = Code(127);
/// A text in single quotes.
pub const SINGLE_QUOTES: Code = Code(128);

/// A row of this area; all of them stop the pipeline.
const fn row(code: Code, words: [&'static str; 5]) -> Row {
    let [slug, summary, explanation, wrong, right] = words;
    Row { code, slug, severity: Severity::Error, summary, explanation, wrong, right }
}

/// The rows, by code.
pub static ROWS: &[Row] = &[
    row(
        UNEXPECTED,
        [
            "syntax::unexpected",
            "something does not fit where it stands",
            "A statement was read up to this place, and what stands there continues none of its forms. The message says what could have stood there; the forms of all statements are in the language's description.",
            "latent mu ~ normal(0, )",
            "latent mu ~ normal(0, 1)",
        ],
    ),
    row(
        UNCLOSED,
        [
            "syntax::unclosed",
            "a bracket is never closed",
            "Brackets pair up within one statement. The report points at the bracket that was opened and, where one follows, at the statement that begins before it is closed; that statement is read as usual.",
            "latent mu ~ normal(0, 5\nlatent nu ~ normal(0, 1)",
            "latent mu ~ normal(0, 5)\nlatent nu ~ normal(0, 1)",
        ],
    ),
    row(
        STRAY_CLOSER,
        [
            "syntax::stray_closer",
            "a closing bracket closes nothing",
            "No bracket of this kind is open here. Remove it, or open one before it.",
            "latent mu ~ normal(0, 5))",
            "latent mu ~ normal(0, 5)",
        ],
    ),
    row(
        UNTERMINATED_TEXT,
        [
            "syntax::unterminated_text",
            "a text is not ended on its line",
            "A text stands between double quotes on one line. A quote inside of it is written `\\\"`, a backslash `\\\\`.",
            "dim effect = [\"intercept, floor]",
            "dim effect = [\"intercept\", \"floor\"]",
        ],
    ),
    row(
        TOO_DEEP,
        [
            "syntax::too_deep",
            "an expression is nested too deeply",
            "Brackets and `if` nest at most 100 deep, and one expression chains at most 500 operators, so that every later pass is safe on any text. A function is written out wherever it is called, and its arguments wherever it reads them: what comes of that is capped too. Name parts of the expression with `let`; a long sum of like terms is a `sum` over a dim.",
            "let x = (((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
            "let a = 1 + 2\nlet b = a + 3",
        ],
    ),
    row(
        BARE_TILDE,
        [
            "syntax::bare_tilde",
            "a draw without its first word",
            "Every random statement says what it is about: `latent` declares something unobserved and gives its prior, `observe` says that data are a draw. `mu ~ normal(0, 1)` alone leaves that open.",
            "mu ~ normal(0, 5)",
            "latent mu ~ normal(0, 5)",
        ],
    ),
    row(
        BARE_ASSIGNMENT,
        [
            "syntax::bare_assignment",
            "a value without its first word",
            "A deterministic value is declared with `let`, each name once: there are no variables to assign to.",
            "data x: real\ny <- 2 * x",
            "data x: real\nlet y = 2 * x",
        ],
    ),
    row(
        SEMICOLON,
        [
            "syntax::semicolon",
            "semicolons are not needed",
            "A statement ends where the next one begins, which its first word shows. All semicolons of a file are reported together.",
            "latent mu ~ normal(0, 5);",
            "latent mu ~ normal(0, 5)",
        ],
    ),
    row(
        STAN_DECLARATION,
        [
            "syntax::stan_declaration",
            "a declaration or type in Stan's spelling",
            "A declaration begins with what it declares, `data` or `latent`; then come the name, its axes in brackets, and after a colon the type with its support: `real`, `positive`, `unit`, `real(0..10)`, `count`, `simplex over k`.",
            "real<lower=0> sigma",
            "latent sigma: positive ~ half_normal(1)",
        ],
    ),
    row(
        LOOP,
        [
            "syntax::loop",
            "a loop or a conditional statement",
            "There are no loops. A statement speaks of whole arrays, whose dims align by name; where an element needs its neighbours its head names the running coordinate, as in `latent h[t: time] ~ …`. `if` is an expression with a value.",
            "dim n\ndata y[n]: real\nfor (i in 1:N) y[i] ~ normal(0, 1)",
            "dim n\ndata y[n]: real\nobserve y ~ normal(0, 1)",
        ],
    ),
    row(
        BLOCK,
        [
            "syntax::block",
            "a model has no blocks",
            "What Stan sorts into `data`, `parameters` and `model` blocks, each statement here says with its first word. The compiler orders and places the work itself.",
            "model {\n}",
            "dim n\ndata y[n]: real",
        ],
    ),
    row(
        LOOKALIKE,
        [
            "syntax::lookalike",
            "a character that only looks like the one meant",
            "Texts pasted from a web page or a word processor often hold a true minus sign, curly quotes or spaces that do not break. All of them are reported together, with the edits that replace them.",
            "latent mu ~ normal(0, 5 − 1)",
            "latent mu ~ normal(0, 5 - 1)",
        ],
    ),
    row(
        NAME_LETTERS,
        [
            "syntax::name_letters",
            "a name holds a character that names cannot have",
            "Names are made of the letters a-z and A-Z, digits and `_`, and begin with a letter. Names of fields in data files may be anything: `data mu_hat: real from \"μ.hat\"`.",
            "latent μ ~ normal(0, 5)",
            "latent mu ~ normal(0, 5)",
        ],
    ),
    row(
        RESERVED,
        [
            "syntax::reserved",
            "a reserved word as a name",
            "The words that begin statements, and `if then else and or not in div mod over where by true false`, cannot be names.",
            "latent data ~ normal(0, 1)",
            "latent data_ ~ normal(0, 1)",
        ],
    ),
    row(
        SLICE,
        [
            "syntax::slice",
            "a slice of an array",
            "There are no slices. A whole axis is `_`; a part of a dim is a dim of its own, `dim late = time where time > 3`, or is chosen where it is used: `sum(x[t] over t: time where t > 3)`.",
            "dim n\ndata x[n]: real\nlet y = sum(x[2:5])",
            "dim n\ndata x[n]: real\nlet y = sum(x[i] over i: n where i >= 2 and i <= 5)",
        ],
    ),
    row(
        FOREIGN_OPERATOR,
        [
            "syntax::foreign_operator",
            "an operator of another language",
            "Powers are `^`, logic is `and`, `or`, `not`, the remainder is `mod`, matrix products are `@`, and all other arithmetic is element-wise as it stands. All such operators of a file are reported together.",
            "data x: real\nlet y = x ** 2",
            "data x: real\nlet y = x ^ 2",
        ],
    ),
    row(
        TRANSPOSE,
        [
            "syntax::transpose",
            "an apostrophe after a value",
            "`A @ b` contracts the one dim that both share, whatever its place, so most transposes can be left off. Where one is needed it is `transpose(A)`.",
            "dim n, k\ndata X[n, k]: real\ndata y[n]: real\nlet b = X' @ y",
            "dim n, k\ndata X[n, k]: real\ndata y[n]: real\nlet b = transpose(X) @ y",
        ],
    ),
    row(
        CHAINED_COMPARISON,
        [
            "syntax::chained_comparison",
            "a chain of comparisons",
            "`a < b < c` would compare a truth value with `c`, which is never what is meant. Write both comparisons.",
            "dim obs\ndata x[obs]: real\nlet b = sum(0 < x < 1)",
            "dim obs\ndata x[obs]: real\nlet b = sum(0 < x and x < 1)",
        ],
    ),
    row(
        SINGLE_EQUALS,
        [
            "syntax::single_equals",
            "`=` where a comparison is meant",
            "`=` gives a value to a name; equality is tested with `==`.",
            "dim time\nlet a[t: time] = if t = 1 then 0 else 1",
            "dim time\nlet a[t: time] = if t == 1 then 0 else 1",
        ],
    ),
    row(
        WRONG_SIGN,
        [
            "syntax::wrong_sign",
            "`=` for `~`, or the reverse",
            "`~` draws from a distribution, in `latent`, `observe` and `generate`; `=` gives a value, in `let`, `generate`, `fn` and `dim`.",
            "latent mu = normal(0, 5)",
            "latent mu ~ normal(0, 5)",
        ],
    ),
    row(
        TARGET_INCREMENT,
        [
            "syntax::target_increment",
            "an increment of the log density",
            "`potential e` adds the expression `e`, each of its cells as a term of its own, to the log joint density.",
            "latent mu ~ normal(0, 1)\ntarget += -mu^2",
            "latent mu ~ normal(0, 1)\npotential -mu^2",
        ],
    ),
    row(
        UNKNOWN_STATEMENT,
        [
            "syntax::unknown_statement",
            "text that begins no statement",
            "Every statement begins with one of `dim`, `data`, `let`, `latent`, `observe`, `learn`, `potential`, `generate`, `fn`, `guide` and `ode`.",
            "param mu: real",
            "latent mu ~ normal(0, 1)",
        ],
    ),
    row(
        CLAUSE_COMMA,
        [
            "syntax::clause_comma",
            "a comma before a clause",
            "`over`, `where` and `by` come last in a call and follow its arguments without a comma: `sum(x over i: obs where x > 0)`.",
            "dim obs\ndata x[obs]: real\nlet s = sum(x, over obs)",
            "dim obs\ndata x[obs]: real\nlet s = sum(x over obs)",
        ],
    ),
    row(
        NUMBER,
        [
            "syntax::number",
            "a number that cannot be read",
            "Numbers are written `2`, `2.5`, `.5` or `1e-3`, without separators between digits, and lie below 1.8e308 in size. A product needs its `*`.",
            "let n = 1_000",
            "let n = 1000",
        ],
    ),
    row(
        UNKNOWN_CHARACTER,
        [
            "syntax::unknown_character",
            "a character that means nothing here",
            "The character is no part of the language outside of texts and comments.",
            "let x = 2 $ 3",
            "let x = 2 * 3",
        ],
    ),
    row(
        GUIDE_STATEMENT,
        [
            "syntax::guide_statement",
            "a statement that does not belong into a guide",
            "`guide { … }` describes the approximation of some latents, with `learn`, `let` and `latent` alone; everything else is part of the model around it.",
            "latent z ~ normal(0, 1)\nguide {\n  data x: real\n}",
            "data x: real\nlatent z ~ normal(0, 1)\nguide {\n  latent z ~ normal(0, 1)\n}",
        ],
    ),
    row(
        FOREIGN_COMMENT,
        [
            "syntax::foreign_comment",
            "a comment of another language",
            "A comment begins with `#` and ends with its line; `##` documents a declaration. Integer division is `div`.",
            "latent mu ~ normal(0, 5) // the mean",
            "latent mu ~ normal(0, 5) # the mean",
        ],
    ),
    row(
        SINGLE_QUOTES,
        [
            "syntax::single_quotes",
            "a text in single quotes",
            "Texts stand between double quotes.",
            "dim effect = ['intercept', \"floor\"]",
            "dim effect = [\"intercept\", \"floor\"]",
        ],
    ),
    row(
        MODULE,
        [
            "syntax::module",
            "a name called by its module",
            "Nothing is imported: functions and distributions have plain names. What a library of Python draws with a call is a statement here, `latent` where it is unobserved and `observe` where it is data; there is no model object around them.",
            "let x = np.exp(2)",
            "let x = exp(2)",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::syntax::parse;

    #[test]
    fn wrong_examples_yield_their_code_and_nothing_else() {
        for row in ROWS {
            let (_, diagnostics) = parse(&Source::new("wrong.vi", row.wrong));
            let codes: Vec<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
            assert_eq!(codes, [row.code], "{}: {diagnostics:#?}", row.slug);
        }
    }

    #[test]
    fn right_examples_parse() {
        for row in ROWS {
            let (_, diagnostics) = parse(&Source::new("right.vi", row.right));
            assert!(diagnostics.is_empty(), "{}: {diagnostics:#?}", row.slug);
        }
    }
}
