//! Scalar and vector mathematics: special functions and the lanes that kernels run in. Knows nothing else of the project.

pub mod dispatch;
pub mod kernels;
pub mod lanes;
pub mod quadrature;
pub mod special;
