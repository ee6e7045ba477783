//! The package that a Rego file declares, read as OPA's parser reads it (`parsePackage` in OPA's `ast/parser.go`).

use super::{
    claims::{Claim, Kind},
    error::{Error, Place},
    files::Source,
};

const EXPECTED: &str = "a Rego file begins with its package, as in `package acme.images`";

/// What a file claims: the path of its package.
pub(super) fn claim(source: &Source) -> Result<Claim, Error> {
    match read(&source.text) {
        Ok((line, path)) => Ok(Claim { kind: Kind::Package, path, place: Place::line(&source.file, line) }),
        Err(Fault { line, message }) => Err(Error::Wrong(Place::line(&source.file, line), message.to_owned())),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Fault {
    line: usize,
    message: &'static str,
}

/// The line of the declaration, and the package's path.
fn read(text: &str) -> Result<(usize, Vec<String>), Fault> {
    let mut reader = Reader { text, at: 0 };
    reader.skip();
    let start = reader.at;
    let declared = reader.identifier() == Some("package") && reader.skip();
    let Some(first) = reader.identifier().filter(|_| declared) else {
        reader.at = start;
        return Err(reader.fault(EXPECTED));
    };
    let mut path = vec![first.to_owned()];
    while let Some(segment) = reader.segment()? {
        path.push(segment);
    }
    reader.at = start;
    Ok((reader.line(), path))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Steps over white space and comments, and says whether there were any.
    fn skip(&mut self) -> bool {
        let start = self.at;
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            let comment = if rest.starts_with('#') { rest.find('\n').unwrap_or(rest.len()) } else { 0 };
            if blank + comment == 0 {
                return self.at > start;
            }
            self.at += blank.max(comment);
        }
    }

    fn identifier(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..end).filter(|word| word.starts_with(|c: char| !c.is_ascii_digit()))?;
        self.at += end;
        Some(word)
    }

    /// `.name`, `["name"]` or a name in brackets and back-quotes, where the path goes on.
    fn segment(&mut self) -> Result<Option<String>, Fault> {
        if self.take('.') {
            let name = self.identifier().ok_or_else(|| self.fault("a name must follow the dot of a package"))?;
            return Ok(Some(name.to_owned()));
        }
        if !self.take('[') {
            return Ok(None);
        }
        self.skip();
        let name = self.string().ok_or_else(|| self.fault("a package has only strings in its brackets"))?;
        self.skip();
        if self.take(']') { Ok(Some(name)) } else { Err(self.fault("a bracket of the package is not closed")) }
    }

    fn string(&mut self) -> Option<String> {
        if self.take('`') {
            let raw = self.rest().split_once('`')?.0;
            self.at += raw.len() + 1;
            return Some(raw.to_owned());
        }
        // Rego's escapes are those of JSON.
        let mut strings = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        let text = strings.next()?.ok()?;
        self.at += strings.byte_offset();
        Some(text)
    }

    fn take(&mut self, character: char) -> bool {
        let found = self.rest().starts_with(character);
        self.at += if found { character.len_utf8() } else { 0 };
        found
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn line(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().matches('\n').count() + 1
    }

    fn fault(&self, message: &'static str) -> Fault {
        Fault { line: self.line(), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}")).1
    }

    #[test]
    fn a_package_is_read_however_it_is_written() {
        for text in [
            "package acme.images",
            "package acme.images\n\nimport rego.v1\n",
            "# METADATA\n# title: x\n\r\n\tpackage \t acme.images # why\n",
            r#"package acme["images"]"#,
            r#"package acme[ "im\u0061ges" ]"#,
            "package acme[`images`]",
            "package # why\n acme.images;",
        ] {
            assert_eq!(path(text), ["acme", "images"], "{text}");
        }
        assert_eq!(path("package acme"), ["acme"]);
        assert_eq!(path(r#"package a["b/c"].d["e.f"]"#), ["a", "b/c", "d", "e.f"]);
        assert_eq!(path("package package.import"), ["package", "import"]);
    }

    #[test]
    fn the_line_is_that_of_the_declaration() {
        assert_eq!(read("# one\n\n# three\npackage\nacme\n").map(|(line, _)| line), Ok(4));
    }

    #[test]
    fn a_file_without_a_package_is_told_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("\n# only a comment", 2),
            ("allow := true\npackage acme", 1),
            ("\npackages acme", 2),
            ("package", 1),
            ("package.acme", 1),
            ("package 1acme", 1),
            ("package \"acme\"", 1),
            ("\u{feff}package acme", 1),
        ] {
            assert_eq!(read(text), Err(Fault { line, message: EXPECTED }), "{text}");
        }
    }

    #[test]
    fn a_package_whose_path_is_no_path_is_told() {
        for text in [
            "package a.",
            "package a.1",
            "package a[1]",
            "package a[b]",
            "package a[\"b\"",
            "package a[\"b",
            "package a[`b",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
