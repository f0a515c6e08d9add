//! The upper rungs of the ladder on models: shares of location and scale leave the posterior what it is and are learned
//! where they help, a flow bends where Gaussians cannot, and what is pinned is what is fitted.

use std::collections::BTreeMap;

use vic::data::BoundModel;
use vic::driver::{self, Fitted};
use vic::graph::Node;
use vic::graph::interpret::interpret;
use vic::inference::{FamilyChoice, Options, Unwatched, Verdict};
use vic::lower::{self, Centring, Limits, Objective, Shares};
use vic::model::SiteId;
use vic::posterior::summarise;
use vic::source::Source;

fn bound(model: &str, data: &str) -> BoundModel {
    let checked = driver::check(&Source::new("m.vi", model));
    let model = checked.model.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let (bound, found) = driver::bind(&model, &[Source::new("d.json", data)]);
    bound.unwrap_or_else(|| panic!("{found:?}"))
}

fn site(bound: &BoundModel, name: &str) -> SiteId {
    bound.model().site_ids().find(|id| bound.model().site(*id).name == name).expect("a latent of the model")
}

fn pinned(bound: &BoundModel, family: Option<FamilyChoice>, threads: usize) -> Fitted {
    seeded(bound, family, (threads, 3))
}

fn seeded(bound: &BoundModel, family: Option<FamilyChoice>, (threads, seed): (usize, u64)) -> Fitted {
    // No latent is integrated out.
    let objective = lower::lower(bound, &Centring::default(), &Limits::default()).expect("it can be lowered");
    let options = Options { family, seed, ..Options::default() };
    driver::fit(bound, &objective, &options, threads, &mut Unwatched)
}

fn value(objective: &Objective, node: Node, position: &[f64]) -> f64 {
    interpret(&objective.graph, position, &[], &[node])[0][0]
}

/// Two levels, the lower one with heavy tails, and a scale for each group of the upper one.
const LEVELS: &str = "dim group\ndim item\ndata y[group, item]: real\nlatent m ~ normal(0, 2)\n\
                      latent s ~ half_normal(1)\nlatent b[group] ~ student_t(4, m, s)\n\
                      latent r[group] ~ half_normal(1)\nlatent c[group, item] ~ normal(b, r)\n\
                      observe y ~ normal(c, 0.7)\n";
const LEVELS_DATA: &str = r#"{"y": [[0.3, -1.2, 0.8], [2.1, 1.7, 0.4]]}"#;

#[test]
fn shares_leave_the_density_of_the_latents_what_it_is() {
    let bound = bound(LEVELS, LEVELS_DATA);
    let centred = lower::lower(&bound, &Centring::default(), &Limits::default()).expect("lowered");
    let place = |name: &str| centred.layout.blocks.iter().find(|block| block.name == name).unwrap().offset;
    let (m, s, b, r, c) = (place("m"), place("s"), place("b"), place("r"), place("c"));
    let all = |share: f64| [Shares::All(share), Shares::All(share)];
    let each = [
        Shares::Each { location: vec![0.2, 0.9], scale: vec![0.7, 0.0] },
        Shares::Each {
            location: vec![0.0, 0.3, 1.0, 0.55, 0.81, 0.4],
            scale: vec![1.0, 0.6, 0.17, 0.0, 0.35, 0.93],
        },
    ];
    for [of_b, of_c] in [all(0.0), all(0.37), all(0.8), each] {
        let of = BTreeMap::from([(site(&bound, "b"), of_b.clone()), (site(&bound, "c"), of_c.clone())]);
        let centring = Centring { of, ..Centring::default() };
        let moved = lower::lower(&bound, &centring, &Limits::default()).expect("lowered");
        let share = |shares: &Shares, i: usize| match shares {
            Shares::All(share) => (*share, *share),
            Shares::Each { location, scale } => (location[i], scale[i]),
            Shares::Open => unreachable!(),
        };
        let u: Vec<f64> = (0..12).map(|i| 0.9 - 0.31 * f64::from(i) + 0.13 * f64::from(i * i % 7)).collect();
        let mut z = u.clone();
        let mut volume = 0.0;
        // z = location + scale^(1 - k) (u - l location), from the top down.
        for i in 0..2 {
            let (l, k) = share(&of_b, i);
            z[b + i] = u[m] + (u[s] * (1.0 - k)).exp() * (u[b + i] - l * u[m]);
            volume += u[s] * (1.0 - k);
        }
        for i in 0..6 {
            let (l, k) = share(&of_c, i);
            let (location, log_scale) = (z[b + i / 3], u[r + i / 3]);
            z[c + i] = location + (log_scale * (1.0 - k)).exp() * (u[c + i] - l * location);
            volume += log_scale * (1.0 - k);
        }
        let expected = value(&centred, centred.log_joint, &z) + volume;
        let found = value(&moved, moved.log_joint, &u);
        assert!((found - expected).abs() < 1e-10 * expected.abs(), "{of_b:?} {of_c:?}: {found} {expected}");
    }
}

