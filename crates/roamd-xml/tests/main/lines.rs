//! Lines of elements and attributes.

use roamd_xml::{Lines, Rules, XmlLimits, parse};

#[test]
fn lines_are_those_of_the_names() {
    let text = "<?xml version=\"1.0\"?>\r\n<!-- a\r\nb -->\r\n<r a='1'\n  p:b='x&#10;y' xmlns:p='u'>\n\
                <c/><c d='2'/>\n\n  <p:e\nf='3'></p:e></r>";
    let rules = Rules::store(XmlLimits::REQUEST);
    let document = parse(text.as_bytes(), &rules).unwrap();
    let lines = Lines::of(&document);
    let root = document.root();
    let elements = std::iter::once(root).chain(root.descendants());
    let found: Vec<_> = elements
        .flat_map(|element| {
            let attributes = element.attributes();
            let attributes = attributes.map(|it| (it.name, lines.attribute(it)));
            let name = (element.name(), lines.element(element));
            std::iter::once(name).chain(attributes).collect::<Vec<_>>()
        })
        .collect();
    let expected = [
        ("r", 4),
        ("a", 4),
        ("b", 5),
        ("c", 6),
        ("c", 6),
        ("d", 6),
        ("e", 8),
        ("f", 9),
    ];
    assert_eq!(found, expected);
    for element in root.descendants() {
        assert_eq!(lines.element(element) as u64, element.position().line);
    }
}
