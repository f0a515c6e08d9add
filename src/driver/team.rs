//! The threads that evaluate together. They stand ready between evaluations, which are too short to start threads for.

use std::sync::Arc;

use rayon_core::{ThreadPool, ThreadPoolBuilder};

use crate::graph::Graph;

/// Below so many array elements per position, threads cost more than they save.
const WORK: usize = 20_000;

/// The calling thread and those that help it.
#[derive(Clone, Debug)]
pub struct Team {
    helpers: Option<Arc<ThreadPool>>,
    size: usize,
}

impl Team {
    /// The calling thread alone.
    pub const ALONE: Self = Self { helpers: None, size: 1 };

    /// A team of at most so many threads; of fewer where the system gives no more.
    pub fn new(size: usize) -> Self {
        let helpers = match size {
            0 | 1 => None,
            _ => ThreadPoolBuilder::new().num_threads(size - 1).build().ok().map(Arc::new),
        };
        let size = if helpers.is_some() { size } else { 1 };
        Self { helpers, size }
    }

    /// As many of the threads as are worth their cost to evaluate the graph.
    pub fn for_graph(graph: &Graph, size: usize) -> Self {
        Self::new(if work(graph) < WORK { 1 } else { size })
    }

    /// Number of threads.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Does all the jobs at once: the first here, each of the others where there is a thread for it.
    pub fn each<T: Send>(&self, jobs: &mut [T], work: impl Fn(&mut T) + Sync) {
        let Some(helpers) = &self.helpers else { return jobs.iter_mut().for_each(work) };
        let Some((first, others)) = jobs.split_first_mut() else { return };
        helpers.in_place_scope(|scope| {
            let work = &work;
            for other in others {
                scope.spawn(move |_| work(other));
            }
            work(first);
        });
    }
}

/// Elements of the largest node: what one evaluation loops over.
fn work(graph: &Graph) -> usize {
    graph.nodes().map(|node| graph.len_of(node)).max().unwrap_or(0)
}
