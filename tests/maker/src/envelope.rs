//! What both envelope formats have in common.

use crate::{Algorithm, Hash, Key};

/// The payload's media type.
pub const CONTENT_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";
/// The header of the signing scheme.
pub const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
/// The header of the signing time under `notary.x509`.
pub const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
/// The header of the signing time under `notary.x509.signingAuthority`.
pub const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
/// The header of the signature's expiry.
pub const EXPIRY: &str = "io.cncf.notary.expiry";
/// The header that names a verification plugin.
pub const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
/// The header that names the plugin's lowest version.
pub const PLUGIN_MIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
/// The unprotected header of the RFC 3161 token.
pub const TIMESTAMP_SIGNATURE: &str = "io.cncf.notary.timestampSignature";

/// A payload for an image of two bytes.
pub const PAYLOAD: &str = r#"{"targetArtifact":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}}"#;

/// How the key signs envelopes, with the name in JOSE and the number in COSE. RSA keys of other sizes sign as those of 2048 bits.
pub(crate) fn implied_algorithm(key: &Key) -> (Algorithm, &'static str, i64) {
    match (key.rsa_bits(), key.usual_algorithm()) {
        (Some(3072), _) => (Algorithm::Pss(Hash::Sha384, 48), "PS384", -38),
        (Some(4096), _) => (Algorithm::Pss(Hash::Sha512, 64), "PS512", -39),
        (Some(_), _) => (Algorithm::Pss(Hash::Sha256, 32), "PS256", -37),
        (None, Algorithm::Ecdsa(Hash::Sha384)) => (Algorithm::Ecdsa(Hash::Sha384), "ES384", -35),
        (None, Algorithm::Ecdsa(Hash::Sha512)) => (Algorithm::Ecdsa(Hash::Sha512), "ES512", -36),
        (None, _) => (Algorithm::Ecdsa(Hash::Sha256), "ES256", -7),
    }
}
