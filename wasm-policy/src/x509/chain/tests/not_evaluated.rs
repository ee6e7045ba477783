//! What the specification leaves out of account, and so do we.

use super::*;

#[test]
fn unknown_critical_extensions_and_name_constraints_do_not_reject() {
    let root = authority("root").extension("2.5.29.30", true, vec![0x30, 0]).build();
    let leaf = certificate().extension("1.2.3.4", true, b"anything".to_vec()).issued_by(&root).build();
    assert_accepted(&[&leaf, &root]);
}

#[test]
fn a_malformed_extension_that_is_not_evaluated_does_not_reject() {
    let root = authority("root").extension("2.5.29.37", false, b"junk".to_vec()).build();
    let leaf = certificate()
        .extension("2.5.29.17", false, b"junk".to_vec())
        .extension("2.5.29.31", false, b"junk".to_vec())
        .issued_by(&root)
        .build();
    assert_accepted(&[&leaf, &root]);
}

#[test]
fn times_are_not_looked_at() {
    let root = authority("root").validity("500101000000Z", "500101000001Z").build();
    let leaf = certificate().validity("99990101000000Z", "99991231235959Z").issued_by(&root).build();
    assert_accepted(&[&leaf, &root]);
}

#[test]
fn a_serial_number_may_be_any_integer() {
    for serial in [&[0][..], &[0xff], &[0x80, 0], &[0x7f; 40]] {
        assert_accepted(&[&certificate().serial(serial).build()]);
    }
}
