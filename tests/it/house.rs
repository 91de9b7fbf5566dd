//! The house: what a reader of the sources may rely on, read from the sources themselves. One name for one type, words that
//! the glossary explains, and arrows between rooms that never run back.
//!
//! Nothing here runs the harness; that the command says what it should is asked elsewhere.

mod glossary;
mod layers;
mod names;
mod sources;
