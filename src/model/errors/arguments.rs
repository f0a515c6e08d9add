//! Mistakes about calls, arguments and kinds of numbers.

use super::{kind_words, term_words};
use crate::diagnostics::{Code, Diagnostic, Edit, suggest};
use crate::library::ValueKind;
use crate::model::dialect;
use crate::model::distributions::{Role, Target};
use crate::model::ir::*;
use crate::source::Span;
use crate::syntax::ast::{Argument, ExprKind, Name, TypeExpr};

/// Too few arguments, or too many.
pub fn arity(function: &Name, span: Span, given: &[Argument], signatures: &[String]) -> Diagnostic {
    let count =
        |count: usize| if count == 1 { "1 argument".to_string() } else { format!("{count} arguments") };
    let takes = |form: &String| if form.ends_with("()") { 0 } else { form.matches(", ").count() + 1 };
    let message = match signatures.iter().map(takes).next() {
        Some(wanted) if wanted != given.len() && signatures.iter().all(|form| takes(form) == wanted) => {
            format!("`{}` takes {}, found {}", function.text, count(wanted), given.len())
        }
        _ => format!("`{}` cannot take these {}", function.text, count(given.len())),
    };
    let diagnostic = Diagnostic::new(Code(401), message).at(span, format!("{} given", given.len()));
    let diagnostic = match thousands(given) {
        Some(comma) => diagnostic.fix(
            "if the comma parts thousands, leave it out",
            vec![Edit { span: comma, text: String::new() }],
        ),
        None => without_location(diagnostic, function, given),
    };
    diagnostic.help(format!("it is `{}`", signatures.join("` or `")))
}

/// A distribution made of distributions that is not written in its form.
pub fn combinator(
    (function, span): (&Name, Span),
    given: &[Argument],
    written: &[&str],
    form: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(401), format!("`{}` cannot take these arguments", function.text))
        .at(span, format!("it is `{form}`"));
    match (function.text.as_str(), written) {
        ("censored", [base, flag]) => diagnostic.help(format!(
            "say at which side: `censored({base}, right = {flag})`; the flag is true where the value is only known to be larger"
        )),
        ("truncated", [base, low, high]) => {
            let gap = Span::new(given[1].value.span.end, given[2].value.span.start);
            let edit = Edit { span: gap, text: "..".to_string() };
            diagnostic.fix(format!("the ends are a range: `truncated({base}, {low}..{high})`"), vec![edit])
        }
        ("mixture", [weights, component]) => diagnostic.help(format!(
            "say over which dim the components lie: `mixture({weights}, {component} over k)`, or give two of them"
        )),
        _ => diagnostic.help(format!("write `{form}`")),
    }
}

/// `half_normal(0, 1)`: halves of other libraries have a location, which is nothing but 0.
fn without_location(diagnostic: Diagnostic, function: &Name, given: &[Argument]) -> Diagnostic {
    let [first, second] = given else { return diagnostic };
    let zero = matches!(first.value.kind, ExprKind::Number { value, .. } if value == 0.0);
    if !zero || !function.text.starts_with("half_") || first.name.is_some() {
        return diagnostic;
    }
    let edit = Edit { span: Span::new(first.value.span.start, second.value.span.start), text: String::new() };
    diagnostic.fix("it has no location: leave the 0 out", vec![edit])
}

/// The comma of `1,000`, which reads as two arguments.
fn thousands(given: &[Argument]) -> Option<Span> {
    let number = |argument: &Argument| match argument.value.kind {
        ExprKind::Number { .. } => Some(argument.value.span),
        _ => None,
    };
    given.windows(2).find_map(|pair| {
        let (first, second) = (number(&pair[0])?, number(&pair[1])?);
        let close = second.start == first.end + 1 && second.end == second.start + 3;
        close.then(|| Span::new(first.end, second.start))
    })
}

