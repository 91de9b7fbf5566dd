//! The vendors, one folder each: routes, bodies, words, errors, endings, callback rules, and how a
//! client speaks to them.

pub mod doubao;
pub mod kling;
pub mod minimax;
pub mod vidu;
