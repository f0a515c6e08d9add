//! One evaluation done by several: the stretches of its long loops are shared out, and their sums are added in order.
//! Who does the shares is for the caller to say; the results have the same bits as [`Program::run`] gives.

use std::ops::Range;

use super::code::{Group, Place, RowGroup, RowOp};
use super::execute::run_stretch;
use super::{Program, Workspace, long};

/// Some stretches of a loop. Shares may be run in any order, or at once.
pub struct Share<'a> {
    program: &'a Program,
    group: &'a RowGroup,
    stretches: Range<usize>,
    workspace: &'a mut Workspace,
}

impl Share<'_> {
    /// Does the work.
    pub fn run(&mut self) {
        let Self { program, group, stretches, workspace } = self;
        let mut kept = std::mem::take(&mut workspace.kept);
        kept.clear();
        for stretch in stretches.clone() {
            let frames = program.frames(workspace);
            run_stretch(frames.clone(), group, stretch);
            kept.extend(frames.flat_map(|frame| frame.sums(group).map(|cell| cell.get())));
        }
        workspace.kept = kept;
    }
}

impl Program {
    /// Whether there is a loop that can be shared out.
    pub fn is_shareable(&self) -> bool {
        self.code.groups.iter().any(|group| self.shareable(group).is_some())
    }

    /// A loop of several stretches that leaves nothing but sums, if what it reads is small beside it: each that takes
    /// part has a copy of that.
    fn shareable<'a>(&self, group: &'a Group) -> Option<&'a RowGroup> {
        let sums_only = |op: &RowOp| op.clone().outs_mut().iter().all(|out| matches!(out, Place::Slot(_)));
        long(group).filter(|group| {
            group.stretches() > 1 && self.code.memory <= group.rows && group.ops.iter().all(sums_only)
        })
    }

    /// Like [`Program::run`], with a workspace for each that takes part, all for as many samples; `each` has to run
    /// all shares that it is given.
    pub fn run_shared(
        &self,
        workspaces: &mut [Workspace],
        (positions, directions): (&[f64], &[f64]),
        outputs: &mut [&mut [f64]],
        each: &dyn Fn(&mut [Share]),
    ) {
        let Some((first, others)) = workspaces.split_first_mut() else { return };
        self.load(first, positions, directions);
        let groups = &self.code.groups;
        let alone = |group: &Group| self.shareable(group).is_none();
        for groups in groups.chunk_by(|a, b| alone(a) && alone(b)) {
            match self.shareable(&groups[0]) {
                Some(group) => self.share(group, (first, others), each),
                None => self.execute(first, groups),
            }
        }
        self.store_all(first, outputs);
    }

    fn share(
        &self,
        group: &RowGroup,
        (first, others): (&mut Workspace, &mut [Workspace]),
        each: &dyn Fn(&mut [Share]),
    ) {
        for other in others.iter_mut() {
            assert_eq!(other.samples, first.samples, "all take part in the same evaluation");
            other.memory.get().copy_from_slice(first.memory.get());
        }
        let (count, takers) = (group.stretches(), others.len() + 1);
        let part = |taker: usize| count * taker / takers..count * (taker + 1) / takers;
        let all = std::iter::once(&mut *first).chain(others.iter_mut()).enumerate();
        let mut shares: Vec<Share> = all
            .map(|(taker, workspace)| Share { program: self, group, stretches: part(taker), workspace })
            .collect();
        each(&mut shares);
        drop(shares);
        let kept = std::mem::take(&mut first.kept);
        let width = self.frames(first).flat_map(|frame| frame.sums(group)).count().max(1);
        let stretches = kept.chunks(width);
        let later = others.iter().flat_map(|other| other.kept.chunks(width));
        for (stretch, sums) in stretches.chain(later).enumerate() {
            let cells = self.frames(first).flat_map(|frame| frame.sums(group));
            cells.zip(sums).for_each(|(cell, &sum)| {
                cell.set(if stretch == 0 { sum } else { cell.get() + sum });
            });
        }
        first.kept = kept;
    }
}
