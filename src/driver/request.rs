//! What a person asks of a fit that cannot be had, refused before it starts.

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::inference::draws::EXACT_MOMENTS;
use crate::inference::{FamilyChoice, Options};
use crate::lower::Objective;

/// Whether the family that is asked for can be fitted to so many coordinates.
///
/// # Errors
/// If not, at the latent with the most of them.
pub fn check(bound: &BoundModel, objective: &Objective, options: &Options) -> Result<(), Box<Diagnostic>> {
    let dimension = objective.layout.dimension;
    if options.family != Some(FamilyChoice::FullRank) || dimension <= EXACT_MOMENTS {
        return Ok(());
    }
    let message = format!(
        "a full-rank Gaussian of {dimension} coordinates needs more fixed draws than are affordable; {EXACT_MOMENTS} \
         coordinates are the most"
    );
    let diagnostic = Diagnostic::new(Code(920), message);
    let widest = objective.layout.blocks.iter().max_by_key(|block| block.length);
    let diagnostic = match widest {
        Some(block) => diagnostic
            .at(bound.model().site(block.site).span, format!("has {} of the coordinates", block.length)),
        None => diagnostic,
    };
    Err(Box::new(diagnostic.help("leave `--family` away, or ask for `--family mean-field`")))
}
