//! A precision that is a matrix of its own in each cell of some members, the inner ones, and couples these with a few
//! elements of others, the outer ones:
//!
//! P = [D B; B' C], with K K' = D cell by cell, W = K^-1 B and L L' = C - W'W.

use crate::graph::{Axis, Builder, Direction, Node};

use super::Member;
use super::cells::Cells;
use super::curvature::Curvature;

/// Such a matrix, factorised, and the mean that a slope leads to.
#[derive(Clone, Debug)]
pub(super) struct Arrow {
    pub(super) inner: Option<Inner>,
    pub(super) outer: Option<Outer>,
}

/// The members that go cell by cell.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    cells: Cells,
    /// K, over cells and both axes of slots.
    root: Node,
    /// K^-1 g, over cells and the second axis of slots.
    half: Node,
    /// W, over these and the columns of the outer part; none without such.
    coupling: Option<Node>,
}

/// All others.
#[derive(Clone, Debug)]
pub(super) struct Outer {
    /// Each member, with the places of its elements among all.
    places: Vec<(usize, Node)>,
    /// The axis of all elements, and its twin.
    pub(super) pair: [Axis; 2],
    /// L, over the pair.
    root: Node,
    /// L^-1 of the slope that is left.
    half: Node,
}

impl Arrow {
    pub(super) fn new(
        builder: &mut Builder,
        members: &[Member],
        curvature: &Curvature,
        (cells, outer): (Option<Cells>, &[usize]),
    ) -> Self {
        let columns = Columns::new(builder, members, outer);
        let inner = cells.map(|cells| Inner::new(builder, members, curvature, (cells, columns.as_ref())));
        let outer = columns.map(|columns| Outer::new(builder, members, curvature, (columns, inner.as_ref())));
        Self { inner, outer }
    }

    /// The mean of each member, over its axes.
    pub(super) fn mean(&self, builder: &mut Builder, members: &[Member]) -> Vec<Node> {
        self.at(builder, members, [None, None])
    }

    /// Each member at the mean plus P^(-1/2) times `shifts`: over the inner cells and the second of the inner pair, and over
    /// the second of the outer pair.
    pub(super) fn at(
        &self,
        builder: &mut Builder,
        members: &[Member],
        [inner_shift, outer_shift]: [Option<Node>; 2],
    ) -> Vec<Node> {
        let mut found = vec![builder.constant(0.0); members.len()];
        let values = self.outer.as_ref().map(|outer| {
            let half = outer_shift.map_or(outer.half, |shift| builder.add(outer.half, shift));
            let [row, column] = outer.pair;
            (outer, builder.solve_triangular(outer.root, half, row, column, Direction::Reverse))
        });
        if let Some((outer, values)) = values {
            for &(k, places) in &outer.places {
                found[k] = builder.gather(values, &[(outer.pair[0], places)]);
            }
        }
        if let Some(inner) = &self.inner {
            let mut half = inner_shift.map_or(inner.half, |shift| builder.add(inner.half, shift));
            if let (Some(coupling), Some((outer, values))) = (inner.coupling, values) {
                let [row, column] = outer.pair;
                let values = builder.rename(values, &[(row, column)]);
                let taken = builder.contract(coupling, values, &[column]);
                half = builder.sub(half, taken);
            }
            let [own, twin] = inner.cells.pair;
            let values = builder.solve_triangular(inner.root, half, own, twin, Direction::Reverse);
            inner.cells.split(builder, values).into_iter().for_each(|(k, values)| found[k] = values);
        }
        found
    }

    /// n/2 log(2 pi) - sum(log(diag K)) - sum(log(diag L))
    pub(super) fn log_volume(&self, builder: &mut Builder) -> Node {
        let mut elements = 0;
        let mut logs = builder.constant(0.0);
        let roots = [
            self.inner.as_ref().map(|inner| (inner.root, inner.cells.pair)),
            self.outer.as_ref().map(|outer| (outer.root, outer.pair)),
        ];
        for (root, [row, column]) in roots.into_iter().flatten() {
            let places = builder.iota(column);
            let diagonal = builder.gather(root, &[(row, places)]);
            elements += builder.graph().len_of(diagonal);
            let own = builder.log(diagonal);
            let own = builder.sum_all(own);
            logs = builder.add(logs, own);
        }
        let constant = builder.constant(0.5 * elements as f64 * std::f64::consts::TAU.ln());
        builder.sub(constant, logs)
    }
}

