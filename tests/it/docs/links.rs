//! Links between pages, to files, and to headings. What lies on other hosts is not asked for.

use super::pages::{Page, all, repository};

pub(crate) fn broken(page: &Page) -> Vec<String> {
    page.links.iter().filter_map(|link| wrong(page, link)).collect()
}

fn wrong(page: &Page, link: &str) -> Option<String> {
    let file = page.resolve(link)?;
    let is_own = file == repository(&page.path);
    if !file.starts_with(repository("")) || !is_own && !file.exists() {
        return Some(format!("{}: {link} leads nowhere", page.path));
    }
    let (_, anchor) = link.split_once('#')?;
    let known = if is_own {
        page.anchors.contains(anchor)
    } else {
        let target = all().into_iter().find(|other| repository(&other.path) == file);
        target.is_some_and(|target| target.anchors.contains(anchor))
    };
    (!known).then(|| format!("{}: {link} names no heading", page.path))
}
