//! Every integration test of the crate, as one binary: one file for each thing that is tested, named
//! after it.

mod account;
mod arrows;
mod client;
mod control;
mod delivery_faults;
mod dispatcher;
mod dispatcher_bounds;
mod doubao;
mod journal;
mod kling;
mod machines;
mod minimax;
mod record;
mod response_faults;
mod rules;
mod scheduler;
mod server;
mod signatures;
mod standalone;
mod started;
mod vidu;
mod wire_faults;
