//! The laws that every row of the library keeps: one loop each over all rows.

mod densities;
mod distributions;
mod domains;
mod draws;
mod evaluate;
mod functions;
mod guides;
mod quadrature;
mod rows;
