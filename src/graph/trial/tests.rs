//! Trials against the whole graph computed again with one element changed.

use super::Trial;
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Binary, Builder, Direction, Graph, Node, Op, Unary, Vector};

/// Three own axes at most, trial values along one more.
struct Case {
    builder: Builder,
    z: Node,
    own: Vec<Axis>,
    position: Vec<f64>,
}

const STATES: usize = 3;

impl Case {
    fn new(sizes: &[usize]) -> Self {
        let mut builder = Builder::new();
        let own: Vec<Axis> =
            sizes.iter().enumerate().map(|(k, &size)| builder.axis(format!("own{k}"), size)).collect();
        let z = builder.parameter(Vector::Position, 0, &own);
        let count: usize = sizes.iter().product();
        let position = (0..count).map(|k| ((k * 7 + 2) % STATES) as f64).collect();
        Self { builder, z, own, position }
    }

    fn data(&mut self, axes: &[Axis]) -> Node {
        let count: usize = axes.iter().map(|&axis| self.builder.graph().axis_size(axis)).product();
        let values: Vec<f64> = (0..count).map(|k| ((k * 29 + 11) % 17) as f64 / 7.0 - 1.1).collect();
        self.builder.data(axes, values)
    }

    /// A linear predictor over rows of data, and their axis.
    fn predictor(&mut self) -> (Axis, Node) {
        let obs = self.builder.axis("obs", 4);
        let x = self.data(&[self.own[0], obs]);
        let slopes = self.data(&self.own.clone());
        let effect = self.builder.mul(self.z, slopes);
        (obs, self.builder.contract(x, effect, &[self.own[0]]))
    }

    /// Checks change and blanket of the tables: what an element's rows sum to changes by as much as all rows do.
    fn agrees(mut self, tables: &[Node]) -> Graph {
        let states = self.builder.axis("states", STATES);
        let values = self.builder.iota(states);
        let mut trial = Trial::new(&mut self.builder, self.z, values);
        let change = trial.change(tables).expect("no recurrence");
        let blanket = trial.blanket(tables).expect("no recurrence");
        assert_eq!(self.builder.axes_of(blanket), self.own, "over the own axes");
        let mut axes = self.own.clone();
        axes.push(states);
        let change = self.builder.expand(change, &axes);
        let graph = self.builder.finish();
        let found = interpret(&graph, &self.position, &[], &[change, blanket]);
        let base: Vec<Vec<f64>> = interpret(&graph, &self.position, &[], tables);
        for cell in 0..self.position.len() {
            for state in 0..STATES {
                let mut position = self.position.clone();
                position[cell] = state as f64;
                let other = interpret(&graph, &position, &[], tables);
                let wanted: f64 = other.iter().flatten().zip(base.iter().flatten()).map(|(a, b)| a - b).sum();
                let near = |found: f64| (found - wanted).abs() < 1e-9 * (1.0 + wanted.abs());
                let own = found[0][cell * STATES + state];
                assert!(near(own), "cell {cell} state {state}: {own} for {wanted}");
                let rows = interpret(&graph, &position, &[], &[blanket])[0][cell] - found[1][cell];
                assert!(near(rows), "the blanket of cell {cell} changes by {rows} for {wanted}");
            }
        }
        graph.pruned(&[change, blanket]).0
    }
}

#[test]
fn rows_that_read_their_own_element() {
    let mut case = Case::new(&[5]);
    let x = case.data(&case.own.clone());
    let a = case.builder.mul(case.z, x);
    let a = case.builder.exp(a);
    let b = case.builder.square(case.z);
    let sum = case.builder.add(a, b);
    case.agrees(&[sum]);
}

#[test]
fn a_linear_predictor_changes_by_a_column() {
    let mut case = Case::new(&[6]);
    let (_, mean) = case.predictor();
    let table = case.builder.exp(mean);
    let graph = case.agrees(&[table]);
    let largest = graph.nodes().map(|node| graph.len_of(node)).max();
    assert_eq!(largest, Some(6 * 4 * STATES), "no array over elements twice");
}

