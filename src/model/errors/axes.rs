//! Mistakes about dims, axes and indices.

use super::{axes_words, kind_words, term_words};
use crate::diagnostics::suggest::is_mistyped;
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::library::{Parameter, Rank};
use crate::model::distributions::Target;
use crate::model::ir::*;
use crate::source::Span;
use crate::syntax::ast::Name;

/// Adds the fix that puts an index behind a bare array: its place, and what may be written there instead.
fn gathering(diagnostic: Diagnostic, gather: Gather) -> Diagnostic {
    let Some((span, forms)) = gather else { return diagnostic };
    let words = format!("read it at each cell's own element: `{}`", forms.join("` or `"));
    match <[String; 1]>::try_from(forms) {
        Ok([text]) => diagnostic.fix(words, vec![Edit { span, text }]),
        Err(_) => diagnostic.help(words),
    }
}

/// Where a bare array stands that wants an index, and the forms with each index that it may be.
type Gather = Option<(Span, Vec<String>)>;

/// Operands whose dims are not nested.
pub fn outer_product(
    [first, second]: [&Term; 2],
    gather: Gather,
    reader: Option<SiteId>,
    model: &Model,
) -> Diagnostic {
    let name = reader.map_or("x", |site| model.site(site).name.as_str());
    let mut all: Vec<AxisVar> = first.axes.iter().chain(&second.axes).copied().collect();
    all.sort_unstable();
    all.dedup();
    let words = axes_words(&all, model);
    let diagnostic =
        Diagnostic::new(Code(301), format!("this would be {words}, which nothing here asks for"))
            .at(second.span, format!("varies over {}", axes_words(&second.axes, model)))
            .at(first.span, format!("varies over {}", axes_words(&first.axes, model)));
    let diagnostic = gathering(diagnostic, gather);
    diagnostic.help(format!(
        "if every combination is meant, name the dims: `let {name}[{}] = …`",
        words.replace(" × ", ", ")
    ))
}

/// A dim that one operand has once and the other twice.
pub fn repeated_dim(first: &Term, second: &Term, dim: &str) -> Diagnostic {
    Diagnostic::new(Code(306), format!("one side has `{dim}` twice, the other once"))
        .at(second.span, "")
        .at(first.span, "")
        .help(format!("write the indices: `let K[i: {dim}, j: {dim}] = … a[i, j] … b[i] …`"))
}

/// A term that varies over more than the cells of its statement.
pub fn extra_axes(
    term: &Term,
    (target, cells): (&Target, &[AxisVar]),
    (extra, gather): (&str, Gather),
    model: &Model,
) -> Diagnostic {
    let whole = if cells.is_empty() {
        "is a single value".to_string()
    } else {
        format!("is over {}", axes_words(cells, model))
    };
    let diagnostic =
        Diagnostic::new(Code(302), format!("this varies over {extra}, but {} {whole}", target.name))
            .at(term.span, format!("varies over {}", axes_words(&term.axes, model)))
            .at(target.span, whole);
    if gather.is_some() {
        return gathering(diagnostic, gather);
    }
    let names: Vec<&str> = cells.iter().map(|axis| model.dim(axis.dim).name.as_str()).collect();
    let written = match term.kind {
        TermKind::Read(site, _) => model.site(site).name.as_str(),
        _ => "…",
    };
    match names[..] {
        [] => diagnostic.help(format!("sum over {extra}, or declare {} over it", target.name)),
        _ => diagnostic.help(format!(
            "if each {} has its {extra}, declare that as data and read with it: `data {extra}[{}]: {extra}` and `{written}[{extra}]`; if there is a value for each {extra} too, add the dim to the brackets of {}",
            names.join(", "), names.join(", "), target.name
        )),
    }
}

/// The same, where a product cell by cell was perhaps to be summed over the dim: that is said in place of other help.
pub fn matrix_product(mut diagnostic: Diagnostic, (sign, text): (Span, &str), extra: &str) -> Diagnostic {
    diagnostic.help.clear();
    let words = format!("`*` multiplies cell by cell; a product summed over {extra} is `{text}`");
    let edits = vec![Edit { span: sign, text: "@".to_string() }];
    diagnostic.at(sign, format!("does not sum over {extra}")).fix(words, edits)
}

