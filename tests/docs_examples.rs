//! Every model in the documents checks: the blocks marked `vi` in docs/*.md and README.md.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::path::{Path, PathBuf};

use vic::diagnostics::render::{Files, Style, render};
use vic::driver;
use vic::source::Source;

/// A model written in a document, with where it stands.
struct Example {
    place: String,
    text: String,
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(root.join("docs")).expect("there is a folder of documents");
    let mut paths: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.push(root.join("README.md"));
    paths.sort();
    paths
}

/// The blocks of a document that are opened by ```` ```vi ````.
fn blocks(path: &Path) -> Vec<Example> {
    let text = std::fs::read_to_string(path).expect("documents are readable");
    let name = path.file_name().expect("documents have names").to_string_lossy().into_owned();
    let mut found = Vec::new();
    let mut open: Option<Example> = None;
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.trim()) {
            (Some(_), "```") => found.extend(open.take()),
            (Some(example), line) => example.text.extend([line, "\n"]),
            (None, "```vi") => {
                open = Some(Example { place: format!("{name}:{}", at + 2), text: String::new() })
            }
            (None, _) => {}
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    found
}

/// The errors of an example, rendered; none if it checks.
fn faults(example: &Example) -> Option<String> {
    let source = Source::new(example.place.clone(), example.text.clone());
    let mut diagnostics = driver::check(&source).diagnostics;
    diagnostics.retain(|diagnostic| diagnostic.is_error());
    let files = Files { model: &source, data: &[] };
    (!diagnostics.is_empty()).then(|| render(&diagnostics, &files, Style::Plain, 100))
}

#[test]
fn models_in_documents_check() {
    let examples: Vec<Example> = documents().iter().flat_map(|path| blocks(path)).collect();
    assert!(examples.len() > 10, "the documents have lost their examples");
    let faults: Vec<String> = examples.iter().filter_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