/// A keyword that no parameter has. Others of the call that no parameter has either are mended along with it.
pub fn unknown_argument(
    (function, keyword): (&Name, &Name),
    given: &[Argument],
    signatures: &[String],
    known: &[&str],
) -> Diagnostic {
    let mut names = known.to_vec();
    names.sort_unstable();
    names.dedup();
    let own = |name: &Name| {
        let foreign = dialect::parameters(&name.text).find(|own| known.contains(own));
        foreign.or_else(|| suggest::nearest(&name.text, known.iter().copied()))
    };
    let unknown = given.iter().filter_map(|argument| argument.name.as_ref());
    let unknown: Vec<&Name> = unknown.filter(|name| !known.contains(&name.text.as_str())).collect();
    let diagnostic =
        Diagnostic::new(Code(402), format!("`{}` has no argument `{}`", function.text, keyword.text))
            .at(keyword.span, format!("it has {}", names.join(", ")));
    if let Some(inverse) = inverse_rate(given, (&unknown, known)) {
        let diagnostic =
            diagnostic.fix("its rate is 1 divided by the scale: write `rate = 1 / (…)`", inverse);
        return diagnostic.help(format!("it is `{}`", signatures.join("` or `")));
    }
    let mended: Option<Vec<(&Name, &str)>> = unknown.iter().map(|name| Some((*name, own(name)?))).collect();
    let diagnostic = match mended {
        Some(mended) => {
            let words: Vec<String> =
                mended.iter().map(|(name, own)| format!("`{own}` for `{}`", name.text)).collect();
            let certain = |(name, own): &(&Name, &str)| {
                dialect::parameters(&name.text).any(|foreign| foreign == *own)
                    || suggest::is_mistyped(&name.text, own)
            };
            let edits = match mended.iter().all(certain) {
                true => {
                    mended.iter().map(|(name, own)| Edit { span: name.span, text: own.to_string() }).collect()
                }
                false => Vec::new(),
            };
            diagnostic.fix(format!("write {}", words.join(" and ")), edits)
        }
        None => diagnostic,
    };
    diagnostic.help(format!("it is `{}`", signatures.join("` or `")))
}

/// The edits for a scale given to what has a rate: a name for another alone would be another distribution.
fn inverse_rate(given: &[Argument], (unknown, known): (&[&Name], &[&str])) -> Option<Vec<Edit>> {
    let [keyword] = unknown else { return None };
    let value = given.iter().find(|argument| argument.name.as_ref() == Some(*keyword))?.value.span;
    let at = |place: usize, text: &str| Edit { span: Span::new(place, place), text: text.to_owned() };
    let named = Edit { span: keyword.span, text: "rate".to_owned() };
    let inverse = keyword.text == "scale" && known.contains(&"rate");
    inverse.then(|| vec![named, at(value.start, "1 / ("), at(value.end, ")")])
}

/// A place given twice.
pub fn argument_twice(function: &Name, keyword: &Name) -> Diagnostic {
    Diagnostic::new(Code(408), format!("`{}` of `{}` is given twice", keyword.text, function.text))
        .at(keyword.span, "given already")
}

/// A clause that a call has no use for.
pub fn clause_not_taken(span: Span, function: &str, clause: &str) -> Diagnostic {
    Diagnostic::new(Code(408), format!("`{function}` takes no {clause}"))
        .at(span, "nothing to act on")
        .help(format!("`{function}` works cell by cell; clauses belong to what acts on a whole dim, such as `sum(… over d)`"))
}

/// A number where a distribution is wanted.
pub fn not_a_distribution((term, written): (&Term, &str), target: &Target, model: &Model) -> Diagnostic {
    wanted_right_of_tilde((term.span, term_words(term, model)), written, target)
}

/// The same of an expression with mistakes inside of it.
pub fn number_right_of_tilde((span, written): (Span, &str), target: &Target) -> Diagnostic {
    wanted_right_of_tilde((span, "a number".to_string()), written, target)
}

fn wanted_right_of_tilde((span, found): (Span, String), written: &str, target: &Target) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(403), "a distribution is wanted right of `~`").at(span, found);
    if target.role == Role::Law {
        return diagnostic.help(format!(
            "a latent has a prior, such as `normal(0, 1)`; if `{0}` is computed, write `let {0} = {written}`",
            target.name
        ));
    }
    // What stands inside of the inverse of the link that the distribution has by name.
    let inside = |inverse: &str| written.strip_prefix(inverse)?.strip_prefix('(')?.strip_suffix(')');
    let form = match target.value {
        Some(Kind::Bool) => match inside("inv_logit") {
            Some(inside) => format!("bernoulli(logit = {inside})"),
            None => format!("bernoulli(logit = {written})"),
        },
        Some(Kind::Int) => match inside("exp") {
            Some(inside) => format!("poisson(log = {inside})"),
            None => format!("poisson(mean = {written})"),
        },
        _ => format!("normal({written}, 1)"),
    };
    diagnostic.help(format!("say how `{0}` varies around it: `observe {0} ~ {form}`", target.name))
}

/// Not a truth value.
pub fn not_a_bool(term: &Term, model: &Model) -> Diagnostic {
    Diagnostic::new(Code(405), format!("a bool is wanted, found {}", kind_words(term.value, model)))
        .at(term.span, format!("{}, wanted a bool", term_words(term, model)))
        .help("compare it: `x > 0`, `x != 0`")
}

/// A text where it means nothing.
pub fn stray_text(span: Span) -> Diagnostic {
    Diagnostic::new(Code(405), "a text is only a label: in an index, or compared with an index")
        .at(span, "not a number")
        .help("write `x[\"label\"]` or `group == \"label\"`")
}

