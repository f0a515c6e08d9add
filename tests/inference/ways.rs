//! How the factors of the models of the repository go: a table that changes on purpose only.

use std::path::{Path, PathBuf};

use vic::driver;
use vic::graph::expect::{Piece, Takes};

use crate::support;

/// Models that take long to lower.
const SLOW: &[&str] = &["election88-election88_full", "rstan_downloads-prophet"];

/// The worst way that a piece of a factor goes, and whether another goes better.
fn letter(pieces: &[Piece]) -> char {
    let any = |takes| pieces.iter().any(|piece| piece.way.takes == takes);
    match [Takes::Draws, Takes::Quadrature, Takes::ClosedForm].map(any) {
        [true, false, false] => 'D',
        [true, ..] => 'p',
        [false, true, _] => 'Q',
        [false, false, _] => 'C',
    }
}

fn letters(model: &Path, data: &Path) -> Option<String> {
    let checked = driver::check(&support::source(model));
    let (bound, _) = driver::bind(checked.model.as_ref()?, &[support::source(data)]);
    let objective = driver::lower(&bound?).ok()?;
    if !objective.kept.is_empty() {
        return Some("kept".to_string());
    }
    Some(driver::ways(&objective).iter().map(|(_, pieces)| letter(pieces)).collect())
}

/// A line for each model, a letter for each factor: C closed form, Q quadrature (with closed form for some pieces), p partly
/// draws, D draws alone; then how many of each.
fn table(models: Vec<(PathBuf, PathBuf)>) -> String {
    let mut text = String::new();
    for (model, data) in models {
        let letters = letters(&model, &data).unwrap_or_else(|| panic!("{}", model.display()));
        text += &format!("{:<60} {letters}\n", support::stem(&model));
    }
    let count = |letter| {
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(_, l)| l.matches(letter).count())
            .sum::<usize>()
    };
    let sums = ['C', 'Q', 'p', 'D'].map(|letter| format!("{letter} {}", count(letter)));
    let whole = |line: &str| {
        line.split_once(' ').is_some_and(|(_, l)| l.trim().chars().all(|c| c == 'C' || c == 'Q'))
    };
    let known = text.lines().filter(|line| whole(line)).count();
    format!(
        "{text}\nfactors: {}\nmodels without draws: {known} of {}\n",
        sums.join(", "),
        text.lines().count()
    )
}

#[test]
fn ways_of_the_models() {
    let with_data = support::models("models").into_iter().map(|model| {
        let data = model.with_extension("data.json");
        (model, data)
    });
    insta::assert_snapshot!(table(with_data.collect()));
}

/// The data lie outside of the repository.
#[test]
fn ways_of_the_benchmarks() {
    let Some(folder) = support::posteriordb() else { return };
    let quick = |model: &PathBuf| !SLOW.contains(&support::stem(model).as_str());
    let with_data = support::models("models/posteriordb").into_iter().filter(quick).map(|model| {
        let data = support::posterior_data(&folder, &support::stem(&model));
        (model, data)
    });
    insta::assert_snapshot!(table(with_data.collect()));
}
