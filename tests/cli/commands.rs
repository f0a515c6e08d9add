//! `vic check`, `explain`, `fmt`, and the command line itself.

use super::{Room, SCHOOLS};

const WRONG: &str = "latent mu ~ nromal(0, 1)\nlatent tau ~ half_cauchy(sgima)\n";

#[test]
fn check_says_that_there_is_nothing_to_say() {
    let room = Room::new("check");
    let run = room.run("check eight_schools.vi").fine();
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", "eight_schools.vi: no errors\n"));
    assert_eq!(room.run("check eight_schools.vi --format json").fine().out.trim(), "[]");
    assert_eq!(room.run("check eight_schools.vi --format short").fine().out, "");
}

#[test]
fn check_reports_all_errors_at_once() {
    let room = Room::new("check_wrong");
    room.write("m.vi", WRONG);
    room.run("check m.vi").refused(1, &["nromal", "`normal`", "sgima", "m.vi:1:", "m.vi:2:"]);
    let short = room.run("check m.vi --format short");
    assert_eq!((short.status, short.out.lines().count(), short.err.as_str()), (1, 2, ""), "{}", short.out);
    assert!(short.out.lines().all(|line| line.starts_with("m.vi:")), "{}", short.out);
    let json = room.run("check m.vi --format json");
    let list: serde_json::Value = serde_json::from_str(&json.out).expect("an array");
    assert_eq!((json.status, list.as_array().expect("an array").len()), (1, 2));
}

#[test]
fn certain_edits_are_made_in_the_file_and_nothing_else() {
    let room = Room::new("fix");
    let wrong = "# a line that stays\ndim obs;\ndata y[obs]: real;\nobserve y ~ Normal(mu, s) # the data\nlatent mu ~ nromal(0, 5)\n\nlatent s = half_normal(1)\n";
    let right = "# a line that stays\ndim obs\ndata y[obs]: real\nlatent mu ~ normal(0, 5)\nlatent s ~ half_normal(1)\nobserve y ~ normal(mu, s) # the data\n\n";
    room.write("m.vi", wrong);
    let run = room.run("check m.vi --fix").fine();
    assert_eq!(room.read("m.vi"), right, "{}", run.err);
    assert_eq!(run.out, "");
    for word in ["m.vi:2: fixed", "m.vi:4: fixed", "m.vi:5: fixed", "m.vi:7: fixed", "m.vi: no errors"] {
        assert!(run.err.contains(word), "{word} in {}", run.err);
    }
    let files: Vec<_> = std::fs::read_dir(&room.folder).expect("the folder").flatten().collect();
    assert_eq!(files.len(), 3, "no file is left beside the model");
    // A second time there is nothing to do.
    assert_eq!(room.run("check m.vi --fix").fine().err, "m.vi: no errors\n");
    assert_eq!(room.read("m.vi"), right);
}

#[test]
fn what_offers_a_choice_is_not_fixed() {
    let room = Room::new("fix_choice");
    let wrong = "mu ~ normal(0, 1)\nlatent tau\nlatent x ~ normal(nothing_like_it, 1)\n";
    room.write("m.vi", wrong);
    room.run("check m.vi --fix").refused(1, &["is `mu` unobserved or data?", "`tau` has no prior"]);
    assert_eq!(room.read("m.vi"), wrong);
}

#[test]
fn stages_are_printed_the_same_each_time() {
    let room = Room::new("emit");
    for stage in ["tree", "model", "graph", "program"] {
        let run = || room.run(&format!("check eight_schools.vi --emit {stage}")).fine();
        let (one, two) = (run(), run());
        assert!(!one.out.is_empty() && one.err.is_empty(), "{stage}");
        assert_eq!(one.out, two.out, "{stage}");
    }
    room.write("bare.vi", room.read(SCHOOLS));
    room.run("check bare.vi --emit model").fine();
    room.run("check bare.vi --emit graph").refused(1, &["V0714"]);
}

