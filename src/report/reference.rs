//! The manual, generated from the rows of the library.

use std::fmt::Write;

use crate::library::{
    Action, DOMAINS, Ends, FAMILIES, FUNCTIONS, Family, Form, Function, Grain, Parameter, Rank, ValueKind,
    Variadic,
};

/// `docs/reference.md`.
pub fn manual() -> String {
    let mut text = String::from(
        "# Reference\n\nGenerated from the rows of `src/library`. `VIC_UPDATE=1 cargo test --test docs` rewrites it.\n",
    );
    types(&mut text);
    distributions(&mut text);
    functions(&mut text);
    text
}

/// Writing to a string cannot fail.
macro_rules! line {
    ($text:expr, $($part:tt)*) => {
        writeln!($text, $($part)*).unwrap_or_default()
    };
}

fn types(text: &mut String) {
    line!(text, "\n## Types\n\n| type | values |\n| --- | --- |");
    for row in DOMAINS {
        let number = if row.interval.grain == Grain::Integer { "int" } else { "real" };
        let written = match row.takes_ends {
            Ends::Both => format!("{number}(a..b)"),
            Ends::Lower => format!("{number}(a..)"),
            Ends::Upper => format!("{number}(..b)"),
            Ends::None => row.name.to_string(),
        };
        line!(text, "| `{written}` | {} |", row.words);
    }
}

fn distributions(text: &mut String) {
    line!(text, "\n## Distributions");
    for (title, belongs) in KINDS {
        line!(text, "\n### {title}");
        for family in FAMILIES.iter().filter(|family| belongs(family)) {
            distribution(text, family);
        }
    }
}

/// A heading and what stands under it.
type Section<T> = (&'static str, fn(T) -> bool);

const KINDS: &[Section<&Family>] = &[
    ("Of real numbers", |family| family.rank == Rank::Scalar && family.kind == ValueKind::Continuous),
    ("Of counts", |family| family.rank == Rank::Scalar && family.kind == ValueKind::Count),
    ("Of truth values and positions", |family| {
        family.rank == Rank::Scalar && matches!(family.kind, ValueKind::Bool | ValueKind::Index)
    }),
    ("Of vectors", |family| family.rank == Rank::Vector),
    ("Of matrices", |family| family.rank == Rank::Matrix),
];

fn distribution(text: &mut String, family: &Family) {
    line!(text, "\n#### `{}`\n\n{} {}\n", family.name, family.summary, family.doc);
    let calls = family.forms.iter().map(|form| format!("`{}`", call(family.name, form.parameters)));
    line!(text, "Written {}.", calls.collect::<Vec<_>>().join(" or "));
    let parameters: Vec<&Parameter> = distinct(family.forms);
    table(text, &parameters);
    if family.log_cdf.is_some() {
        line!(text, "\nMay be truncated and censored.");
    }
    example(text, family.example);
}

/// The parameters of all forms, each once.
fn distinct(forms: &'static [Form]) -> Vec<&'static Parameter> {
    let mut found: Vec<&Parameter> = Vec::new();
    for parameter in forms.iter().flat_map(|form| form.parameters) {
        if found.iter().all(|known| known.name != parameter.name) {
            found.push(parameter);
        }
    }
    found
}

fn functions(text: &mut String) {
    line!(text, "\n## Functions");
    for (title, belongs) in ACTIONS {
        line!(text, "\n### {title}");
        for row in FUNCTIONS.iter().filter(|row| belongs(row.action)) {
            function(text, row);
        }
    }
}

const ACTIONS: &[Section<Action>] = &[
    ("Cell by cell", |action| action == Action::ElementWise),
    ("Over axes", |action| action == Action::Reduce),
    ("Along an axis", |action| action == Action::Along),
    ("Of matrices", |action| matches!(action, Action::Matrix { .. })),
    ("Kernels", |action| action == Action::Kernel),
];

fn function(text: &mut String, row: &Function) {
    line!(text, "\n#### `{}`\n\n{} {}\n", written(row), row.summary, row.doc);
    table(text, &row.parameters.iter().collect::<Vec<_>>());
    example(text, row.example);
}

fn written(row: &Function) -> String {
    let names: Vec<&str> = row.parameters.iter().map(|parameter| parameter.name).collect();
    let more = if row.variadic == Variadic::Repeats { ", …" } else { "" };
    let over = match row.action {
        Action::ElementWise => "",
        Action::Reduce => " over i where c by g",
        Action::Along | Action::Matrix { .. } | Action::Kernel => " over i",
    };
    format!("{}({}{more}{over})", row.name, names.join(", "))
}

fn call(name: &str, parameters: &[Parameter]) -> String {
    if parameters.is_empty() {
        return name.to_string();
    }
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    format!("{name}({})", names.join(", "))
}

fn table(text: &mut String, parameters: &[&Parameter]) {
    if parameters.is_empty() {
        return;
    }
    line!(text, "\n| parameter | must be | |\n| --- | --- | --- |");
    for parameter in parameters {
        let shape = match parameter.rank {
            Rank::Scalar => "",
            Rank::Vector => ", along the axis",
            Rank::Matrix => ", over the axis twice",
            Rank::Positions => ", along an axis of its own",
        };
        let default = parameter.default.map_or(String::new(), |value| format!("; {value} if left out"));
        line!(text, "| `{}` | {}{shape} | {}{default} |", parameter.name, parameter.domain, parameter.doc);
    }
}

fn example(text: &mut String, example: &str) {
    line!(text, "\n```\n{}\n```", example.trim_end());
}
