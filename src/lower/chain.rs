//! Chains: latents that read their own elements before, and each other's, summed out along an axis by the forward
//! algorithm. A chain may reach back several elements, and several chains may run side by side.
//!
//! The carry is log p(data so far, states of the last elements), over the states at the lags 0, 1 … of each latent. A
//! step moves every lag on by one and sums the oldest element of each latent out, one after the other (the factorial
//! chains of Ghahramani and Jordan 1997).

use crate::diagnostics::Diagnostic;
use crate::graph::{Axis, Direction, Node, ScanBody};
use crate::model::SiteId;
use crate::translate::{Place, Reference};

use super::eliminate::Work;
use super::refusal;
use super::states::known_values;
use super::switch::Step;

/// Chains along an axis.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The axis they run along.
    pub(super) along: Axis,
    /// For each latent, the axes of its states at the lags 0, 1 … up to the longest.
    pub(super) lags: Vec<Vec<Axis>>,
    /// log weight of the states at all lags but the longest, given all up to the element.
    pub(super) filtered: Node,
    /// log weights of each step, over states at some lags.
    pub(super) steps: Vec<Step>,
}

/// Where a latent is read, seen from its own cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shift {
    /// At the cell.
    Here,
    /// So many elements before, along an axis.
    Lag(Axis, usize),
    /// At positions along an axis that are known from data.
    Known(Axis, Vec<f64>),
    /// Anywhere else.
    Other,
}

/// A table that reads latents at several of their elements, with where it reads them: (latent, axis, shift).
pub(super) struct Reading {
    pub(super) table: Node,
    pub(super) reads: Vec<(usize, Axis, Shift)>,
}

impl Work<'_, '_> {
    /// Where a reference lies, seen from the latent's home.
    pub(super) fn shift(&mut self, read: &Reference, home: &Reference) -> Shift {
        let mut found = Shift::Here;
        for (own, place) in home.cells_in_order().iter().zip(&read.places) {
            match place {
                Place::Here(axis) if axis == own => {}
                Place::At(positions) if found == Shift::Here => found = self.shift_along(*positions, *own),
                _ => return Shift::Other,
            }
        }
        found
    }

    fn shift_along(&mut self, positions: Node, own: Axis) -> Shift {
        let axes = self.translator.builder.axes_of(positions);
        if !(axes.is_empty() || axes == [own]) {
            return Shift::Other;
        }
        let Some(mut values) = known_values(self.translator, positions) else { return Shift::Other };
        let size = self.translator.builder.graph().axis_size(own);
        if values.len() == 1 {
            values = vec![values[0]; size];
        }
        let lag = -values.first().copied().unwrap_or(0.0);
        let is_lag = lag >= 1.0 && values.iter().enumerate().all(|(here, at)| *at == here as f64 - lag);
        if is_lag { Shift::Lag(own, lag as usize) } else { Shift::Known(own, values) }
    }

    /// Sums chains out; `unaries` are over states at lag 0 only. With what is left.
    pub(super) fn chain(
        &mut self,
        sites: &[SiteId],
        homes: &[Reference],
        unaries: &[Node],
        readings: Vec<Reading>,
    ) -> Result<(Chain, Node), Box<Diagnostic>> {
        let lags: Vec<(Axis, usize)> = readings
            .iter()
            .flat_map(|reading| &reading.reads)
            .filter_map(|(_, _, shift)| match shift {
                Shift::Lag(along, lag) => Some((*along, *lag)),
                _ => None,
            })
            .collect();
        let Some(&(along, _)) = lags.first() else { return Err(refusal::not_a_chain(self, sites[0])) };
        let order = lags.iter().map(|(_, lag)| *lag).max().unwrap_or(1);
        let axes = self.lag_axes(homes, &readings, order);
        let mut steps = Vec::new();
        for reading in readings {
            let mut pairs = Vec::new();
            let mut taken = Vec::new();
            for (latent, axis, shift) in reading.reads {
                let lag = match shift {
                    Shift::Here => 0,
                    Shift::Lag(other, lag) if other == along => lag,
                    _ => return Err(refusal::not_a_chain(self, sites[latent])),
                };
                if taken.contains(&(latent, lag)) {
                    return Err(refusal::not_a_chain(self, sites[latent]));
                }
                taken.push((latent, lag));
                pairs.push((axis, axes[latent][lag]));
            }
            let table = self.translator.builder.rename(reading.table, &pairs);
            steps.push(Step::new(&mut self.translator.builder, table, along));
        }
        let (total, filtered) = self.forward(along, &axes, unaries, &steps);
        let carried: Vec<Axis> = axes.iter().flat_map(|lags| &lags[..order]).copied().collect();
        let message = carried.into_iter().fold(total, |total, axis| self.over_states(total, axis));
        Ok((Chain { along, lags: axes, filtered, steps }, message))
    }

    /// For each latent the axes of its states at the lags up to the longest; those that are read keep theirs.
    fn lag_axes(&mut self, homes: &[Reference], readings: &[Reading], order: usize) -> Vec<Vec<Axis>> {
        let mut all = Vec::new();
        for (latent, home) in homes.iter().enumerate() {
            let mut own = vec![home.axis];
            for lag in 1..=order {
                let is = |(of, _, shift): &&(usize, Axis, Shift)| {
                    *of == latent && matches!(shift, Shift::Lag(_, other) if *other == lag)
                };
                let known = readings.iter().flat_map(|reading| &reading.reads).find(is).map(|read| read.1);
                let builder = &mut self.translator.builder;
                let info = builder.graph().axis(home.axis).clone();
                own.push(known.unwrap_or_else(|| builder.axis(info.label, info.size)));
            }
            all.push(own);
        }
        all
    }

