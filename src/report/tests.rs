//! One report in its three forms.

use super::text::{Rows, Style};
use super::*;

fn row(name: &str, mean: f64, sd: f64, mcse: f64) -> Row {
    let [q05, q50, q95] = [-1.645, 0.1, 1.645].map(|z| mean + z * sd);
    Row { name: name.to_owned(), mean, sd, q05, q50, q95, mcse, prob: None }
}

fn report() -> Report {
    Report {
        learned: None,
        model: "schools.vi".to_owned(),
        seed: 17,
        verdict: Verdict::DoNotUse,
        reasons: vec!["the importance ratios have no finite mean (k-hat 1.21)".to_owned()],
        family: "full-rank normal".to_owned(),
        chosen: "it was asked for".to_owned(),
        draws: DrawsKept { count: 4000, effective: 12.3, corrected: false },
        elbo: Elbo { value: -31.23456, se: 0.0432 },
        khat: Some(1.21),
        evaluations: 1_234_567,
        stopped: "the ELBO no longer rises".to_owned(),
        rungs: vec![],
        seconds: Seconds { compile: 0.01, fit: 0.4, total: 0.41 },
        estimators: vec![Estimator {
            latent: "mu".to_owned(),
            estimator: "reparameterised".to_owned(),
            why: "smooth".to_owned(),
        }],
        matrices: vec![Matrix { rows: 20_000, columns: 5, rounded: true, moved: 3.21e-8 }],
        summary: vec![
            row("mu", 4.381_23, 3.307_9, 0.033),
            row("theta[1, 2]", -112.382, 8.25, f64::NAN),
            row("big", 123_456.7, 2345.6, 23.4),
            row("fixed", 2.5, 0.0, 0.0),
        ],
        notes: vec!["`b` is only predicted.".to_owned()],
    }
}

#[test]
fn columns_are_aligned_and_end_at_the_error() {
    let expected = "\
                  mean      sd        q05        q50        q95   mcse
mu                4.38    3.31      -1.06       4.71       9.82   0.033
theta[1, 2]    -112.38    8.25    -125.95    -111.56     -98.81   -
big          123457     2346     119598     123691     127315    23
fixed             2.50    0.00       2.50       2.50       2.50      0.00
";
    let text = text::table(&report(), Rows::All, Style::Plain);
    let shown: Vec<&str> = text.lines().take(5).collect();
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (line, expected) in shown.iter().zip(expected.lines()) {
        assert_eq!(squeezed(line), squeezed(expected));
    }
    let point = |line: &str| line.find('.');
    assert_eq!(point(shown[1]), point(shown[2]), "{text}");
    assert_eq!(point(shown[1]), point(shown[4]), "{text}");
    let end = "
ELBO         -31.235 ± 0.043
family       full-rank normal
draws        4 000 of the family, not corrected
k-hat        1.21
evaluations  1 234 567
stopped      the ELBO no longer rises
matrix       20 000 x 5, rounded to single precision: that moves an entry by 3e-8 sd of its column at most
seconds      0.41
seed         17

Verdict: do not use.
  The importance ratios have no finite mean (k-hat 1.21).
  `b` is only predicted.
";
    assert!(text.ends_with(end), "{text}");
    assert!(text::table(&report(), Rows::All, Style::Colour).contains("\u{1b}[1;31m"));
}

#[test]
fn a_long_site_is_cut_and_says_so() {
    let mut long = report();
    long.summary = vec![row("mu", 1.0, 1.0, 0.1)];
    long.summary.extend((1..=30).map(|k| row(&format!("theta[{k}]"), 2.0, 1.0, 0.1)));
    long.summary.push(row("tau", 3.0, 1.0, 0.1));
    let names = |rows: Rows| -> Vec<String> {
        let text = text::table(&long, rows, Style::Plain);
        let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
        lines.map(|line| line.split("  ").next().unwrap().trim().to_owned()).collect()
    };
    assert_eq!(names(Rows::All).len(), 32);
    assert_eq!(names(Rows::First(29)).len(), 32, "one row is never left out alone");
    assert_eq!(names(Rows::First(3)), ["mu", "theta[1]", "theta[2]", "theta[3]", "", "tau"]);
    let text = text::table(&long, Rows::First(3), Style::Plain);
    assert!(text.contains("\n  … 27 more rows of theta (--rows all)\ntau "), "{text}");
}

