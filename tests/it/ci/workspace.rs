//! A runner's workspace: an empty folder, the variables that a service sets, and the tool on the path.
//! What is expected of a run is said where the run is.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The folder of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A text of this repository.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file of YAML, as a tree.
pub(crate) fn yaml(path: &str) -> serde_json::Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The command that starts the example gateway.
pub(crate) fn gateway() -> String {
    format!("exec python3 '{}'", repository("examples/gateway.py").display())
}

/// An empty folder to work in, and one beside it for what the service keeps.
pub(crate) struct Workspace {
    folder: TempDir,
    service: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        let it = Self { folder: folder(), service: folder() };
        let tool = Path::new(env!("CARGO_BIN_EXE_ringback"));
        std::os::unix::fs::symlink(tool, it.service.path().join("ringback")).expect("a link");
        it
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// What the service keeps: outputs and summary.
    pub(crate) fn kept(&self, name: &str) -> String {
        fs::read_to_string(self.service_path(name)).unwrap_or_default()
    }

    pub(crate) fn service_path(&self, name: &str) -> PathBuf {
        self.service.path().join(name)
    }

    /// Puts a program on the path, before all others.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let (path, draft) = (self.service_path(name), self.service_path("draft"));
        fs::write(&draft, format!("#!/bin/bash\n{script}\n")).expect("it can be written");
        // Another process writes the file that is run: a process that a test beside this one starts could hold ours open for
        // a moment, and the kernel would call it busy. A link is replaced, not followed.
        let _ = fs::remove_file(&path);
        let copied = Command::new("install").args(["-m", "755"]).arg(&draft).arg(&path).status();
        assert!(copied.expect("install is there").success(), "{name} cannot be written");
    }

    /// Names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder is there");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs bash in the folder with nothing in the environment but a path and these variables.
    pub(crate) fn bash(&self, arguments: &[&OsStr], variables: &[(&str, &str)]) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new("bash")
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", self.service.path().display()))
            .envs(variables.iter().copied())
            .output()
            .expect("bash is there")
    }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
