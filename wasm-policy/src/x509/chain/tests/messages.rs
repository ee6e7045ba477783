//! What a failure says, and what a chain may cost.

use super::*;

#[test]
fn a_failure_names_the_certificate_by_subject_serial_number_and_end() {
    let root = authority("root").build();
    let leaf = certificate().without("2.5.29.15").issued_by(&root).build();
    let failure = verify_within(&Limits::default(), &[&leaf, &root]).unwrap_err();
    assert_eq!(
        failure.message,
        "the certificate CN=build,O=acme,ST=WA,C=US (serial 4a:01, until 2120-01-01) \
         signs images, so it must have a key usage"
    );
}

#[test]
fn the_budget_ends_a_chain() {
    let [leaf, intermediate, root] = chain_of_three();
    for (units, accepted) in [(3, true), (2, false)] {
        let limits = Limits { public_key_work: units, ..Limits::default() };
        let verdict = verify_within(&limits, &[&leaf, &intermediate, &root]).map_err(|failure| failure.code);
        assert_eq!(verdict.is_ok(), accepted);
        assert!(accepted || verdict == Err(Code::BudgetExceeded));
    }
}
