//! A graph compiled for repeated evaluation at batches of positions.
use crate::graph::{Graph, Node};
/// p
pub struct Program;
/// w
pub struct Workspace;
impl Program {
    /// c
    pub fn compile(_graph: &Graph, _roots: &[Node]) -> Program {
        Program
    }
    /// w
    pub fn workspace(&self, _samples: usize) -> Workspace {
        Workspace
    }
    /// r
    pub fn run(
        &self,
        _workspace: &mut Workspace,
        _positions: &[f64],
        _directions: &[f64],
        _outputs: &mut [&mut [f64]],
    ) {
    }
    /// d
    pub fn describe(&self) -> String {
        String::new()
    }
}
