//! Whatever is written, the front end answers with diagnostics: no text, model or data file makes it panic.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod support;

use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::*;
use vic::diagnostics::any_error;
use vic::diagnostics::render::{Files, Style, render};
use vic::driver::{self, Checked};
use vic::model::Model;
use vic::source::Source;
use vic::syntax;

/// Texts of all models of the repository.
static MODELS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folders = ["models", "models/posteriordb"];
    let paths = folders.into_iter().flat_map(support::models);
    let corpus = [include_str!("corpus/language.txt"), include_str!("corpus/models.txt")];
    let parts = corpus.iter().flat_map(|file| file.split("#=== ").skip(1));
    let parts = parts.filter_map(|part| part.split_once('\n')).map(|(_, text)| text.to_string());
    paths.map(|path| support::source(&path).text().to_string()).chain(parts).collect()
});

/// All words of all models, and some that fit nowhere.
static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let own = [
        "", "0", "-1", "1e308", "..", "'", "\"", "\u{3b8}", "by", "over", "using", "where", "->", "}", "\n\n",
    ];
    let mut words: Vec<String> = MODELS.iter().flat_map(|model| tokens(model)).collect();
    words.extend(own.map(str::to_string));
    words.sort();
    words.dedup();
    words
});

/// Words, numbers, single signs and the spaces between them.
fn tokens(text: &str) -> Vec<String> {
    let class = |c: char| match c {
        '\n' => 0,
        c if c.is_whitespace() => 1,
        c if c.is_alphanumeric() || c == '_' => 2,
        _ => 3,
    };
    let mut tokens: Vec<String> = Vec::new();
    for c in text.chars() {
        match tokens.last_mut() {
            Some(last)
                if class(c) != 3 && last.chars().next().is_some_and(|first| class(first) == class(c)) =>
            {
                last.push(c);
            }
            _ => tokens.push(c.to_string()),
        }
    }
    tokens
}

/// One change of a model's tokens.
#[derive(Clone, Debug)]
enum Change {
    Delete(prop::sample::Index),
    Duplicate(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Replace(prop::sample::Index, prop::sample::Index),
    /// A line goes elsewhere.
    Move(prop::sample::Index, prop::sample::Index),
    /// A line of another model comes in.
    Graft(prop::sample::Index, prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    use prop::sample::Index;
    prop_oneof![
        any::<Index>().prop_map(Change::Delete),
        any::<Index>().prop_map(Change::Duplicate),
        any::<(Index, Index)>().prop_map(|(a, b)| Change::Swap(a, b)),
        any::<(Index, Index)>().prop_map(|(a, b)| Change::Replace(a, b)),
        any::<(Index, Index)>().prop_map(|(a, b)| Change::Move(a, b)),
        any::<(Index, Index, Index)>().prop_map(|(a, b, c)| Change::Graft(a, b, c)),
    ]
}

fn solid(tokens: &[String]) -> Vec<usize> {
    (0..tokens.len()).filter(|&k| !tokens[k].trim().is_empty()).collect()
}

fn changed(text: &str, change: &Change) -> String {
    let mut tokens = tokens(text);
    let places = solid(&tokens);
    if places.is_empty() {
        return text.to_string();
    }
    match change {
        Change::Delete(at) => drop(tokens.remove(*at.get(&places))),
        Change::Duplicate(at) => {
            let at = *at.get(&places);
            tokens.insert(at, tokens[at].clone());
        }
        Change::Swap(one, two) => tokens.swap(*one.get(&places), *two.get(&places)),
        Change::Replace(at, word) => tokens[*at.get(&places)].clone_from(word.get(&WORDS)),
        Change::Move(from, to) => return move_line(text, |lines| (from.index(lines), to.index(lines))),
        Change::Graft(model, line, to) => {
            let lines: Vec<&str> = model.get(&MODELS).lines().collect();
            let own: Vec<&str> = text.lines().collect();
            let at = to.index(own.len() + 1);
            return [&own[..at], &[*line.get(&lines)], &own[at..]].concat().join("\n");
        }
    }
    tokens.concat()
}

fn move_line(text: &str, places: impl Fn(usize) -> (usize, usize)) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let (from, to) = places(lines.len());
    let line = lines.remove(from);
    lines.insert(to, line);
    lines.join("\n")
}

/// Checks a text and draws its diagnostics; an answer without a model has an error.
fn checked(text: &str) -> Checked {
    let source = Source::new("m.vi", text);
    let checked = driver::check(&source);
    assert_eq!(checked.model.is_none(), any_error(&checked.diagnostics));
    let drawn = render(&checked.diagnostics, &Files { model: &source, data: &[] }, Style::Plain, 100);
    assert_eq!(drawn.is_empty(), checked.diagnostics.is_empty());
    for label in checked.diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        assert!(
            label.span.start <= label.span.end && label.span.end <= source.text().len(),
            "{label:?} in {text}"
        );
    }
    checked
}

