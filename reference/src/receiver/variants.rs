//! What a receiver may do and most do not, in tables by subject matter: every check must accept it.
//!
//! The counterpart of `mutants`, wrapped around the stages in the way that a mutant is.

mod acknowledgements;
mod effects;
mod refusals;
mod trust;
mod wire;

use super::Receiver;
use crate::deviation::tables;

tables! {
    Variant of Receiver:
    acknowledgements,
    refusals,
    effects,
    trust,
    wire,
}
