//! Laws of the syntax room: what holds for every text, and for all models of the language's own collection.
#![allow(clippy::disallowed_methods, reason = "tests and benchmarks read files, variables and the clock")]

use proptest::prelude::*;
use std::time::{Duration, Instant};
use vic::diagnostics::Diagnostic;
use vic::diagnostics::render::{Files, Style, render};
use vic::source::Source;
use vic::syntax::ast::Tree;
use vic::syntax::{format, outline, parse, print};

/// Name and text of every model.
fn models() -> Vec<(&'static str, &'static str)> {
    [include_str!("corpus/language.txt"), include_str!("corpus/models.txt")]
        .into_iter()
        .flat_map(|file| file.split("#=== ").skip(1))
        .map(|model| model.split_once('\n').expect("a model has a name line"))
        .collect()
}

fn read(text: &str) -> (Tree, Vec<Diagnostic>) {
    parse(&Source::new("m.vi", text))
}

/// The tree without spans.
fn shape(text: &str) -> (String, Vec<Option<String>>) {
    let (tree, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{text}\n{diagnostics:#?}");
    (outline(&tree), tree.statements.iter().map(|statement| statement.doc.clone()).collect())
}

#[test]
fn every_model_parses_and_prints_back() {
    for (name, text) in models() {
        let (tree, diagnostics) = read(text);
        assert!(diagnostics.is_empty(), "{name}: {diagnostics:#?}");
        assert_eq!(shape(&print(&tree)), shape(text), "{name}");
    }
}

#[test]
fn formatting_keeps_the_tree_and_the_comments_and_is_idempotent() {
    for (name, text) in models() {
        let once = format(&Source::new(name, text)).expect("a model without mistakes");
        assert_eq!(shape(&once), shape(text), "{name}\n{once}");
        assert_eq!(once.matches('#').count(), text.matches('#').count(), "{name}");
        assert_eq!(format(&Source::new(name, once.clone())).as_deref(), Ok(once.as_str()), "{name}");
    }
}

#[test]
fn spaces_comments_and_lines_are_set() {
    let text = "\n\n## the mean\nlatent   mu~normal( 0,-5 ) # prior\nlatent tau ~ half_cauchy(5)   ## spread\n\n\n\nlet a=[1,mu] let b = if mu>0\n then f( x )[t-1,_] ^2\n      # inside\n else - (3)*4\n";
    let expected = "## the mean\nlatent mu ~ normal(0, -5)    # prior\nlatent tau ~ half_cauchy(5)  ## spread\n\nlet a = [1, mu]\nlet b = if mu > 0\n  then f(x)[t-1, _]^2\n  # inside\n  else -(3) * 4\n";
    assert_eq!(format(&Source::new("m.vi", text)).as_deref(), Ok(expected));
}

#[test]
fn blocks_are_indented() {
    let text = "guide{learn V[a,b] init(3) latent z~normal(0,1)}\node t from 0 at ts (s=\"bdf\"){\na=1,rate(2)*a\n b = f(2,\n3), rate -b\n}";
    let expected = "guide {\n  learn V[a, b] init (3)\n  latent z ~ normal(0, 1)\n}\node t from 0 at ts (s = \"bdf\") {\n  a = 1, rate (2) * a\n  b = f(2,\n    3), rate -b\n}\n";
    assert_eq!(format(&Source::new("m.vi", text)).as_deref(), Ok(expected));
}

/// Reads in a thread with a stack of 1 MB, drops the tree there, and gives how long it took and the codes.
fn on_small_stack(text: String) -> (Duration, Vec<u16>) {
    let work = move || {
        let start = Instant::now();
        let source = Source::new("m.vi", text);
        let (tree, diagnostics) = parse(&source);
        let _ = (print(&tree), outline(&tree));
        let _ = render(&diagnostics, &Files { model: &source, data: &[] }, Style::Plain, 80);
        (start.elapsed(), diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect())
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(work).expect("a thread");
    thread.join().expect("no panic")
}

#[test]
fn pathological_texts_are_read_in_bounded_time_on_a_small_stack() {
    let many = |piece: &str, count: usize| piece.repeat(count);
    let texts = [
        (many("(", 1_000_000), 105),
        (format!("let x = {}", many("(", 1_000_000)), 105),
        (format!("let x = {}1{}", many("(", 101), many(")", 101)), 105),
        (format!("let x = {}", many("[f(", 100_000)), 105),
        (many(")", 1_000_000), 103),
        (format!("let x = {}{}", many("(", 300_000), many("]", 300_000)), 105),
        (format!("let x = {}1", many("if a then b else ", 10_000)), 105),
        (format!("let x = {}1{}", many("if ", 10_000), many(" then 1 else 2", 10_000)), 105),
        (format!("let x = {}1", many("- ", 300_000)), 105),
        (format!("let x = {}true", many("not ", 100_000)), 105),
        (format!("let x = 2{}", many("^2", 200_000)), 105),
        (format!("let x = a{}", many("[b", 100_000)), 105),
        (format!("let x = a{}", many("[b]", 100_000)), 105),
        (format!("let x = 1{}", many(" + 1", 10_000)), 105),
        (format!("let x = 1{}", many(" < 1", 100_000)), 118),
        (format!("let x = {}1", many("f(a, ", 50_000)), 105),
        (format!("let x = \"{}", many("a", 1_000_000)), 104),
        (many("x ~ y\n", 50_000), 106),
        (many("model {\n", 50_000), 111),
        (many("“", 300_000), 112),
        (many("'a", 300_000), 128),
    ];
    for (text, code) in texts {
        let begin: String = text.chars().take(40).collect();
        let (time, codes) = on_small_stack(text);
        assert!(codes.contains(&code), "{begin}: {codes:?}");
        assert!(time < Duration::from_secs(5), "{begin}: {time:?}");
    }
}

#[test]
fn deep_but_legal_trees_fit_a_small_stack() {
    let nested = format!("let x = {}1{}", "f(a, [".repeat(50), "])".repeat(50));
    let conditional = format!("let x = {}1", "if a then b else ".repeat(99));
    let chain = format!("let x = 1{}", " + 1".repeat(490));
    let mixed = format!("let x = {}1{}", "(1 + 2 * -3 ^ ".repeat(99), ")".repeat(99));
    for text in [nested, conditional, chain, mixed] {
        assert_eq!(on_small_stack(text.clone()).1, Vec::<u16>::new(), "{text}");
    }
}

#[test]
fn large_sound_files_are_read_in_linear_time() {
    let statements: String =
        (0..100_000).map(|nth| format!("latent a{nth} ~ normal(0, {nth}.5)\n")).collect();
    let labels = format!("dim d = [{}\"z\"]", "\"label\", ".repeat(100_000));
    for text in [statements, labels] {
        let (time, codes) = on_small_stack(text);
        assert!(codes.is_empty());
        assert!(time < Duration::from_secs(20), "{time:?}");
    }
}

/// A model with some characters replaced.
fn mutated() -> impl Strategy<Value = String> {
    let all = models();
    let edits = proptest::collection::vec(
        (any::<prop::sample::Index>(), 0..3usize, "[ -~]{0,3}|[(\\[{}\\])~=.:;'\"#\n\r−“”μ]{1,3}"),
        1..6,
    );
    (0..all.len(), edits).prop_map(move |(nth, edits)| {
        let mut characters: Vec<char> = all[nth].1.chars().collect();
        for (place, removed, inserted) in edits {
            let at = place.index(characters.len() + 1);
            let end = (at + removed).min(characters.len());
            characters.splice(at..end, inserted.chars());
        }
        characters.into_iter().collect()
    })
}

/// What must hold for any text: no panic, spans in bounds, and the laws of sound texts if it is one.
fn check(text: &str) {
    let source = Source::new("m.vi", text);
    let (tree, diagnostics) = parse(&source);
    let places = diagnostics.iter().flat_map(|diagnostic| diagnostic.labels.iter().map(|label| label.span));
    let edits =
        diagnostics.iter().flat_map(|diagnostic| diagnostic.help.iter()).flat_map(|help| help.edits.iter());
    for span in places.chain(edits.map(|edit| edit.span)) {
        assert!(text.get(span.start..span.end).is_some(), "{span:?} in {text}");
    }
    let _ = (print(&tree), outline(&tree));
    let _ = render(&diagnostics, &Files { model: &source, data: &[] }, Style::Colour, 80);
    if diagnostics.is_empty() {
        let printed = print(&tree);
        assert_eq!(shape(&printed), shape(text), "{text}\n{printed}");
        let once = format(&source).expect("no mistakes");
        assert_eq!(shape(&once), shape(text), "{text}\n{once}");
        assert_eq!(format(&Source::new("m.vi", once.clone())).as_deref(), Ok(once.as_str()), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_models_never_panic(text in mutated()) {
        check(&text);
    }

    #[test]
    fn random_texts_never_panic(text in "\\PC{0,80}|[a-z0-9 ~=()\\[\\]{}.,:\"'#\n<>*^?-]{0,120}") {
        check(&text);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes));
    }
}