/// Binds data and, where they fit, goes on to the objective.
fn bound(model: &Arc<Model>, file: Source) {
    let files = [file];
    let (bound, diagnostics) = driver::bind(model, &files);
    assert_eq!(bound.is_none(), any_error(&diagnostics), "{diagnostics:?}");
    let model_source = Source::new("m.vi", "");
    let _ = render(&diagnostics, &Files { model: &model_source, data: &files }, Style::Plain, 80);
    if let Some(bound) = bound {
        let _ = driver::lower(&bound);
    }
}

/// Models with data beside them, checked.
static WITH_DATA: LazyLock<Vec<(Arc<Model>, String)>> = LazyLock::new(|| {
    let paths = support::models("models").into_iter();
    let pairs = paths.filter_map(|path| {
        let data = std::fs::read_to_string(path.with_extension("data.json")).ok()?;
        Some((driver::check(&support::source(&path)).model?, data))
    });
    pairs.collect()
});

const TABLE_MODEL: &str = "dim obs, county\ndata county[obs]: county\ndata x[obs]: real\ndata y[obs]: bool\n\
     latent a[county] ~ normal(0, 1)\nlatent b ~ normal(0, 1)\nobserve y ~ bernoulli(logit = a[county] + b * x)\n";

static TABLE: LazyLock<Arc<Model>> =
    LazyLock::new(|| checked(TABLE_MODEL).model.expect("the model of the tables is right"));

#[test]
fn all_models_are_right() {
    for text in MODELS.iter().take(16) {
        assert!(checked(text).model.is_some(), "{text}");
    }
    assert!(MODELS.len() > 100, "{}", MODELS.len());
    assert!(WITH_DATA.len() >= 16);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn models_with_changes_are_answered(
        which in any::<prop::sample::Index>(),
        changes in vec(change(), 1..6),
    ) {
        let text = changes.iter().fold(which.get(&MODELS).clone(), |text, change| changed(&text, change));
        let answer = checked(&text);
        if answer.model.is_some() {
            let printed = syntax::print(&answer.tree);
            prop_assert!(checked(&printed).model.is_some(), "{}\n{}", text, printed);
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        checked(&text);
    }

    #[test]
    fn any_words_are_answered(picks in vec(any::<prop::sample::Index>(), 0..60)) {
        let words: Vec<&str> = picks.iter().map(|pick| pick.get(&WORDS).as_str()).collect();
        checked(&words.join(" "));
    }

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        checked(&text);
        bound(&TABLE, Source::new("d.json", text.clone()));
        bound(&TABLE, Source::new("d.csv", text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn data_with_changes_are_answered(
        which in any::<prop::sample::Index>(),
        changes in vec(change(), 0..5),
    ) {
        let (model, data) = which.get(&WITH_DATA);
        let text = changes.iter().fold(data.clone(), |text, change| changed(&text, change));
        bound(model, Source::new("d.json", text));
    }

    #[test]
    fn tables_of_anything_are_answered(
        cells in vec(vec("|NA|-?[0-9]{1,3}(\\.[0-9])?|[a-z]{1,3}|\"[a,\n]{0,3}\"|0|1|1e400", 2..5), 0..12),
        header in prop_oneof![3 => Just("county,x,y".to_string()), 1 => "[a-y,\";\\t]{0,12}"],
    ) {
        let rows: Vec<String> = cells.iter().map(|row| row.join(",")).collect();
        bound(&TABLE, Source::new("d.csv", format!("{header}\n{}", rows.join("\n"))));
    }
}
