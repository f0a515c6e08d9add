//! The language's example models are accepted, its wrong ones rejected for the intended reason.

use crate::diagnostics::{Diagnostic, any_error};
use crate::model::{Model, check};
use crate::source::Source;

fn checked(text: &str) -> (Model, Vec<Diagnostic>) {
    let (tree, mut found) = crate::syntax::parse(&Source::new("model.vi", text));
    let (model, more) = check(&tree);
    found.extend(more);
    (model, found)
}

/// The codes of all errors, in order.
fn errors(text: &str) -> Vec<u16> {
    checked(text).1.iter().filter(|d| d.is_error()).map(|d| d.code.0).collect()
}

#[test]
fn scratch() {
    let mut names: Vec<_> =
        std::fs::read_dir("/work/shared/language/models").unwrap().map(|e| e.unwrap().path()).collect();
    names.extend(std::fs::read_dir("/work/shared/language/wrong").unwrap().map(|e| e.unwrap().path()));
    names.sort();
    for path in names {
        let text = std::fs::read_to_string(&path).unwrap();
        let (model, found) = checked(&text);
        println!("=== {} {}", path.display(), if any_error(&found) { "REJECTED" } else { "ok" });
        for d in &found {
            let at =
                d.labels.first().map(|l| Source::new("", text.clone()).position(l.span.start).to_string());
            println!(
                "  {} {} {:?}: {} | {:?} | {:?}",
                d.code,
                d.is_error(),
                at,
                d.message,
                d.labels.iter().map(|l| (&text[l.span.start..l.span.end], &l.text)).collect::<Vec<_>>(),
                d.help.iter().map(|h| &h.text).collect::<Vec<_>>()
            );
        }
        if std::env::var("SHOW").is_ok_and(|s| path.display().to_string().contains(&s)) {
            println!("{}", crate::model::print(&model));
        }
    }
    let _ = errors("");
}

#[test]
fn each_wrong_example_gives_its_code_and_each_right_one_none() {
    let mut failures = String::new();
    for row in crate::diagnostics::model_codes::ROWS {
        let found = |text: &str| -> Vec<u16> { checked(text).1.iter().map(|d| d.code.0).collect() };
        let (wrong, right) = (found(row.wrong), checked(row.right).1);
        if !wrong.contains(&row.code.0) {
            failures += &format!("{} is not given by its wrong example, but {wrong:?}\n", row.code);
        }
        let errors: Vec<_> = wrong.iter().filter(|c| **c < 1000 && **c != row.code.0).collect();
        if !errors.is_empty() {
            failures += &format!("{}: noise {errors:?}\n", row.code);
        }
        if any_error(&right) || right.iter().any(|d| d.code == row.code) {
            failures += &format!("{}: its right example gives {right:?}\n", row.code);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
