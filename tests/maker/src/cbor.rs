//! CBOR, item by item (RFC 8949). Items are bytes, so that any byte can be wrong.

/// An integer in its shortest form.
pub fn int(number: i64) -> Vec<u8> {
    match u64::try_from(number) {
        Ok(number) => head(0, number),
        Err(_) => head(1, number.unsigned_abs() - 1),
    }
}

/// A byte string.
pub fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, content.len() as u64), content.to_vec()].concat()
}

/// A text string.
pub fn text(content: &str) -> Vec<u8> {
    [head(3, content.len() as u64), content.as_bytes().to_vec()].concat()
}

/// An array.
pub fn array(elements: &[Vec<u8>]) -> Vec<u8> {
    [head(4, elements.len() as u64), elements.concat()].concat()
}

/// A map with its members in that order.
pub fn map(members: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(key, value)| [key.clone(), value.clone()].concat()).collect();
    [head(5, members.len() as u64), members.concat()].concat()
}

/// A tag with its content.
pub fn tag(number: u64, content: &[u8]) -> Vec<u8> {
    [head(6, number), content.to_vec()].concat()
}

/// Null.
pub fn null() -> Vec<u8> {
    vec![0xf6]
}

/// A double.
pub fn float(number: f64) -> Vec<u8> {
    [vec![0xfb], number.to_be_bytes().to_vec()].concat()
}

/// A major type with its argument in the shortest form.
pub fn head(major: u8, argument: u64) -> Vec<u8> {
    let major = major << 5;
    let [b7, b6, b5, b4, b3, b2, b1, b0] = argument.to_be_bytes();
    match argument {
        0..=23 => vec![major | b0],
        24..=0xff => vec![major | 0x18, b0],
        0x100..=0xffff => vec![major | 0x19, b1, b0],
        0x1_0000..=0xffff_ffff => vec![major | 0x1a, b3, b2, b1, b0],
        _ => vec![major | 0x1b, b7, b6, b5, b4, b3, b2, b1, b0],
    }
}