#[test]
fn a_model_is_explained() {
    let room = Room::new("explain");
    let run = room.run("explain eight_schools.vi").fine();
    for word in ["school", "8", "theta[school]", "half_cauchy", "estimators", "reparam"] {
        assert!(run.out.contains(word), "{word}");
    }
    room.write("bare.vi", room.read(SCHOOLS));
    assert!(room.run("explain bare.vi").fine().out.contains('?'), "sizes are not known without data");
    room.write("m.vi", WRONG);
    room.run("explain m.vi").refused(1, &["nromal"]);
}

#[test]
fn codes_are_explained_by_number_and_by_name() {
    let room = Room::new("codes");
    let run = room.run("explain V0101").fine();
    assert!(run.out.starts_with("V0101 syntax::unexpected\n"), "{}", run.out);
    assert!(run.out.contains("wrong:") && run.out.contains("right:"));
    assert_eq!(room.run("explain v0101").fine().out, run.out);
    assert_eq!(room.run("explain syntax::unexpected").fine().out, run.out);
    room.run("explain V9999").refused(2, &["V9999"]);
    room.run("explain nothing.vi").refused(1, &["nothing.vi"]);
}

#[test]
fn formatting_is_asked_for_or_done() {
    let room = Room::new("fmt");
    let normal = room.read(SCHOOLS);
    room.write("odd.vi", normal.replace(" ~ ", "~").replace("(0, 5)", "( 0,5 )"));
    room.run("fmt --check eight_schools.vi").fine();
    let odd = room.read("odd.vi");
    room.run("fmt --check odd.vi").refused(1, &["odd.vi", "vic fmt odd.vi"]);
    assert_eq!(room.read("odd.vi"), odd, "a check changes nothing");
    let run = room.pipe("fmt -", odd.as_bytes()).fine();
    assert_eq!(run.out, normal);
    room.run("fmt odd.vi eight_schools.vi").fine();
    assert_eq!(room.read("odd.vi"), normal);
    room.write("broken.vi", "latent mu ~ normal(0,\n");
    room.run("fmt broken.vi").refused(1, &["V0"]);
    assert_eq!(room.read("broken.vi"), "latent mu ~ normal(0,\n");
}

