//! `vic fit`: formats, files, seeds, limits, statuses.

use super::{Room, SCHOOLS, finish};
use serde_json::Value;
use vic::numeric::dispatch::InstructionSet;

const KEYS: [&str; 16] = [
    "vic",
    "model",
    "seed",
    "verdict",
    "reasons",
    "family",
    "chosen",
    "draws",
    "elbo",
    "khat",
    "evaluations",
    "stopped",
    "rungs",
    "seconds",
    "estimators",
    "summary",
];

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn names(object: &Value) -> Vec<&str> {
    let rows = object["summary"].as_array().expect("a list of rows");
    rows.iter().map(|row| row["name"].as_str().expect("a name")).collect()
}

/// The object without what the clock decides.
fn timeless(text: &str) -> Value {
    let mut object = json(text);
    object["seconds"] = Value::Null;
    for rung in object["rungs"].as_array_mut().expect("a list") {
        rung["seconds"] = Value::Null;
    }
    object
}

#[test]
fn a_table_goes_to_standard_output_and_nothing_else_anywhere() {
    let run = Room::new("table").run("fit eight_schools.vi").fine();
    assert_eq!(run.err, "");
    for word in ["mean", "mcse", "mu ", "theta[8]", "ELBO", "k-hat", "stopped", "seed", "Verdict: trust."] {
        assert!(run.out.contains(word), "{word} in {}", run.out);
    }
}

#[test]
fn the_object_has_exactly_the_documented_keys() {
    let run = Room::new("json").run("fit eight_schools.vi --format json").fine();
    let object = json(&run.out);
    assert_eq!(keys(&object), KEYS);
    assert_eq!(keys(&object["elbo"]), ["value", "se"]);
    assert_eq!(keys(&object["seconds"]), ["compile", "fit", "total"]);
    assert_eq!(keys(&object["draws"]), ["count", "effective", "corrected"]);
    let rung = ["family", "parameterisation", "elbo", "khat", "efficiency", "evaluations", "seconds", "kept"];
    assert_eq!(keys(&object["rungs"][0]), rung);
    assert_eq!(keys(&object["estimators"][0]), ["latent", "estimator", "why"]);
    assert_eq!(keys(&object["summary"][0]), ["name", "mean", "sd", "q05", "q50", "q95", "mcse"]);
    assert_eq!((&object["vic"], &object["model"]), (&env!("CARGO_PKG_VERSION").into(), &SCHOOLS.into()));
    assert_eq!((&object["seed"], &object["verdict"]), (&1.into(), &"trust".into()));
    assert_eq!(names(&object)[..3], ["mu", "tau", "theta[1]"]);
    let latents: Vec<_> = object["estimators"].as_array().expect("a list").iter().collect();
    assert_eq!(latents.len(), 3);
}

