//! What all benchmarks share: the worlds, the questions about them, and how a question is measured against its base.
// Each benchmark is a program of its own and uses a part of this.
#![allow(dead_code, unused_imports)]

#[path = "../brief/mod.rs"]
pub mod brief;
pub mod measure;
pub mod memory;
pub mod questions;
pub mod sampling;
pub mod worlds;