/// A range where it means nothing.
pub fn stray_range(span: Span) -> Diagnostic {
    Diagnostic::new(Code(405), "a range is no number")
        .at(span, "a range")
        .help("ranges stand in types (`real(0..1)`), in `dim year = 1851..1962` and in `truncated(D, a..b)`")
}

/// `data` without a type.
pub fn missing_type(name: &Name) -> Diagnostic {
    let end = Span::new(name.span.end, name.span.end);
    Diagnostic::new(Code(406), format!("`{}` has no type", name.text))
        .at(end, "expected `:` and a type")
        .help(format!(
            "say what its values are: `data {}: real`, `count`, `bool`, `positive`, or a dim",
            name.text
        ))
}

/// `latent` without a prior.
pub fn missing_prior(name: &Name, ty: Option<&TypeExpr>) -> Diagnostic {
    let example = match ty {
        Some(TypeExpr { bounds: Some((Some(_), Some(_))), .. }) => "uniform",
        Some(ty) => example_of(&ty.name.text),
        None => "normal(0, 1)",
    };
    let flat = if example == "normal(0, 1)" { "; `~ flat` if you mean it" } else { "" };
    Diagnostic::new(Code(407), format!("`{}` has no prior", name.text))
        .at(name.span, "needs `~` and a distribution")
        .help(format!("for example `~ {example}`{flat}"))
}

/// A prior whose values have a type; any other name is that of a dim, one of whose elements is drawn.
fn example_of(ty: &str) -> &'static str {
    match ty {
        "real" | "int" | "ordered" | "positive_ordered" | "zero_sum" => "normal(0, 1)",
        "positive" | "nonneg" => "half_normal(1)",
        "bool" => "bernoulli(0.5)",
        "count" => "poisson(1)",
        "simplex" => "dirichlet(1)",
        "corr" => "lkj(2)",
        "chol_corr" => "lkj_chol(2)",
        "cov" | "chol_cov" => "wishart(…)",
        _ => "uniform",
    }
}

/// A family whose values are of another kind than the site's.
pub fn wrong_kind(
    call: &FamilyCall,
    target: &Target,
    value: Kind,
    (span, model): (Span, &Model),
) -> Diagnostic {
    let (gives, ty) = match call.family.kind {
        ValueKind::Continuous => ("real numbers", "real"),
        ValueKind::Count => ("counts", "count"),
        ValueKind::Bool => ("bools", "bool"),
        ValueKind::Index => ("indices", "the dim's name"),
    };
    Diagnostic::new(
        Code(502),
        format!(
            "`{}` gives {gives}, but `{}` is {}",
            call.family.name,
            target.name,
            kind_words(value, model)
        ),
    )
    .at(call.span, format!("gives {gives}"))
    .at(span, format!("declared as {}", kind_words(value, model)))
    .help(match call.family.kind {
        ValueKind::Index => format!(
            "declare the categories as a dim, `dim grade = 5`, and `{0}` as an index into it: `{0}: grade`",
            target.name
        ),
        _ => format!("declare `{}` as {ty}, or take another distribution", target.name),
    })
}

/// The edit that gives a name another type, where one was written: most often the right one for data.
pub fn retype(diagnostic: &mut Diagnostic, ty: Span, wanted: &str) {
    if let Some(help) = diagnostic.help.last_mut() {
        help.edits = vec![Edit { span: ty, text: wanted.to_string() }];
    }
}

/// Branches that give different kinds of numbers.
pub fn mixed_kinds(span: Span, first: &FamilyCall) -> Diagnostic {
    Diagnostic::new(Code(502), "these distributions give different kinds of numbers")
        .at(span, "another kind here")
        .at(first.span, format!("`{}` is the first", first.family.name))
}

/// An index-valued latent whose dim is not known.
pub fn index_without_type(span: Span, target: &Target) -> Diagnostic {
    Diagnostic::new(Code(208), format!("`{}` is an index into a dim that is not said", target.name))
        .at(span, "gives an index")
        .at(target.span, "into which dim?")
        .help(format!("write the dim as its type: `latent {}: d ~ …`", target.name))
}

/// `rep` of something that is not observed.
pub fn nothing_to_replicate(span: Span) -> Diagnostic {
    Diagnostic::new(Code(410), "`rep` replicates what an `observe` above it names")
        .at(span, "not observed")
        .help("write `rep(y)` after `observe y ~ …`")
}

/// A claimed type of another kind than the value.
pub fn claim(span: Span, claimed: Kind, value: &Term, model: &Model) -> Diagnostic {
    Diagnostic::new(
        Code(405),
        format!(
            "the type says {}, the value is {}",
            kind_words(claimed, model),
            kind_words(value.value, model)
        ),
    )
    .at(value.span, term_words(value, model))
    .at(span, format!("declared as {}", kind_words(claimed, model)))
}