#[test]
fn csv_is_a_rectangle_of_numbers() {
    let run = Room::new("csv").run("fit eight_schools.vi --format csv").fine();
    let mut reader = csv::Reader::from_reader(run.out.as_bytes());
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_string).collect();
    assert_eq!(header, ["name", "mean", "sd", "q05", "q50", "q95", "mcse"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a record")).collect();
    assert_eq!(rows.len(), 10);
    for row in &rows {
        assert!(row.iter().skip(1).all(|cell| cell.parse::<f64>().is_ok_and(f64::is_finite)), "{row:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_at_any_number_of_threads() {
    let room = Room::new("seed");
    let object = |arguments: &str| {
        timeless(&room.run(&format!("fit eight_schools.vi --format json {arguments}")).fine().out)
    };
    let csv =
        |arguments: &str| room.run(&format!("fit eight_schools.vi --format csv {arguments}")).fine().out;
    assert_eq!(object("--seed 7"), object("--seed 7 --threads 3"));
    assert_eq!(csv("--seed 7 --threads 1"), csv("--seed 7 --threads 2"));
    assert_ne!(csv("--seed 7"), csv("--seed 8"));
    assert_eq!(object("--seed 7")["seed"], 7);
    assert_eq!(object("--seed 18446744073709551615")["seed"], u64::MAX);
}

#[test]
fn a_folder_gets_the_summary_the_draws_and_the_coordinates() {
    let room = Room::new("out");
    let run = room.run("fit eight_schools.vi --format json --draws 700 --out deep/results").fine();
    assert_eq!(json(&room.read("deep/results/summary.json")), json(&run.out));
    let draws = room.read("deep/results/draws.csv");
    let mut reader = csv::Reader::from_reader(draws.as_bytes());
    let header = reader.headers().expect("a header").clone();
    assert_eq!(header.iter().take(4).collect::<Vec<_>>(), ["weight", "mu", "tau", "theta[1]"]);
    let records: Vec<Vec<f64>> = reader
        .records()
        .map(|record| record.expect("a record").iter().map(|cell| cell.parse().expect("a number")).collect())
        .collect();
    let weight: f64 = records.iter().map(|record| record[0]).sum();
    assert!((weight - 1.0).abs() < 1e-9, "{weight}");
    let mean: f64 = records.iter().map(|record| record[0] * record[1]).sum();
    let reported = json(&run.out)["summary"][0]["mean"].as_f64().expect("a mean");
    assert!((mean - reported).abs() < 1e-9 * reported.abs(), "{mean} {reported}");
    let coordinates = room.read("deep/results/unconstrained.csv");
    assert_eq!(coordinates.lines().count(), draws.lines().count());
    let files = std::fs::read_dir(room.folder.join("deep/results")).expect("the folder").count();
    assert_eq!(files, 3, "no partial files stay");
}

#[test]
fn a_folder_that_cannot_be_written_is_a_problem_before_any_result() {
    let room = Room::new("unwritable");
    room.write("file", "");
    room.run("fit eight_schools.vi --out file").refused(1, &["file/summary.json", "cannot be written"]);
    room.run("fit eight_schools.vi --out file/sub").refused(1, &["file/sub", "cannot be written"]);
    assert_eq!(room.read("file"), "");
}

#[test]
fn the_number_of_draws_is_asked_for() {
    let room = Room::new("draws");
    room.run("fit eight_schools.vi --draws 250 --out r").fine();
    let few = room.read("r/draws.csv").lines().count();
    room.run("fit eight_schools.vi --draws 3000 --out r").fine();
    assert!(few < room.read("r/draws.csv").lines().count(), "{few}");
}

#[test]
fn families_can_be_pinned() {
    let room = Room::new("family");
    room.write(
        "groups.vi",
        "dim k\ndata y[k]: real\nlatent m ~ normal(0, 2)\nlatent s ~ half_normal(1)\n\
         latent b[k] ~ normal(m, s)\nobserve y ~ student_t(5, b, 0.7)\n",
    );
    room.write("d.json", r#"{"y": [0.3, -1.2, 0.8, 2.1, 1.7, 0.4]}"#);
    let gaussians = [("block", "block Gaussian"), ("partly-centred", "full-rank"), ("informed", "full-rank")];
    let others = ["mean-field", "full-rank", "flow", "matched"].map(|name| (name, name));
    for (name, word) in gaussians.into_iter().chain(others) {
        let run = room.run(&format!("fit groups.vi --data d.json --family {name} --format json"));
        assert!([0, 3].contains(&run.status), "{name}: {}", run.err);
        let report = json(&run.out);
        let family = report["family"].as_str().expect("a family");
        assert!(family.contains(word), "{name}: {family}");
        assert_eq!(report["chosen"], "it was asked for", "{name}");
    }
}

#[test]
fn a_family_that_needs_more_draws_than_there_are_is_refused() {
    let room = Room::new("wide");
    room.write(
        "m.vi",
        "dim k = 300\ndata y[k]: real\nlatent a[k] ~ normal(0, 1) using reparam\nobserve y ~ normal(a, 1)\n",
    );
    room.write("d.json", serde_json::json!({ "y": vec![0.5; 300] }).to_string());
    let words = ["V0920", "a full-rank Gaussian of 300 coordinates", "leave `--family` away"];
    room.run("fit m.vi --data d.json --family full-rank").refused(1, &words);
    room.run("fit m.vi --data d.json --family mean-field --format json").fine();
}

/// Heavy tails and a funnel: the first families are not good enough.
const HARD: &str = "dim k = 6\nlatent t ~ normal(0, 3)\nlatent a[k] ~ normal(0, exp(t)) using reparam\ndata y: real\n\
                    observe y ~ normal(sum(a over k), 1)\n";

#[test]
fn what_was_tried_is_told_with_its_cost_and_what_was_kept() {
    let room = Room::new("tried");
    room.write("m.vi", HARD);
    room.write("d.json", r#"{"y": 0.5}"#);
    let object = json(&room.run("fit m.vi --data d.json --format json").out);
    let rungs = object["rungs"].as_array().expect("a list");
    assert!(rungs.len() > 1, "{object:#}");
    let kept: Vec<&Value> = rungs.iter().filter(|rung| rung["kept"] == true).collect();
    assert_eq!(kept.len(), 1, "{rungs:#?}");
    assert_eq!(kept[0]["family"], object["family"]);
    let sum = |key: &str| -> f64 { rungs.iter().filter_map(|rung| rung[key].as_f64()).sum() };
    assert!(sum("evaluations") <= object["evaluations"].as_f64().expect("a number"), "{object:#}");
    let whole = object["seconds"]["fit"].as_f64().expect("a number");
    assert!(sum("seconds") > 0.2 * whole && sum("seconds") <= whole, "{object:#}");
    let text = room.run("fit m.vi --data d.json").out;
    for word in ["tried ", "as written", "; kept", "kept "] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn draws_that_are_not_corrected_say_so() {
    let room = Room::new("corrected");
    let object = json(&room.run("fit eight_schools.vi --format json").fine().out);
    assert_eq!(object["draws"]["corrected"], true);
    assert!(room.run("fit eight_schools.vi").fine().out.contains("weighted by importance"));
    let cut = room.run("fit eight_schools.vi --max-evaluations 60");
    assert!(cut.out.contains("not corrected"), "{}", cut.out);
}

#[test]
fn the_limit_of_evaluations_is_a_bound() {
    let room = Room::new("bound");
    room.write("hard.vi", HARD);
    room.write("hard.data.json", r#"{"y": 0.5}"#);
    for model in ["eight_schools.vi", "hard.vi"] {
        for limit in [1, 7, 60, 150, 400, 999, 1800, 3000, 5000] {
            let run = room.run(&format!("fit {model} --format json --max-evaluations {limit}"));
            let object = json(&run.out);
            let spent = object["evaluations"].as_u64().expect("a number");
            assert!(spent <= limit, "{model}: {spent} of {limit}");
            let ended = object["stopped"] == "the fit ended at its limit of evaluations";
            assert!(!ended || object["verdict"] != "trust", "{model}: {limit}");
            assert!(ended || spent > 400, "{model}: {limit} {object:#}");
        }
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_fit_with_an_honest_result() {
    let room = Room::new("interrupted");
    let model = "dim obs\ndim g\ndata x[obs]: real\ndata y[obs]: real\ndata k[obs]: g\nlatent b ~ normal(0, 1)\n\
                 latent t ~ half_normal(1)\nlatent a[g] ~ normal(0, t)\nlatent s ~ half_normal(1)\n\
                 observe y ~ student_t(4, a[k] + b * x, s)\n";
    room.write("m.vi", model);
    let rows = (0..60_000).map(|row: u32| {
        let noise = f64::from(row.wrapping_mul(2_654_435_761) % 1000) / 250.0 - 2.0;
        format!("{},{},{}", f64::from(row % 97) / 50.0 - 1.0, noise, row % 300 + 1)
    });
    let rows: Vec<String> = rows.collect();
    room.write("d.csv", format!("x,y,k\n{}\n", rows.join("\n")));
    let run = room.interrupt("fit m.vi --data d.csv --format json --threads 1 --quiet");
    let object = json(&run.out);
    assert_eq!(object["stopped"], "the fit was asked to stop", "{object:#}");
    assert_ne!(object["verdict"], "trust");
    let reasons = object["reasons"].to_string();
    assert!(reasons.contains("stopped before it had"), "{reasons}");
}

#[test]
fn limits_end_a_fit_with_what_there_is_and_say_so() {
    let room = Room::new("limits");
    for limit in ["--max-evaluations 50", "--max-time 0"] {
        let run = room.run(&format!("fit eight_schools.vi --format json {limit}"));
        let object = json(&run.out);
        assert_ne!(object["verdict"], "trust", "{limit}");
        assert_eq!(run.status == 3, object["verdict"] == "do-not-use", "{limit}");
        assert!(!object["reasons"].as_array().expect("reasons").is_empty());
    }
}

#[test]
fn an_improper_posterior_ends_with_status_3_and_its_result() {
    let room = Room::new("improper");
    room.write("m.vi", "data y: real\nlatent a ~ flat\nlatent b ~ flat\nobserve y ~ normal(a + b, 1)\n");
    room.write("d.json", r#"{"y": 1.3}"#);
    let run = room.run("fit m.vi --data d.json --format json");
    assert_eq!(run.status, 3, "{}{}", run.out, run.err);
    assert_eq!(json(&run.out)["verdict"], "do-not-use");
}

#[test]
fn quiet_takes_the_warnings_away_and_errors_stay() {
    let room = Room::new("quiet");
    room.write("m.vi", "data y: real\ndata x: real\nlatent a ~ normal(0, 1)\nobserve y ~ normal(a, 1)\n");
    room.write("d.json", r#"{"y": 1.3, "x": 2}"#);
    let loud = room.run("fit m.vi --data d.json").fine();
    assert!(loud.err.contains("`x` is not used"), "{}", loud.err);
    let quiet = room.run("fit m.vi --data d.json --quiet").fine();
    assert_eq!(quiet.err, "");
    room.run("fit m.vi --quiet").refused(1, &["y"]);
}

#[test]
fn a_model_of_nothing_is_fitted() {
    let room = Room::new("nothing");
    for text in ["", "# nothing\n", "dim k = 3\n"] {
        room.write("m.vi", text);
        let object = json(&room.run("fit m.vi --format json").fine().out);
        assert_eq!(keys(&object), KEYS);
        assert!(names(&object).is_empty());
    }
}

#[test]
fn discrete_answers_have_rows_too() {
    let room = Room::new("discrete");
    room.write(
        "m.vi",
        "data y: real\nlatent z ~ bernoulli(0.4)\nobserve y ~ normal(if z then 2 else 0, 1)\n",
    );
    room.write("d.json", r#"{"y": 1.7}"#);
    let run = room.run("fit m.vi --data d.json --format json").fine();
    let object = json(&run.out);
    // Bayes: 0.4 phi(1.7 - 2) / (0.4 phi(1.7 - 2) + 0.6 phi(1.7)).
    let (one, zero) = (0.4 * (-0.045f64).exp(), 0.6 * (-1.445f64).exp());
    let mean = object["summary"][0]["mean"].as_f64().expect("a mean");
    assert!((mean - one / (one + zero)).abs() < 0.05, "{mean}");
}

/// Whole fits, with predictions: wider vectors give the same bits as long as products and sums are rounded once.
#[test]
fn sets_that_fuse_give_the_same_fit() {
    let room = Room::new("sets");
    let fit = |set: InstructionSet| {
        let mut command = room.command();
        command.env("VIC_ISA", set.name());
        let run = finish(command.args(["fit", SCHOOLS, "--format", "json"]).output().expect("it starts"));
        timeless(&run.fine().out)
    };
    let fused: Vec<_> = InstructionSet::all().into_iter().filter(|set| set.fused()).map(fit).collect();
    assert!(fused.windows(2).all(|pair| pair[0] == pair[1]));
    let plain = fit(InstructionSet::BASELINE);
    assert_eq!(plain["verdict"], "trust");
}

#[test]
fn an_unknown_instruction_set_is_refused() {
    let room = Room::new("unknown_set");
    let mut command = room.command();
    command.env("VIC_ISA", "mmx");
    let run = finish(command.args(["fit", SCHOOLS]).output().expect("it starts"));
    assert_eq!(run.status, 2);
    assert!(run.err.contains("`VIC_ISA=mmx`: this machine has "), "{}", run.err);
}

/// A fit of a logistic regression, and how its matrix was held: `rounded`, with the move, if anything is said of it.
fn regression(room: &Room, offset: f64, store: &str) -> (Value, Option<(bool, f64)>) {
    let x: Vec<[f64; 2]> =
        (0..80).map(|k| [(f64::from(k) * 0.7).sin(), offset + (f64::from(k) * 1.3).cos()]).collect();
    let y: Vec<u8> = (0..80).map(|k| u8::from((k * 7) % 11 < 4 || k % 3 == 0)).collect();
    room.write("d.json", serde_json::json!({ "x": x, "y": y }).to_string());
    let run = room.run(&format!("fit m.vi --data d.json --format json --matrices {store}"));
    assert!([0, 3].contains(&run.status), "{}", run.err);
    let object = json(&run.out);
    let told = object.get("matrices").map(|all| {
        assert_eq!((all.as_array().map(Vec::len), &all[0]["rows"]), (Some(1), &Value::from(80)), "{all}");
        (all[0]["rounded"].as_bool().expect("said"), all[0]["moved"].as_f64().expect("a number"))
    });
    (object, told)
}

#[test]
fn matrices_are_rounded_if_asked_for_and_if_that_does_not_matter() {
    let room = Room::new("single");
    room.write(
        "m.vi",
        "dim n\ndim p\ndata x[n, p]: real\ndata y[n]: count\nlatent a ~ normal(0, 2)\n\
         latent b[p] ~ normal(0, 1)\nobserve y ~ bernoulli(logit = a + x @ b)\n",
    );
    let (exact, silent) = regression(&room, 0.0, "exact");
    assert_eq!(silent, None);
    let (single, told) = regression(&room, 0.0, "single");
    let (rounded, moved) = told.expect("the report tells");
    assert!(rounded && (1e-9..1e-7).contains(&moved), "{moved}");
    let rows = |object: &Value| object["summary"].as_array().expect("rows").clone();
    let pairs = rows(&exact).into_iter().zip(rows(&single));
    assert!(pairs.clone().any(|(a, b)| a["mean"] != b["mean"]), "something was rounded");
    for (a, b) in pairs {
        let [a_mean, b_mean, sd] = [&a["mean"], &b["mean"], &a["sd"]].map(|x| x.as_f64().expect("a number"));
        assert!((a_mean - b_mean).abs() < 1e-4 * sd, "{a} {b}");
    }
    // Near 20 000, single precision has steps of 1/512.
    let (_, told) = regression(&room, 2e4, "single");
    let (rounded, moved) = told.expect("the report tells");
    assert!(!rounded && (1e-4..1e-2).contains(&moved), "{moved}");
}
