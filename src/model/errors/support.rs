//! Mistakes about where values lie.

use super::{axes_words, domain_words};
use crate::diagnostics::{Code, Diagnostic, Edit, File, Help, Label};
use crate::library::{Domain, Rank};
use crate::model::distributions::Target;
use crate::model::ir::*;
use crate::model::supports::literal;
use crate::source::Span;

/// A parameter that may lie outside of where it must. The edit mends the declaration: its type, if one was written.
pub fn parameter(
    term: &Term,
    (owner, name): (&str, &str),
    wanted: &Domain,
    declared: Option<(&Site, Option<Edit>)>,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(501), format!("{name} of `{owner}` must be {}", wanted.words))
        .at(term.span, format!("wanted {}", wanted.words));
    if let Some(value) = literal(term) {
        return diagnostic.help(format!("it is {value} here: give {}", wanted.words));
    }
    let Some((site, edit)) = declared else {
        let help = format!(
            "it takes other values too; write it so that it is {} whatever the latents are",
            wanted.words
        );
        return diagnostic.help(help);
    };
    let narrower = edit.as_ref().map(|edit| edit.text.trim_start_matches(": ").to_owned());
    let ty = narrower.unwrap_or_else(|| wanted.name.to_owned());
    diagnostic
        .at(site.span, format!("`{}` is declared as {}", site.name, domain_words(&site.domain)))
        .fix(format!("declare `{}: {ty}`{}", site.name, cut_prior(site, wanted)), edit.into_iter().collect())
}

/// What a narrower type does to a prior: a type for data only checks.
fn cut_prior(site: &Site, wanted: &Domain) -> &'static str {
    let above = wanted.interval.low == 0.0 && wanted.interval.high == f64::INFINITY;
    match (&site.kind, wanted.rank) {
        (SiteKind::Latent { .. }, Rank::Scalar) if above => ", which cuts its prior to the part above 0",
        (SiteKind::Latent { .. }, Rank::Scalar) => ", which cuts its prior to such values",
        _ => "",
    }
}

/// The function body that an argument at fault comes from.
pub fn point_at_body(diagnostic: &mut Diagnostic, body: Span) {
    let text = "what the function comes to".to_owned();
    diagnostic.labels.push(Label { file: File::Model, span: body, text });
}

/// The call that brought a function body to values or axes that are not right there.
pub fn point_at_call(diagnostic: &mut Diagnostic, call: Span) {
    let slug = diagnostic.code.row().slug;
    let by_arguments = slug.starts_with("support::") || slug.starts_with("shape::");
    let outside = diagnostic.labels.first().is_some_and(|label| !call.contains(label.span));
    if by_arguments && outside {
        diagnostic.labels.push(Label { file: File::Model, span: call, text: "called here".to_owned() });
    }
}

/// The let that a name at fault stands for.
pub fn point_at_let(diagnostic: &mut Diagnostic, name: &str, value: Span) {
    let text = format!("`{name}` is computed here");
    diagnostic.labels.push(Label { file: File::Model, span: value, text });
}

/// An expression of which it is not known whether it stays where it must.
pub fn may_leave(term: &Term, (owner, name): (&str, &str), wanted: &Domain) -> Diagnostic {
    Diagnostic::new(Code(507), format!("{name} of `{owner}` must be {}, which is not certain here", wanted.words))
        .at(term.span, "may take other values")
        .help("write it so that it cannot (`exp(…)`, `inv_logit(…)`), or declare narrower types; the fit checks it at every step")
}

/// Asks whether two arguments stand at each other's places, in place of other help.
pub fn offer_swap(
    diagnostic: &mut Diagnostic,
    (owner, first, second): (&str, &str, &str),
    [one, other]: [Span; 2],
    [text, other_text]: [&str; 2],
) {
    let edits =
        vec![Edit { span: one, text: other_text.to_string() }, Edit { span: other, text: text.to_string() }];
    let text = format!(
        "are the arguments swapped? `{other_text}` can be `{first}` of `{owner}`, and `{text}` its `{second}`"
    );
    diagnostic.help = vec![Help { text, edits }];
}

/// Asks whether all arguments are meant in another order, in place of other help: the order of another library.
pub fn offer_order(
    diagnostic: &mut Diagnostic,
    (owner, parameters): (&str, &[&str]),
    places: &[Span],
    turned: &[&str],
) {
    let edit = |(place, text): (&Span, &&str)| Edit { span: *place, text: (*text).to_owned() };
    let text = format!(
        "is another order meant? it is `{owner}({})`: write `{owner}({})`",
        parameters.join(", "),
        turned.join(", ")
    );
    diagnostic.help = vec![Help { text, edits: places.iter().zip(turned).map(edit).collect() }];
}

