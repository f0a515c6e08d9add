//! What holds of the tables as such: nothing unlisted, nothing nameless, no name twice.

use std::collections::HashSet;
use std::path::Path;

use vic::library::{Action, Rank};
use vic::library::{DOMAINS, FAMILIES, FUNCTIONS, Parameter, domain, function_of};

#[test]
fn names_are_unique() {
    let mut families = HashSet::new();
    assert!(FAMILIES.iter().all(|row| families.insert(row.name)), "distributions");
    let mut domains = HashSet::new();
    assert!(DOMAINS.iter().all(|row| domains.insert(row.name)), "domains");
    let mut functions = HashSet::new();
    for row in FUNCTIONS {
        let kind = matches!(row.action, Action::ElementWise);
        assert!(functions.insert((row.name, kind)), "function {}", row.name);
        assert!(!families.contains(row.name), "{} is a distribution too", row.name);
    }
}

#[test]
fn rows_are_described() {
    let described = |name: &str, texts: &[&str]| {
        for text in texts {
            assert!(!text.is_empty(), "{name} lacks a text");
        }
    };
    for row in FAMILIES {
        described(row.name, &[row.summary, row.doc, row.example]);
        assert!(row.example.contains(row.name), "{}: its example uses it", row.name);
        assert!(!row.forms.is_empty(), "{} has a form", row.name);
        assert!(domain(row.support.domain).is_some(), "{}: support", row.name);
        row.forms.iter().for_each(|form| parameters(row.name, form.parameters));
    }
    for row in FUNCTIONS {
        described(row.name, &[row.summary, row.doc, row.example]);
        assert!(row.example.contains(&format!("{}(", row.name)), "{}: its example uses it", row.name);
        parameters(row.name, row.parameters);
    }
    for row in DOMAINS {
        described(row.name, &[row.words]);
    }
}

fn parameters(row: &str, parameters: &[Parameter]) {
    let mut names = HashSet::new();
    for parameter in parameters {
        assert!(names.insert(parameter.name), "{row}: {} twice", parameter.name);
        assert!(!parameter.doc.is_empty(), "{row}: {}", parameter.name);
        let known = domain(parameter.domain).unwrap_or_else(|| panic!("{row}: domain {}", parameter.domain));
        assert!(
            known.rank == Rank::Scalar || known.rank == parameter.rank,
            "{row}: rank of {}",
            parameter.name
        );
    }
}

#[test]
fn forms_of_a_family_are_told_apart() {
    for row in FAMILIES {
        let mut names: HashSet<Vec<&str>> = HashSet::new();
        for form in row.forms {
            let mut of_form: Vec<&str> = form.parameters.iter().map(|parameter| parameter.name).collect();
            of_form.sort_unstable();
            assert!(names.insert(of_form), "{}: two forms with the same names", row.name);
        }
    }
}

#[test]
fn arity_chooses_between_rows_of_one_name() {
    let action = |arguments| function_of("max", arguments).expect("there is one").action;
    assert_eq!(action(1), Action::Reduce);
    assert_eq!(action(2), Action::ElementWise);
    assert_eq!(action(5), Action::ElementWise);
    assert_eq!(function_of("exp", 1).expect("there is one").name, "exp");
    assert!(function_of("no_such", 1).is_none());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test reads the sources")]
fn every_file_is_listed() {
    for room in ["families", "functions", "domains"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/library").join(room);
        let list = std::fs::read_to_string(folder.join("mod.rs")).expect("the room has a list");
        for entry in std::fs::read_dir(&folder).expect("the room exists") {
            let file = entry.expect("readable").file_name().into_string().expect("plain names");
            let stem = file.trim_end_matches(".rs");
            let is_row = stem != "mod" && {
                let text = std::fs::read_to_string(folder.join(&file)).expect("readable");
                ["Family =", "Function =", "Domain ="].iter().any(|kind| text.contains(kind))
            };
            assert!(!is_row || list.contains(&format!("&{stem}::")), "{room}/{file} is not in the list");
        }
    }
}

#[test]
fn examples_are_models() {
    let families = FAMILIES.iter().map(|row| (row.name, row.example));
    let functions = FUNCTIONS.iter().map(|row| (row.name, row.example));
    let wrong: Vec<String> = families
        .chain(functions)
        .filter_map(|(name, example)| {
            let source = vic::source::Source::new("example.vi", example);
            let (tree, mut found) = vic::syntax::parse(&source);
            let (_, more) = vic::model::check(&tree, &source);
            found.extend(more);
            let errors: Vec<_> = found.iter().filter(|found| found.is_error()).collect();
            (!errors.is_empty()).then(|| format!("{name}:\n{example}{errors:#?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} examples: {}", wrong.len(), wrong.join("\n"));
}
