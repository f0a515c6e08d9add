//! Proposals of several regions side by side.

use std::rc::Rc;

use crate::numeric::random::Generator;

use super::importance::{Proposal, log_add};

/// Several proposals with their shares of the draws.
pub struct Union {
    parts: Vec<(Rc<dyn Proposal>, f64)>,
}

/// Least share of a part.
const LEAST: f64 = 0.1;

impl Union {
    /// With shares proportional to the exponentials of `levels`, none much below a tenth.
    pub fn of(parts: Vec<(Rc<dyn Proposal>, f64)>) -> Union {
        let top = parts.iter().map(|(_, level)| *level).fold(f64::NEG_INFINITY, f64::max);
        let least = LEAST.min(0.5 / parts.len().max(1) as f64);
        let share = |level: f64| (level - top).exp().max(least);
        let total: f64 = parts.iter().map(|(_, level)| share(*level)).sum();
        Union { parts: parts.into_iter().map(|(part, level)| (part, share(level) / total)).collect() }
    }
}

impl Proposal for Union {
    fn name(&self) -> String {
        let names: Vec<String> = self.parts.iter().map(|(part, _)| part.name()).collect();
        match names.iter().all(|name| *name == names[0]) {
            true => format!("{} regions: {}", names.len(), names[0]),
            false => format!("regions: {}", names.join("; ")),
        }
    }

    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let (mut rows, mut share, mut given) = (Vec::new(), 0.0, 0);
        for (part, own) in &self.parts {
            share += own;
            let until = ((share * pairs as f64).round() as usize).min(pairs);
            if until > given {
                rows.extend(part.draw(until - given, generator));
                given = until;
            }
        }
        rows
    }

    fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        let mut total: Option<Vec<f64>> = None;
        for (part, share) in &self.parts {
            let own = part.log_density(positions).into_iter().map(|x| x + share.ln());
            total = Some(match total {
                None => own.collect(),
                Some(sums) => sums.into_iter().zip(own).map(|(a, b)| log_add(a, b)).collect(),
            });
        }
        total.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::draws::{Purpose, stream};
    use crate::inference::gaussian::Gaussian;
    use crate::inference::importance::Mixture;
    use nalgebra::DVector;

    #[test]
    fn draws_follow_the_density() {
        let part = |mean: f64, deviation: f64| -> Rc<dyn Proposal> {
            let (mean, deviation) = (DVector::from_vec(vec![mean]), DVector::from_vec(vec![deviation]));
            Rc::new(Mixture::guarded("a part", &Gaussian::diagonal(mean, &deviation)))
        };
        let union = Union::of(vec![(part(-3.0, 0.5), 0.0), (part(2.0, 1.5), 2f64.ln())]);
        let draws = union.draw(5000, &mut stream(1, Purpose::Proposal, 0));
        let below = draws.iter().filter(|x| **x < -1.0).count() as f64 / draws.len() as f64;
        let step = 0.001;
        let grid: Vec<f64> = (0..40_000).map(|k| -1.0 - step * (f64::from(k) + 0.5)).collect();
        let expected: f64 = union.log_density(&grid).iter().map(|l| l.exp()).sum::<f64>() * step;
        assert!((below - expected).abs() < 0.02, "{below} {expected}");
        assert_eq!(union.name(), "2 regions: a part");
    }
}
