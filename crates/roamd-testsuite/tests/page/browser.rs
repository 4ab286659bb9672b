//! A browser with one user in front of it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use roamd_testsuite::TestEnvironment;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::extensions::query::ElementQueryable as _;
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
    WebElement,
};
use tokio::time::{Instant, sleep};

use super::chromedriver::{Chromedriver, Client};

/// Path of the site of the demo's store.
pub(super) const SITE: &str = "/Citrix/StoreWeb/";

/// Longest wait for the page.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with a profile of its own.
pub(super) struct Browser {
    pub(super) driver: WebDriver,
    downloads: TempDir,
    /// Dropped after the session, which is in it.
    _process: Chromedriver,
}

impl Browser {
    /// Starts a browser that prefers English.
    pub(super) async fn start() -> Self {
        Self::in_language("en").await
    }

    /// Starts a browser that prefers this language.
    pub(super) async fn in_language(tag: &str) -> Self {
        let process = Chromedriver::start().await;
        let downloads = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        // Chromium has no sandbox for root, and its tests no network but the loopback interface.
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ] {
            wanted.add_arg(argument).unwrap();
        }
        let preferences = json!({
            "download.default_directory": downloads.path(),
            "intl.accept_languages": tag,
            "profile.default_content_setting_values.automatic_downloads": 1,
        });
        wanted
            .add_experimental_option("prefs", preferences)
            .unwrap();
        wanted
            .set_browser_log_level(LoggingPrefsLogLevel::All)
            .unwrap();
        let driver = WebDriver::builder(process.url(), wanted).client(Client);
        let driver = driver.await.unwrap_or_else(|error| {
            panic!("Chromium: {error}; run `cargo xtask test`, which installs it")
        });
        Self {
            driver,
            downloads,
            _process: process,
        }
    }

    /// Opens the page.
    pub(super) async fn open(&self, env: &TestEnvironment) {
        self.driver.goto(env.url(SITE)).await.unwrap();
    }

    /// Opens the page and signs a user in.
    pub(super) async fn sign_in(&self, env: &TestEnvironment, user: &str) {
        self.open(env).await;
        self.fill(user, "roam-demo").await;
        self.element(".tile").await;
    }

    /// Fills the sign-in form, and sends it by the keyboard.
    pub(super) async fn fill(&self, user: &str, password: &str) {
        let name = self.element("#field-username").await;
        name.clear().await.unwrap();
        name.send_keys(user).await.unwrap();
        let field = self.element("#field-password").await;
        field.send_keys(format!("{password}\n")).await.unwrap();
    }

    /// Waits for an element that is shown.
    pub(super) async fn element(&self, css: &str) -> WebElement {
        self.shown(By::Css(css), css).await
    }

    /// Waits for an element that is shown. Others may disappear meanwhile.
    async fn shown(&self, by: By, name: &str) -> WebElement {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let query = self.driver.query(by.clone()).and_displayed().nowait();
            match query.first().await {
                Ok(element) => return element,
                Err(_) if Instant::now() < deadline => {}
                Err(error) => panic!("{name}: {error}\n{}", self.text().await),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses the button or link with this text, which has to be shown.
    pub(super) async fn press(&self, text: &str) {
        click(&self.button(text).await).await;
    }

    /// Waits for the button or link with this text.
    pub(super) async fn button(&self, text: &str) -> WebElement {
        let path = format!(
            "//*[self::button or self::a][normalize-space()={text:?} \
             or .//span[@class='name' and normalize-space()={text:?}]]"
        );
        self.shown(By::XPath(path), text).await
    }

    /// Presses the button in the row of a session.
    pub(super) async fn press_in_row(&self, name: &str) {
        let row = format!("//li[.//span[@class='name']={name:?}]/button");
        let button = self.driver.find(By::XPath(row)).await.unwrap();
        click(&button).await;
    }

    /// Chooses a language.
    pub(super) async fn choose_language(&self, own_name: &str) {
        let path = format!("//select[@id='language']/option[.='{own_name}']");
        let option = self.driver.find(By::XPath(path)).await.unwrap();
        option.click().await.unwrap();
    }

    /// Waits until the page shows a text.
    pub(super) async fn sees(&self, text: &str) {
        self.until(text, |page| page.contains(text)).await;
    }

    /// Waits until the shown text of the page is as wanted.
    pub(super) async fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.text().await;
            if wanted(&page) {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: not on the page\n{page}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The shown text of the page.
    pub(super) async fn text(&self) -> String {
        // Without what is said aloud only, which repeats it.
        let shown = "return [...document.querySelectorAll('header, main, footer, .bars')].map( \
                     (part) => part.innerText).join('\\n')";
        let text = self.run(shown).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page.
    pub(super) async fn run(&self, script: &str) -> Value {
        let returned = self.driver.execute(script, vec![]).await;
        let returned = returned.unwrap_or_else(|error| panic!("{script}: {error}"));
        returned.json().clone()
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let returned = self.driver.cdp().send_raw(command, parameters).await;
        returned.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Blocks requests for URLs of these forms, and no longer those for others.
    pub(super) async fn block(&self, urls: &[&str]) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setBlockedURLs", json!({ "urls": urls }))
            .await;
    }

    /// The sessions that the page shows, each as `group: name`.
    pub(super) async fn rows(&self) -> Vec<String> {
        let rows = self
            .run(
                "return [...document.querySelectorAll('.rows li')].map((row) => \
                 document.getElementById(row.parentNode.getAttribute('aria-labelledby')) \
                 .textContent + ': ' + row.querySelector('.name').textContent)",
            )
            .await;
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row.as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the page shows a session, as [`rows`](Self::rows) names it.
    pub(super) async fn until_row(&self, row: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.rows().await.iter().any(|it| it == row) {
            assert!(Instant::now() < deadline, "{row}: {:?}", self.rows().await);
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until this many files are downloaded, and takes their texts, in the order of their
    /// names.
    pub(super) async fn take_ica_files(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let entries = fs::read_dir(self.downloads.path()).unwrap();
            let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
            // An empty one keeps the name of a download that has not ended.
            files.retain(|file| {
                let is_ica = file.extension().is_some_and(|end| end == "ica");
                is_ica && fs::metadata(file).is_ok_and(|it| it.len() > 0)
            });
            if files.len() >= count {
                assert_eq!(files.len(), count, "{files:?}");
                files.sort();
                let take = |file: &PathBuf| {
                    let text = fs::read_to_string(file).unwrap();
                    fs::remove_file(file).unwrap();
                    text
                };
                return files.iter().map(take).collect();
            }
            assert!(Instant::now() < deadline, "downloaded: {files:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Panics if the browser has reported an error since the last call.
    pub(super) async fn assert_no_console_error(&self) {
        let log = self.driver.browser_log().await.unwrap();
        let errors = log
            .into_iter()
            .filter(|entry| matches!(entry.level.as_str(), "SEVERE" | "WARNING"));
        let errors: Vec<_> = errors.map(|entry| entry.message).collect();
        assert_eq!(errors, [""; 0]);
    }

    /// Sets the size of the page in CSS pixels.
    pub(super) async fn resize(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// Prefers `light` or `dark` colours.
    pub(super) async fn prefer(&self, scheme: &str) {
        let features = json!({
            "features": [{ "name": "prefers-color-scheme", "value": scheme }]
        });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }
}

/// Scrolls to an element, so that no bar covers it, and clicks on it.
pub(super) async fn click(element: &WebElement) {
    element.scroll_into_view().await.unwrap();
    element.click().await.unwrap();
}
