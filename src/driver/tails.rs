//! Latents that were integrated out have no coordinate of the fit: how heavy their tails are shows in their draws alone.

use crate::inference::{Fit, diagnose, verdict};
use crate::model::SiteId;
use crate::posterior::SiteDraws;

/// Says so where few draws make up the standard deviation of a latent that was integrated out.
pub(super) fn judge(fit: &mut Fit, sites: &[SiteDraws], integrated: &[SiteId]) {
    let heavy: Vec<String> = sites
        .iter()
        .filter(|site| integrated.contains(&site.site))
        .flat_map(|site| heavy(site, fit.log_weights.as_deref()))
        .collect();
    if !heavy.is_empty() {
        fit.add(verdict::heavy_draws(heavy));
    }
}

/// The scalars with such draws.
fn heavy(site: &SiteDraws, log_weights: Option<&[f64]>) -> Vec<String> {
    let scalars = site.names.len();
    let count = site.values.len().checked_div(scalars).unwrap_or(0);
    if count == 0 {
        return vec![];
    }
    let even = vec![-(count as f64).ln(); count];
    let log_weights = log_weights.unwrap_or(&even);
    let column = |k: usize| site.values.iter().skip(k).step_by(scalars).copied().collect::<Vec<f64>>();
    let is_heavy = |k: &usize| diagnose::is_outlying(&column(*k), log_weights);
    (0..scalars).filter(is_heavy).map(|k| site.names[k].clone()).collect()
}
