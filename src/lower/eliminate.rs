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

use super::limits::Limits;
use super::refusal;

/// A latent that was summed out, with what its posterior needs.
#[derive(Clone, Debug)]
pub(super) struct Eliminated {
    pub(super) site: SiteId,
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

/// What is left: a scalar, the tables that it is the sum of, and the latents in the order in which they were summed out.
pub(super) struct Elimination {
    pub(super) total: Node,
    pub(super) tables: Vec<Table>,
    pub(super) eliminated: Vec<Eliminated>,
}

/// A table with the terms of the density that went into it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) node: Node,
    /// Their numbers among the tables at the outset, ascending.
    pub(super) from: Vec<usize>,
    pub(super) rows: Rows,
}

/// Which rows of a table say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// All of them.
    All,
    /// Those that do not read the latent that was summed out; the others are 0.
    Outside,
}

/// Sums `latents` out of the tables.
pub(super) fn eliminate(
    translator: &mut Translator,
    named: &[(String, Node)],
    latents: &[SiteId],
    (purpose, limits): (Purpose, &Limits),
) -> Result<Elimination, Box<Diagnostic>> {
    let outset =
        |(k, (_, node)): (usize, &(String, Node))| Table { node: *node, from: vec![k], rows: Rows::All };
    let tables = named.iter().enumerate().map(outset).collect();
    let mut work =
        Work { translator, named, tables, left: latents.to_vec(), purpose, largest: limits.max_states };
    let mut eliminated = Vec::new();
    while !work.left.is_empty() {
        let next = work.next()?;
        work.left.retain(|&site| site != next);
        eliminated.push(work.sum_out(next)?);
    }
    let total = work.total();
    Ok(Elimination { total, tables: work.tables, eliminated })
}

/// Tables on the way.
pub(super) struct Work<'t, 'm> {
    pub(super) translator: &'t mut Translator<'m>,
    /// The tables at the outset, by name.
    pub(super) named: &'t [(String, Node)],
    tables: Vec<Table>,
    /// Latents not yet summed out.
    pub(super) left: Vec<SiteId>,
    purpose: Purpose,
    /// Elements of the largest table that is built.
    pub(super) largest: f64,
}

impl Work<'_, '_> {
    /// The sum of all tables over all cells.
    fn total(&mut self) -> Node {
        let zero = self.translator.builder.constant(0.0);
        self.tables.clone().into_iter().fold(zero, |sum, table| {
            let each = self.translator.builder.sum_all(table.node);
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
        self.tables.iter().filter(|table| self.reads(table, site)).map(|table| table.node).collect()
    }

    fn reads(&self, table: &Table, site: SiteId) -> bool {
        self.references(table.node).iter().any(|reference| reference.site == site)
    }

    /// The latent that can be summed out now with the smallest table.
    fn next(&mut self) -> Result<SiteId, Box<Diagnostic>> {
        let mut best: Option<(f64, SiteId, Vec<Axis>)> = None;
        for site in self.left.clone() {
            let Some(axes) = self.axes_if_ready(site) else { continue };
            let graph = self.translator.builder.graph();
            let size = axes.iter().map(|&axis| graph.axis_size(axis) as f64).product();
            if best.as_ref().is_none_or(|(smallest, ..)| size < *smallest) {
                best = Some((size, site, axes));
            }
        }
        match best {
            Some((size, site, axes)) if size > self.largest => Err(refusal::too_large(self, site, &axes)),
            Some((_, site, _)) => Ok(site),
            None => Err(refusal::entangled(self)),
        }
    }

    /// The axes of the table that summing a latent out builds; none while another latent, whose cells
    /// reach beyond this one's or lie along its chain, has to go first.
    fn axes_if_ready(&mut self, site: SiteId) -> Option<Vec<Axis>> {
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
        Some(axes)
    }

    /// Whether two latents over the same cells are read at the same address.
    fn beside(&mut self, read: &Reference, other: &Reference) -> bool {
        let (own, its) = (self.translator.home(read.site), self.translator.home(other.site));
        read.places == other.places && own.places == its.places
    }

    fn sum_out(&mut self, site: SiteId) -> Result<Eliminated, Box<Diagnostic>> {
        let home = self.translator.home(site);
        let (mine, others): (Vec<Table>, Vec<Table>) =
            std::mem::take(&mut self.tables).into_iter().partition(|table| self.reads(table, site));
        self.tables = others;
        let mut single = Vec::new();
        let mut steps = Vec::new();
        for table in &mine {
            let own: Vec<Reference> =
                self.references(table.node).into_iter().filter(|reference| reference.site == site).collect();
            match own.as_slice() {
                [only] if *only == home => single.push(self.onto_cells(table.node, &home)),
                [only] => single.push(self.brought_home(table, only, &home)?),
                [a, b] if *a == home || *b == home => {
                    let other = if *a == home { b } else { a };
                    steps.push((self.onto_cells(table.node, &home), other.clone()));
                }
                _ => return Err(refusal::too_many_reads(self, site, table.node)),
            }
        }
        let unary = self.sum_of(&single, &home);
        let (unary, tap) = self.tapped(unary, &home);
        let (how, message) = match steps.as_slice() {
            [] => (How::Local(unary), self.over_states(unary, home.axis)),
            steps => {
                let (chain, message) = self.chain(site, &home, unary, steps)?;
                (How::Chain(chain), message)
            }
        };
        let mut from: Vec<usize> = mine.into_iter().flat_map(|table| table.from).collect();
        from.sort_unstable();
        from.dedup();
        self.tables.push(Table { node: message, from, rows: Rows::All });
        Ok(Eliminated { site, home, how, tap })
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
        whole: &Table,
        read: &Reference,
        home: &Reference,
    ) -> Result<Node, Box<Diagnostic>> {
        let table = whole.node;
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
        self.keep_outside_rows(whole, read, &at);
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

    fn keep_outside_rows(&mut self, table: &Table, read: &Reference, at: &[(Axis, Node)]) {
        let inside: Vec<Node> = at.iter().map(|&(axis, positions)| self.within(positions, axis)).collect();
        let builder = &mut self.translator.builder;
        let Some(inside) = inside.into_iter().reduce(|all, each| builder.binary(Binary::And, all, each))
        else {
            return;
        };
        let zero = builder.constant(0.0);
        let row = builder.gather(table.node, &[(read.axis, zero)]);
        let node = builder.select(inside, zero, row);
        self.tables.push(Table { node, from: table.from.clone(), rows: Rows::Outside });
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
