//! Parses a document within limits, reads an element, and writes another document.
//!
//! `cargo run -p roamd-xml --example parse_and_write`

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use roamd_xml::{Layout, Rules, Writer, XmlLimits, parse};

const RULES: Rules = Rules::store(XmlLimits {
    bytes: 1024,
    ..XmlLimits::REQUEST
});

fn main() -> Result<(), roamd_xml::Error> {
    let document = parse(
        b"<session id='7'><app>Notes &amp; more</app></session>",
        &RULES,
    )?;
    let session = document.root();
    let app = session.child("app").map_or("", |app| app.trimmed());
    println!("session {:?} runs {app}", session.attribute("id"));

    let mut writer = Writer::new(Layout::Compact);
    writer.open("sessions", &[]);
    writer.leaf("session", &[("app", app)], "");
    println!("{}", String::from_utf8_lossy(&writer.finish()));

    match parse(&[b' '; 1025], &RULES) {
        Ok(_) => println!("accepted"),
        Err(error) => println!("rejected: {error}"),
    }
    Ok(())
}
