//! The rules of the house that a machine can check: who imports whom, what each file opens with, how long it may be.
#![allow(clippy::disallowed_methods, reason = "tests and benchmarks read files, variables and the clock")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with all the rooms it may import. ARCHITECTURE.md says why.
const IMPORTS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("array", &[]),
    ("numeric", &[]),
    ("diagnostics", &["source"]),
    ("syntax", &["source", "diagnostics"]),
    ("graph", &["numeric"]),
    ("library", &["graph", "numeric"]),
    ("model", &["source", "diagnostics", "syntax", "library"]),
    ("translate", &["array", "graph", "library", "model"]),
    ("data", &["source", "array", "diagnostics", "library", "model", "translate"]),
    ("estimator", &["source", "diagnostics", "library", "model"]),
    ("lower", &["source", "array", "diagnostics", "graph", "library", "model", "translate", "data"]),
    ("program", &["graph", "numeric"]),
    ("inference", &["numeric"]),
    (
        "posterior",
        &["array", "numeric", "graph", "library", "model", "translate", "data", "lower", "program"],
    ),
    ("report", &["graph", "library", "model", "translate", "data", "estimator", "lower", "diagnostics"]),
    (
        "driver",
        &[
            "source",
            "array",
            "numeric",
            "diagnostics",
            "syntax",
            "graph",
            "library",
            "model",
            "translate",
            "data",
            "estimator",
            "lower",
            "program",
            "inference",
            "posterior",
            "report",
        ],
    ),
];

/// Longest file, tests cut off.
const LONGEST: usize = 500;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn source_files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&root)
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable file");
            (path.strip_prefix(&root).expect("under src").to_path_buf(), text)
        })
        .collect()
}

/// The text before the unit tests at its end.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

fn room_of(path: &Path) -> String {
    let first = path.components().next().expect("a path").as_os_str().to_string_lossy().to_string();
    first.trim_end_matches(".rs").to_string()
}

/// Rooms named after `crate::` in code (not in comments).
fn imported(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = BTreeSet::new();
    for line in code {
        for piece in line.split("crate::").skip(1) {
            let names = piece.trim_start_matches('{');
            let name: String = names.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            rooms.insert(name);
        }
    }
    rooms
}

#[test]
fn each_room_imports_only_what_the_table_says() {
    for (path, text) in source_files() {
        let room = room_of(&path);
        if ["lib", "main", "cli"].contains(&room.as_str()) {
            continue;
        }
        let (_, allowed) = IMPORTS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| {
            panic!("{}: the room `{room}` is not in the table of tests/architecture.rs", path.display())
        });
        for used in imported(without_tests(&text)) {
            let known = IMPORTS.iter().any(|(name, _)| *name == used);
            assert!(
                !known || used == room || allowed.contains(&used.as_str()),
                "{}: `{room}` may not import `{used}`",
                path.display()
            );
        }
    }
}

#[test]
fn each_file_says_what_belongs_in_it() {
    for (path, text) in source_files() {
        assert!(text.starts_with("//!"), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn no_file_is_long() {
    for (path, text) in source_files() {
        let length = without_tests(&text).lines().count();
        assert!(length <= LONGEST, "{} has {length} lines without its tests", path.display());
    }
}

#[test]
fn the_core_touches_nothing_outside() {
    let outside = ["std::fs", "std::env", "std::process", "println!", "eprintln!", "std::time", "SystemTime"];
    for (path, text) in source_files() {
        if ["main", "cli"].contains(&room_of(&path).as_str()) {
            continue;
        }
        for word in outside {
            let used = without_tests(&text)
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(
                !used,
                "{} uses `{word}`: the core touches no file, clock, environment or terminal",
                path.display()
            );
        }
    }
}

/// Each unsafe block is in the room of lanes and instruction sets, with its proof in the lines above.
#[test]
fn unsafe_code_has_one_room_and_a_proof() {
    const HOMES: [&str; 2] = ["numeric/lanes.rs", "numeric/dispatch.rs"];
    for (path, text) in source_files() {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let text: String = line.split('"').step_by(2).collect();
            let code = text.split("//").next().unwrap_or_default();
            if !code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe") {
                continue;
            }
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(
                HOMES.iter().any(|home| path.ends_with(home)),
                "{place}: unsafe code outside of its room"
            );
            let proven =
                lines[number.saturating_sub(6)..number].iter().any(|line| line.contains("// SAFETY: "));
            assert!(proven, "{place}: no proof above");
        }
    }
}

#[test]
fn outside_libraries_stay_in_their_rooms() {
    let homes = [("miette", "diagnostics/render"), ("pest", "syntax/"), ("csv::", "data/"), ("clap", "cli/")];
    for (path, text) in source_files() {
        for (library, home) in homes {
            let used = text.lines().any(|line| {
                let code = line.trim_start();
                code.starts_with("use ") && code[4..].starts_with(library)
            });
            let here = path.to_string_lossy().starts_with(home);
            assert!(!used || here, "{} uses `{library}`, whose home is {home}", path.display());
        }
    }
}

#[test]
fn every_row_file_is_listed() {
    for kind in ["families", "domains", "functions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/library").join(kind);
        let list = fs::read_to_string(folder.join("mod.rs")).expect("the list");
        for file in files(&folder) {
            let name = file.file_stem().expect("a name").to_string_lossy().to_string();
            let listed = name == "mod" || list.contains(&format!("mod {name};"));
            assert!(
                listed,
                "src/library/{kind}/{name}.rs is not in src/library/{kind}/mod.rs: list its rows there"
            );
        }
    }
}
