//! Is every file of this folder compiled? A file that its parent does not name would be a test that nobody runs.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_file_is_a_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 40, "{files:?}");
    let forgotten: Vec<&PathBuf> = files.iter().filter(|file| !is_named(&root, file)).collect();
    assert_eq!(forgotten, Vec::<&PathBuf>::new());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// Whether the parent module names it: `main.rs` for a file in the root, `a.rs` for a file in `a/`.
fn is_named(root: &Path, file: &Path) -> bool {
    let main = root.join("main.rs");
    if file == main {
        return true;
    }
    let folder = file.parent().expect("a file is in a folder");
    let parent = if folder == root { main } else { folder.with_extension("rs") };
    let name = file.file_stem().expect("it has a name").to_string_lossy();
    let text = fs::read_to_string(&parent).unwrap_or_default();
    text.lines().any(|line| line == format!("mod {name};"))
}
