//! What can be read off the container file: nobody runs as root, nothing floats, nothing secret or needless gets in. That it
//! builds and runs is `.ci/container`'s to show.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::workspace::{read, repository};

/// Instructions, in upper case, with what follows.
fn instructions() -> Vec<(String, String)> {
    let text = read("Containerfile");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(word, rest)| (word.to_uppercase(), rest.to_owned()))
        .collect()
}

/// Those of the image that is kept: what follows the last FROM.
fn kept() -> Vec<(String, String)> {
    let all = instructions();
    let last = all.iter().rposition(|(word, _)| word == "FROM").expect("an image");
    all[last..].to_vec()
}

#[test]
fn the_image_is_one_binary_and_nobodys() {
    let kept = kept();
    assert_eq!(kept[0].1, "scratch");
    assert!(kept.iter().all(|(word, _)| word != "RUN" && word != "ADD"), "{kept:?}");
    let copied: Vec<&str> =
        kept.iter().filter(|(word, _)| word == "COPY").map(|(_, rest)| rest.as_str()).collect();
    assert!(copied.iter().all(|rest| rest.starts_with("--from=build ")), "{copied:?}");
    let users: Vec<&str> =
        kept.iter().filter(|(word, _)| word == "USER").map(|(_, rest)| rest.as_str()).collect();
    let [user] = users.as_slice() else { panic!("one user, not {users:?}") };
    // By number: an image without /etc/passwd knows no names, and orchestrators check numbers only.
    let numbers: Vec<u32> = user.split(':').map(|part| part.parse().expect("a number")).collect();
    assert!(numbers.len() == 2 && numbers.iter().all(|number| *number >= 1000), "{user}");
    let last = kept.iter().find(|(word, _)| word == "ENTRYPOINT").expect("an entry point");
    assert_eq!(last.1, "[\"/ringback\"]", "in words of its own: there is no shell");
}

#[test]
fn stages_are_pinned() {
    for (_, image) in instructions().into_iter().filter(|(word, _)| word == "FROM") {
        let image = image.split(' ').next().expect("an image");
        if image == "scratch" {
            continue;
        }
        let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
        let version = tag.split('-').next().unwrap_or_default();
        assert_eq!(version.split('.').count(), 3, "{image} floats");
        assert!(image.contains('/'), "{image} depends on whose registry is the default");
    }
}

#[test]
fn nothing_secret_is_asked_for() {
    for (word, rest) in instructions() {
        assert!(word != "ARG" && word != "ENV", "{word} {rest}: it would stay in the image's history");
    }
}

/// The build gets what it needs and nothing else, for podman and docker alike.
#[test]
fn the_context_is_a_list_of_what_is_needed() {
    let list = read(".containerignore");
    assert_eq!(list, read(".dockerignore"));
    let rules: Vec<&str> = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(rules[0], "*", "everything stays out, unless it is named");
    let named: BTreeSet<&str> =
        rules[1..].iter().map(|rule| rule.strip_prefix('!').expect("a name to let in")).collect();
    for name in &named {
        assert!(repository(name).exists(), "{name} is not there");
    }
    assert!(!named.contains("."), "{named:?}");
    let secret = |name: &str| name.starts_with('.') || name.contains("target");
    assert!(!named.iter().any(|name| secret(name)), "{named:?}");
    // Cargo wants every target that its manifest names, built or not.
    let manifest = fs::read_to_string(repository("Cargo.toml")).expect("it is there");
    for path in manifest.lines().filter_map(|line| line.strip_prefix("path = \"")) {
        let folder = path.split('/').next().expect("a folder");
        assert!(named.contains(folder), "{folder} is missing");
    }
}

/// An empty image has no roots to trust, nor have many small ones: only https may be out of reach then.
#[test]
fn it_judges_without_anybody_to_trust() {
    let alone = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ringback"))
            .args(arguments)
            .env_clear()
            .env("SSL_CERT_FILE", "/dev/null")
            .env("SSL_CERT_DIR", "/nonexistent")
            .env("RINGBACK_API_KEY", "sk-live")
            .output()
            .expect("the binary runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(alone(&["test", "gateway", "--vendor", "vidu"]), (Some(0), String::new()));
    let (code, said) = alone(&["test", "gateway", "https://127.0.0.1:1"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("cannot be reached"), "{said}");
}
