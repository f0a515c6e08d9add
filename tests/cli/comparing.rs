//! `vic compare` and `vic calibrate`: formats, refusals, statuses, interrupts.

use serde_json::Value;

use super::Room;

const POOLED: &str = "dim school\ndata y[school]: real\ndata sigma[school]: positive\nlatent mu ~ normal(0, 5)\n\
                      observe y ~ normal(mu, sigma)\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn models_are_set_side_by_side() {
    let room = Room::new("compare");
    room.write("pooled.vi", POOLED);
    let run = room.run("compare eight_schools.vi pooled.vi --data eight_schools.data.json").fine();
    assert_eq!(run.err, "");
    for word in ["elpd_loo", "difference", "p_loo", "log evidence", "pooled.vi", "about equally well"] {
        assert!(run.out.contains(word), "{word} in {}", run.out);
    }
    let object = json(
        &room
            .run("compare eight_schools.vi pooled.vi --data eight_schools.data.json --format json")
            .fine()
            .out,
    );
    assert_eq!(keys(&object), ["vic", "seed", "models", "notes"]);
    let best = &object["models"][0];
    let wanted = [
        "model",
        "verdict",
        "reasons",
        "elbo",
        "log_evidence",
        "elpd_loo",
        "difference",
        "p_loo",
        "threshold",
        "draws",
        "corrected",
        "points",
    ];
    assert_eq!(keys(best), wanted);
    assert_eq!((&best["model"], &best["difference"]["value"]), (&"pooled.vi".into(), &0.0.into()));
    let points = object["models"][1]["points"].as_array().expect("points");
    assert_eq!(points.len(), 8);
    assert_eq!(keys(&points[0]), ["name", "elpd", "difference", "khat"]);
    let sum: f64 = points.iter().map(|point| point["elpd"].as_f64().expect("a number")).sum();
    let total = object["models"][1]["elpd_loo"]["value"].as_f64().expect("a number");
    assert!((sum - total).abs() < 1e-9, "{sum} {total}");
}

#[test]
fn points_that_cannot_be_left_out_are_named() {
    let room = Room::new("influence");
    let model = "dim obs\ndata y[obs]: real\nlatent m ~ normal(0, 100)\nlatent s ~ half_normal(1)\n\
                 observe y ~ normal(m, s)\n";
    room.write("m.vi", model);
    room.write("d.json", r#"{"y": [0.1, -0.2, 0.3, 0.0, 0.2, -0.1, 9.0]}"#);
    let run = room.run("compare m.vi --data d.json");
    assert!(run.out.contains("k-hat is above 0.") && run.out.contains("y[7] ("), "{}", run.out);
}

#[test]
fn different_data_are_refused() {
    let room = Room::new("different");
    room.write("other.vi", POOLED.replace("y ~ normal", "sigma ~ normal"));
    let words =
        ["V0910", "does not observe the same data as eight_schools.vi", "`y[1]` there, `sigma[1]` here"];
    room.run("compare eight_schools.vi other.vi --data eight_schools.data.json").refused(1, &words);
    room.run("compare").refused(2, &["Usage"]);
}

#[test]
fn a_model_is_calibrated_with_the_same_bytes_at_any_number_of_threads() {
    let room = Room::new("calibrate");
    room.write("pooled.vi", POOLED);
    let run = |arguments: &str| {
        room.run(&format!("calibrate pooled.vi --data eight_schools.data.json --replicates 60 {arguments}"))
            .fine()
    };
    let table = run("--threads 1");
    assert_eq!(table.err, "");
    for word in ["ranks", "chi-square", "mu", "60 replicates: 60 trust", "Calibrated: no p-value is below"] {
        assert!(table.out.contains(word), "{word} in {}", table.out);
    }
    assert_eq!(table.out, run("--threads 3").out);
    let object = json(&run("--format json").out);
    assert_eq!(object["latents"][0]["all"]["count"], 60);
    let wanted = [
        "vic",
        "seed",
        "asked",
        "done",
        "trust",
        "check",
        "do_not_use",
        "failed",
        "not_finite",
        "thinned",
        "level",
        "latents",
    ];
    assert_eq!(keys(&object), wanted);
}

#[test]
fn a_model_without_proper_priors_is_not_calibrated() {
    let room = Room::new("improper prior");
    room.write("m.vi", POOLED.replace("normal(0, 5)", "flat"));
    let words = ["V0912", "improper distribution, from which nothing can be drawn"];
    room.run("calibrate m.vi --data eight_schools.data.json").refused(1, &words);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_calibration_with_what_is_there() {
    let room = Room::new("interrupted calibration");
    let run = room.interrupt("calibrate eight_schools.vi --replicates 900000 --threads 2");
    assert!(run.out.contains("of the 900000 asked for"), "{}{}", run.out, run.err);
    assert!([0, 3].contains(&run.status), "{}", run.status);
}
