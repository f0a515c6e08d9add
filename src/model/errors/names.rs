//! Mistakes about names.

use crate::diagnostics::suggest::is_mistyped;
use crate::diagnostics::syntax_codes::TOO_DEEP;
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::model::dialect;
use crate::model::extent::{Excess, MAX_DEPTH, MAX_WRITTEN};
use crate::source::Span;
use crate::syntax::ast::Name;

fn replace(span: Span, text: &str) -> Vec<Edit> {
    vec![Edit { span, text: text.to_string() }]
}

fn suggesting(diagnostic: Diagnostic, (name, span): (&str, Span), near: Option<&str>) -> Diagnostic {
    let Some(near) = near else { return diagnostic };
    let edits = if is_mistyped(name, near) { replace(span, near) } else { Vec::new() };
    diagnostic.fix(format!("did you mean `{near}`?"), edits)
}

/// A name in an index, where the head has a dim whose running element has no name.
pub fn unnamed_element(name: &str, span: Span, dim: &str) -> Diagnostic {
    Diagnostic::new(Code(201), format!("`{name}` is not declared")).at(span, "not declared").help(format!(
        "if it is the running element of `{dim}`, name it in the head: `[{name}: {dim}]`; if each {dim} has an index of its own, declare that as data"
    ))
}

/// A name that nothing declares.
pub fn unknown_name(name: &str, span: Span, near: Option<&str>, place: Option<Span>) -> Diagnostic {
    if let Some(own) = dialect::truth(name) {
        return Diagnostic::new(Code(201), format!("`{name}` is not declared"))
            .at(span, "not declared")
            .fix(format!("write `{own}`"), replace(span, own));
    }
    if dialect::is_missing_value(name) {
        return Diagnostic::new(Code(201), format!("`{name}` is not declared"))
            .at(span, "there is no such value")
            .help("data that may be missing have a type with a question mark: `data y[obs]: real?`");
    }
    let near = near.filter(|near| !siblings(name, near));
    let place = place.filter(|_| near.is_some());
    let mut diagnostic =
        Diagnostic::new(Code(201), format!("`{name}` is not declared")).at(span, "not declared");
    if let Some(place) = place {
        diagnostic = diagnostic.at(place, "did you mean this?");
    }
    match near {
        Some(_) => suggesting(diagnostic, (name, span), near),
        None => diagnostic.help(format!(
            "declare it above: `latent {name} ~ …` if it is unobserved, `data {name}: real` if it is in the data, `let {name} = …` if it is computed"
        )),
    }
}

/// `phi1` and `phi2`, `sigma_a` and `sigma_b`: names of two things, so the one is not the other misspelt.
fn siblings(name: &str, other: &str) -> bool {
    let stem = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let numbered = |name: &str| name.ends_with(|c: char| c.is_ascii_digit());
    let letter = |name: &str| match name.rsplit_once('_') {
        Some((stem, letter)) if letter.chars().count() == 1 => Some(stem.to_owned()),
        _ => None,
    };
    let by_number = numbered(name) && numbered(other) && stem(name) == stem(other);
    by_number || letter(name).is_some_and(|stem| letter(other) == Some(stem))
}

/// A dim that nothing declares.
pub fn unknown_dim(name: &Name, near: Option<&str>) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code(207), format!("there is no dim `{}`", name.text)).at(name.span, "not a dim");
    match near {
        Some(_) => suggesting(diagnostic, (&name.text, name.span), near),
        None if name.text.len() == 1 => diagnostic.help(format!(
            "brackets name dims: if `{0}` is a running element, say of which dim, `[{0}: obs]`; if it is a dim, declare it: `dim {0}`",
            name.text
        )),
        None => diagnostic.help(format!("declare it: `dim {}`", name.text)),
    }
}

/// An element named in a bracket without the dim that it is of.
pub fn element_without_dim(name: &Name, dim: &str) -> Diagnostic {
    let edit = Edit { span: name.span, text: format!("{}: {dim}", name.text) };
    Diagnostic::new(Code(207), format!("there is no dim `{}`", name.text))
        .at(name.span, "not a dim")
        .fix(format!("to name the running element of `{dim}`, write `{}`", edit.text), vec![edit])
}

/// A type that is none.
pub fn unknown_type(name: &Name, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(208), format!("there is no type `{}`", name.text))
        .at(name.span, "neither a type nor a dim");
    if let "string" | "str" | "text" | "factor" | "char" | "character" | "category" =
        name.text.to_lowercase().as_str()
    {
        return diagnostic.help(
            "a column of texts says which element of a dim each row belongs to: declare `dim group`, and the column with the dim as its type, `data g[obs]: group`",
        );
    }
    if let Some(own) = dialect::type_name(&name.text.to_lowercase()) {
        return diagnostic.fix(format!("write `{own}`"), replace(name.span, own));
    }
    match near {
        Some(_) => suggesting(diagnostic, (&name.text, name.span), near),
        None => diagnostic.help(
            "types are `real`, `positive`, `nonneg`, `unit`, `real(a..b)`, `int`, `count`, `bool`, and the name of a dim for an index into it",
        ),
    }
}

/// A second declaration of a name.
pub fn duplicate(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::new(Code(202), format!("`{}` is declared twice", name.text))
        .at(name.span, "again here")
        .at(first, "first here")
        .help("give one of the two another name")
}

/// A label that two elements of a dim would have.
pub fn duplicate_label((label, span): (&str, Span), first: Span) -> Diagnostic {
    Diagnostic::new(Code(202), format!("the label \"{label}\" is there twice"))
        .at(span, "again here")
        .at(first, "first here")
        .help("each element of a dim has a label of its own")
}