    /// The scan: final carry, and the carries of all elements.
    fn forward(&mut self, along: Axis, lags: &[Vec<Axis>], unaries: &[Node], steps: &[Step]) -> (Node, Node) {
        let order = lags[0].len() - 1;
        let oldest: Vec<Axis> = lags.iter().map(|own| own[order]).collect();
        let builder = &mut self.translator.builder;
        let read = unaries.iter().copied().chain(steps.iter().flat_map(Step::nodes));
        let mut axes: Vec<Axis> = read.flat_map(|node| builder.axes_of(node).to_vec()).collect();
        axes.extend(lags.iter().flatten());
        axes.sort();
        axes.dedup();
        axes.retain(|axis| *axis != along && !oldest.contains(axis));
        let scan = builder.begin_scan(along, Direction::Forward);
        let carry = builder.leaf(scan, 0, &axes);
        let mut slices = Slices { scan, along, sequences: vec![], leaves: vec![] };
        let mut factors: Vec<Node> = steps.iter().map(|step| slices.step(self, step)).collect();
        let unaries: Vec<Node> = unaries.iter().map(|&unary| slices.slice(self, unary)).collect();
        let builder = &mut self.translator.builder;
        let moved: Vec<(Axis, Axis)> =
            lags.iter().flat_map(|own| own.windows(2)).map(|pair| (pair[0], pair[1])).collect();
        let mut current = builder.rename(carry, &moved);
        for axis in oldest {
            let (with, without): (Vec<Node>, Vec<Node>) =
                factors.iter().partition(|&&factor| self.translator.builder.axes_of(factor).contains(&axis));
            current = with.iter().fold(current, |sum, &factor| self.translator.builder.add(sum, factor));
            current = self.over_states(current, axis);
            factors = without;
        }
        let builder = &mut self.translator.builder;
        let rest = factors.iter().chain(&unaries);
        let next = rest.fold(current, |sum, &factor| builder.add(sum, factor));
        // The first steps do not depend on the elements before them: any weights that sum to 1 will do.
        let states = lags.iter().map(|own| order as f64 * (builder.graph().axis_size(own[0]) as f64).ln());
        let start = builder.constant(-states.sum::<f64>());
        let start = builder.expand(start, &axes);
        let next = builder.expand(next, &axes);
        let body = ScanBody {
            axis: along,
            direction: Direction::Forward,
            carries: vec![carry],
            sequences: slices.leaves,
            constants: vec![],
            next: vec![next],
            outputs: vec![next],
        };
        let scan = builder.end_scan(scan, body, &[start], &slices.sequences, &[]);
        (builder.output(scan, 1), builder.output(scan, 0))
    }

    /// The axes along which a latent reads other elements of its own within one term: it is summed out along them.
    pub(super) fn chain_axes(&mut self, site: SiteId) -> Vec<Axis> {
        let home = self.translator.home(site);
        let own = home.cells_in_order();
        let mut along = Vec::new();
        for table in self.tables_of(site) {
            let reads: Vec<Reference> =
                self.references(table).into_iter().filter(|read| read.site == site).collect();
            if reads.len() < 2 {
                continue;
            }
            for read in reads.iter().filter(|read| **read != home) {
                let elsewhere =
                    own.iter().zip(&read.places).filter(|(axis, place)| **place != Place::Here(**axis));
                along.extend(elsewhere.map(|(axis, _)| *axis));
            }
        }
        along
    }

    /// Chains along one axis that meet in terms, so that none can be summed out before the others.
    pub(super) fn side_by_side(&mut self) -> Option<Vec<SiteId>> {
        self.left.clone().into_iter().find_map(|seed| {
            let along = *self.chain_axes(seed).first()?;
            let home = self.translator.home(seed);
            let mut group = vec![seed];
            let mut next = 0;
            while let Some(&site) = group.get(next) {
                next += 1;
                for table in self.tables_of(site) {
                    for other in self.references(table) {
                        if !other.cells.contains(&along) {
                            let inner = other.cells.iter().all(|axis| home.cells.contains(axis));
                            inner.then_some(())?;
                        } else if !group.contains(&other.site) {
                            (self.translator.home(other.site).places == home.places).then_some(())?;
                            group.push(other.site);
                        }
                    }
                }
            }
            group.sort_unstable();
            (group.len() > 1).then_some(group)
        })
    }
}

/// What a body reads at each element.
struct Slices {
    scan: crate::graph::ScanId,
    along: Axis,
    sequences: Vec<Node>,
    leaves: Vec<Node>,
}

impl Slices {
    /// A node at the element: a slice, or the node itself where it is the same at all elements.
    fn slice(&mut self, work: &mut Work, node: Node) -> Node {
        let builder = &mut work.translator.builder;
        let axes = builder.axes_of(node).to_vec();
        if !axes.contains(&self.along) {
            return node;
        }
        if let Some(known) = self.sequences.iter().position(|&sequence| sequence == node) {
            return self.leaves[known];
        }
        let rest: Vec<Axis> = axes.into_iter().filter(|axis| *axis != self.along).collect();
        let leaf = builder.leaf(self.scan, self.leaves.len() as u32 + 1, &rest);
        self.sequences.push(node);
        self.leaves.push(leaf);
        leaf
    }

    fn step(&mut self, work: &mut Work, step: &Step) -> Node {
        match *step {
            Step::Table(table) => self.slice(work, table),
            Step::Switch { when, yes, no } => {
                let when = self.slice(work, when);
                work.translator.builder.select(when, yes, no)
            }
        }
    }
}
