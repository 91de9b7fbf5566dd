//! Do the files that put Ringback into a pipeline do what they say: the GitHub Action, the GitLab job, the container
//! file? Their scripts are run here as the services would run them; the services themselves are not here.
#![cfg(unix)]

#[path = "ci/action.rs"]
mod action;
#[path = "ci/container.rs"]
mod container;
#[path = "ci/gitlab.rs"]
mod gitlab;
#[path = "ci/hostile.rs"]
mod hostile;
#[path = "ci/metadata.rs"]
mod metadata;
#[path = "ci/workspace.rs"]
mod workspace;
