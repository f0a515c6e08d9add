//! Every model under `models/`, from its file to its posterior.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand_distr::{Distribution, StandardNormal};
use support::judge::{HeavyTail, Known, complaints, settle};
use vic::data::BoundModel;
use vic::driver::{self, Fitted};
use vic::graph::Node;
use vic::graph::interpret::interpret;
use vic::inference::{Options, Unwatched};
use vic::lower::Objective;
use vic::numeric::dispatch::InstructionSet;
use vic::numeric::random::Generator;
use vic::program::Program;
use vic::source::Source;
use vic::syntax;

/// Scalars compared by quantiles.
const HEAVY: &[HeavyTail] = &[HeavyTail {
    model: "challenger",
    site: "p31",
    reason: "a probability piled up at 1: its standard deviation is that of the few draws far from there",
}];

/// Fits that are off.
const KNOWN: &[Known] = &[];

/// Models with data beside them.
fn models() -> Vec<PathBuf> {
    let all = support::models("models");
    all.into_iter().filter(|model| model.with_extension("data.json").exists()).collect()
}

fn bound(model: &Source, data: &Path) -> BoundModel {
    let checked = driver::check(model);
    let model = checked.model.unwrap_or_else(|| panic!("{}: {:#?}", model.name(), checked.diagnostics));
    let (bound, diagnostics) = driver::bind(&model, &[support::source(data)]);
    bound.unwrap_or_else(|| panic!("{}: {diagnostics:#?}", data.display()))
}

/// A model with its data, compiled up to its objective.
fn compiled(path: &Path) -> (BoundModel, Objective) {
    let bound = bound(&support::source(path), &path.with_extension("data.json"));
    let objective =
        driver::lower(&bound).unwrap_or_else(|refusal| panic!("{}: {refusal:#?}", path.display()));
    (bound, objective)
}

/// A fit that may end early: what is compared are bits, not answers.
fn fit(bound: &BoundModel, objective: &Objective, threads: usize) -> Fitted {
    let options = Options { max_evaluations: 3000, draws: 500, ..Options::default() };
    driver::fit(bound, objective, &options, threads, &mut Unwatched)
}

/// The bits of all that a fit gives.
fn bits(fitted: &Fitted) -> Vec<u64> {
    let sites = fitted.sites.iter().flat_map(|site| &site.values);
    let weights = fitted.weights.iter().flatten();
    let fit = &fitted.fit;
    let whole = [fit.elbo.value, fit.khat, fit.evaluations as f64];
    sites.chain(weights).chain(&fit.draws).chain(&whole).map(|number| number.to_bits()).collect()
}

#[test]
fn posteriors_are_their_references() {
    let found = models().into_iter().filter_map(|model| {
        let reference = support::reference(&model.with_extension("expected.json"))?;
        let name = support::stem(&model);
        let outcome = support::fit(&model, &[model.with_extension("data.json")], &Options::default());
        let outcome = outcome.unwrap_or_else(|text| panic!("{text}"));
        println!("{name}: {:?}, k-hat {:.2}", outcome.fitted.fit.verdict, outcome.fitted.fit.khat);
        Some((name.clone(), complaints(&name, &outcome, &reference, HEAVY)))
    });
    settle(&found.collect::<Vec<_>>(), KNOWN);
}

#[test]
fn every_model_has_a_reference_and_every_reference_a_model() {
    for model in models() {
        assert!(model.with_extension("expected.json").exists(), "{}", model.display());
    }
    assert!(models().len() >= 16);
}

#[test]
fn threads_and_repetition_change_no_bit() {
    for model in models() {
        let (bound, objective) = compiled(&model);
        let first = bits(&fit(&bound, &objective, 1));
        for threads in [1, 2, 3] {
            assert!(
                bits(&fit(&bound, &objective, threads)) == first,
                "{}: {threads} threads",
                model.display()
            );
        }
    }
}

/// Enough rows that the work of one evaluation is shared out.
#[test]
fn threads_at_work_change_no_bit() {
    let model = "dim row\ndata x[row]: real\ndata y[row]: bool\nlatent a ~ normal(0, 2)\nlatent b ~ normal(0, 2)\n\
                 observe y ~ bernoulli(logit = a + b * x)\n";
    let rows: String = (0..25_000)
        .map(|k| format!("{},{}\n", f64::from(k % 97) / 31.0 - 1.5, u8::from(k * k % 89 > 40)))
        .collect();
    let checked = driver::check(&Source::new("rows.vi", model));
    let data = Source::new("rows.csv", format!("x,y\n{rows}"));
    let bound = driver::bind(&checked.model.expect("the model is right"), &[data]).0.expect("the data fit");
    let objective = driver::lower(&bound).expect("there is nothing to sum out");
    let first = bits(&fit(&bound, &objective, 1));
    for threads in [2, 3, 7] {
        assert!(bits(&fit(&bound, &objective, threads)) == first, "{threads} threads");
    }
}

