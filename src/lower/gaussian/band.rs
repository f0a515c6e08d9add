//! Members whose elements lie along one axis and meet near ones only, as the steps of a random walk or of an autoregression:
//! in blocks of a few neighbours their precision is block tridiagonal, and so is its factor on and below the diagonal.
//!
//! With D the blocks on the diagonal of P, E those to their left, F = K^-1 E' by the factor K of the block before, and
//! K K' = D - F'F, a recurrence over blocks factorises and solves forward, and another one solves backward.

use crate::graph::interpret::interpret;
use crate::graph::{Axis, Binary, Builder, Direction, Node, ScanBody, Unary};

use super::Member;
use super::cells::{PROBES, TOLERANCE, generic};
use super::curvature::Curvature;
use super::parts::{Part, parts};

/// The most steps between elements that meet.
const LAGS: usize = 4;
/// The most elements in a block.
const SLOTS: usize = 12;
/// Blocks whose columns are told apart by one product: a block, and those on both sides.
const COLOURS: usize = 3;

/// How such members lie in blocks.
#[derive(Clone, Debug)]
pub(super) struct Band {
    along: Axis,
    /// The axis of the blocks.
    pub(super) block: Axis,
    /// The axis of all elements of a block, and its twin.
    pub(super) pair: [Axis; 2],
    /// The axis of the columns of a block and its neighbours.
    columns: Axis,
    lag: usize,
    parts: Vec<Part>,
}

/// The factor: K and F over blocks, the first axis of slots and the second. In F the second is of the block before.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    pub(super) root: Node,
    left: Node,
}

impl Band {
    /// The largest set of elements in such blocks, along one axis. `width` numbers make a position.
    pub(super) fn find(
        builder: &mut Builder,
        members: &[Member],
        curvature: &Curvature,
        width: usize,
    ) -> Option<Self> {
        let mut axes: Vec<Axis> = members.iter().flat_map(|member| member.axes.clone()).collect();
        axes.sort_by_key(|&axis| (std::cmp::Reverse(builder.graph().axis_size(axis)), axis));
        axes.dedup();
        let ways = axes.into_iter().flat_map(|axis| (1..=LAGS).map(move |lag| (axis, lag)));
        ways.into_iter().find_map(|way| Self::greedy(builder, (members, way), curvature, width))
    }

    /// As many members as possible.
    fn greedy(
        builder: &mut Builder,
        (members, (along, lag)): (&[Member], (Axis, usize)),
        curvature: &Curvature,
        width: usize,
    ) -> Option<Self> {
        let mut found: Option<Self> = None;
        for k in (0..members.len()).filter(|&k| members[k].axes.contains(&along)) {
            let chosen = found.iter().flat_map(|band| band.members()).chain([k]).collect::<Vec<_>>();
            let tried = Self::of(builder, members, (along, lag), &chosen);
            if tried.as_ref().is_some_and(|tried| tried.holds(builder, members, curvature, width)) {
                found = tried;
            }
        }
        found
    }

    fn of(
        builder: &mut Builder,
        members: &[Member],
        (along, lag): (Axis, usize),
        chosen: &[usize],
    ) -> Option<Self> {
        let (parts, slots) = parts(builder, members, &[along], chosen);
        let width = lag * slots;
        if width > SLOTS {
            return None;
        }
        let blocks = builder.graph().axis_size(along).div_ceil(lag);
        let block = builder.axis("block".to_string(), blocks);
        let pair = ["slot", "slot"].map(|label| builder.axis(label.to_string(), width));
        let columns = builder.axis("column".to_string(), COLOURS * width);
        Some(Self { along, block, pair, columns, lag, parts })
    }

