//! The tests of the command and the library, in one program: a module for each question, named after it. What proves the
//! checks is beside this folder (`proofs`, `receivers`, `variants`, `conformance`), because it lists its own cases.
//!
//! The tests of all modules run at the same time in one process: none changes its environment, folder or limits.

mod ci;
mod cli;
mod command;
mod compat;
mod deployed;
mod docs;
mod doctor;
mod expect;
mod formats;
mod hostile;
mod hostile_receivers;
mod house;
mod init;
mod knobs;
mod loopback;
mod masks;
mod mock_cli;
mod modules;
mod page;
mod payloads;
mod polite;
mod report;
mod report_files;
mod schedules;
mod schemas;
mod secrets;
mod selection;
mod signature_vectors;
mod snapshots_cli;
mod spelling;
mod storm;
mod terminal;
mod vendors;