/// A matrix over a dim repeated at the place of something that has the dim once, as when arguments are swapped.
pub fn matrix_argument(
    (term, parameter): (&Term, &Parameter),
    call: &FamilyCall,
    model: &Model,
) -> Diagnostic {
    let name = call.family.name;
    let words = axes_words(&term.axes, model);
    let parameters = call.family.forms[call.form].parameters;
    let diagnostic = Diagnostic::new(
        Code(302),
        format!("`{}` of `{name}` has the dim once, found a matrix over {words}", parameter.name),
    )
    .at(term.span, format!("over {words}"));
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    let swapped = parameters
        .iter()
        .zip(&call.arguments)
        .any(|(parameter, other)| parameter.rank == Rank::Matrix && other.axes.len() < term.axes.len());
    let form = format!("`{name}({})`", names.join(", "));
    match swapped {
        true => diagnostic.help(format!("are the arguments swapped? it is {form}")),
        false => diagnostic.help(format!("it is {form}; read one row or the diagonal of the matrix")),
    }
}

/// A matrix over two dims where one over a dim twice is wanted.
pub fn not_square(
    (term, parameter): (&Term, &Parameter),
    (call, dim): (&FamilyCall, &str),
    model: &Model,
) -> Diagnostic {
    let words = axes_words(&term.axes, model);
    let (own, family) = (parameter.name, call.family.name);
    let diagnostic = Diagnostic::new(
        Code(302),
        format!("`{own}` of `{family}` is a matrix over {dim} × {dim}, found one over {words}"),
    )
    .at(term.span, format!("over {words}"));
    match term.kind {
        TermKind::Read(site, _) => diagnostic.at(model.site(site).span, "declared here"),
        _ => diagnostic,
    }
}

/// `A @ B` without exactly one dim to sum over.
pub fn no_one_shared_dim(sign: Span, sides: [&Term; 2], shared: &[DimId], model: &Model) -> Diagnostic {
    let [left, right] = sides.map(|side| axes_words(&side.axes, model));
    let names = |term: &Term| -> Vec<String> {
        term.axes.iter().map(|axis| model.dim(axis.dim).name.clone()).collect()
    };
    let common: Vec<String> =
        names(sides[0]).into_iter().filter(|name| names(sides[1]).contains(name)).collect();
    let message = match shared {
        [] => "the two sides of `@` share no dim to sum over".to_string(),
        [_] => "the two sides of `@` share a further dim that nothing names".to_string(),
        _ => {
            let names: Vec<&str> = shared.iter().map(|dim| model.dim(*dim).name.as_str()).collect();
            format!("the two sides of `@` share {}: which one is summed over?", names.join(" and "))
        }
    };
    let or_nothing = |words: String| if words.is_empty() { "no dim".to_string() } else { words };
    let diagnostic = Diagnostic::new(Code(303), message)
        .at(sign, "one shared dim is wanted")
        .at(sides[0].span, format!("over {}", or_nothing(left)))
        .at(sides[1].span, format!("over {}", or_nothing(right)));
    match shared {
        [] if common.is_empty() => {
            let summed = names(sides[0]).pop().unwrap_or_else(|| "the same dim".to_owned());
            let right = match sides[1].kind {
                TermKind::Read(site, _) => format!("`{0}[{summed}]`", model.site(site).name),
                _ => format!("over {summed}"),
            };
            diagnostic.help(format!(
                "declare the right side over the dim of the left that is summed away, such as {right}"
            ))
        }
        [] => diagnostic.help(format!(
            "both are over {}, which stays because the statement names it: for a product cell by cell, write `*`",
            common.join(", ")
        )),
        _ => diagnostic.help(format!(
            "name the dims that stay in the head (`let eta[{}] = …`), or write the sum: `sum(… * … over {})`",
            common[0], common[common.len() - 1]
        )),
    }
}

