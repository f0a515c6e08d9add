//! Discrete latents summed out exactly: variable elimination over tables, one for each term of the density.
//!
//! A table is a node over cells (plates) and over the states of the latents that it reads. A latent's tables are
//! brought to its own cells, added, and summed over its states in log space; plates multiply, so what is not in the
//! latent's cells is summed first. Latents that read earlier elements of their own are chains: the forward algorithm, as
//! a scan (Rabiner 1989; Obermeyer et al. 2019 for plates). A latent that reads its own element at a parent is a tree.

use crate::diagnostics::Diagnostic;
use crate::graph::{Axis, Binary, Node};
use crate::model::SiteId;
use crate::translate::{Place, Reference, Translator};

use super::chain::{Chain, Reading, Shift};
use super::limits::Limits;
use super::refusal;
use super::tree::Tree;

/// Latents that were summed out together, with what their posterior needs.
#[derive(Clone, Debug)]
pub(super) struct Eliminated {
    pub(super) members: Vec<Member>,
    /// What their states weigh, given the states of latents eliminated later: log, over cells and states.
    pub(super) how: How,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) site: SiteId,
    /// Its states at its own cells.
    pub(super) home: Reference,
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
    /// Along an axis, from a parent to its children.
    Tree(Tree),
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

impl Table {
    /// The names of the terms that went into it.
    pub(super) fn name(&self, named: &[(String, Node)]) -> String {
        let names = self.from.iter().filter_map(|&k| named.get(k)).map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
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
    (purpose, limits, dimension): (Purpose, &Limits, usize),
) -> Result<Elimination, Box<Diagnostic>> {
    let outset =
        |(k, (_, node)): (usize, &(String, Node))| Table { node: *node, from: vec![k], rows: Rows::All };
    let tables = named.iter().enumerate().map(outset).collect();
    let mut work = Work {
        translator,
        named,
        tables,
        left: latents.to_vec(),
        purpose,
        largest: limits.max_states,
        dimension,
    };
    let mut eliminated = Vec::new();
    while !work.left.is_empty() {
        let next = work.next()?;
        work.left.retain(|site| !next.contains(site));
        eliminated.push(work.sum_out(&next)?);
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
    /// Length of the unconstrained vector.
    pub(super) dimension: usize,
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

    /// The name of an axis.
    pub(super) fn label(&self, axis: Axis) -> &str {
        &self.translator.builder.graph().axis(axis).label
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
        self.tables.iter().filter(|table| self.reads(table, &[site])).map(|table| table.node).collect()
    }

    fn reads(&self, table: &Table, sites: &[SiteId]) -> bool {
        self.references(table.node).iter().any(|reference| sites.contains(&reference.site))
    }

    /// The latent that can be summed out now with the smallest table, or the chains that have to go together.
    fn next(&mut self) -> Result<Vec<SiteId>, Box<Diagnostic>> {
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
            Some((_, site, _)) => Ok(vec![site]),
            None => {
                let Some(group) = self.side_by_side() else { return Err(refusal::entangled(self)) };
                let axes = self.axes_of_group(&group);
                let graph = self.translator.builder.graph();
                let size: f64 = axes.iter().map(|&axis| graph.axis_size(axis) as f64).product();
                if size > self.largest { Err(refusal::too_large(self, group[0], &axes)) } else { Ok(group) }
            }
        }
    }

    /// The axes of the largest table on the way of chains that are summed out together: all states at all lags but the
    /// longest, and those of one latent at the longest.
    fn axes_of_group(&mut self, group: &[SiteId]) -> Vec<Axis> {
        let mut axes = Vec::new();
        let mut oldest: Option<Axis> = None;
        for &site in group {
            let home = self.translator.home(site);
            axes.extend(&home.cells);
            for table in self.tables_of(site) {
                for read in self.references(table) {
                    let lagged = read.site == site && read != home;
                    let graph = self.translator.builder.graph();
                    let larger = |known: Axis| graph.axis_size(read.axis) > graph.axis_size(known);
                    if lagged && oldest.is_none_or(larger) {
                        oldest = Some(read.axis);
                    } else if !lagged {
                        axes.push(read.axis);
                    }
                }
            }
        }
        axes.extend(oldest);
        axes.sort();
        axes.dedup();
        axes
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

    fn sum_out(&mut self, sites: &[SiteId]) -> Result<Eliminated, Box<Diagnostic>> {
        let homes: Vec<Reference> = sites.iter().map(|&site| self.translator.home(site)).collect();
        let (mine, others): (Vec<Table>, Vec<Table>) =
            std::mem::take(&mut self.tables).into_iter().partition(|table| self.reads(table, sites));
        self.tables = others;
        let mut unaries = Vec::new();
        let mut readings = Vec::new();
        for table in &mine {
            let own: Vec<Reference> =
                self.references(table.node).into_iter().filter(|read| sites.contains(&read.site)).collect();
            match own.as_slice() {
                own if own.iter().all(|read| homes.contains(read)) => {
                    unaries.push(self.onto_cells(table.node, &homes[0]));
                }
                [only] => {
                    let latent = sites.iter().position(|&site| site == only.site).unwrap_or(0);
                    unaries.push(self.brought_home(table, only, &homes[latent].clone())?);
                }
                own => readings.push(self.reading(table.node, own, (sites, &homes))),
            }
        }
        let mut members = Vec::new();
        for (&site, home) in sites.iter().zip(&homes) {
            let tap = self.tap(home);
            unaries.extend(tap);
            members.push(Member { site, home: home.clone(), tap });
        }
        let (how, message) = if readings.is_empty() {
            let unary = self.sum_of(&unaries, &homes[0]);
            (How::Local(unary), self.over_states(unary, homes[0].axis))
        } else if is_tree(&readings) {
            let unary = self.sum_of(&unaries, &homes[0]);
            let (tree, message) = self.tree(sites[0], &homes[0], unary, readings)?;
            (How::Tree(tree), message)
        } else {
            let (chain, message) = self.chain(sites, &homes, &unaries, readings)?;
            (How::Chain(chain), message)
        };
        let mut from: Vec<usize> = mine.into_iter().flat_map(|table| table.from).collect();
        from.sort_unstable();
        from.dedup();
        self.tables.push(Table { node: message, from, rows: Rows::All });
        Ok(Eliminated { members, how })
    }

    /// Where a table reads the latents.
    fn reading(
        &mut self,
        table: Node,
        own: &[Reference],
        (sites, homes): (&[SiteId], &[Reference]),
    ) -> Reading {
        let reads = own.iter().map(|read| {
            let latent = sites.iter().position(|&site| site == read.site).unwrap_or(0);
            (latent, read.axis, self.shift(read, &homes[latent]))
        });
        let reads = reads.collect();
        Reading { table: self.onto_cells(table, &homes[0]), reads }
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

    /// Zeros over a latent's cells and states, if its posterior is asked for.
    fn tap(&mut self, home: &Reference) -> Option<Node> {
        if self.purpose == Purpose::Density {
            return None;
        }
        let builder = &mut self.translator.builder;
        let mut axes = home.cells.clone();
        axes.push(home.axis);
        axes.sort();
        let length = axes.iter().map(|&axis| builder.graph().axis_size(axis)).product();
        Some(builder.data(&axes, vec![0.0; length]))
    }
}

/// Whether tables read a latent at positions from data.
fn is_tree(readings: &[Reading]) -> bool {
    let known = |(_, _, shift): &(usize, Axis, Shift)| matches!(shift, Shift::Known(..));
    readings.iter().flat_map(|reading| &reading.reads).any(known)
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