/// A name read before the statement that declares it; with the edits that put the two in order, if that is possible.
pub fn used_before(name: &Name, declared: Span, moved: Option<(&str, Vec<Edit>)>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(203), format!("`{}` is used before it is declared", name.text))
        .at(name.span, "used here")
        .at(declared, "declared later");
    match moved {
        Some((how, edits)) => diagnostic.fix(how, edits),
        None => diagnostic.help(
            "move the declaration up; only an earlier element of a shared dim (`x[t-1]`) may be read before",
        ),
    }
}

/// A value without a bracket that reads itself.
pub fn reads_itself(name: &Name, declared: Span) -> Diagnostic {
    Diagnostic::new(Code(602), format!("`{}` is defined by itself", name.text))
        .at(name.span, "its own value")
        .at(declared, "declared here")
        .help(format!("an earlier element may be read: `{0}[t: time]` with `{0}[t-1]`", name.text))
}

/// No such distribution.
pub fn unknown_distribution(name: &Name, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(204), format!("there is no distribution `{}`", name.text))
        .at(name.span, "no such distribution");
    suggesting(diagnostic, (&name.text, name.span), near)
}

/// No such function.
pub fn unknown_function(name: &Name, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code(205), format!("there is no function `{}`", name.text))
        .at(name.span, "no such function");
    suggesting(diagnostic, (&name.text, name.span), near)
}

/// An array that is called: it was perhaps to be indexed, or multiplied.
pub fn called_array(name: &Name, array: Span) -> Diagnostic {
    let text = &name.text;
    unknown_function(name, None)
        .at(array, format!("`{text}` is an array"))
        .help(format!("elements are read with brackets, `{text}[i]`; a product needs its `*`"))
}

/// `b(x - 1)` where `b` is a single value.
pub fn product_without_sign(name: &Name, declared: Span, factor: &str) -> Diagnostic {
    let text = &name.text;
    let end = Span::new(name.span.end, name.span.end);
    unknown_function(name, None).at(declared, format!("`{text}` is a value")).fix(
        format!("a product needs its `*`: `{text} * ({factor})`"),
        vec![Edit { span: end, text: " * ".to_string() }],
    )
}

/// Where a foreign name comes from.
fn origin(name: &Name) -> String {
    dialect::origin(&name.text).unwrap_or_else(|| "not a name here".to_owned())
}

/// Another language's name, where only the form is certain.
pub fn dialect_form(name: &Name, form: &str) -> Diagnostic {
    Diagnostic::new(Code(206), format!("`{}` is another language's name", name.text))
        .at(name.span, origin(name))
        .help(format!("write `{form}`"))
}

/// Another language's name for what has another shape here.
pub fn dialect_words(name: &Name, words: &str) -> Diagnostic {
    Diagnostic::new(Code(206), format!("`{}` is another language's name", name.text))
        .at(name.span, origin(name))
        .help(words)
}

/// Another language's call, and what it is here.
pub fn dialect_as(name: &Name, (span, text): (Span, &str)) -> Diagnostic {
    Diagnostic::new(Code(206), format!("`{}` is another language's name", name.text))
        .at(name.span, origin(name))
        .fix(format!("write `{text}`"), replace(span, text))
}

/// A name from another language or library. `given` are the arguments, if none has a keyword or a clause.
pub fn dialect(name: &Name, form: &str, (span, given): (Span, Option<&[&str]>)) -> Diagnostic {
    let whole = !form.contains(" over d") && !form.contains(", D1") && form.contains(['(', '<']);
    match given.filter(|_| whole).and_then(|given| dialect::filled(form, given)) {
        Some(text) => dialect_as(name, (span, &text)),
        None if form.contains(": ") => dialect_words(name, form),
        None => dialect_form(name, &dialect::shown(form)),
    }
}

/// A distribution where a number is wanted.
pub fn distribution_as_number(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code(404), format!("`{name}` is a distribution, not a number"))
        .at(span, "a distribution is not a number")
        .help(format!(
            "draw from it: `latent x ~ {name}(…)`, or ask for its density: `log_prob({name}(…), x)`"
        ))
}

/// `let mu = normal(0, 5)`: the places of `let` and `=`, and the distribution as written.
pub fn assigned_distribution(
    name: &Name,
    (span, written): (Span, &str),
    [keyword, sign]: [Span; 2],
) -> Diagnostic {
    let edits =
        vec![Edit { span: keyword, text: "latent".to_string() }, Edit { span: sign, text: "~".to_string() }];
    Diagnostic::new(Code(404), format!("`{}` is given a distribution, not a number", name.text))
        .at(span, "a distribution is not a number")
        .at(name.span, "declared by `let`, which wants a value")
        .fix(format!("if it is unobserved, draw it: `latent {} ~ {written}`", name.text), edits)
}

/// A function's name without a call.
pub fn function_as_number(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code(409), format!("`{name}` is a function, not a number"))
        .at(span, "a function")
        .help(format!("call it: `{name}(…)`"))
}

/// An expression that is too large once functions are written out.
pub fn too_large(span: Span, excess: Excess) -> Diagnostic {
    let message = match excess {
        Excess::Depth => {
            format!("this is more than {MAX_DEPTH} levels deep where its functions are written out")
        }
        Excess::Parts => {
            format!("the functions come to more than {MAX_WRITTEN} parts where they are written out")
        }
    };
    Diagnostic::new(TOO_DEEP, message).at(span, "one part too many").help(
        "name a part with `let` and use the name: an argument is written out wherever the function reads it",
    )
}
