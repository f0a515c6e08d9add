//! To come.
use super::{Builder, Node};
/// g
pub fn gradient(_b: &mut Builder, _o: Node, _i: &[Node]) -> Vec<Node> {
    vec![]
}
/// h
pub fn hessian_vector(_b: &mut Builder, _g: &[Node], _i: &[Node], _d: &[Node]) -> Vec<Node> {
    vec![]
}