#[test]
fn slopes_by_shares_are_those_of_finite_differences() {
    let bound = bound(LEVELS, LEVELS_DATA);
    let open = [site(&bound, "b"), site(&bound, "c")];
    let density =
        lower::open_density(&bound, (&Centring::default(), &open), &Limits::default()).expect("lowered");
    let u: Vec<f64> = (0..12).map(|i| 0.4 - 0.23 * f64::from(i) + 0.17 * f64::from(i * i % 5)).collect();
    let shares: Vec<f64> = (0..16).map(|i| 0.07 + 0.055 * f64::from(i)).collect();
    let at = |shares: &[f64]| interpret(&density.graph, &u, shares, &[density.log_joint])[0][0];
    let slopes = interpret(&density.graph, &u, &shares, &density.slopes).concat();
    assert_eq!(slopes.len(), shares.len());
    for k in 0..shares.len() {
        let moved = |by: f64| {
            let mut shares = shares.clone();
            shares[k] += by;
            at(&shares)
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!(
            (slopes[k] - difference).abs() < 1e-6 * (1.0 + difference.abs()),
            "{k}: {} {difference}",
            slopes[k]
        );
    }
}

/// Eight groups whose data have so much noise.
fn groups(noise: f64) -> BoundModel {
    let model = "dim group\ndata y[group]: real\ndata e: positive\nlatent m ~ normal(0, 2)\n\
                 latent s ~ half_normal(1)\nlatent b[group] ~ normal(m, s)\nobserve y ~ normal(b, e)\n";
    let y = [0.9, -1.3, 0.2, 1.8, -0.4, 0.7, -2.1, 0.1];
    bound(model, &format!("{{\"y\": {y:?}, \"e\": {noise}}}"))
}

#[test]
fn what_the_data_tell_decides_how_much_is_centred() {
    for (noise, least, most) in [(0.02, 0.9, 1.0), (20.0, 0.0, 0.1)] {
        let bound = groups(noise);
        let fitted = pinned(&bound, Some(FamilyChoice::PartlyCentred), 1);
        let share = fitted.centring.of.get(&site(&bound, "b")).expect("it was learned").clone();
        let Shares::All(share) = share else { panic!("one share for the latent: {share:?}") };
        assert!((least..=most).contains(&share), "noise {noise}: {share}");
        let tried = fitted.tried.last().expect("something was tried");
        assert_eq!(tried.parameterisation, format!("b centred to {share:.2}"));
    }
}

#[test]
fn learned_shares_raise_the_bound() {
    // Some groups tell much and some little, so that no one share suits all of them.
    let model = "dim group\ndata y[group]: real\ndata e[group]: positive\nlatent m ~ normal(0, 2)\n\
                 latent s ~ half_cauchy(1)\nlatent b[group] ~ normal(m, s)\nobserve y ~ normal(b, e)\n";
    let data = r#"{"y": [0.3, -0.2, 0.1, 1.8, -3.4, 4.7, -2.1, 0.1],
                   "e": [0.05, 0.05, 0.05, 8, 8, 8, 8, 8]}"#;
    let bound = bound(model, data);
    // Shares are learned from draws: the gain differs from seed to seed, and is looked at over several.
    let gains = |family: FamilyChoice| -> Vec<f64> {
        let gain = |seed| {
            let fitted = seeded(&bound, Some(family), (1, seed));
            fitted.fit.elbo.value - fitted.tried.first().expect("something was tried").rung.elbo.value
        };
        (1..=5).map(gain).collect()
    };
    let [shared, own] = [FamilyChoice::PartlyCentred, FamilyChoice::Informed].map(gains);
    let mean = |gains: &[f64]| gains.iter().sum::<f64>() / gains.len() as f64;
    assert!(mean(&shared) > -0.2, "{shared:?}");
    assert!(mean(&own) > 0.5, "{own:?}");
    assert!(mean(&own) > mean(&shared), "{shared:?} {own:?}");
}

