//! The ordered logistic distribution.

use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::Law;
use crate::library::formula::{log_one_minus_exp, log_sigmoid};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support, ValueKind};

use super::categorical;

/// The parameters of the ordered families.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::scalar("eta", "real", "the linear predictor: higher values make higher grades more probable"),
    Parameter::vector("cuts", "ordered", "where on eta's scale one grade ends and the next begins"),
];

/// Why the ordered families are not tested like others.
pub(super) const ONE_MORE: (Law, &str) =
    (Law::Normalised, "its values are a dim one longer than that of its cuts");

/// `ordered_logistic`
pub static ORDERED_LOGISTIC: Family = Family {
    name: "ordered_logistic",
    summary: "A grade, by cutting a logistic variable at thresholds.",
    doc: "Probability of grade k (from 0): inv_logit(cuts[k] - eta) - inv_logit(cuts[k - 1] - eta), with the outermost \
          cuts infinite. The grades are a dim one longer than that of the cuts.",
    example: "dim obs\ndim grade = 0..4\ndim cut = size(grade) - 1\ndata y[obs]: grade\n\
              latent c[cut]: ordered ~ normal(0, 3)\nlatent eta ~ normal(0, 1)\n\
              observe y ~ ordered_logistic(eta, c)\n",
    kind: ValueKind::Index,
    forms: &[Form::canonical(PARAMETERS)],
    support: Support::of("index"),
    references: &[
        Reference { arguments: &[0.7, -1.3, 0.4, 2.2], value: &[0.0], log_density: -2.1269280110429727 },
        Reference { arguments: &[0.7, -1.3, 0.4, 2.2], value: &[2.0], log_density: -0.936450090627914 },
        Reference { arguments: &[-3.1, -1.3, 0.4, 2.2], value: &[3.0], log_density: -5.304979177204327 },
        Reference { arguments: &[-9.0, -1.3, 0.4, 2.2], value: &[1.0], log_density: -7.902264340999154 },
    ],
    exempt: &[ONE_MORE],
    reference_source: "mpmath 1.4",
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, _| {
            let below = |cut: f64| 1.0 / (1.0 + (a[0][0] - cut).exp());
            vec![categorical::draw(rng, &shares(&a[1], below))]
        }),
    )
};

/// Probabilities of the grades from the distribution function at the cuts.
pub(super) fn shares(cuts: &[f64], below: impl Fn(f64) -> f64) -> Vec<f64> {
    let ends: Vec<f64> =
        std::iter::once(0.0).chain(cuts.iter().map(|&cut| below(cut))).chain([1.0]).collect();
    ends.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The two cuts around a grade less eta, and whether there are such: [upper, lower].
pub(super) fn around(b: &mut Builder, a: &[Node], grade: Node, over: &Over) -> [(Node, Node); 2] {
    let axis = over.axes[0];
    let cuts = b.expand(a[1], &[axis]);
    let (zero, size) = (b.constant(0.0), b.graph().axis_size(axis) as f64);
    let size = b.constant(size);
    let has_upper = b.less(grade, size);
    let has_lower = b.less(zero, grade);
    let before = b.plus(grade, -1.0);
    let before = b.binary(Binary::Max, before, zero);
    let last = b.plus(size, -1.0);
    let after = b.binary(Binary::Min, grade, last);
    [(after, has_upper), (before, has_lower)].map(|(position, exists)| {
        let cut = b.gather(cuts, &[(axis, position)]);
        (b.sub(cut, a[0]), exists)
    })
}

/// With s the logistic function and u, l the cuts around: s(u) - s(l) = s(u) s(-l) (1 - exp(l - u)).
fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let [(upper, has_upper), (lower, has_lower)] = around(b, a, x, over);
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let below = log_sigmoid(b, upper);
    let softplus = b.softplus(lower);
    let above = b.unary(Unary::Neg, softplus);
    let between = b.binary(Binary::And, has_upper, has_lower);
    let width = b.sub(upper, lower);
    let width = b.select(between, width, one);
    let share = log_one_minus_exp(b, width);
    let (below, above) = (b.select(has_upper, below, zero), b.select(has_lower, above, zero));
    let share = b.select(between, share, zero);
    let ends = b.add(below, above);
    b.add(ends, share)
}
