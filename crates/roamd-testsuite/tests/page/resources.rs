//! Desktops and applications.

use std::collections::BTreeSet;

use roamd_farm::World;
use roamd_testsuite::{Options, TestEnvironment};
use thirtyfour::Key;

use super::browser::Browser;
use super::site::{self, MANUAL};

/// Names of the tiles that are shown.
async fn tiles(browser: &Browser) -> BTreeSet<String> {
    let script = "return [...document.querySelectorAll('.tile .name')].map((it) => it.textContent)";
    let names = browser.run(script).await;
    let names = names.as_array().unwrap().iter();
    names.map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// A world whose applications have titles, folders and descriptions.
fn world(change: impl Fn(usize) -> (&'static str, &'static str, &'static str)) -> World {
    let mut world = site::modern_world();
    for (index, application) in world.farms[0].applications.iter_mut().enumerate() {
        let (title, folder, description) = change(index);
        application.title = Some(title.to_owned());
        application.folder = folder.to_owned();
        application.description = description.to_owned();
    }
    world
}

async fn start(world: World) -> TestEnvironment {
    let options = Options {
        world,
        store: MANUAL.to_owned(),
        ..Options::default()
    };
    TestEnvironment::start(options).await
}

#[tokio::test]
async fn search_compares_names_folders_descriptions_and_keywords() {
    let env = start(world(|index| {
        [
            ("Patienten", "Klinik", "Akten KEYWORDS:Station"),
            ("Bild", "Klinik\\R\u{f6}ntgen", ""),
            ("Notizen", "", "F\u{fc}r Schreibtisch"),
            ("Desktop", "", "KEYWORDS:Station"),
        ][index]
    }))
    .await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    let search = browser.element("#search").await;
    for (typed, found) in [
        ("", &["Bild", "Desktop", "Notizen", "Patienten"][..]),
        ("not", &["Notizen"]),
        ("rontgen", &["Bild"]),
        ("KLINIK akten", &["Patienten"]),
        ("schreib", &["Notizen"]),
        ("station", &["Desktop", "Patienten"]),
        ("zzz", &[]),
    ] {
        search.send_keys(Key::Control + "a").await.unwrap();
        search.send_keys(Key::Backspace + typed).await.unwrap();
        assert_eq!(tiles(&browser).await, names(found), "{typed}");
    }
    browser.sees("Nothing matches.").await;
    search.send_keys(Key::Control + "a").await.unwrap();
    search.send_keys(Key::Backspace + "").await.unwrap();
    browser.press("Station").await;
    assert_eq!(tiles(&browser).await, names(&["Desktop", "Patienten"]));
    browser.press("Station").await;
    assert_eq!(tiles(&browser).await.len(), 4);
    browser.sees("Klinik \u{203a} R\u{f6}ntgen").await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn markup_in_names_is_shown_as_text() {
    // WA-117
    const HOSTILE: &str = "<img src=x onerror=\"window.hit = 1\"> & {user} \u{202e}x";
    let env = start(world(|_| {
        (
            HOSTILE,
            "<b>x</b>",
            "</script><script>window.hit = 1</script>",
        )
    }))
    .await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.sees("Sessions found: 3.").await;
    let text = browser.text().await;
    for shown in [
        "onerror=\"window.hit = 1\"",
        "<b>x</b>",
        "</script><script>",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    let script = "return [window.hit ?? null, document.querySelectorAll('.tile b').length]";
    assert_eq!(browser.run(script).await, serde_json::json!([null, 0]));
    browser.element(".tile button").await.click().await.unwrap();
    browser.sees("is opening").await;
    browser.take_ica_files(1).await;
    browser.assert_no_console_error().await;
}
