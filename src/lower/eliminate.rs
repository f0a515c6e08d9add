//! Discrete latents summed out exactly: variable elimination over tables, one for each term of the density.
//!
//! A table is a node over cells (plates) and over the states of the latents that it reads. A latent's tables are
//! brought to its own cells, added, and summed over its states in log space; plates multiply, so what is not in the
//! latent's cells is summed first. A latent that reads its own previous element is a chain: the forward algorithm, as
//! a scan (Rabiner 1989; Obermeyer et al. 2019 for plates).

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::{Axis, Direction, Node, ScanBody};
use crate::model::SiteId;
use crate::translate::{Place, Reference, Translator};

use super::coupling;

/// A latent that was summed out, with what its posterior needs.
#[derive(Clone, Debug)]
pub(super) struct Eliminated {
    pub(super) site: SiteId,
    /// The value of its first state.
    pub(super) low: f64,
    /// Its states at its own cells.
    pub(super) home: Reference,
    /// What its states weigh, given the states of latents eliminated later: log, over cells and states.
    pub(super) how: How,
    /// Zeros added to the table of its states: the derivative by them is the posterior probability.
    pub(super) tap: Option<Node>,
}

/// The shape of an elimination.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// Each cell by itself: the table over its states.
    Local(Node),
    /// Along an axis.
    Chain(Chain),
}

/// A chain along an axis.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The axis it runs along.
    pub(super) along: Axis,
    /// The states of the previous element.
    pub(super) previous: Axis,
    /// log weight of each state given all up to it.
    pub(super) filtered: Node,
    /// log weight of each step from a previous state to a state.
    pub(super) step: Node,
}

/// Whether the tables get taps for the posterior of the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taps {
    Wanted,
    Unwanted,
}

/// What is left: a scalar, and the latents in the order in which they were summed out.
pub(super) struct Elimination {
    pub(super) total: Node,
    pub(super) eliminated: Vec<Eliminated>,
}

/// Largest table, in elements, that is worth building.
const LARGEST: f64 = 2e8;

/// Sums `latents` out of the tables.
pub(super) fn eliminate(
    translator: &mut Translator,
    tables: &[Node],
    latents: &[SiteId],
    taps: Taps,
) -> Result<Elimination, Box<Diagnostic>> {
    coupling::check(translator, tables)?;
    let mut work = Work { translator, tables: tables.to_vec(), left: latents.to_vec(), taps };
    let mut eliminated = Vec::new();
    while !work.left.is_empty() {
        let next = work.next()?;
        work.left.retain(|&site| site != next);
        eliminated.push(work.sum_out(next)?);
    }
    let total = work.total();
    Ok(Elimination { total, eliminated })
}

struct Work<'t, 'm> {
    translator: &'t mut Translator<'m>,
    tables: Vec<Node>,
    left: Vec<SiteId>,
    taps: Taps,
}

impl Work<'_, '_> {
    /// The sum of all tables over all cells.
    fn total(&mut self) -> Node {
        let zero = self.translator.builder.constant(0.0);
        self.tables.clone().into_iter().fold(zero, |sum, table| {
            let each = self.translator.builder.sum_all(table);
            self.translator.builder.add(sum, each)
        })
    }

    /// The references that a table varies over.
    fn references(&self, table: Node) -> Vec<Reference> {
        let axes = self.translator.builder.axes_of(table);
        self.translator
            .references()
            .iter()
            .filter(|reference| axes.contains(&reference.axis))
            .cloned()
            .collect()
    }

    fn tables_of(&self, site: SiteId) -> Vec<Node> {
        let reads = |table: &Node| self.references(*table).iter().any(|reference| reference.site == site);
        self.tables.iter().copied().filter(reads).collect()
    }