#[test]
fn squares_of_a_predictor_change_by_products_with_data() {
    let mut case = Case::new(&[6]);
    let (obs, mean) = case.predictor();
    let (y, spread) = (case.data(&[obs]), case.data(&[obs]));
    let residual = case.builder.sub(y, mean);
    let scaled = case.builder.div(residual, spread);
    let square = case.builder.square(scaled);
    let rows = case.builder.times(square, -0.5);
    let product = case.builder.mul(residual, mean);
    let wide = case.data(&[case.own[0], obs]);
    let both = case.builder.mul(product, wide);
    let graph = case.agrees(&[rows, both]);
    let squares = graph.nodes().filter(|&node| graph.node(node).op == Op::Unary(Unary::Square));
    assert_eq!(squares.map(|node| graph.len_of(node)).max(), Some(6 * 4), "of data alone");
}

#[test]
fn steps_of_a_chain_and_rows_of_groups() {
    let mut case = Case::new(&[6]);
    let t = case.own[0];
    let here = case.builder.iota(t);
    let before = case.builder.plus(here, -1.0);
    let previous = case.builder.gather(case.z, &[(t, before)]);
    let product = case.builder.mul(previous, case.z);
    let curved = case.builder.exp(product);
    let zero = case.builder.constant(0.0);
    let later = case.builder.less(zero, here);
    let chain = case.builder.select(later, curved, case.z);
    let row = case.builder.axis("row", 9);
    let group = case.builder.data(&[row], vec![0.0, 3.0, 3.0, 5.0, 1.0, 1.0, 0.0, 4.0, 3.0]);
    let other = case.builder.data(&[row], vec![2.0, 3.0, 1.0, 5.0, 1.0, 0.0, 0.0, 4.0, 2.0]);
    let a = case.builder.gather(case.z, &[(t, group)]);
    let b = case.builder.gather(case.z, &[(t, other)]);
    let both = case.builder.mul(a, b);
    let rows = case.builder.times(both, 0.3);
    let rows = case.builder.exp(rows);
    case.agrees(&[chain, rows]);
}

#[test]
fn a_product_in_each_of_several_plates() {
    let mut case = Case::new(&[3, 4]);
    let pixel = case.builder.axis("pixel", 5);
    let weights = case.data(&[case.own[1], pixel]);
    let logits = case.builder.contract(case.z, weights, &[case.own[1]]);
    let table = case.builder.softplus(logits);
    let graph = case.agrees(&[table]);
    let largest = graph.nodes().map(|node| graph.len_of(node)).max();
    assert_eq!(largest, Some(3 * 4 * 5 * STATES), "each image sees its own elements");
}

#[test]
fn sums_of_sums_and_squares() {
    let mut case = Case::new(&[5]);
    let own = case.own.clone();
    let t = own[0];
    let row = case.builder.axis("row", 4);
    let x = case.data(&[t, row]);
    let scaled = case.builder.mul(case.z, x);
    let squares = case.builder.contract(scaled, scaled, &[t]);
    let log = case.builder.log1p(squares);
    let running = case.builder.cumulative_sum(case.z, t, Direction::Forward);
    let running = case.builder.sqrt(running);
    let weighed = case.builder.mul(case.z, running);
    let largest = case.builder.max(scaled, &[t]);
    let soft = case.builder.log_sum_exp(scaled, &[t]);
    let total = case.builder.sum_all(case.z);
    let joint = case.builder.mul(total, soft);
    let picked = case.data(&[t]);
    let picked = case.builder.gather(picked, &[(t, case.z)]);
    let picked = case.builder.mul(picked, total);
    case.agrees(&[log, weighed, largest, joint, picked]);
}

#[test]
fn group_sums_scattered_and_stacked() {
    let mut case = Case::new(&[6]);
    let t = case.own[0];
    let group = case.builder.axis("group", 3);
    let of = case.builder.data(&[t], vec![0.0, 1.0, 1.0, 2.0, 0.0, 2.0]);
    let sums = case.builder.scatter(case.z, &[(group, of)], &[group]);
    let curved = case.builder.square(sums);
    let pair = case.builder.axis("pair", 2);
    let doubled = case.builder.times(case.z, 2.0);
    let stacked = case.builder.stack(pair, &[case.z, doubled]);
    let most = case.builder.log_sum_exp(stacked, &[pair]);
    let one = case.builder.constant(1.0);
    let large = case.builder.binary(Binary::Less, one, case.z);
    let chosen = case.builder.select(large, most, one);
    case.agrees(&[curved, most, chosen]);
}