/// A position of the wrong dim, or no position at all.
pub fn index_kind(term: &Term, wanted: &str, better: &[String], model: &Model) -> Diagnostic {
    let found = kind_words(term.value, model);
    let diagnostic =
        Diagnostic::new(Code(304), format!("{found} is used where an index into {wanted} is wanted"))
            .at(term.span, format!("{found}, wanted an index into {wanted}"));
    match (better, term.value) {
        ([better], _) => diagnostic.fix(
            format!("`{better}` is an index into {wanted}: write `{better}`"),
            vec![Edit { span: term.span, text: better.clone() }],
        ),
        ([_, ..], _) => diagnostic.help(format!("indices into {wanted} are `{}`", better.join("`, `"))),
        ([], Kind::Index(_)) => diagnostic.help(format!(
            "declare data that say which {wanted} each row belongs to, `data {wanted}[…]: {wanted}`, and read with them"
        )),
        ([], Kind::Bool) => diagnostic.help(format!(
            "choose by it, `if … then … else …`, or let it be one of the {wanted}s: `{wanted}` in place of `bool`, drawn by `categorical(…)`"
        )),
        ([], _) => diagnostic.help(format!(
            "where the data hold {wanted}s, declare them so: `data …: {wanted}`; a number written in the model is a coordinate: 1, 2, 3 …"
        )),
    }
}

/// Two indices at each other's places.
pub fn swapped(
    array: &str,
    [(first, first_span), (second, second_span)]: [(&str, Span); 2],
    wanted: &[String; 2],
    declared: Option<Span>,
) -> Diagnostic {
    let [one, other] = wanted;
    let edits = vec![
        Edit { span: first_span, text: second.to_string() },
        Edit { span: second_span, text: first.to_string() },
    ];
    let diagnostic = Diagnostic::new(Code(304), format!("the indices of `{array}` are swapped"))
        .at(first_span, format!("an index into {other}, wanted one into {one}"))
        .at(second_span, format!("an index into {one}"));
    let diagnostic = match declared {
        Some(declared) => diagnostic.at(declared, format!("`{array}` is over {one}, {other}")),
        None => diagnostic,
    };
    diagnostic.fix(format!("write `{array}[{second}, {first}]`"), edits)
}

/// Positions of two dims compared.
pub fn compared_indices(span: Span, names: [&String; 2], terms: [&Term; 2]) -> Diagnostic {
    Diagnostic::new(
        Code(304),
        format!("an index into {} is compared with an index into {}", names[0], names[1]),
    )
    .at(span, "these count different things")
    .at(terms[0].span, format!("an index into {}", names[0]))
    .at(terms[1].span, format!("an index into {}", names[1]))
    .help("compare the coordinates if that is meant: `int(i) == int(j)`")
}

/// More indices than axes, or an axis that is not there.
pub fn too_many_indices(
    array: &str,
    at: Span,
    dims: &[DimId],
    (array_span, model): (Span, &Model),
) -> Diagnostic {
    let names: Vec<&str> = dims.iter().map(|dim| model.dim(*dim).name.as_str()).collect();
    let has = if names.is_empty() {
        "is a single value".to_string()
    } else {
        format!("has only {}", names.join(", "))
    };
    let axes = if names.is_empty() { String::new() } else { format!("[{}]", names.join(", ")) };
    let diagnostic = Diagnostic::new(Code(305), format!("`{array}` {has}"))
        .at(at, "no axis is left for this")
        .at(array_span, has);
    match names[..] {
        [] => diagnostic.help(format!("write `{array}` alone")),
        _ => diagnostic.help(format!("one index for each of its axes at most: it is `{array}{axes}`")),
    }
}

