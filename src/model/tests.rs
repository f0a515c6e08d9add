//! The language's example models are accepted, its wrong ones rejected for the intended reason.

use crate::diagnostics::{Diagnostic, any_error};
use crate::model::{Model, check};
use crate::source::Source;

fn checked(text: &str) -> (Model, Vec<Diagnostic>) {
    let source = Source::new("model.vi", text);
    let (tree, mut found) = crate::syntax::parse(&source);
    let (model, more) = check(&tree, &source);
    found.extend(more);
    (model, found)
}

/// The codes of all errors, in order.
fn errors(text: &str) -> Vec<u16> {
    checked(text).1.iter().filter(|d| d.is_error()).map(|d| d.code.0).collect()
}

/// The line of the printed model that starts so.
fn line(text: &str, start: &str) -> String {
    let (model, found) = checked(text);
    assert!(!any_error(&found), "{found:?}");
    let printed = crate::model::print(&model);
    printed.lines().find(|line| line.starts_with(start)).unwrap_or("no such line").to_string()
}

#[test]
fn bare_means_here_and_reductions_remove_all() {
    let text = "dim obs\ndata y[obs]: real\nfn scale(x) = (x - mean(x)) / sd(x)\nlet z[obs] = scale(y)\n";
    let expected =
        "let z[obs]: real in real @data = ((y[obs] - mean(y[obs] over obs)) / sd(y[obs] over obs))";
    assert_eq!(line(text, "let"), expected);
}

#[test]
fn matrix_products_contract_last_with_first() {
    let text = "dim k\nlatent A[k, k] ~ normal(0, 1)\nlatent v[k] ~ normal(0, 1)\nlet d = v @ A\n";
    let product = "sum((rename(v[k] with k -> k'') * rename(A[k, k'] with k -> k'')) over k'')";
    assert_eq!(line(text, "let"), format!("let d[k]: real in real @model = rename({product} with k' -> k)"));
}

#[test]
fn recursion_makes_one_pass_along_the_axis() {
    let text = "dim time\ndata y[time]: real\nlatent a ~ normal(0, 1)\n\
                let nu[t: time] = if t == 1 then 0 else a * err[t-1]\nlet err[t: time] = y[t] - nu[t]\n\
                observe y ~ normal(nu, 1)\n";
    assert_eq!(line(text, "order"), "order y a (nu err along time)");
}

#[test]
fn a_joint_axis_is_rebound_where_the_head_has_its_dim() {
    let text = "dim state = 2\nlatent A[s: state, r: state] ~ dirichlet(1 over r)\n\
                latent n[s: state]: state ~ categorical(A[s])\n";
    let expected =
        "latent n[state]: index(state) in index @model ~ categorical(p = A[state, state'] over state')";
    assert_eq!(line(text, "latent n"), expected);
}

#[test]
fn sub_dims_read_their_parent() {
    let text = "dim time\ndata K: count\ndata y[time]: real\n\
                observe y[t: time where t > K] ~ normal(y[t - 1], 1)\n";
    let expected = "observe[time.1] y[{parent#time.1(@time.1)}] ~ \
                    normal(mean = y[{(parent#time.1(@time.1) - 1)}], sd = 1)";
    assert_eq!(line(text, "observe"), expected);
}

#[test]
fn a_narrower_type_truncates_and_an_order_keeps_its_signs() {
    let text = "dim k = 3\nlatent r: real(-1..0.5) ~ half_normal(2)\nlatent e[k]: ordered ~ exponential(1)\n";
    let expected = "latent r: real in interval(0..0.5) @model ~ truncated(half_normal(sd = 2), ..0.5)";
    assert_eq!(line(text, "latent r"), expected);
    assert_eq!(
        line(text, "latent e"),
        "latent e[k]: real in positive_ordered over k @model ~ exponential(rate = 1)"
    );
}

#[test]
fn one_name_may_have_two_rows() {
    let text = "dim obs, item\ndata g[obs]: item\ndata y[obs]: real\nlet m[item] = max(y over obs by g)\n";
    assert_eq!(line(text, "let"), "let m[item]: real in real @data = max(y[obs] over obs by g[obs])");
    assert_eq!(line("data y: real\nlet m = max(y, 2)\n", "let"), "let m: real in positive @data = max(y, 2)");
}

#[test]
fn zero_inflation_is_a_mixture_with_certainty() {
    let text = "data y: count\nlatent p ~ beta(2, 2)\nobserve y ~ zero_inflated(p, poisson(3))\n";
    let expected = "observe y ~ mixture([p, (1 - p)], bernoulli(p = 0), poisson(mean = 3))";
    assert_eq!(line(text, "observe"), expected);
}

#[test]
fn mistakes_make_no_noise() {
    assert_eq!(errors("let a = nope\nlet b = a + 1\nlatent c ~ normal(b, 1)\n"), [201]);
    assert_eq!(errors("dim time\nlet a[t: time] = 0.5 * b[t]\nlet b[t: time] = 0.5 * a[t]\n"), [601]);
    assert_eq!(errors("dim doc, topic\nlatent theta[doc] ~ dirichlet(1)\n"), [308]);
}

#[test]
fn each_wrong_example_gives_its_code_and_each_right_one_none() {
    let mut failures = String::new();
    for row in crate::diagnostics::model_codes::ROWS {
        let found = |text: &str| -> Vec<u16> { checked(text).1.iter().map(|d| d.code.0).collect() };
        let (wrong, right) = (found(row.wrong), checked(row.right).1);
        if !wrong.contains(&row.code.0) {
            failures += &format!("{} is not given by its wrong example, but {wrong:?}\n", row.code);
        }
        let errors: Vec<_> = wrong.iter().filter(|c| **c < 1000 && **c != row.code.0).collect();
        if !errors.is_empty() {
            failures += &format!("{}: noise {errors:?}\n", row.code);
        }
        if any_error(&right) || right.iter().any(|d| d.code == row.code) {
            failures += &format!("{}: its right example gives {right:?}\n", row.code);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
