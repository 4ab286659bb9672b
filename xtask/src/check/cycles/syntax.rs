//! What a file says of modules: declarations, items, imports and paths.

use crate::rust_tokens::{Token, tokens};

/// The parts of a file that can make an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Syntax {
    /// `mod x;`: the inline module that it stands in, and its name.
    pub(super) declared: Vec<(Vec<String>, String)>,
    /// `mod x {`: the full path of the inline module below the file.
    pub(super) inline: Vec<Vec<String>>,
    /// Items: the inline module, and the name.
    pub(super) items: Vec<(Vec<String>, String)>,
    /// One entry for each name that a `use` brings.
    pub(super) imports: Vec<Import>,
    /// Paths outside `use`, such as `crate::a::f`.
    pub(super) paths: Vec<PathUse>,
}

/// One name of a `use` item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The inline module below the file where the `use` stands.
    pub(super) module: Vec<String>,
    /// What is imported, as it is written. For `use a::b::*` that is `a::b`.
    pub(super) path: Vec<String>,
    /// The name in this file; `None` for `*` and `as _`.
    pub(super) name: Option<String>,
    pub(super) is_glob: bool,
    pub(super) line: usize,
}

/// A path in code, outside `use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathUse {
    /// The inline module below the file where the path stands.
    pub(super) module: Vec<String>,
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Reads a file. Items under `#[cfg(test)]` are left out.
pub(super) fn parse(code: &str) -> Syntax {
    let tokens = without_tests(&tokens(code));
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        syntax: Syntax::default(),
        modules: Vec::new(),
        depth: 0,
    };
    reader.read();
    reader.syntax
}

/// Removes each item that has the attribute `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        if is_test_attribute(rest) {
            rest = after_item(rest);
        } else {
            kept.push(first.clone());
            rest = after;
        }
    }
    kept
}

fn is_test_attribute(tokens: &[Token]) -> bool {
    let begins = |texts: &[&str]| {
        tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.is(text))
    };
    begins(&["#", "[", "cfg", "(", "test", ")", "]"])
        || begins(&["#", "[", "cfg", "(", "all", "(", "test"])
}

/// Returns what follows the item that begins here, with its attributes.
fn after_item(mut tokens: &[Token]) -> &[Token] {
    while let [hash, bracket, ..] = tokens
        && hash.is("#")
        && bracket.is("[")
    {
        tokens = after_group(tokens.get(1..).unwrap_or_default());
    }
    let is_use = tokens
        .iter()
        .take_while(|token| !token.is(";"))
        .any(|it| it.is("use"))
        && tokens
            .iter()
            .take_while(|token| !token.is("use"))
            .all(|it| ["pub", "(", ")", "crate", "super", "in", "::"].contains(&it.text.as_str()));
    while let Some((first, after)) = tokens.split_first() {
        match first.text.as_str() {
            ";" => return after,
            "{" if !is_use => return after_group(tokens),
            "{" | "(" | "[" => tokens = after_group(tokens),
            // The end of what the item stands in: it was a field or a variant.
            "}" | ")" | "]" => return tokens,
            _ => tokens = after,
        }
    }
    tokens
}

