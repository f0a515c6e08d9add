//! The flow as a rung of the ladder: trained around the fitted Gaussian, then weighed like any proposal.

use std::rc::Rc;

use super::super::candidate::Candidate;
use super::super::draws::{Purpose, stream};
use super::super::gaussian::Gaussian;
use super::super::importance::Proposal;
use super::super::ladder::Ladder;
use super::super::rungs::FIRST_PAIRS;
use super::{FLOW_LIMIT, Flow, train};

/// Layers, and hidden units of each.
const SHAPE: (usize, usize) = (8, 24);

impl Ladder<'_, '_> {
    /// A flow trained around a Gaussian, where there are neither too few coordinates to couple nor too many to train for,
    /// and its training came to an end.
    pub(in super::super) fn flow_around(&mut self, gaussian: &Gaussian) -> Option<Candidate> {
        if !(2..=FLOW_LIMIT).contains(&gaussian.dimension()) || !self.evaluator.may_continue() {
            return None;
        }
        self.evaluator.enter("training a flow");
        let mut generator = stream(self.options.seed, Purpose::Flow, self.proposals);
        let flow = Flow::around(gaussian, SHAPE, &mut generator);
        let trained = Rc::new(train(flow, self.evaluator, &mut generator)?);
        self.evaluator.enter("weighting draws");
        let proposal: Rc<dyn Proposal> = Rc::clone(&trained) as Rc<dyn Proposal>;
        let candidate = self.weigh(proposal);
        let elbo = trained.bound(&candidate.weighted, FIRST_PAIRS * self.options.effort);
        if let Some(rung) = self.rungs.last_mut() {
            rung.elbo = elbo;
        }
        Some(Candidate { elbo, ..candidate })
    }
}
