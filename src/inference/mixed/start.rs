//! Where an ascent starts: cells drawn at random, then the Gaussian of a path given these.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use super::super::draws::{Purpose, stream};
use super::super::evaluator::{Evaluator, Unwatched};
use super::super::gaussian::{Gaussian, Root};
use super::super::path;
use super::ascent::{Account, Guide, refill};
use super::averaged::Averaged;
use super::cells::Tables;

/// Rows of cells that the first path averages over.
const ROWS: usize = 4;
/// Evaluations that a first path may take.
const PATH: u64 = 20_000;

/// The start of number `index`: none where no density is finite.
pub fn start(account: &mut Account, seed: u64, index: u64) -> Option<Guide> {
    let mut generator = stream(seed, Purpose::Start, 1 << 20 | index);
    let mut tables: Vec<Tables> = account.target.cells().iter().map(Tables::new).collect();
    for table in &mut tables {
        // The first start knows nothing; the others lean somewhere.
        let lean = if index == 0 { 0.1 } else { 2.0 };
        table.logits.iter_mut().for_each(|x| *x += lean * (generator.random::<f64>() - 0.5));
    }
    let d = account.target.dimension();
    let mut guide = Guide { gaussian: narrow(d), tables };
    if guide.tables.iter().any(|table| !table.is_whole()) {
        refill(account, &mut guide, &mut generator);
    }
    if d > 0 {
        guide.gaussian = given_cells(account, &guide, seed, index)?;
    }
    Some(guide)
}

/// Around the origin of unconstrained space.
fn narrow(d: usize) -> Gaussian {
    if d == 0 {
        let none = DMatrix::zeros(0, 0);
        return Gaussian {
            mean: DVector::zeros(0),
            root: Root::Whole { factor: none.clone(), inverse: none },
            log_determinant: 0.0,
        };
    }
    Gaussian::diagonal(DVector::zeros(d), &DVector::from_element(d, 0.3)).whole()
}

/// The Gaussian along a path of the density averaged over cells drawn from the guide.
fn given_cells(account: &mut Account, guide: &Guide, seed: u64, index: u64) -> Option<Gaussian> {
    let d = account.target.dimension();
    let drawn = guide.draw(ROWS / 2, &mut stream(seed, Purpose::Path, 1 << 20 | index));
    let wide = super::width(account.target);
    let cells: Vec<f64> = drawn.rows.chunks_exact(wide).flat_map(|row| row[d..].to_vec()).collect();
    let mut averaged = Averaged::new(account.target, &cells, ROWS);
    let mut unwatched = Unwatched;
    let mut evaluator = Evaluator::new(&mut averaged, &mut unwatched, PATH);
    let found = (0..4)
        .find_map(|k| path::start(&mut evaluator, seed, 4 * index + k))
        .and_then(|start| path::follow(&mut evaluator, start, seed, index));
    let spent = evaluator.spent();
    account.spent += (spent * ROWS as u64) as f64;
    found.map(|path| path.gaussian.whole())
}
