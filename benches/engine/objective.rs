//! Models with data, given as texts, as objectives.

use vic::driver;
use vic::lower::Objective;
use vic::source::Source;

/// The objective of a model that is right.
pub fn compile(text: &str, data: &str) -> Objective {
    let checked = driver::check(&Source::new("model.vi", text.to_string()));
    let model = checked.model.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
    let (bound, found) = driver::bind(&model, &[Source::new("data.json", data.to_string())]);
    let bound = bound.unwrap_or_else(|| panic!("{text}\n{found:#?}"));
    driver::lower(&bound).unwrap_or_else(|refusal| panic!("{text}\n{refusal:#?}"))
}