/// y lies on a parabola of x, seen with little noise: no parameterisation makes it straight.
const BANANA: &str =
    "data o: real\nlatent x ~ normal(0, 1)\nlatent y ~ normal(0, 3)\nobserve o ~ normal(y - x^2, 0.3)\n";

/// Moments of x and y by a grid over x; given x, y is normal.
fn banana_moments() -> [(f64, f64); 2] {
    let (prior, noise) = (9.0, 0.09);
    let mut sums = [0.0; 5];
    for k in -60_000..=60_000 {
        let x = f64::from(k) * 1e-4;
        let curve = x * x;
        let weight = (-0.5 * x * x - 0.5 * curve * curve / (prior + noise)).exp();
        let (mean, variance) = (curve * prior / (prior + noise), prior * noise / (prior + noise));
        for (sum, value) in sums.iter_mut().zip([1.0, x, x * x, mean, mean * mean + variance]) {
            *sum += weight * value;
        }
    }
    let [x, xx, y, yy] = [1, 2, 3, 4].map(|k| sums[k] / sums[0]);
    [(x, (xx - x * x).sqrt()), (y, (yy - y * y).sqrt())]
}

#[test]
fn a_pinned_flow_bends() {
    let bound = bound(BANANA, r#"{"o": 0}"#);
    let flow = pinned(&bound, Some(FamilyChoice::Flow), 1);
    let straight = pinned(&bound, Some(FamilyChoice::FullRank), 1);
    assert!(flow.fit.family.contains("flow"), "{}", flow.fit.family);
    let bounds = [&flow, &straight].map(|fitted| fitted.fit.elbo);
    assert!(bounds[0].value > bounds[1].value + 0.5, "{bounds:?}");
    assert_eq!(flow.fit.verdict, Verdict::Trust, "{:?}", flow.fit.reasons);
    let rows: Vec<_> = flow.sites.iter().flat_map(|site| summarise(site, flow.weights.as_deref())).collect();
    for (row, (mean, sd)) in rows.iter().zip(banana_moments()) {
        assert!((row.mean - mean).abs() < 0.1 * sd && (row.sd / sd).ln().abs() < 0.1, "{row:?} {mean} {sd}");
    }
}

#[test]
fn pinned_shares_give_the_same_bits_at_any_number_of_threads() {
    let bound = groups(1.0);
    let fits = [1, 2].map(|threads| pinned(&bound, Some(FamilyChoice::Informed), threads));
    assert_eq!(fits[0].centring, fits[1].centring);
    assert_eq!(fits[0].fit.draws, fits[1].fit.draws);
    assert_eq!(fits[0].fit.evaluations, fits[1].fit.evaluations);
}

#[test]
fn a_block_gaussian_is_the_full_one_where_the_precision_has_its_blocks() {
    // Given a known scale the posterior is Gaussian, and its precision is an arrow.
    let model = "dim group\ndata y[group]: real\nlatent m ~ normal(0, 2)\n\
                 latent b[group] ~ normal(m, 0.8)\nobserve y ~ normal(b, 0.5)\n";
    let bound = bound(model, r#"{"y": [0.9, -1.3, 0.2, 1.8, -0.4, 0.7, -2.1, 0.1]}"#);
    let [block, full] =
        [FamilyChoice::Block, FamilyChoice::FullRank].map(|family| pinned(&bound, Some(family), 1));
    assert_eq!(block.fit.family, "block Gaussian");
    assert!((block.fit.elbo.value - full.fit.elbo.value).abs() < 1e-6);
    for (one, other) in block.fit.guide_deviation.iter().zip(&full.fit.guide_deviation) {
        assert!((one / other - 1.0).abs() < 1e-6, "{one} {other}");
    }
}
