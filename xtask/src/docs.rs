//! `cargo xtask docs`: the documents as a web site, in `target/site`.
//!
//! mdBook makes the pages. The documents are written for a repository, so links to files outside of
//! `docs/` become links to copies of them, and every link of the result is checked here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::{copy, empty_folder};
use crate::process::{command, find, root, run};
use crate::tools::install_crate;

/// Version of mdBook. Cargo builds it from source, which takes some minutes on two cores.
const MDBOOK: &str = "0.5.4";

/// Where the site is, below the workspace's root.
const SITE: &str = "target/site";

/// Files outside of `docs/` that are pages of the site too.
const OUTSIDE: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "STYLE.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "crates/roamd-farm/README.md",
    "crates/roamd-backup/README.md",
];

/// Builds the site and checks its links.
pub(crate) fn build() -> Result<()> {
    ensure_mdbook()?;
    let book = root().join("target/book");
    write_source(&book)?;
    let site = root().join(SITE);
    run(command("mdbook")
        .arg("build")
        .arg("--dest-dir")
        .arg(&site)
        .arg(&book))?;
    let broken = broken_links(&site)?;
    for link in &broken {
        eprintln!("{link}");
    }
    if !broken.is_empty() {
        bail!("{} links of the site are broken", broken.len());
    }
    println!("Wrote {}", site.display());
    Ok(())
}

fn ensure_mdbook() -> Result<()> {
    match find("mdbook") {
        Some(_) => Ok(()),
        None => install_crate("mdbook", MDBOOK),
    }
}

/// Writes the source of the book: the documents at their places in the repository, so that links
/// between them work as they are.
fn write_source(book: &Path) -> Result<()> {
    let source = book.join("src");
    empty_folder(book)?;
    fs::create_dir_all(&source)?;
    run(command("cp")
        .arg("-a")
        .args([&root().join("docs"), &source.join("docs")]))?;
    for file in OUTSIDE {
        copy(&root().join(file), &source.join(file))?;
    }
    for page in pages(&source, "md")? {
        copy_linked(&source, &page)?;
    }
    copy(&root().join("docs/book.toml"), &book.join("book.toml"))?;
    let contents = fs::read_to_string(root().join("docs/SUMMARY.md"))?;
    fs::write(source.join("SUMMARY.md"), from_root(&contents)).context("cannot write SUMMARY.md")
}

/// Returns a table of contents whose links begin in the root, of one whose links begin in `docs/`.
fn from_root(contents: &str) -> String {
    let mut parts = contents.split("](");
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (link, rest) = part.split_once(')').unwrap_or((part, ""));
        let link = normal(&Path::new("docs").join(link));
        changed.push_str(&format!("]({}){rest}", link.display()));
    }
    changed
}

/// Copies the files outside of `docs/` that a document links to, such as schemas and samples.
fn copy_linked(source: &Path, page: &Path) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let folder = page.parent().unwrap_or(source);
    for rest in text.split("](").skip(1) {
        let link = rest.split([')', '#', ' ']).next().unwrap_or_default();
        let linked = normal(&folder.join(link));
        let Ok(place) = linked.strip_prefix(source) else {
            continue;
        };
        let original = root().join(place);
        // A document is a page of the site only if the table of contents has it.
        let is_document = place.extension().is_some_and(|it| it == "md");
        if !is_document && !linked.exists() && original.is_file() {
            copy(&original, &linked)?;
        }
    }
    Ok(())
}

/// Returns the links of all pages to pages, files and headings that do not exist.
fn broken_links(site: &Path) -> Result<BTreeSet<String>> {
    let mut broken = BTreeSet::new();
    for page in pages(site, "html")? {
        let text = fs::read_to_string(&page)?;
        // All pages in one, with links that are relative to another folder.
        if page.ends_with("print.html") || page.ends_with("404.html") {
            continue;
        }
        for link in attributes(&text, "href=\"").chain(attributes(&text, "src=\"")) {
            if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
                continue;
            }
            if !exists(&page, &text, link)? {
                let page = page.strip_prefix(site).unwrap_or(&page);
                broken.insert(format!("{}: {link}", page.display()));
            }
        }
    }
    Ok(broken)
}

/// Returns the values of an attribute in a page.
fn attributes<'p>(page: &'p str, name: &'p str) -> impl Iterator<Item = &'p str> {
    page.split(name)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
}

/// Whether the page, file or heading of a link exists.
fn exists(page: &Path, text: &str, link: &str) -> Result<bool> {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = page.parent().unwrap_or(page);
    let linked = match path {
        "" => page.to_owned(),
        path => normal(&folder.join(path)),
    };
    if !linked.is_file() {
        return Ok(false);
    }
    if heading.is_empty() || linked.extension().is_none_or(|it| it != "html") {
        return Ok(true);
    }
    let id = format!("id=\"{heading}\"");
    if linked == page {
        return Ok(text.contains(&id));
    }
    Ok(fs::read_to_string(linked)?.contains(&id))
}

/// Returns a path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            component => normal.push(component),
        }
    }
    normal
}

/// Returns the files with this extension in a folder and in those below it.
fn pages(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            pages.extend(self::pages(&path, extension)?);
        } else if path.extension().is_some_and(|it| it == extension) {
            pages.push(path);
        }
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_contents_begins_in_the_root() {
        let contents = "- [A](a.md)\n- [B](../B.md)\n";
        assert_eq!(from_root(contents), "- [A](docs/a.md)\n- [B](B.md)\n");
    }

    #[test]
    fn links_to_missing_headings_are_broken() {
        let page = Path::new("/site/a.html");
        let text = "<h2 id=\"one\">One</h2> <a href=\"#one\">1</a> <a href=\"#two\">2</a>";
        let links: Vec<_> = attributes(text, "href=\"").collect();
        assert_eq!(links, ["#one", "#two"]);
        assert_eq!(normal(Path::new("/a/b/../c/./d")), Path::new("/a/c/d"));
        assert!(!exists(page, text, "missing.html").unwrap());
    }
}