/// The axis of all outer elements with its twin, the places of each outer member's elements along it, and for each column
/// 1 at the element whose column it is.
struct Columns {
    pair: [Axis; 2],
    places: Vec<(usize, Node)>,
    units: Vec<(usize, Node)>,
}

impl Columns {
    fn new(builder: &mut Builder, members: &[Member], outer: &[usize]) -> Option<Self> {
        if outer.is_empty() {
            return None;
        }
        let length = outer.iter().map(|&k| members[k].length).sum();
        let pair = ["element", "element"].map(|label| builder.axis(label.to_string(), length));
        let columns = builder.iota(pair[1]);
        let (mut places, mut units, mut start) = (vec![], vec![], 0);
        for &k in outer {
            let own = members[k].places(builder, start);
            start += members[k].length;
            places.push((k, own));
            units.push((k, builder.equal(own, columns)));
        }
        Some(Self { pair, places, units })
    }
}

impl Inner {
    fn new(
        builder: &mut Builder,
        members: &[Member],
        curvature: &Curvature,
        (cells, columns): (Cells, Option<&Columns>),
    ) -> Self {
        let [first, twin] = cells.pair;
        let units = cells.units(builder, members);
        let products = curvature.along(builder, members, (&units, &[twin]));
        let precision = cells.joined(builder, &products, first, &[twin]);
        let root = builder.cholesky(precision, first, twin);
        let slopes: Vec<Node> = (0..members.len()).map(|k| curvature.slope(builder, members, k)).collect();
        let slope = cells.joined(builder, &slopes, first, &[]);
        let half = builder.solve_triangular(root, slope, first, twin, Direction::Forward);
        let coupling = columns.map(|columns| {
            let more = [columns.pair[1]];
            let products = curvature.along(builder, members, (&columns.units, &more));
            let coupling = cells.joined(builder, &products, first, &more);
            builder.solve_triangular(root, coupling, first, twin, Direction::Forward)
        });
        Self { cells, root, half, coupling }
    }

    /// The axes of everything that is solved cell by cell.
    pub(super) fn axes(&self) -> Vec<Axis> {
        self.cells.axes.iter().copied().chain([self.cells.pair[1]]).collect()
    }
}

impl Outer {
    fn new(
        builder: &mut Builder,
        members: &[Member],
        curvature: &Curvature,
        (columns, inner): (Columns, Option<&Inner>),
    ) -> Self {
        let [row, column] = columns.pair;
        let products = curvature.along(builder, members, (&columns.units, &[column]));
        let (mut slope, mut precision) = (builder.constant(0.0), builder.constant(0.0));
        for &(k, places) in &columns.places {
            let at = [(row, places)];
            let part = curvature.slope(builder, members, k);
            let part = builder.scatter(part, &at, &[row]);
            slope = builder.add(slope, part);
            let part = builder.scatter(products[k], &at, &[row, column]);
            precision = builder.add(precision, part);
        }
        let mut slope = builder.expand(slope, &[row]);
        let mut precision = builder.expand(precision, &[row, column]);
        if let Some((inner, coupling)) = inner.and_then(|inner| Some((inner, inner.coupling?))) {
            let across = builder.rename(coupling, &[(column, row)]);
            let taken = builder.contract(across, coupling, &inner.axes());
            precision = builder.sub(precision, taken);
            let taken = builder.contract(across, inner.half, &inner.axes());
            slope = builder.sub(slope, taken);
        }
        let root = builder.cholesky(precision, row, column);
        let half = builder.solve_triangular(root, slope, row, column, Direction::Forward);
        Self { places: columns.places, pair: columns.pair, root, half }
    }
}
