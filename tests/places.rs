//! Reads outside of a dim and labels that the data lack are errors; what a guard leaves out is not looked at.

use vic::driver;
use vic::source::Source;

/// The codes of what is wrong with a model and these data.
fn codes(model: &str) -> Vec<u16> {
    let data = Source::new("d.json", r#"{"y": [1.5, 2.5, 3.5, 4.5], "g": ["a", "b", "b", "a"]}"#);
    let text = format!("dim time\ndim group\ndata y[time]: real\ndata g[time]: group\n{model}");
    let checked = driver::check(&Source::new("m.vi", text));
    let diagnostics = match checked.model {
        Some(model) => driver::bind(&model, &[data]).1,
        None => checked.diagnostics,
    };
    let errors = diagnostics.into_iter().filter(|diagnostic| diagnostic.is_error());
    errors.map(|diagnostic| diagnostic.code.0).collect()
}

const PRIORS: &str = "latent m ~ normal(0, 1)\nlatent a[group] ~ normal(0, 1)\n";

#[test]
fn reads_outside_are_errors() {
    // What the model alone shows, and what the size of the data does.
    const CERTAIN: u16 = 609;
    const BY_SIZE: u16 = 728;
    for (code, wrong) in [
        (CERTAIN, "observe y[t: time] ~ normal(m * y[t-1] + a[g[t]], 1)"),
        (CERTAIN, "observe y[t: time where t > 1] ~ normal(m * y[t-2] + a[g[t]], 1)"),
        (BY_SIZE, "observe y ~ normal(m + a[g], 1)\ngenerate last = y[5]"),
        (BY_SIZE, "observe y[t: time] ~ normal(a[g[t]] + (if t > 1 then m * y[t-1] else y[t+4]), 1)"),
        (
            BY_SIZE,
            "let s[t: time] = sum(y[k + 1] over k: time where k <= t)\nobserve y ~ normal(m * s + a[g], 1)",
        ),
        (CERTAIN, "latent l[t: time] ~ normal(l[t-1], 1)\nobserve y ~ normal(l + m + a[g], 1)"),
    ] {
        assert_eq!(codes(&format!("{PRIORS}{wrong}")), [code], "{wrong}");
    }
}

#[test]
fn guards_leave_cells_out() {
    for right in [
        "observe y[t: time where t > 1] ~ normal(m * y[t-1] + a[g[t]], 1)",
        "observe y[t: time] ~ normal(a[g[t]] + (if t == 1 then m else m * y[t-1]), 1)",
        "let up[t: time] = t > 1 and y[t-1] < y[t]\nobserve y ~ normal(m * up + a[g], 1)",
        "let up[t: time] = t == 1 or y[t-1] < y[t]\nobserve y ~ normal(m * up + a[g], 1)",
        "let s[t: time] = sum(y[k - 1] over k: time where k > 1)\nobserve y ~ normal(m * s + a[g], 1)",
        "latent l[t: time] ~ if t == 1 then normal(0, 1) else normal(l[t-1], 1)\nobserve y ~ normal(l + m + a[g], 1)",
    ] {
        assert_eq!(codes(&format!("{PRIORS}{right}")), [0u16; 0], "{right}");
    }
}

#[test]
fn labels_must_be_in_the_data() {
    let model = |label: &str| format!("{PRIORS}observe y ~ normal(m + a[g], 1)\ngenerate d = a[\"{label}\"]");
    assert_eq!(codes(&model("b")), [0u16; 0]);
    assert_eq!(codes(&model("c")), [729]);
}
