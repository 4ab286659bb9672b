//! How fast the sign-in is there.

use roamd_testsuite::TestEnvironment;
use serde_json::json;

use super::browser::Browser;
use super::site;

/// Number of loads.
const LOADS: usize = 10;

/// Time from the request for the page to its largest contentful paint, in milliseconds.
async fn largest_paint(browser: &Browser, env: &TestEnvironment) -> f64 {
    browser.open(env).await;
    browser.element("#field-username").await;
    let script = "const done = arguments[arguments.length - 1]; \
                  new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime)) \
                  .observe({ type: 'largest-contentful-paint', buffered: true })";
    let time = browser.driver.execute_async(script, vec![]).await.unwrap();
    time.json().as_f64().unwrap()
}

#[tokio::test]
#[ignore = "a measurement, for docs/performance.md"]
async fn paint_of_the_sign_in_is_measured_without_a_cache() {
    let env = site::modern("").await;
    let browser = Browser::start().await;
    browser.devtools("Network.enable", json!({})).await;
    let no_cache = json!({ "cacheDisabled": true });
    browser.devtools("Network.setCacheDisabled", no_cache).await;
    for _ in 0..LOADS {
        let time = largest_paint(&browser, &env).await;
        println!("Largest contentful paint after {time} ms");
    }
}