    /// The latent that can be summed out now with the smallest table.
    fn next(&mut self) -> Result<SiteId, Box<Diagnostic>> {
        let mut best: Option<(f64, SiteId)> = None;
        for site in self.left.clone() {
            if let Some(size) = self.size_if_ready(site)
                && best.is_none_or(|(smallest, _)| size < smallest)
            {
                best = Some((size, site));
            }
        }
        match best {
            Some((size, site)) if size > LARGEST => Err(self.too_large(site, size)),
            Some((_, site)) => Ok(site),
            None => Err(self.entangled()),
        }
    }

    /// The number of elements of the table that summing a latent out builds; none while another latent, whose cells
    /// reach beyond this one's, has to go first.
    fn size_if_ready(&mut self, site: SiteId) -> Option<f64> {
        let home = self.translator.home(site);
        let mut axes = home.cells.clone();
        for table in self.tables_of(site) {
            for other in self.references(table) {
                let inner = other.cells.iter().all(|axis| home.cells.contains(axis));
                if other.site != site && !inner {
                    return None;
                }
                axes.push(other.axis);
            }
        }
        axes.sort();
        axes.dedup();
        let graph = self.translator.builder.graph();
        Some(axes.into_iter().map(|axis| graph.axis_size(axis) as f64).product())
    }

    fn sum_out(&mut self, site: SiteId) -> Result<Eliminated, Box<Diagnostic>> {
        let low = self.translator.states(site).map_or(0.0, |states| states.low);
        let home = self.translator.home(site);
        let mine = self.tables_of(site);
        self.tables.retain(|table| !mine.contains(table));
        let mut single = Vec::new();
        let mut steps = Vec::new();
        for table in mine {
            let own: Vec<Reference> =
                self.references(table).into_iter().filter(|reference| reference.site == site).collect();
            match own.as_slice() {
                [only] if *only == home => single.push(self.onto_cells(table, &home)),
                [only] => single.push(self.brought_home(table, only, &home)?),
                [a, b] if *a == home || *b == home => {
                    let other = if *a == home { b } else { a };
                    steps.push((self.onto_cells(table, &home), other.clone()));
                }
                _ => return Err(self.too_many_reads(site)),
            }
        }
        let unary = self.sum_of(&single, &home);
        let (unary, tap) = self.tapped(unary, &home);
        let how = match steps.as_slice() {
            [] => {
                let message = self.translator.builder.log_sum_exp(unary, &[home.axis]);
                self.tables.push(message);
                How::Local(unary)
            }
            steps => How::Chain(self.chain(site, &home, unary, steps)?),
        };
        Ok(Eliminated { site, low, home, how, tap })
    }

    /// A table summed over all cells that are not the latent's own.
    fn onto_cells(&mut self, table: Node, home: &Reference) -> Node {
        let states: Vec<Axis> = self.references(table).iter().map(|reference| reference.axis).collect();
        let axes = self.translator.builder.axes_of(table).to_vec();
        let outer: Vec<Axis> =
            axes.into_iter().filter(|axis| !states.contains(axis) && !home.cells.contains(axis)).collect();
        self.translator.builder.sum(table, &outer)
    }

    /// A table that reads the latent elsewhere, as a table at the latent's own cells: its rows are added into the cells
    /// that they read. Rows that read no cell do not depend on the states; they become a table of their own.
    fn brought_home(
        &mut self,
        table: Node,
        read: &Reference,
        home: &Reference,
    ) -> Result<Node, Box<Diagnostic>> {
        let others = self.references(table).into_iter().any(|reference| reference.site != read.site);
        if others {
            return Err(self.too_many_reads(read.site));
        }
        let mut at = Vec::new();
        let mut renamed = vec![(read.axis, home.axis)];
        let mut inside: Option<Node> = None;
        for (own, place) in home.cells_in_order().iter().zip(&read.places) {
            match place {
                Place::Here(axis) => renamed.push((*axis, *own)),
                Place::At(positions) => {
                    at.push((*own, *positions));
                    let within = self.within(*positions, *own);
                    let builder = &mut self.translator.builder;
                    inside = Some(
                        inside.map_or(within, |all| builder.binary(crate::graph::Binary::And, all, within)),
                    );
                }
            }
        }
        if let Some(inside) = inside {
            self.keep_outside_rows(table, read, inside);
        }
        let builder = &mut self.translator.builder;
        let table = builder.rename(table, &renamed);
        let mut axes = home.cells.clone();
        axes.push(home.axis);
        Ok(if at.is_empty() { table } else { builder.scatter(table, &at, &axes) })
    }