/// A coordinate that no element has; with the coordinates that elements have, as far as the model says.
pub fn index_out_of_range(
    (term, at): (&Term, f64),
    array: &str,
    [first, last]: [Option<f64>; 2],
    dim: &Dim,
) -> Diagnostic {
    let name = &dim.name;
    let (has, wanted) = match (first, last) {
        (Some(first), Some(last)) => {
            (format!("its elements are {first} to {last}"), format!("wanted {first} to {last}"))
        }
        (Some(first), None) => {
            (format!("its elements count from {first}"), format!("wanted {first} or more"))
        }
        _ => ("its elements are given here".to_owned(), "no such element".to_owned()),
    };
    let diagnostic =
        Diagnostic::new(Code(312), format!("`{array}` is read at {at}, which is no element of {name}"))
            .at(term.span, wanted)
            .at(dim.span, has);
    match (first, last) {
        (Some(first), _) if at == 0.0 && first == 1.0 => {
            diagnostic.help(format!("elements count from 1: the first is `{array}[1]`"))
        }
        (Some(first), _) if at < first => diagnostic.help(format!("the first is `{array}[{first}]`")),
        (_, Some(last)) => diagnostic.help(format!("the last is `{array}[{last}]`")),
        _ => diagnostic.help("coordinates count from 1 unless the dim declares others"),
    }
}

/// A label that the dim does not have.
pub fn unknown_label(
    label: &str,
    span: Span,
    (labels, near): (&[String], Option<&str>),
    dim: &Dim,
) -> Diagnostic {
    const SHOWN: usize = 12;
    let more = if labels.len() > SHOWN { ", …" } else { "" };
    let shown = labels[..labels.len().min(SHOWN)].join(", ");
    let diagnostic = Diagnostic::new(Code(311), format!("{} has no label \"{label}\"", dim.name))
        .at(span, "not one of its labels")
        .at(dim.span, format!("its labels: {shown}{more}"));
    let Some(near) = near else { return diagnostic };
    let edit = Edit { span, text: format!("\"{near}\"") };
    let edits = if is_mistyped(label, near) { vec![edit] } else { Vec::new() };
    diagnostic.fix(format!("did you mean \"{near}\"?"), edits)
}

/// Only arrays have places.
pub fn index_of_expression(span: Span) -> Diagnostic {
    Diagnostic::new(Code(305), "only a declared array can be indexed")
        .at(span, "not an array")
        .help("give it a name first: `let a[d] = …`")
}

/// A bare name over a dim that the head binds twice.
pub fn bound_twice(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code(306), format!("the head has the dim of `{name}` twice"))
        .at(span, "which of the two?")
        .help("write the variable of the one that is meant: `[i: d, j: d]` with `x[i]`")
}

/// `over d` of a vector where the bracket has `d` twice.
pub fn joint_axis_twice(name: &Name) -> Diagnostic {
    let dim = &name.text;
    Diagnostic::new(
        Code(306),
        format!("the bracket has `{dim}` twice, and a vector lies along one of the two"),
    )
    .at(name.span, "along which?")
    .help(format!(
        "give both a name, `[from: {dim}, to: {dim}]`, and say which: `over to` where `x[a]` is one vector"
    ))
}

/// A bare array over a dim that the head binds twice.
pub fn array_bound_twice(name: &str, dim: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code(306), format!("`{name}` is over {dim}, which the head has twice"))
        .at(span, "at which of the two elements?")
        .help(format!("write the index: `{name}[i]`"))
}

/// A reduction without `over` whose operand has some dims of the head and some others.
pub fn partial_reduction(
    function: &Name,
    (span, operand): (Span, &str),
    [axes, kept]: [&[AxisVar]; 2],
    model: &Model,
) -> Diagnostic {
    let rest: Vec<AxisVar> = axes.iter().copied().filter(|axis| !kept.contains(axis)).collect();
    let over = if rest.is_empty() { axes_words(kept, model) } else { axes_words(&rest, model) };
    let over = over.replace(" × ", ", ");
    let diagnostic = Diagnostic::new(
        Code(307),
        format!(
            "`{}` does not say what it is over: {} or part of it",
            function.text,
            axes_words(axes, model)
        ),
    )
    .at(span, format!("the head already has {}", axes_words(kept, model)));
    let end = span.end.saturating_sub(1);
    let edits = match rest.len() {
        1 => vec![Edit { span: Span::new(end, end), text: format!(" over {over}") }],
        _ => Vec::new(),
    };
    diagnostic.fix(format!("say it: `{}({operand} over {over})`", function.text), edits)
}