#[test]
fn families_that_were_tried_are_listed_with_the_one_that_was_kept() {
    let rung = |family: &str, khat: f64, kept: bool| Rung {
        family: family.to_owned(),
        parameterisation: "as written".to_owned(),
        elbo: Elbo { value: -31.5, se: 0.1 },
        khat,
        efficiency: 0.4,
        evaluations: 1234,
        seconds: Some(0.25),
        kept,
    };
    let mut report = report();
    report.rungs = vec![rung("full-rank Gaussian", 0.81, false), rung("Gaussian given tau", 0.3, true)];
    let text = text::table(&report, Rows::All, Style::Plain);
    let wanted = "
tried        full-rank Gaussian (as written): ELBO -31.50, k-hat 0.81, 1 234 evaluations, 0.25 s
             Gaussian given tau (as written): ELBO -31.50, k-hat 0.30, 1 234 evaluations, 0.25 s; kept
kept         it was asked for
";
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn extreme_numbers_stay_short() {
    let mut extreme = report();
    extreme.summary = vec![
        row("a", 3.2e-11, 1.1e-12, 2e-14),
        row("b", 7.1e15, 2e14, 1e12),
        row("c", f64::NAN, f64::INFINITY, f64::NAN),
    ];
    extreme.elbo.se = f64::NAN;
    for line in text::table(&extreme, Rows::All, Style::Plain).lines() {
        assert!(line.chars().count() < 110, "{line}");
    }
}

#[test]
fn json_has_its_keys_in_order_and_null_for_what_is_not_finite() {
    let mut report = report();
    report.elbo.se = f64::INFINITY;
    let object = json::object(&report);
    let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
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
        "matrices",
        "summary",
    ];
    assert_eq!(keys, expected);
    assert_eq!(object["verdict"], "do-not-use");
    assert_eq!(object["elbo"]["value"], -31.23456);
    assert!(object["elbo"]["se"].is_null());
    assert!(object["summary"][1]["mcse"].is_null());
    assert_eq!(object["summary"][0]["name"], "mu");
}

#[test]
fn csv_quotes_names_and_leaves_out_what_is_not_finite() {
    let text = csv::rows(&report());
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("name,mean,sd,q05,q50,q95,mcse"));
    assert!(lines.next().unwrap().starts_with("mu,4.38123,3.3079,"));
    let theta = lines.next().unwrap();
    assert!(theta.starts_with("\"theta[1, 2]\",-112.382,8.25,") && theta.ends_with(','), "{theta}");
}

#[test]
fn a_calibration_is_judged_where_the_verdict_is_trust() {
    use super::calibration::{Calibration, Finding, Latent, Ranks, table};
    let ranks = |p_value: f64, spread: f64| {
        let bins = if spread > 0.0 { vec![12, 4, 4, 20] } else { vec![10; 4] };
        Some(Ranks { count: 40, bins, chi_square: 17.6, p_value, shift: 0.0, spread })
    };
    let of = |trusted: Option<Ranks>| Calibration {
        seed: 1,
        asked: 100,
        done: 60,
        trust: 40,
        check: 15,
        do_not_use: 3,
        failed: 2,
        not_finite: 0,
        thinned: 99,
        level: 0.01,
        latents: vec![Latent { name: "tau".to_owned(), all: ranks(1e-5, 5.0), trusted, others: None }],
    };
    let saved = of(ranks(0.5, 0.0));
    assert_eq!(saved.finding(), Finding::Calibrated);
    let text = table(&saved);
    for wanted in [
        "tau  ▅▂▂█         17.6  <0.0001    0.0     5.0",
        "60 replicates of the 100 asked for: 40 trust, 15 check, 3 do-not-use, 2 without a fit",
        "Calibrated where the verdict is trust: no p-value is below 0.01",
        "Not so over all fits: tau: the posterior is too narrow (p = 1.0e-5).",
    ] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    let spoiled = of(ranks(1e-5, 5.0));
    assert_eq!(spoiled.finding(), Finding::Miscalibrated);
    assert!(
        table(&spoiled)
            .contains("Not calibrated where the verdict is trust: tau: the posterior is too narrow")
    );
    assert_eq!(of(None).finding(), Finding::Miscalibrated);
}
