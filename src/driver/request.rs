//! What a person asks of a fit that cannot be had, refused before it starts.

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::inference::block::{self, Structure};
use crate::inference::draws::EXACT_MOMENTS;
use crate::inference::flow::FLOW_LIMIT;
use crate::inference::{FamilyChoice, Options};
use crate::lower::Objective;
use crate::model::SiteKind;

use super::shares::sharing_latents;
use super::target::CompiledTarget;

const LEAVE: &str = "leave `--family` away, or ask for `--family mean-field`";

/// Whether the family that is asked for can be fitted to this model with so many coordinates.
///
/// # Errors
/// If not, at the latent with the most of them.
pub fn check(bound: &BoundModel, objective: &Objective, options: &Options) -> Result<(), Box<Diagnostic>> {
    let Some(family) = options.family else { return Ok(()) };
    let dimension = objective.layout.dimension;
    let most = match family {
        FamilyChoice::FullRank | FamilyChoice::PartlyCentred | FamilyChoice::Informed => EXACT_MOMENTS,
        FamilyChoice::Flow => FLOW_LIMIT,
        FamilyChoice::MeanField | FamilyChoice::Block => usize::MAX,
    };
    let reason = if dimension > most { Some((920, too_wide(family, dimension))) } else { None };
    let reason = reason.or_else(|| unsuited(bound, objective, family).map(|message| (921, message)));
    let Some((code, message)) = reason else { return Ok(()) };
    let diagnostic = Diagnostic::new(Code(code), message);
    let widest = objective.layout.blocks.iter().rev().max_by_key(|block| block.length);
    let diagnostic = match widest {
        Some(block) => diagnostic.at(
            bound.model().site(block.site).span,
            format!("has {} of the {dimension} coordinates", block.length),
        ),
        // All latents are summed or integrated out.
        None => match bound.model().sites.iter().find(|site| matches!(site.kind, SiteKind::Latent { .. })) {
            Some(site) => diagnostic.at(site.span, "is not in the fit"),
            None => diagnostic,
        },
    };
    Err(Box::new(diagnostic.help(LEAVE)))
}

fn too_wide(family: FamilyChoice, dimension: usize) -> String {
    match family {
        FamilyChoice::Flow => format!(
            "a flow of {dimension} coordinates needs longer training than is affordable; {FLOW_LIMIT} coordinates are the most"
        ),
        _ => format!(
            "a full-rank Gaussian of {dimension} coordinates needs more fixed draws than are affordable; {EXACT_MOMENTS} \
             coordinates are the most"
        ),
    }
}

/// What the model lacks for a family, if it lacks something.
fn unsuited(bound: &BoundModel, objective: &Objective, family: FamilyChoice) -> Option<String> {
    let dimension = objective.layout.dimension;
    let is_kept = |family: &str| {
        let kept = objective.kept.first()?;
        let name = &bound.model().site(kept.site).name;
        Some(format!(
            "`{name}` stays in the guide as a table of probabilities, beside which there is no {family}"
        ))
    };
    match family {
        FamilyChoice::MeanField | FamilyChoice::FullRank => None,
        FamilyChoice::Block => is_kept("block Gaussian").or_else(|| without_blocks(objective)),
        FamilyChoice::PartlyCentred | FamilyChoice::Informed => is_kept("shared centring").or_else(|| {
            sharing_latents(bound.model(), &objective.centring).is_empty().then(|| {
                "no latent that is left to be fitted has a prior whose location or scale is a latent itself"
                    .to_owned()
            })
        }),
        FamilyChoice::Flow => is_kept("flow").or_else(|| {
            (dimension < 2)
                .then(|| "a flow couples coordinates, and this model has fewer than two".to_owned())
        }),
    }
}

/// Why a precision has no blocks.
fn without_blocks(objective: &Objective) -> Option<String> {
    match block::structure(&mut CompiledTarget::new(objective, 1)) {
        Structure::Blocks | Structure::Unknown => None,
        Structure::Dense => Some(
            "a block Gaussian needs latents that fall into groups, and here the density couples all coordinates".to_owned(),
        ),
        Structure::Filled => Some(
            "a block Gaussian needs latents that fall into small groups, and here the groups are coupled with too many others"
                .to_owned(),
        ),
    }
}
