//! Distributions, functions and domains: one row each. The only place that knows any of them by name.

mod conjugacy;
pub mod domains;
pub mod families;
mod formula;
pub mod functions;
pub mod guides;
pub mod interval;
mod laws;
pub mod spec;

pub use conjugacy::{CONJUGACIES, Conjugacy, Quadratic, Scale, Update, conjugacy, has_conjugacy};
pub use domains::{DOMAINS, domain};
pub use families::{EVEN, FAMILIES, family, is_even};
pub(crate) use formula::log_probability;
pub use functions::{FREE_OF_SHIFTS, FUNCTIONS, function, function_of, is_free_of_shifts};
pub use guides::{Closure, GUIDES, Guide, GuideAxes, GuideRange, Seen, guide};
pub use interval::{Bound, Grain, Interval};
pub use laws::Law;
pub use spec::*;
