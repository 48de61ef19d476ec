//! What was read from the tables and may be kept between questions.
/// Placeholder state, filled in by the evaluator.
#[derive(Default)]
pub(crate) struct Store {}
impl Store {
    pub(crate) fn forget(&mut self) {}
}
