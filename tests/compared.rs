//! `docs/diagnostics-compared.md`: twenty correct models with a mistake planted in each, and what is said about it. What
//! `vic` says is drawn afresh here; what others said, and the judgement, stand beside each model in `tests/compared`.
//! `VIC_UPDATE=1 cargo test --test compared` writes the page; read it before it is committed.
#![allow(clippy::disallowed_methods, reason = "tests read files and one variable")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use vic::diagnostics::Diagnostic;
use vic::diagnostics::render::{Files, Style, render};
use vic::driver;
use vic::source::Source;

const INTRODUCTION: &str = include_str!("compared/introduction.md");
const WIDTH: usize = 100;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/compared")).expect("the folder of mistakes").flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

struct Case {
    model: Source,
    data: Vec<Source>,
    others: String,
}

fn case(folder: &Path) -> Case {
    let model = read(&folder.join("model.vi")).expect("a model");
    let data = read(&folder.join("data.json")).map(|text| Source::new("data.json", text));
    let others = read(&folder.join("others.md")).expect("what others say");
    Case { model: Source::new("model.vi", model), data: data.into_iter().collect(), others }
}

/// Errors, or warnings where there is no error.
fn said(case: &Case) -> Vec<Diagnostic> {
    let checked = driver::check(&case.model);
    let mut found = checked.diagnostics;
    if let Some(model) = checked.model.filter(|_| !case.data.is_empty()) {
        found.extend(driver::bind(&model, &case.data).1);
    }
    if found.iter().any(Diagnostic::is_error) {
        found.retain(Diagnostic::is_error);
    }
    found
}

fn section(number: usize, case: &Case) -> String {
    let (title, rest) = case.others.trim_start_matches("# ").split_once("\n\n").expect("a title");
    let (what, others) = rest.split_once("\n\n").expect("what was done");
    let drawn = render(&said(case), &Files { model: &case.model, data: &case.data }, Style::Plain, WIDTH);
    format!("## {number}. {title}\n\n{what}\n\n```\n{}\n```\n\n{others}\n", drawn.trim_end())
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (number, folder) in (1..).zip(folders()) {
        let _ = write!(page, "{}", section(number, &case(&folder)));
    }
    page.trim_end().to_owned() + "\n"
}

#[test]
fn the_page_says_what_is_said() {
    let path = root().join("docs/diagnostics-compared.md");
    let page = page();
    if std::env::var_os("VIC_UPDATE").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    assert!(read(&path).as_deref() == Some(&page), "docs/diagnostics-compared.md is out of date");
}

#[test]
fn one_mistake_is_one_report() {
    let folders = folders();
    assert_eq!(folders.len(), 20);
    for folder in folders {
        let found = said(&case(&folder));
        assert_eq!(found.len(), 1, "{}: {found:#?}", folder.display());
    }
}
