//! Generated documents are current. `VIC_UPDATE=1 cargo test --test docs` rewrites them.
#![allow(clippy::disallowed_methods, reason = "tests read files and one variable")]

use std::path::Path;

fn check(name: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("VIC_UPDATE").is_some() {
        std::fs::write(&path, generated).expect("docs can be written");
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(current == generated, "docs/{name} is not current: VIC_UPDATE=1 cargo test --test docs");
}

#[test]
fn the_manual_is_current() {
    check("reference.md", &vic::report::reference::manual());
}

#[test]
fn the_list_of_errors_is_current() {
    check("errors.md", &vic::report::errors::list());
}
