//! Discrete latents summed out exactly: variable elimination over tables, one for each term of the density.
//!
//! A table is a node over cells (plates) and over the states of the latents that it reads. A latent's tables are
//! brought to its own cells, added, and summed over its states in log space; plates multiply, so what is not in the
//! latent's cells is summed first. A latent that reads its own previous element is a chain: the forward algorithm, as
//! a scan (Rabiner 1989; Obermeyer et al. 2019 for plates).

use crate::diagnostics::Diagnostic;
use crate::graph::{Axis, Binary, Node};
use crate::model::SiteId;
use crate::translate::{Place, Reference, Translator};

use super::refusal;

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

/// What latents are summed out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The density of the rest.
    Density,
    /// The posterior of the states: their tables get taps.
    Posterior,
    /// The states that are most probable together: the largest term in place of the sum, with taps.
    Best,
}

/// What is left: a scalar, and the latents in the order in which they were summed out.
pub(super) struct Elimination {
    pub(super) total: Node,
    /// The tables that it is the sum of.
    pub(super) left: Vec<Node>,
    pub(super) eliminated: Vec<Eliminated>,
}

/// Largest table, in elements, that is worth building.
const LARGEST: f64 = 2e7;

/// Sums `latents` out of the tables.
pub(super) fn eliminate(
    translator: &mut Translator,
    named: &[(String, Node)],
    latents: &[SiteId],
    purpose: Purpose,
) -> Result<Elimination, Box<Diagnostic>> {
    let tables = named.iter().map(|(_, table)| *table).collect();
    let mut work = Work { translator, named, tables, left: latents.to_vec(), purpose };
    let mut eliminated = Vec::new();
    while !work.left.is_empty() {
        let next = work.next()?;
        work.left.retain(|&site| site != next);
        eliminated.push(work.sum_out(next)?);
    }
    let total = work.total();
    let left = work.tables;
    Ok(Elimination { total, left, eliminated })
}

/// Tables on the way.
pub(super) struct Work<'t, 'm> {
    pub(super) translator: &'t mut Translator<'m>,
    /// The tables at the outset, by name.
    pub(super) named: &'t [(String, Node)],
    pub(super) tables: Vec<Node>,
    /// Latents not yet summed out.
    pub(super) left: Vec<SiteId>,
    purpose: Purpose,
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
    pub(super) fn references(&self, table: Node) -> Vec<Reference> {
        let axes = self.translator.builder.axes_of(table);
        self.translator
            .references()
            .iter()
            .filter(|reference| axes.contains(&reference.axis))
            .cloned()
            .collect()
    }

    pub(super) fn tables_of(&self, site: SiteId) -> Vec<Node> {
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
            Some((size, site)) if size > LARGEST => Err(refusal::too_large(self, site, size)),
            Some((_, site)) => Ok(site),
            None => Err(refusal::entangled(self)),
        }
    }

    /// The number of elements of the table that summing a latent out builds; none while another latent, whose cells
    /// reach beyond this one's or lie along its chain, has to go first.
    fn size_if_ready(&mut self, site: SiteId) -> Option<f64> {
        let home = self.translator.home(site);
        let along = self.chain_axes(site);
        let mut axes = home.cells.clone();
        for table in self.tables_of(site) {
            let (own, others): (Vec<Reference>, Vec<Reference>) =
                self.references(table).into_iter().partition(|read| read.site == site);
            axes.extend(own.iter().map(|read| read.axis));
            for other in others {
                let inner = other.cells.iter().all(|axis| home.cells.contains(axis) && !along.contains(axis));
                let beside = along.is_empty() && own.iter().any(|read| self.beside(read, &other));
                if !inner && !beside {
                    return None;
                }
                axes.push(if inner { other.axis } else { self.translator.home(other.site).axis });
            }
        }
        axes.sort();
        axes.dedup();
        let graph = self.translator.builder.graph();
        Some(axes.into_iter().map(|axis| graph.axis_size(axis) as f64).product())
    }

    /// Whether two latents over the same cells are read at the same address.
    fn beside(&mut self, read: &Reference, other: &Reference) -> bool {
        let (own, its) = (self.translator.home(read.site), self.translator.home(other.site));
        read.places == other.places && own.places == its.places
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
                _ => return Err(refusal::too_many_reads(self, site, table)),
            }
        }
        let unary = self.sum_of(&single, &home);
        let (unary, tap) = self.tapped(unary, &home);
        let how = match steps.as_slice() {
            [] => {
                let message = self.over_states(unary, home.axis);
                self.tables.push(message);
                How::Local(unary)
            }
            steps => How::Chain(self.chain(site, &home, unary, steps)?),
        };
        Ok(Eliminated { site, low, home, how, tap })
    }

    /// A table of logs summed over states, or its largest.
    pub(super) fn over_states(&mut self, table: Node, states: Axis) -> Node {
        match self.purpose {
            Purpose::Density | Purpose::Posterior => self.translator.builder.log_sum_exp(table, &[states]),
            Purpose::Best => self.translator.builder.max(table, &[states]),
        }
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
        let mut axes = home.cells.clone();
        axes.push(home.axis);
        let mut renamed = vec![(read.axis, home.axis)];
        for other in self.references(table).into_iter().filter(|other| other.site != read.site) {
            if self.beside(read, &other) {
                let its = self.translator.home(other.site).axis;
                renamed.push((other.axis, its));
                axes.push(its);
            } else if other.cells.is_empty() {
                axes.push(other.axis);
            } else {
                return Err(refusal::too_many_reads(self, read.site, table));
            }
        }
        let mut at = Vec::new();
        for (own, place) in home.cells_in_order().iter().zip(&read.places) {
            match place {
                Place::Here(axis) => renamed.push((*axis, *own)),
                Place::At(positions) => at.push((*own, *positions)),
            }
        }
        self.keep_outside_rows(table, read, &at);
        let builder = &mut self.translator.builder;
        let table = builder.rename(table, &renamed);
        if !at.is_empty() {
            return Ok(builder.scatter(table, &at, &axes));
        }
        let outer: Vec<Axis> =
            builder.axes_of(table).iter().copied().filter(|axis| !axes.contains(axis)).collect();
        Ok(builder.sum(table, &outer))
    }

    fn within(&mut self, positions: Node, axis: Axis) -> Node {
        let builder = &mut self.translator.builder;
        let size = builder.graph().axis_size(axis) as f64;
        let minus_one = builder.constant(-1.0);
        let end = builder.constant(size);
        let above = builder.less(minus_one, positions);
        let below = builder.less(positions, end);
        builder.binary(Binary::And, above, below)
    }

    fn keep_outside_rows(&mut self, table: Node, read: &Reference, at: &[(Axis, Node)]) {
        let inside: Vec<Node> = at.iter().map(|&(axis, positions)| self.within(positions, axis)).collect();
        let builder = &mut self.translator.builder;
        let Some(inside) = inside.into_iter().reduce(|all, each| builder.binary(Binary::And, all, each))
        else {
            return;
        };
        let zero = builder.constant(0.0);
        let row = builder.gather(table, &[(read.axis, zero)]);
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
        if self.purpose == Purpose::Density {
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
}

impl Reference {
    /// The latent's own axes in declared order, for a reference at its own cells.
    pub(super) fn cells_in_order(&self) -> Vec<Axis> {
        let here = self.places.iter().map(|place| match place {
            Place::Here(axis) => *axis,
            Place::At(_) => unreachable!("the home of a latent is at its own cells"),
        });
        here.collect()
    }
}
