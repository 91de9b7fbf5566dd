//! Do the files that put Ringback into a pipeline do what they say: the GitHub Action, the GitLab job, the container
//! file, this repository's own scripts? They are run here as the services would run them; the services are not here.
#![cfg(unix)]

mod action;
mod container;
mod gitlab;
mod hostile;
mod metadata;
mod scripts;
mod workspace;