/// Offers the form of a distribution that takes any real number here, first; `place` is where its keyword can be put, or
/// where another stands. To narrow the type of what is drawn from any numbers cuts its prior: that is the person's to say.
pub fn offer_link(diagnostic: &mut Diagnostic, (owner, keyword): (&str, &str), place: Option<Span>) {
    let declare = diagnostic.help.pop().filter(|help| !help.edits.is_empty());
    let sign = |place: Span| if place.start == place.end { " = " } else { "" };
    let edit = |place: Span| Edit { span: place, text: format!("{keyword}{}", sign(place)) };
    diagnostic.help = vec![Help {
        text: format!("give its {keyword}, which may be any number: `{owner}({keyword} = …)`"),
        edits: place.map(edit).into_iter().collect(),
    }];
    let or = |help: Help| Help { text: format!("or {}", help.text), edits: Vec::new() };
    diagnostic.help.extend(declare.map(or));
}

/// Probabilities of categories may also be drawn as what they are.
pub fn offer_simplex(diagnostic: &mut Diagnostic, site: &Site, model: &Model) {
    let names: Vec<&str> = site.axes.iter().map(|axis| model.dim(axis.dim).name.as_str()).collect();
    let (bracket, last) = match names[..] {
        [] => return,
        [first, second] if first == second => (format!("from: {first}, to: {second}"), "to"),
        [.., last] => (names.join(", "), last),
    };
    let or = if diagnostic.help.is_empty() { "" } else { "or " };
    let text =
        format!("{or}draw it as probabilities: `latent {}[{bracket}] ~ dirichlet(1 over {last})`", site.name);
    diagnostic.help.push(Help { text, edits: Vec::new() });
}

/// A covariance, or a matrix it is made of, from what the language draws: scales and correlations. `owner` takes the two in
/// place of one matrix, with edits for the declaration and the argument if they can be made.
pub fn offer_scales(
    diagnostic: &mut Diagnostic,
    (owner, matrix, dim): (&str, &str, &str),
    edits: Option<[Span; 2]>,
) {
    let declarations =
        format!("latent {matrix}_sd[{dim}] ~ half_normal(1)\nlatent {matrix}_corr[{dim}, {dim}] ~ lkj(2)");
    let arguments = format!("sd = {matrix}_sd, corr = {matrix}_corr");
    let text = format!(
        "if it is unobserved, draw scales and correlations: `{}`, and write `{owner}(…, {arguments})`",
        declarations.replace('\n', "`, `")
    );
    let edits = edits.map(|[statement, argument]| {
        vec![Edit { span: statement, text: declarations }, Edit { span: argument, text: arguments }]
    });
    diagnostic.help.insert(0, Help { text, edits: edits.unwrap_or_default() });
}

/// Correlations, drawn.
pub fn offer_correlations(diagnostic: &mut Diagnostic, (matrix, dim): (&str, &str), statement: Option<Span>) {
    let text = format!("latent {matrix}[{dim}, {dim}] ~ lkj(2)");
    let edits = statement.map(|span| Edit { span, text: text.clone() });
    let text = format!("if it is unobserved, draw it as correlations: `{text}`");
    diagnostic.help.insert(0, Help { text, edits: edits.into_iter().collect() });
}

/// A covariance that is known.
pub fn offer_known_matrix(
    diagnostic: &mut Diagnostic,
    (matrix, dim, ty): (&str, &str, &str),
    statement: Option<Span>,
) {
    let text = format!("data {matrix}[{dim}, {dim}]: {ty}");
    let edits = statement.map(|span| Edit { span, text: text.clone() });
    diagnostic
        .help
        .push(Help { text: format!("if it is known: `{text}`"), edits: edits.into_iter().collect() });
}

/// A list of probabilities that do not sum to 1.
pub fn wrong_total(span: Span, (owner, name): (&str, &str), wanted: &Domain, total: f64) -> Diagnostic {
    Diagnostic::new(Code(501), format!("{name} of `{owner}` must be {}", wanted.words))
        .at(span, format!("sums to {}", short(total)))
        .help("correct one of them, or write the last as what the others leave: `[p, 1 - p]`")
}

/// A sum without the digits that rounding leaves.
fn short(total: f64) -> f64 {
    (total * 1e6).round() / 1e6
}

/// One number for all elements of a dim, where each needs its probability.
pub fn one_for_all(
    (term, total): (&Term, Option<f64>),
    (owner, name): (&str, &str),
    (wanted, dim): (&Domain, &str),
    declared: Option<&Site>,
) -> Diagnostic {
    let sums = total.map_or(String::new(), |total| format!(", which sums to {}", short(total)));
    let diagnostic = Diagnostic::new(Code(501), format!("{name} of `{owner}` must be {}", wanted.words))
        .at(term.span, format!("one number for every {dim}{sums}"));
    let equal = format!("if all are as probable, write `1 / size({dim})`");
    match declared {
        Some(site) => diagnostic
            .at(site.span, format!("`{}` does not vary over {dim}", site.name))
            .help(format!("give each {dim} its own: `latent {}[{dim}] ~ dirichlet(1 over {dim})`", site.name))
            .help(equal),
        None => diagnostic
            .help(format!("give each {dim} its own, as a vector from `dirichlet(1 over {dim})` does"))
            .help(equal),
    }
}

