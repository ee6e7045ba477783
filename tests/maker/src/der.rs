//! Writing DER, and what only looks like it.

/// BOOLEAN
pub const BOOLEAN: u8 = 0x01;
/// INTEGER
pub const INTEGER: u8 = 0x02;
/// BIT STRING
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// UTF8String
pub const UTF8_STRING: u8 = 0x0c;
/// PrintableString
pub const PRINTABLE_STRING: u8 = 0x13;
/// T61String
pub const T61_STRING: u8 = 0x14;
/// IA5String
pub const IA5_STRING: u8 = 0x16;
/// UTCTime
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime
pub const GENERALIZED_TIME: u8 = 0x18;
/// BMPString
pub const BMP_STRING: u8 = 0x1e;
/// SEQUENCE
pub const SEQUENCE: u8 = 0x30;
/// SET
pub const SET: u8 = 0x31;
/// The DER of NULL.
pub const NULL: &[u8] = &[0x05, 0x00];

/// One element: a tag of one octet, the shortest length, the contents.
pub fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = contents.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|octet| *octet == 0).collect();
    if contents.len() > 0x7f {
        out.push(0x80 | u8::try_from(significant.len()).unwrap());
        out.extend(significant);
    } else {
        out.push(*length.last().unwrap());
    }
    out.extend_from_slice(contents);
    out
}

/// A SEQUENCE of elements.
pub fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &elements.concat())
}

/// An explicitly tagged element.
pub fn explicit(number: u8, inner: &[u8]) -> Vec<u8> {
    element(0xa0 | number, inner)
}

/// An OBJECT IDENTIFIER, as `2.5.4.3`.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u128> = dotted.split('.').map(|arc| arc.parse().expect("arcs are numbers")).collect();
    let [root, second, rest @ ..] = arcs.as_slice() else { panic!("an identifier has two arcs at least") };
    let mut contents = Vec::new();
    for arc in core::iter::once(&(root * 40 + second)).chain(rest) {
        let groups = (128 - arc.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let septet = u8::try_from(arc >> (7 * group) & 0x7f).unwrap();
            contents.push(if group == 0 { septet } else { septet | 0x80 });
        }
    }
    element(OBJECT_IDENTIFIER, &contents)
}

/// An INTEGER that is not negative, from its big-endian bytes.
pub fn positive_integer(magnitude: &[u8]) -> Vec<u8> {
    let mut contents: Vec<u8> = magnitude.iter().copied().skip_while(|octet| *octet == 0).collect();
    if contents.first().is_none_or(|first| *first > 0x7f) {
        contents.insert(0, 0);
    }
    element(INTEGER, &contents)
}

/// A BIT STRING of whole octets.
pub fn bits(octets: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], octets].concat())
}

/// A BIT STRING of named bits, as KeyUsage: without zeros at its end.
pub fn named_bits(set: &[u8]) -> Vec<u8> {
    let Some(highest) = set.iter().max() else { return element(BIT_STRING, &[0]) };
    let mut octets = vec![0_u8; usize::from(highest / 8) + 1];
    for bit in set {
        octets[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    element(BIT_STRING, &[&[7 - highest % 8], octets.as_slice()].concat())
}