#[test]
fn all_models_of_the_repository_are_in_the_normal_layout() {
    let room = Room::new("layout");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = room.command();
    command.args(["fmt", "--check"]);
    for folder in ["models", "models/posteriordb"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder of models").flatten();
        let paths = entries.map(|entry| entry.path());
        command.args(paths.filter(|path| path.extension().is_some_and(|extension| extension == "vi")));
    }
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn wrong_command_lines_end_with_status_2() {
    let room = Room::new("usage");
    for arguments in [
        "",
        "fit",
        "frobnicate",
        "fit eight_schools.vi --sed 3",
        "fit eight_schools.vi --seed x",
        "fit eight_schools.vi --seed -1",
        "fit eight_schools.vi --draws 0",
        "fit eight_schools.vi --threads 0",
        "fit eight_schools.vi --format yaml",
        "fit eight_schools.vi --family none",
        "fit eight_schools.vi --max-time nan",
        "fit eight_schools.vi --max-time=-1",
        "check eight_schools.vi --emit nothing",
        "fmt",
    ] {
        let run = room.run(arguments).refused(2, &[]);
        assert!(!run.err.is_empty(), "{arguments}");
    }
}

#[test]
fn help_and_version_are_results() {
    let room = Room::new("help");
    assert_eq!(room.run("--version").fine().out, format!("vic {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in ["--help", "fit --help", "check --help", "explain --help", "fmt --help"] {
        let run = room.run(arguments).fine();
        assert!(run.out.contains("Usage") && run.err.is_empty(), "{arguments}");
    }
}

#[test]
fn colour_is_for_terminals_or_for_those_who_ask() {
    let room = Room::new("colour");
    room.write("m.vi", WRONG);
    let escape = '\u{1b}';
    assert!(!room.run("check m.vi").err.contains(escape));
    assert!(!room.run("check m.vi --color never").err.contains(escape));
    assert!(room.run("check m.vi --color always").err.contains(escape));
    let mut command = room.command();
    let output = command.args(["check", "m.vi"]).env("NO_COLOR", "1").output().expect("the command starts");
    assert!(!String::from_utf8_lossy(&output.stderr).contains(escape));
}

/// The bits of a diagnostic fit narrow and wide terminals.
#[test]
fn any_width_is_drawn_in() {
    let room = Room::new("width");
    room.write("m.vi", WRONG);
    for columns in ["0", "1", "40", "200", "many"] {
        let output =
            room.command().args(["check", "m.vi"]).env("COLUMNS", columns).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{columns}");
    }
}

#[test]
fn a_model_is_explained_to_tools() {
    let room = Room::new("explain_tools");
    room.write(
        "m.vi",
        "dim obs\ndata y[obs]: count\nlatent rate ~ gamma(2, 1)\nlatent out[obs] ~ bernoulli(0.2)\nlatent n ~ poisson(3)\n\
         let mean = rate * n\nobserve y ~ poisson(if out then 0 else mean)\n",
    );
    room.write("d.json", r#"{"y": [1, 0, 4]}"#);
    let bare: serde_json::Value =
        serde_json::from_str(&room.run("explain m.vi --format json").fine().out).expect("one object");
    assert_eq!(bare["dims"][0]["size"], serde_json::Value::Null);
    let told = room.run("explain m.vi --data d.json --format json").fine().out;
    let told: serde_json::Value = serde_json::from_str(&told).expect("one object");
    assert_eq!(told["dims"][0]["size"], 3);
    let latent = |name: &str| {
        let all = told["latents"].as_array().expect("a list").clone();
        all.into_iter().find(|latent| latent["name"] == name).unwrap_or_else(|| panic!("{name} of {told:#}"))
    };
    assert_eq!(
        (&latent("rate")["estimator"], &latent("rate")["sum"]),
        (&"reparam".into(), &serde_json::Value::Null)
    );
    assert_eq!(latent("rate")["refusals"][0]["estimator"], "exact");
    assert_eq!(latent("n")["estimator"], "exact");
    assert!(latent("n")["sum"]["range"]["prior_beyond"].as_f64().is_some_and(|share| share < 1e-12));
    assert!(latent("out")["sum"]["elements"].as_f64().is_some_and(|elements| elements >= 6.0));
    assert_eq!(told["factors"][0]["reads"], serde_json::json!(["out", "mean"]));
    let dot = room.run("explain m.vi --format dot").fine().out;
    let mut lines = dot.lines();
    assert_eq!((lines.next(), lines.next_back()), (Some("digraph model {"), Some("}")));
    for line in ["\"rate\" -> \"mean\";", "\"n\" -> \"mean\";", "\"mean\" -> \"y\";", "\"out\" -> \"y\";"] {
        assert!(dot.contains(line), "no {line} in\n{dot}");
    }
    assert!(dot.contains("\"out[obs]\", shape=ellipse, style=dashed"), "{dot}");
}

#[test]
fn a_sum_that_is_too_large_says_how_to_allow_it() {
    let room = Room::new("max_states");
    room.write(
        "m.vi",
        "data y: real\nlatent a: int(0..99) ~ uniform using exact\nlatent b: int(0..99) ~ uniform using exact\nobserve y ~ normal(a + b, 1)\n",
    );
    room.write("d.json", r#"{"y": 31}"#);
    let words = ["1e4 elements", "likelihood of `y`", "--max-states 1e4"];
    room.run("check m.vi --data d.json --max-states 5000").refused(1, &words);
    room.run("check m.vi --data d.json --max-states 1e4").fine();
    room.run("fit m.vi --data d.json --max-states 5e3 -q").refused(1, &[words[2]]);
    room.run("explain m.vi --data d.json --max-states many").refused(2, &["not a number of elements"]);
}