    /// The members that go this way.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(|part| part.member)
    }

    /// The block of each step.
    fn blocks(&self, builder: &mut Builder) -> Node {
        let steps = builder.graph().axis_size(self.along);
        builder.data(&[self.along], (0..steps).map(|step| (step / self.lag) as f64).collect::<Vec<f64>>())
    }

    /// The slot of each element of a part in its block.
    fn places(&self, builder: &mut Builder, part: &Part) -> Node {
        let width = builder.graph().axis_size(self.pair[0]) / self.lag;
        let steps = builder.graph().axis_size(self.along);
        let first: Vec<f64> = (0..steps).map(|step| (step % self.lag * width + part.start) as f64).collect();
        let first = builder.data(&[self.along], first);
        if part.within.is_empty() {
            return first;
        }
        let length: usize = part.within.iter().map(|&axis| builder.graph().axis_size(axis)).product();
        let further = builder.data(&part.within, (0..length).map(|slot| slot as f64).collect::<Vec<f64>>());
        builder.add(first, further)
    }

    /// Values of members, which may vary over `more`, as one array over blocks and slots, these along the first of the pair.
    pub(super) fn joined(&self, builder: &mut Builder, of: &[Node], more: &[Axis]) -> Node {
        let axes: Vec<Axis> = [self.block, self.pair[0]].iter().chain(more).copied().collect();
        let blocks = self.blocks(builder);
        let mut all = builder.constant(0.0);
        for part in &self.parts {
            let places = self.places(builder, part);
            let own =
                builder.scatter(of[part.member], &[(self.block, blocks), (self.pair[0], places)], &axes);
            all = builder.add(all, own);
        }
        builder.expand(all, &axes)
    }

    /// The values of each of the members, from an array over blocks and slots along the first axis of the pair.
    pub(super) fn split(&self, builder: &mut Builder, values: Node) -> Vec<(usize, Node)> {
        let blocks = self.blocks(builder);
        let each = self.parts.iter().map(|part| {
            let places = self.places(builder, part);
            (part.member, builder.gather(values, &[(self.block, blocks), (self.pair[0], places)]))
        });
        each.collect()
    }

    /// Products with units, over blocks, slots, and the columns of a block and its neighbours: column c is of the one among
    /// them whose number is c / slots, modulo 3.
    fn products(&self, builder: &mut Builder, members: &[Member], curvature: &Curvature) -> Node {
        let blocks = self.blocks(builder);
        let three = builder.constant(COLOURS as f64);
        let colour = builder.binary(Binary::Modulo, blocks, three);
        let width = builder.graph().axis_size(self.pair[0]) as f64;
        let first = builder.times(colour, width);
        let columns = builder.iota(self.columns);
        let units: Vec<(usize, Node)> = self
            .parts
            .iter()
            .map(|part| {
                let places = self.places(builder, part);
                let own = builder.add(first, places);
                let unit = builder.equal(own, columns);
                (part.member, builder.expand(unit, &members[part.member].axes))
            })
            .collect();
        let products = curvature.along(builder, members, (&units, &[self.columns]));
        self.joined(builder, &products, &[self.columns])
    }

    /// The columns, along the twin, of the block `ahead` blocks further on, modulo 3, by block.
    fn column(&self, builder: &mut Builder, ahead: usize) -> Node {
        let blocks = builder.graph().axis_size(self.block);
        let width = builder.graph().axis_size(self.pair[1]);
        let first: Vec<f64> = (0..blocks).map(|block| ((block + ahead) % COLOURS * width) as f64).collect();
        let first = builder.data(&[self.block], first);
        let slots = builder.iota(self.pair[1]);
        builder.add(first, slots)
    }

    /// 1 on the diagonal where a slot of the last block has no element.
    fn beyond(&self, builder: &mut Builder) -> Node {
        let [blocks, width] = [self.block, self.pair[0]].map(|axis| builder.graph().axis_size(axis));
        let used = builder.graph().axis_size(self.along) * (width / self.lag);
        let empty: Vec<f64> = (0..blocks * width).map(|slot| f64::from(u8::from(slot >= used))).collect();
        let empty = builder.data(&[self.block, self.pair[0]], empty);
        let [own, twin] = self.pair.map(|axis| builder.iota(axis));
        let diagonal = builder.equal(own, twin);
        builder.mul(empty, diagonal)
    }

    /// How many slots of the last block have no element.
    pub(super) fn beyond_end(&self, builder: &Builder) -> usize {
        let [along, block, own] =
            [self.along, self.block, self.pair[0]].map(|axis| builder.graph().axis_size(axis));
        block * own - along * (own / self.lag)
    }

    /// The factor of the precision, and what solving forward makes of right-hand sides over blocks and the first of the pair:
    /// over the second.
    pub(super) fn factorised(
        &self,
        builder: &mut Builder,
        (members, curvature): (&[Member], &Curvature),
        sides: &[Node],
    ) -> (Factor, Vec<Node>) {
        let products = self.products(builder, members, curvature);
        let [own, before] = [0, COLOURS - 1].map(|ahead| self.column(builder, ahead));
        let diagonal = builder.gather(products, &[(self.columns, own)]);
        let beyond = self.beyond(builder);
        let diagonal = builder.add(diagonal, beyond);
        let left = builder.gather(products, &[(self.columns, before)]);
        let sequences: Vec<Node> = [diagonal, left].iter().chain(sides).copied().collect();
        self.forward(builder, &sequences)
    }

    fn forward(&self, builder: &mut Builder, sequences: &[Node]) -> (Factor, Vec<Node>) {
        let [row, column] = self.pair;
        let other = builder.axis("slot".to_string(), builder.graph().axis_size(row));
        let scan = builder.begin_scan(self.block, Direction::Forward);
        let rest = |builder: &Builder, node: Node| -> Vec<Axis> {
            builder.axes_of(node).iter().copied().filter(|axis| *axis != self.block).collect()
        };
        let solved = |axes: Vec<Axis>| -> Vec<Axis> {
            axes.into_iter().map(|axis| if axis == row { column } else { axis }).collect()
        };
        let sides = &sequences[2..];
        let mut slot = 0;
        let mut leaf = |builder: &mut Builder, mut axes: Vec<Axis>| {
            axes.sort();
            slot += 1;
            builder.leaf(scan, slot - 1, &axes)
        };
        let root = leaf(builder, vec![row, column]);
        let mut carries = vec![root];
        for &side in sides {
            let axes = solved(rest(builder, side));
            carries.push(leaf(builder, axes));
        }
        let mut leaves = Vec::new();
        for &sequence in sequences {
            let axes = rest(builder, sequence);
            leaves.push(leaf(builder, axes));
        }
        // E' over the slots of the block before and, renamed, its own.
        let turned = builder.rename(leaves[1], &[(row, other), (column, row)]);
        let left = builder.solve_triangular(root, turned, row, column, Direction::Forward);
        let own = builder.rename(left, &[(other, row)]);
        let taken = builder.contract(own, left, &[column]);
        let taken = builder.rename(taken, &[(other, column)]);
        let remains = builder.sub(leaves[0], taken);
        let next = builder.cholesky(remains, row, column);
        let mut nexts = vec![next];
        for (&carry, &side) in carries[1..].iter().zip(&leaves[2..]) {
            let taken = builder.contract(own, carry, &[column]);
            let remains = builder.sub(side, taken);
            nexts.push(builder.solve_triangular(next, remains, row, column, Direction::Forward));
        }
        let outputs = [&[next, own], &nexts[1..]].concat();
        let [rows, columns] = self.pair.map(|axis| builder.iota(axis));
        let mut initial = vec![builder.equal(rows, columns)];
        initial.extend(carries[1..].iter().map(|_| builder.constant(0.0)));
        let body = ScanBody {
            axis: self.block,
            direction: Direction::Forward,
            carries,
            sequences: leaves,
            constants: vec![],
            next: nexts,
            outputs,
        };
        let scan = builder.end_scan(scan, body, &initial, sequences, &[]);
        let root = builder.output(scan, 0);
        let left = builder.output(scan, 1);
        let halves = (0..sides.len()).map(|k| builder.output(scan, 2 + k)).collect();
        (Factor { root, left }, halves)
    }

    /// K'^-1 of what lies over blocks and the second of the pair: over the first.
    pub(super) fn backward(&self, builder: &mut Builder, factor: &Factor, half: Node) -> Node {
        let [row, column] = self.pair;
        let half = builder.expand(half, &[self.block]);
        let scan = builder.begin_scan(self.block, Direction::Reverse);
        let carry = builder.leaf(scan, 0, &[column]);
        let mut matrix = [row, column];
        matrix.sort();
        let root = builder.leaf(scan, 1, &matrix);
        let left = builder.leaf(scan, 2, &matrix);
        let own = builder.leaf(scan, 3, &[column]);
        let remains = builder.sub(own, carry);
        let values = builder.solve_triangular(root, remains, row, column, Direction::Reverse);
        let next = builder.contract(left, values, &[row]);
        let body = ScanBody {
            axis: self.block,
            direction: Direction::Reverse,
            carries: vec![carry],
            sequences: vec![root, left, own],
            constants: vec![],
            next: vec![next],
            outputs: vec![values],
        };
        let zero = builder.constant(0.0);
        let scan = builder.end_scan(scan, body, &[zero], &[factor.root, factor.left, half], &[]);
        builder.output(scan, 0)
    }

    /// Whether products with numbers without pattern are those of a matrix of such blocks, which products with units tell.
    fn holds(&self, builder: &mut Builder, members: &[Member], curvature: &Curvature, width: usize) -> bool {
        let numbers: Vec<(usize, Node)> = self
            .members()
            .map(|k| {
                let own = (0..members[k].length).map(|i| generic(7 + 3 * i + 1009 * k)).collect::<Vec<_>>();
                (k, builder.data(&members[k].axes, own))
            })
            .collect();
        let whole = curvature.along(builder, members, (&numbers, &[]));
        let whole = self.joined(builder, &whole, &[]);
        let columns = self.products(builder, members, curvature);
        let mut by_member = vec![builder.constant(0.0); members.len()];
        numbers.iter().for_each(|(k, own)| by_member[*k] = *own);
        let values = self.joined(builder, &by_member, &[]);
        // The value that each column of a block stands for.
        let [blocks, slots] = [self.block, self.pair[0]].map(|axis| builder.graph().axis_size(axis));
        let near = (0..blocks).flat_map(|block| {
            (0..COLOURS * slots).map(move |column| {
                let ahead = (column / slots + 2 * COLOURS - block % COLOURS + 1) % COLOURS;
                (block + ahead).saturating_sub(1).min(blocks - 1) as f64
            })
        });
        let near: Vec<f64> = near.collect();
        let near = builder.data(&[self.block, self.columns], near);
        let places: Vec<f64> = (0..COLOURS * slots).map(|column| (column % slots) as f64).collect();
        let places = builder.data(&[self.columns], places);
        let values = builder.gather(values, &[(self.block, near), (self.pair[0], places)]);
        let parts = builder.contract(columns, values, &[self.columns]);
        let off = builder.sub(whole, parts);
        let off = builder.unary(Unary::Abs, off);
        let [scale, sizes] = [columns, values].map(|node| builder.unary(Unary::Abs, node));
        let scale = builder.contract(scale, sizes, &[self.columns]);
        let allowed = builder.times(scale, TOLERANCE);
        let root = builder.binary(Binary::LessEqual, off, allowed);
        (0..PROBES).all(|probe| {
            let position: Vec<f64> = (0..width).map(|i| 0.7 * generic(31 * i + 577 * probe)).collect();
            interpret(builder.graph(), &position, &[], &[root]).concat().iter().all(|&holds| holds == 1.0)
        })
    }
}