/// A joint axis that is neither said nor evident.
pub fn joint_axis(span: Span, name: &str, axes: &[AxisVar], model: &Model) -> Diagnostic {
    let names: Vec<&str> = axes.iter().map(|axis| model.dim(axis.dim).name.as_str()).collect();
    let diagnostic = Diagnostic::new(Code(308), format!("`{name}` does not say which dim it is over"))
        .at(span, "over which dim?");
    match names[..] {
        [] => diagnostic.help(format!("give the site a bracket with the dim, and write `{name}(… over d)`")),
        [first, second] if first == second => diagnostic.help(format!(
            "give both a name, `[from: {first}, to: {first}]`, and write `over from` or `over to`"
        )),
        _ => diagnostic.help(format!(
            "write `over` with one of {}, or add the dim it is over to the bracket first",
            names.join(", ")
        )),
    }
}

/// A name after `over` that is no axis of the site.
pub fn not_an_axis(name: &Name, axes: &[AxisVar], model: &Model) -> Diagnostic {
    let words = if axes.is_empty() { "no dim".to_string() } else { axes_words(axes, model) };
    Diagnostic::new(Code(308), format!("`{}` is not among the dims declared here", name.text))
        .at(name.span, format!("declared: {words}"))
        .help(format!("brackets list every axis: add `{}` there", name.text))
}

/// `[a, b]` that fits no one dim.
pub fn array_literal(span: Span, length: usize, free: &[AxisVar], model: &Model) -> Diagnostic {
    let words = axes_words(free, model).replace(" × ", ", ");
    let message = match free {
        [] => format!("no dim of the head is left for these {length} elements"),
        _ => format!("these {length} elements could lie along any of {words}"),
    };
    Diagnostic::new(Code(309), message)
        .at(span, format!("{length} elements"))
        .help("an array literal fills the one head dim that its elements lack: `let x[d] = [a, b]`")
}

/// A matrix function without a matrix.
pub fn not_a_matrix(span: Span, name: &str, axes: &[AxisVar], model: &Model) -> Diagnostic {
    let words = if axes.is_empty() {
        "a single value".to_string()
    } else {
        format!("over {}", axes_words(axes, model))
    };
    Diagnostic::new(Code(310), format!("`{name}` wants a matrix over a dim repeated"))
        .at(span, words)
        .help("declare it over the dim twice: `let K[i: d, j: d] = …`")
}

/// Probabilities along one dim for an index into another.
pub fn wrong_categories(span: Span, [over, wanted]: [&str; 2], target: &Target) -> Diagnostic {
    Diagnostic::new(
        Code(304),
        format!("these probabilities are over {over}, but {} is an index into {wanted}", target.name),
    )
    .at(span, format!("over {over}"))
    .at(target.span, format!("an index into {wanted}"))
}

/// `x in s` where `s` is not a part of a dim.
pub fn not_a_sub_dim(span: Span) -> Diagnostic {
    Diagnostic::new(Code(304), "`in` asks whether an element belongs to a part of a dim")
        .at(span, "not a sub-dim")
        .help("declare one: `dim late = time where time > 10`")
}

/// `by` a value that is no index.
pub fn not_an_index(span: Span) -> Diagnostic {
    Diagnostic::new(Code(304), "`by` wants an index into a dim")
        .at(span, "not an index")
        .help("declare the data with the dim as type: `data group[obs]: group`")
}

/// A value known too late for what it decides.
pub fn not_known_from_data(term: &Term, what: &str, model: &Model) -> Diagnostic {
    Diagnostic::new(Code(603), format!("{what} must be known from the data alone"))
        .at(term.span, format!("{} that depends on a latent", term_words(term, model)))
        .help("use data, or a number")
}

/// Not one integer.
pub fn not_an_integer(term: &Term, what: &str, model: &Model) -> Diagnostic {
    Diagnostic::new(Code(405), format!("{what} must be an integer"))
        .at(term.span, format!("{}, wanted an integer", term_words(term, model)))
}
