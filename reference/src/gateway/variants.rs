//! The variants of the reference gateway: each is legal and unusual, and is made by wrapping a stage of the plain gateway.
//!
//! They stand in tables, a row each, with the function that wraps. Every check must accept each of them. What is forbidden
//! is in `mutants`.

mod behavior;
mod callback_url;
mod response;
mod wire;

use super::Gateway;
use crate::deviation::tables;

tables! {
    Variant of Gateway:
    wire,
    response,
    behavior,
    callback_url,
}