    fn within(&mut self, positions: Node, axis: Axis) -> Node {
        let builder = &mut self.translator.builder;
        let size = builder.graph().axis_size(axis) as f64;
        let minus_one = builder.constant(-1.0);
        let end = builder.constant(size);
        let above = builder.less(minus_one, positions);
        let below = builder.less(positions, end);
        builder.binary(crate::graph::Binary::And, above, below)
    }

    fn keep_outside_rows(&mut self, table: Node, read: &Reference, inside: Node) {
        let builder = &mut self.translator.builder;
        let first = builder.constant(0.0);
        let row = builder.gather(table, &[(read.axis, first)]);
        let zero = builder.constant(0.0);
        let kept = builder.select(inside, zero, row);
        self.tables.push(kept);
    }

    fn sum_of(&mut self, tables: &[Node], home: &Reference) -> Node {
        let builder = &mut self.translator.builder;
        let zero = builder.constant(0.0);
        let sum = tables.iter().fold(zero, |sum, &table| builder.add(sum, table));
        let mut axes = home.cells.clone();
        axes.push(home.axis);
        builder.expand(sum, &axes)
    }

    fn tapped(&mut self, unary: Node, home: &Reference) -> (Node, Option<Node>) {
        if self.taps == Taps::Unwanted {
            return (unary, None);
        }
        let builder = &mut self.translator.builder;
        let mut axes = home.cells.clone();
        axes.push(home.axis);
        axes.sort();
        let length = axes.iter().map(|&axis| builder.graph().axis_size(axis)).product();
        let tap = builder.data(&axes, vec![0.0; length]);
        (builder.add(unary, tap), Some(tap))
    }

    /// The forward algorithm: carries log p(data so far, state), sums the last over its states.
    fn chain(
        &mut self,
        site: SiteId,
        home: &Reference,
        unary: Node,
        steps: &[(Node, Reference)],
    ) -> Result<Chain, Box<Diagnostic>> {
        let along = self.chain_axis(site, home, &steps[0].1)?;
        let previous = steps[0].1.axis;
        if steps.iter().any(|(_, read)| read.axis != previous) {
            return Err(self.too_many_reads(site));
        }
        let builder = &mut self.translator.builder;
        let zero = builder.constant(0.0);
        let step = steps.iter().fold(zero, |sum, (table, _)| builder.add(sum, *table));
        let step = builder.expand(step, &[along, previous, home.axis]);
        let (total, filtered) = self.forward(along, previous, home, (unary, step));
        let message = self.translator.builder.log_sum_exp(total, &[home.axis]);
        self.tables.push(message);
        Ok(Chain { along, previous, filtered, step })
    }

