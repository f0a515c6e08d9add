//! Each stage of two small models as text: what changes here changes what is computed, or how it is told.

use std::path::Path;

use vic::driver;
use vic::report::explain::{Story, explain};
use vic::source::Source;
use vic::syntax;

/// A curve through four points: no plates to speak of, a transform, a data let, a generated number.
const LINE: [&str; 2] = [include_str!("models/line.vi"), include_str!("models/line.data.json")];

/// Groups, a gather, a discrete latent that is summed out.
const GROUPS: [&str; 2] = [include_str!("models/groups.vi"), include_str!("models/groups.data.json")];

fn stages(name: &str, [model, data]: [&str; 2]) {
    let source = Source::new(format!("{name}.vi"), model);
    assert_eq!(syntax::format(&source).as_deref(), Ok(model), "the model is in the normal layout");
    let checked = driver::check(&source);
    let model = checked.model.as_ref().expect("the model is right");
    let (bound, diagnostics) = driver::bind(model, &[Source::new(format!("{name}.data.json"), data)]);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let bound = bound.expect("the data fit");
    let objective = driver::lower(&bound).expect("all discrete latents can be summed out");
    let (sums, ways) = (&objective.sums, &driver::ways(&objective));
    let story = Story { model, choices: &checked.choices, bound: Some(&bound), sums, ways };
    let texts = [
        ("tree", syntax::outline(&checked.tree)),
        ("model", vic::model::print(model)),
        ("story", explain(&story)),
        ("graph", driver::print_graph(&objective)),
        ("program", driver::print_program(&objective)),
    ];
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        texts.iter().for_each(|(stage, text)| insta::assert_snapshot!(format!("{name}_{stage}"), text))
    });
}

#[test]
fn line() {
    stages("line", LINE);
}

#[test]
fn groups() {
    stages("groups", GROUPS);
}