#[test]
fn a_printed_model_is_the_same_model() {
    for model in models() {
        let source = support::source(&model);
        let printed = Source::new("printed.vi", syntax::print(&syntax::parse(&source).0));
        let again = bound(&printed, &model.with_extension("data.json"));
        let again = driver::lower(&again).expect("the printed model is as right as the written one");
        let (_, objective) = compiled(&model);
        assert_eq!(driver::print_graph(&again), driver::print_graph(&objective), "{}", model.display());
        assert_eq!(driver::print_program(&again), driver::print_program(&objective), "{}", model.display());
    }
}

#[test]
fn compiling_twice_gives_the_same_program() {
    for model in models() {
        let [one, two] = [(); 2].map(|()| driver::print_program(&compiled(&model).1));
        assert_eq!(one, two, "{}", model.display());
    }
}

#[test]
fn programs_agree_with_the_interpreter() {
    for model in models() {
        let (_, objective) = compiled(&model);
        for seed in 0..4 {
            agree(&model, &objective, seed);
        }
    }
}

/// Value, gradient and Hessian times direction at a random point.
fn agree(model: &Path, objective: &Objective, seed: u64) {
    let mut random = Generator::new(seed, 0);
    let mut numbers = |scale: f64| -> Vec<f64> {
        let normal = (0..objective.layout.dimension).map(|_| StandardNormal.sample(&mut random));
        normal.map(|z: f64| scale * z).collect()
    };
    let (position, direction) = (numbers(0.8), numbers(1.0));
    let roots: Vec<Node> = std::iter::once(objective.log_joint)
        .chain(objective.gradient.iter().copied())
        .chain(objective.hessian_vector.iter().copied())
        .collect();
    let program = Program::compile(&objective.graph, &roots);
    let wanted = interpret(&objective.graph, &position, &direction, &roots);
    let mut fused: Option<Vec<Vec<u64>>> = None;
    for set in InstructionSet::all() {
        let program = program.clone().with_instruction_set(set);
        let lengths = roots.iter().map(|&root| objective.graph.len_of(root));
        let mut outputs: Vec<Vec<f64>> = lengths.map(|length| vec![0.0; length]).collect();
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        program.run(&mut program.workspace(1), &position, &direction, &mut slices);
        let place = format!("{}, {}, point {seed}", model.display(), set.name());
        outputs.iter().zip(&wanted).for_each(|(got, want)| close(got, want, &place));
        if set.fused() {
            let bits: Vec<Vec<u64>> =
                outputs.iter().map(|output| output.iter().map(|x| x.to_bits()).collect()).collect();
            assert!(fused.get_or_insert_with(|| bits.clone()) == &bits, "{place}: the bits of another set");
        }
    }
}

/// Numbers of one root, relative to the largest of them.
fn close(got: &[f64], want: &[f64], place: &str) {
    let scale = want.iter().fold(1.0, |largest: f64, number| largest.max(number.abs()));
    for (got, want) in got.iter().zip(want) {
        let same = (got - want).abs() <= 1e-12 * scale || (got.is_nan() && want.is_nan()) || got == want;
        assert!(same, "{place}: {got} for {want}, scale {scale}");
    }
}

#[test]
fn the_seed_is_the_only_source_of_randomness() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/eight_schools.vi");
    let (bound, objective) = compiled(&model);
    let with = |seed| {
        let options = Options { seed, ..Options::default() };
        bits(&driver::fit(&bound, &objective, &options, 1, &mut Unwatched))
    };
    assert!(with(7) == with(7));
    assert!(with(7) != with(8));
}

/// Two models in one process do not disturb each other.
#[test]
fn fits_side_by_side_are_fits_alone() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/eight_schools.vi");
    let shared = Arc::new(compiled(&model));
    let alone = bits(&fit(&shared.0, &shared.1, 1));
    let handles: Vec<_> = (0..2)
        .map(|_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || bits(&fit(&shared.0, &shared.1, 1)))
        })
        .collect();
    for handle in handles {
        assert!(handle.join().expect("the fit ends") == alone);
    }
}