/// Returns what follows the bracketed group that begins here.
fn after_group(mut tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    while let Some((first, after)) = tokens.split_first() {
        tokens = after;
        match first.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return tokens;
                }
            }
            _ => {}
        }
    }
    tokens
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    syntax: Syntax,
    /// The inline modules that are open, each with the depth of braces outside it.
    modules: Vec<(String, usize)>,
    depth: usize,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "{" => {
                    self.depth += 1;
                    self.at += 1;
                }
                "}" => self.close(),
                "mod" if self.word(1).is_some() => self.module(),
                "use" if !self.before_is("::") && !self.next_is("<") => self.import(),
                "pub" if self.next_is("(") => {
                    // `pub(in crate::a)` is no import.
                    let rest = self.tokens.get(self.at + 1..).unwrap_or_default();
                    self.at = self.tokens.len() - after_group(rest).len();
                }
                "struct" | "enum" | "fn" | "trait" | "type" | "const" | "static" | "union" => {
                    self.item();
                }
                "macro_rules" => {
                    if let Some(name) = self.word(2) {
                        let module = self.module_path();
                        self.syntax.items.push((module, name));
                    }
                    self.at += 1;
                }
                _ if token.is_word() => self.path(),
                _ => self.at += 1,
            }
        }
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self
            .modules
            .last()
            .is_some_and(|(_, outside)| *outside == self.depth)
        {
            self.modules.pop();
        }
        self.at += 1;
    }

    fn module(&mut self) {
        let Some(name) = self.word(1) else { return };
        let outer = self.module_path();
        match self
            .tokens
            .get(self.at + 2)
            .map(|token| token.text.as_str())
        {
            Some(";") => self.syntax.declared.push((outer, name)),
            Some("{") => {
                self.modules.push((name, self.depth));
                let path = self.module_path();
                self.syntax.inline.push(path);
            }
            _ => {}
        }
        self.at += 2;
    }

    fn item(&mut self) {
        // `const fn f` and `static mut X`: the name comes after the last keyword.
        let at_module_level =
            self.depth == self.modules.last().map_or(0, |(_, outside)| outside + 1);
        if at_module_level
            && let Some(name) = self.word(1)
            && !["fn", "mut", "unsafe", "async", "extern"].contains(&name.as_str())
        {
            let module = self.module_path();
            self.syntax.items.push((module, name));
            self.at += 1;
        }
        self.at += 1;
    }

    fn import(&mut self) {
        self.at += 1;
        self.import_tree(&[]);
    }

    /// Reads one branch of a `use` tree, up to `,`, `}` or `;`.
    fn import_tree(&mut self, prefix: &[String]) {
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let mut path = prefix.to_vec();
        let mut alias = None;
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "," | "}" | ";" => break,
                "{" => {
                    self.at += 1;
                    self.import_group(&path);
                    return;
                }
                "*" => {
                    self.at += 1;
                    self.push_import(path, None, true, line);
                    return;
                }
                "as" => {
                    alias = self.word(1);
                    self.at += 2;
                }
                text => {
                    if token.is_word() {
                        path.push(text.to_owned());
                    }
                    self.at += 1;
                }
            }
        }
        // `use a::{self}` imports `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if path.is_empty() {
            return;
        }
        let name = alias
            .or_else(|| path.last().cloned())
            .filter(|name| name != "_");
        self.push_import(path, name, false, line);
    }

    fn import_group(&mut self, prefix: &[String]) {
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "}" => {
                    self.at += 1;
                    return;
                }
                ";" => return,
                "," => self.at += 1,
                _ => self.import_tree(prefix),
            }
        }
    }

    fn push_import(&mut self, path: Vec<String>, name: Option<String>, is_glob: bool, line: usize) {
        let module = self.module_path();
        self.syntax.imports.push(Import {
            module,
            path,
            name,
            is_glob,
            line,
        });
    }

    /// Reads a path, and keeps it if it has two segments and is relative to a module.
    fn path(&mut self) {
        let is_inner = self.before_is("::") || self.before_is(".");
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let mut path = Vec::new();
        while let Some(name) = self.word(0) {
            path.push(name);
            self.at += 1;
            if self.tokens.get(self.at).is_some_and(|token| token.is("::"))
                && self.word(1).is_some()
            {
                self.at += 1;
            } else {
                break;
            }
        }
        if path.len() > 1 && !is_inner {
            let module = self.module_path();
            self.syntax.paths.push(PathUse { module, path, line });
        }
    }

    fn module_path(&self) -> Vec<String> {
        self.modules.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Returns the word that stands `ahead` tokens from here.
    fn word(&self, ahead: usize) -> Option<String> {
        let token = self.tokens.get(self.at + ahead)?;
        token.is_word().then(|| token.text.clone())
    }

    fn before_is(&self, text: &str) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_some_and(|token| token.is(text))
    }

    fn next_is(&self, text: &str) -> bool {
        self.tokens
            .get(self.at + 1)
            .is_some_and(|token| token.is(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(code: &str) -> Vec<String> {
        let syntax = parse(code);
        let imports = syntax.imports.iter().map(|import| {
            let glob = if import.is_glob { "::*" } else { "" };
            let name = import.name.as_deref().unwrap_or("-");
            format!("{}{glob} as {name}:{}", import.path.join("::"), import.line)
        });
        let paths = syntax.paths.iter();
        imports
            .chain(paths.map(|it| format!("{}:{}", it.path.join("::"), it.line)))
            .collect()
    }

    #[test]
    fn nested_braces_give_one_import_for_each_name() {
        let code = "pub(crate) use a::{self, b::{C, D as E}, f::*,\n g as _};";
        let expected = [
            "a as a:1",
            "a::b::C as C:1",
            "a::b::D as E:1",
            "a::f::* as -:1",
            "a::g as -:2",
        ];
        assert_eq!(paths(code), expected);
    }

    #[test]
    fn paths_in_code_are_found() {
        let code = "fn f(x: super::X) -> Vec<crate::a::B> { crate::a::f::<u8>(x.y) }";
        assert_eq!(
            paths(code),
            ["super::X:1", "crate::a::B:1", "crate::a::f:1"]
        );
    }

    #[test]
    fn comments_strings_and_visibility_are_no_imports() {
        let code = "//! [`crate::a`]\npub(in crate::b) fn f() -> &'static str { \"crate::c::d\" }";
        assert_eq!(paths(code), [""; 0]);
    }

    #[test]
    fn test_modules_are_left_out() {
        let code = "
            #[cfg(test)]
            mod tests { use super::*; fn f() { crate::a::b(); } }
            #[cfg(test)]
            #[path = \"x\"]
            mod model;
            #[cfg(test)]
            pub(crate) use a::{b, c};
            struct S { #[cfg(test)] field: a::B }
            mod real;
        ";
        let syntax = parse(code);
        assert_eq!(syntax.declared, [(Vec::new(), "real".to_owned())]);
        assert_eq!((syntax.imports, syntax.paths), (Vec::new(), Vec::new()));
    }

    #[test]
    fn items_and_inline_modules_are_found() {
        let code =
            "const fn f() { const A: u8 = 1; } mod m { struct S; mod n { fn g() {} } } enum E {}";
        let syntax = parse(code);
        let items: Vec<_> = syntax
            .items
            .iter()
            .map(|(module, name)| (module.join("::"), name.as_str()))
            .collect();
        let expected = [("", "f"), ("m", "S"), ("m::n", "g"), ("", "E")];
        assert_eq!(
            items,
            expected.map(|(module, name)| (module.to_owned(), name))
        );
        assert_eq!(syntax.inline.len(), 2);
    }
}
