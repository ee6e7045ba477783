//! Distinguished names with any types of strings in them.

use crate::der;

/// An attribute: the dotted type, the tag of its value, the contents of its value.
pub type Attribute<'a> = (&'a str, u8, &'a [u8]);

/// A name from its RDNs.
pub fn from_rdns(rdns: &[&[Attribute<'_>]]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = rdns
        .iter()
        .map(|rdn| {
            let attributes = rdn
                .iter()
                .map(|(kind, tag, contents)| der::sequence(&[&der::oid(kind), &der::element(*tag, contents)]));
            der::element(der::SET, &attributes.collect::<Vec<_>>().concat())
        })
        .collect();
    der::element(der::SEQUENCE, &rdns.concat())
}

/// A name as `C=US, ST=WA, O=acme`, in that order and each value a UTF8String; `+` joins the attributes of one RDN. There are no escapes.
pub fn from_text(text: &str) -> Vec<u8> {
    let attribute = |pair| -> Attribute<'_> {
        let (kind, value): (&str, &str) = str::split_once(pair, '=').expect("an attribute is TYPE=value");
        (dotted(kind), der::UTF8_STRING, value.as_bytes())
    };
    let rdns: Vec<Vec<_>> =
        text.split(", ").filter(|rdn| !rdn.is_empty()).map(|rdn| rdn.split('+').map(attribute).collect()).collect();
    let rdns: Vec<&[Attribute<'_>]> = rdns.iter().map(Vec::as_slice).collect();
    from_rdns(&rdns)
}

fn dotted(kind: &str) -> &'static str {
    match kind {
        "CN" => "2.5.4.3",
        "SERIALNUMBER" => "2.5.4.5",
        "C" => "2.5.4.6",
        "L" => "2.5.4.7",
        "ST" => "2.5.4.8",
        "STREET" => "2.5.4.9",
        "O" => "2.5.4.10",
        "OU" => "2.5.4.11",
        "POSTALCODE" => "2.5.4.17",
        "UID" => "0.9.2342.19200300.100.1.1",
        "DC" => "0.9.2342.19200300.100.1.25",
        "E" => "1.2.840.113549.1.9.1",
        other => panic!("no attribute type is called {other}"),
    }
}
