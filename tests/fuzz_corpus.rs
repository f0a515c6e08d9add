//! What the fuzzer has kept, run through the laws it was found by. `fuzz/` makes more of it; see CONTRIBUTING.md.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

#[path = "support/laws.rs"]
mod laws;

use std::fs;
use std::path::Path;

fn run(target: &str, law: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/fuzz").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("a corpus").flatten() {
        let bytes = fs::read(entry.path()).expect("a readable case");
        let outcome = std::panic::catch_unwind(|| law(&bytes));
        assert!(outcome.is_ok(), "{} breaks a law", entry.path().display());
        count += 1;
    }
    assert!(count > 20, "{count} cases in {}", folder.display());
}

#[test]
fn any_text_is_answered() {
    run("front_end", laws::front_end);
}

#[test]
fn any_data_are_answered() {
    run("data", laws::data);
}

#[test]
fn formatting_changes_nothing_but_the_layout() {
    run("format", laws::format);
}
