//! A precision that is a matrix of its own in each cell of some members, the inner ones, or a band along an axis of theirs,
//! and couples these with a few elements of others, the outer ones:
//!
//! P = [D B; B' C], with K K' = D cell by cell or block by block, W = K^-1 B and L L' = C - W'W.

use crate::graph::{Axis, Builder, Direction, Node};

use super::Member;
use super::band::{Band, Factor};
use super::cells::Cells;
use super::curvature::Curvature;

/// Such a matrix, factorised, and the mean that a slope leads to.
#[derive(Clone, Debug)]
pub(super) struct Arrow {
    pub(super) inner: Option<Inner>,
    pub(super) outer: Option<Outer>,
}

/// How the elements of inner members lie.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Those of one cell meet none of another.
    Cells(Cells),
    /// Those of one block meet those of the next ones.
    Band(Band),
}

impl Shape {
    /// The members that go this way.
    pub(super) fn members(&self) -> Vec<usize> {
        match self {
            Shape::Cells(cells) => cells.members().collect(),
            Shape::Band(band) => band.members().collect(),
        }
    }

    /// The axis of all elements of a cell or block, and its twin.
    fn pair(&self) -> [Axis; 2] {
        match self {
            Shape::Cells(cells) => cells.pair,
            Shape::Band(band) => band.pair,
        }
    }

    /// Values of members, which may vary over `more`, over cells or blocks and slots.
    fn joined(&self, builder: &mut Builder, of: &[Node], more: &[Axis]) -> Node {
        match self {
            Shape::Cells(cells) => cells.joined(builder, of, cells.pair[0], more),
            Shape::Band(band) => band.joined(builder, of, more),
        }
    }

    /// The values of each of the members.
    fn split(&self, builder: &mut Builder, values: Node) -> Vec<(usize, Node)> {
        match self {
            Shape::Cells(cells) => cells.split(builder, values),
            Shape::Band(band) => band.split(builder, values),
        }
    }
}

/// The members that go cell by cell, or in a band.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    shape: Shape,
    /// K, over cells or blocks and both axes of slots; of a band what is on its diagonal.
    root: Node,
    /// What else there is of K, in a band.
    factor: Option<Factor>,
    /// K^-1 g, over cells or blocks and the second axis of slots.
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
        (shape, outer): (Option<Shape>, &[usize]),
    ) -> Self {
        let columns = Columns::new(builder, members, outer);
        let inner = shape.map(|shape| Inner::new(builder, members, curvature, (shape, columns.as_ref())));
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
            let values = inner.backward(builder, half);
            inner.shape.split(builder, values).into_iter().for_each(|(k, values)| found[k] = values);
        }
        found
    }

    /// n/2 log(2 pi) - sum(log(diag K)) - sum(log(diag L))
    pub(super) fn log_volume(&self, builder: &mut Builder) -> Node {
        let mut beyond = 0;
        let mut elements = 0;
        let mut logs = builder.constant(0.0);
        let roots = [
            self.inner.as_ref().map(|inner| (inner.root, inner.shape.pair())),
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
        if let Some(Shape::Band(band)) = self.inner.as_ref().map(|inner| &inner.shape) {
            beyond = band.beyond_end(builder);
        }
        let constant = builder.constant(0.5 * (elements - beyond) as f64 * std::f64::consts::TAU.ln());
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
        (shape, columns): (Shape, Option<&Columns>),
    ) -> Self {
        let slopes: Vec<Node> = (0..members.len()).map(|k| curvature.slope(builder, members, k)).collect();
        let mut sides = vec![shape.joined(builder, &slopes, &[])];
        if let Some(columns) = columns {
            let more = [columns.pair[1]];
            let products = curvature.along(builder, members, (&columns.units, &more));
            sides.push(shape.joined(builder, &products, &more));
        }
        let (root, factor, solved) = match &shape {
            Shape::Cells(cells) => {
                let (root, solved) = by_cell(builder, (members, curvature), cells, &sides);
                (root, None, solved)
            }
            Shape::Band(band) => {
                let (factor, solved) = band.factorised(builder, (members, curvature), &sides);
                (factor.root, Some(factor), solved)
            }
        };
        Self { shape, root, factor, half: solved[0], coupling: solved.get(1).copied() }
    }

    /// K'^-1 of what solving forward made.
    fn backward(&self, builder: &mut Builder, half: Node) -> Node {
        match (&self.shape, &self.factor) {
            (Shape::Band(band), Some(factor)) => band.backward(builder, factor, half),
            _ => {
                let [own, twin] = self.shape.pair();
                builder.solve_triangular(self.root, half, own, twin, Direction::Reverse)
            }
        }
    }

    /// The axes of everything that is solved cell by cell.
    pub(super) fn axes(&self) -> Vec<Axis> {
        let twin = self.shape.pair()[1];
        match &self.shape {
            Shape::Cells(cells) => cells.axes.iter().copied().chain([twin]).collect(),
            Shape::Band(band) => vec![band.block, twin],
        }
    }
}

/// K, and K^-1 of right-hand sides.
fn by_cell(
    builder: &mut Builder,
    (members, curvature): (&[Member], &Curvature),
    cells: &Cells,
    sides: &[Node],
) -> (Node, Vec<Node>) {
    let [first, twin] = cells.pair;
    let units = cells.units(builder, members);
    let products = curvature.along(builder, members, (&units, &[twin]));
    let precision = cells.joined(builder, &products, first, &[twin]);
    let root = builder.cholesky(precision, first, twin);
    let solve = |&side: &Node| builder.solve_triangular(root, side, first, twin, Direction::Forward);
    (root, sides.iter().map(solve).collect())
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