/// Probabilities that sum to 1 along another axis than the one that they are read along.
pub fn crossed(
    span: Span,
    (owner, name): (&str, &str),
    (site, along): (&Site, AxisVar),
    model: &Model,
) -> Diagnostic {
    let dim = &model.dim(along.dim).name;
    let same: Vec<AxisVar> = site.axes.iter().copied().filter(|axis| axis.dim == along.dim).collect();
    let words = match same.iter().position(|axis| *axis == along) {
        Some(place) if same.len() > 1 => {
            format!("the {} {dim} of its bracket", ["first", "second"][place.min(1)])
        }
        _ => dim.clone(),
    };
    Diagnostic::new(Code(501), format!("{name} of `{owner}` must be a vector of probabilities that sum to 1"))
        .at(span, "one number from each of several vectors")
        .at(site.span, format!("`{}` sums to 1 over {words}", site.name))
        .help(format!(
            "let `{}` sum to 1 over the axis that is read here: with `[from: {dim}, to: {dim}]`, a row that `{}[a]` reads is drawn `over to`",
            site.name, site.name
        ))
}

/// `uniform` over something without ends.
pub fn unbounded_uniform(span: Span, target: &Target) -> Diagnostic {
    Diagnostic::new(Code(503), "`uniform` without ends needs a bounded type")
        .at(span, "uniform over what?")
        .at(target.span, "no bounded type here")
        .help(format!("write `latent {0}: unit ~ uniform`, or the ends: `uniform(0, 1)`", target.name))
}

/// `uniform` over a simplex.
pub fn uniform_simplex(span: Span, dim: &str) -> Diagnostic {
    let text = format!("dirichlet(1 over {dim})");
    Diagnostic::new(Code(503), "`uniform` without ends needs a bounded type")
        .at(span, "its numbers sum to 1, so they are not free between ends")
        .fix(format!("write `{text}`, which is uniform over a simplex"), vec![Edit { span, text }])
}

/// An interval without numbers in it; its ends as written, with what stands between them.
pub fn empty_interval(
    span: Span,
    [low, high]: [f64; 2],
    (ends, between): (Option<[(Span, &str); 2]>, &str),
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(506), format!("no number lies between {low} and {high}"))
        .at(span, format!("{low} is not below {high}"));
    let Some([first, second]) = ends.filter(|_| low > high) else {
        return diagnostic.help("give two ends that differ, the lower one first");
    };
    let edit = |(span, _): (Span, &str), (_, text): (Span, &str)| Edit { span, text: text.to_string() };
    diagnostic.fix(
        format!("the lower end comes first: `{}{between}{}`", second.1, first.1),
        vec![edit(first, second), edit(second, first)],
    )
}

/// A type and a support that share nothing.
pub fn disjoint(span: Span, declared: &SiteDomain, support: &SiteDomain) -> Diagnostic {
    Diagnostic::new(Code(505), "the prior has no mass in the declared type")
        .at(span, domain_words(declared))
        .help(format!("the distribution gives {}", domain_words(support)))
}

/// A restriction whose probability has no known value.
pub fn no_normaliser(span: Span, domain: &Domain, what: &str) -> Diagnostic {
    Diagnostic::new(
        Code(504),
        format!("`{}` cannot be asked of {what}: the probability of it is not known", domain.name),
    )
    .at(span, "this would need its normaliser")
    .help("`ordered` of values drawn alike is possible; else take a distribution that has this support")
}

/// An order over values that are not drawn alike.
pub fn not_exchangeable(term: &Term, declared: &SiteDomain, span: Span, model: &Model) -> Diagnostic {
    Diagnostic::new(
        Code(504),
        format!(
            "`{}` needs values that are drawn alike over {}",
            declared.domain.name,
            axes_words(&declared.over, model)
        ),
    )
    .at(term.span, format!("varies over {}", axes_words(&term.axes, model)))
    .at(span, "the probability of this order has no known value")
    .help("give all of them the same prior")
}

/// A distribution that cannot be cut, for lack of its distribution function.
pub fn no_distribution_function(call: &FamilyCall, span: Span) -> Diagnostic {
    Diagnostic::new(Code(504), format!("the distribution function of `{}` is not known", call.family.name))
        .at(call.span, "cannot be truncated or censored")
        .at(span, "asked for here")
}
