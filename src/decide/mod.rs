//! The decision: who may do what. Pure.

pub(crate) mod decision;
pub(crate) mod solver;
