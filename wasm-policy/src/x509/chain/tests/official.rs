//! Chains as notation-go signs with them.

use super::*;

fn verify(path: &std::path::Path) -> Result<(), Failure> {
    let limits = Limits::default();
    let der = pem::certificates(&std::fs::read_to_string(path).unwrap(), &limits)?;
    let certificates = der.iter().map(|der| Certificate::parse(der, &limits)).collect::<Result<_, _>>()?;
    CodeSigningChain::verify(certificates, &mut Verifier::new(&RustCrypto, &limits)).map(drop)
}

#[test]
fn every_chain_that_notation_go_signs_with_is_accepted_and_those_of_timestamp_authorities_are_not() {
    let mut accepted = 0;
    for folder in ["demo", "notation-go"] {
        let folder = format!("{}/../tests/fixtures/{folder}/keys", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if !name.ends_with(".chain.pem") {
                continue;
            }
            let verdict = verify(&path).map_err(|failure| failure.code);
            let expected = if name.starts_with("tsa") { Err(Code::CertificateNotAllowed) } else { Ok(()) };
            assert_eq!(verdict, expected, "{name}");
            accepted += u32::from(verdict.is_ok());
        }
    }
    assert!(accepted >= 20, "only {accepted} chains were found");
}
