//! The mutants of the reference gateway: each makes one thing wrong, by wrapping a stage of the plain gateway.
//!
//! They stand in tables by subject matter, a row each, with the function that wraps. A mutant is named after what it does;
//! which requirement must catch it is the catalogue's business. What a mutant remembers is in its closure.

mod authentication;
mod callback_url;
mod errors;
mod own_callbacks;
mod pass_through;
mod placement;
mod polling;
mod premature_creates;
mod reporting;
mod shared_state;
mod status;
mod submit;
mod upstream;
mod vendor_creates;
mod vendor_queries;

use super::Gateway;
use crate::deviation::tables;

tables! {
    Mutant of Gateway:
    submit,
    errors,
    authentication,
    placement,
    callback_url,
    pass_through,
    premature_creates,
    upstream,
    reporting,
    shared_state,
    own_callbacks,
    polling,
    status,
    vendor_creates,
    vendor_queries,
}