    /// The scan: final carry, and the carries of all elements.
    fn forward(
        &mut self,
        along: Axis,
        previous: Axis,
        home: &Reference,
        (unary, step): (Node, Node),
    ) -> (Node, Node) {
        let builder = &mut self.translator.builder;
        let without =
            |axes: &[Axis]| -> Vec<Axis> { axes.iter().copied().filter(|&axis| axis != along).collect() };
        let unary_axes = without(builder.axes_of(unary));
        let step_axes = without(builder.axes_of(step));
        let mut carry_axes: Vec<Axis> = unary_axes.iter().chain(&step_axes).copied().collect();
        carry_axes.retain(|&axis| axis != previous);
        carry_axes.sort();
        carry_axes.dedup();
        let scan = builder.begin_scan(along, Direction::Forward);
        let carry = builder.leaf(scan, 0, &carry_axes);
        let unary_leaf = builder.leaf(scan, 1, &unary_axes);
        let step_leaf = builder.leaf(scan, 2, &step_axes);
        let before = builder.rename(carry, &[(home.axis, previous)]);
        let joint = builder.add(before, step_leaf);
        let summed = builder.log_sum_exp(joint, &[previous]);
        let next = builder.add(summed, unary_leaf);
        let states = builder.graph().axis_size(home.axis) as f64;
        // The first step does not depend on the state before it: any weights that sum to 1 will do.
        let start = builder.constant(-states.ln());
        let start = builder.expand(start, &carry_axes);
        let body = ScanBody {
            axis: along,
            direction: Direction::Forward,
            carries: vec![carry],
            sequences: vec![unary_leaf, step_leaf],
            constants: vec![],
            next: vec![next],
            outputs: vec![next],
        };
        let scan = builder.end_scan(scan, body, &[start], &[unary, step], &[]);
        (builder.output(scan, 1), builder.output(scan, 0))
    }

    /// The one axis along which a read is one element back, at the cell itself along all others.
    fn chain_axis(
        &mut self,
        site: SiteId,
        home: &Reference,
        read: &Reference,
    ) -> Result<Axis, Box<Diagnostic>> {
        let mut found = None;
        for (own, place) in home.cells_in_order().iter().zip(&read.places) {
            match place {
                Place::Here(axis) if axis == own => {}
                Place::At(positions) if found.is_none() && self.is_previous(*positions, *own) => {
                    found = Some(*own)
                }
                _ => return Err(self.not_a_chain(site)),
            }
        }
        found.ok_or_else(|| self.not_a_chain(site))
    }

    fn is_previous(&mut self, positions: Node, axis: Axis) -> bool {
        let builder = &mut self.translator.builder;
        let here = builder.iota(axis);
        builder.plus(here, -1.0) == positions
    }
}

impl Reference {
    /// The latent's own axes in declared order, for a reference at its own cells.
    fn cells_in_order(&self) -> Vec<Axis> {
        let here = self.places.iter().map(|place| match place {
            Place::Here(axis) => *axis,
            Place::At(_) => unreachable!("the home of a latent is at its own cells"),
        });
        here.collect()
    }
}

/// What cannot be summed out.
impl Work<'_, '_> {
    fn name(&self, site: SiteId) -> &str {
        &self.translator.model().site(site).name
    }

    fn refuse(&self, site: SiteId, message: String) -> Box<Diagnostic> {
        let span = self.translator.model().site(site).span;
        Box::new(Diagnostic::new(Code(807), message).at(span, "cannot be summed out"))
    }

    fn too_large(&self, site: SiteId, size: f64) -> Box<Diagnostic> {
        let message = format!("summing `{}` out needs a table of {size:.1e} elements", self.name(site));
        Box::new(
            self.refuse(site, message).help("give it fewer values, or break the coupling with other latents"),
        )
    }

    fn entangled(&self) -> Box<Diagnostic> {
        let names: Vec<String> = self.left.iter().map(|&site| format!("`{}`", self.name(site))).collect();
        let message = format!("{} meet in one term but vary over different dims", names.join(" and "));
        self.refuse(self.left[0], message)
    }

    fn too_many_reads(&self, site: SiteId) -> Box<Diagnostic> {
        let message = format!("one term reads `{}` at several elements at once", self.name(site));
        let refusal = self.refuse(site, message);
        Box::new(refusal.help("a chain reads the element and the one before it: `z[t]` and `z[t-1]`"))
    }

    fn not_a_chain(&self, site: SiteId) -> Box<Diagnostic> {
        let message = format!("`{}` reads an element of its own other than the one before", self.name(site));
        let refusal = self.refuse(site, message);
        Box::new(refusal.help("chains along one dim, `z[t-1]`, are summed; other shapes are not yet"))
    }
}
