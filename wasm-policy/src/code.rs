//! The closed list of outcomes: every code with its class, its meaning and what to do about it.
//!
//! `docs/codes.md` is generated from this list. A code's name is part of the contract and never changes its meaning.

use core::fmt;

/// What a code says about the image, and so what a caller may do with the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Every rule of the image's policy passed.
    Verified,
    /// The facts say no; asking again without a change gives the same answer.
    Denied,
    /// It could not be told; something that the verdict needs is missing or unusable.
    Indeterminate,
    /// It could not be told this time; trying again may help.
    Transient,
}

impl Class {
    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Denied => "denied",
            Self::Indeterminate => "indeterminate",
            Self::Transient => "transient",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $class:ident, $remediation:literal;)+) => {
        /// An outcome of the closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in documents, as `SIGNATURE_NOT_FOUND`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What the code says about the image.
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)+ }
            }

            /// What the code means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii_start(),)+ }
            }

            /// What a person should do about it, in one sentence.
            pub const fn remediation(self) -> &'static str {
                match self { $(Self::$variant => $remediation,)+ }
            }

            /// The code of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    /// Every rule of the image's policy passed.
    Verified = "VERIFIED", Verified, "Nothing to do.";

    /// The input is not a document of the contract: not JSON, or a member is missing or has the wrong form.
    InputMalformed = "INPUT_MALFORMED", Denied, "Send an input document of contract version 1; `image-integrity fetch` writes one.";
    /// A member name occurs twice in one object of a document.
    DuplicateMember = "DUPLICATE_MEMBER", Denied, "Remove the second member of that name; readers would disagree about which one counts.";
    /// The input is larger, deeper or has more parts than the module accepts.
    InputTooLarge = "INPUT_TOO_LARGE", Denied, "Ask about fewer images at once, and send only the blobs that `needs` asked for.";
    /// The input's `apiVersion` is not one that this module knows.
    ApiVersionUnsupported = "API_VERSION_UNSUPPORTED", Denied, "Use a host and a module of the same contract version.";
    /// The configuration in the input has an unknown field or a value out of its range.
    ConfigInvalid = "CONFIG_INVALID", Denied, "Correct the named field; `image-integrity config check` lists every mistake with its line.";
    /// A verifier's trust policy document breaks a rule of the trust policy specification.
    TrustPolicyInvalid = "TRUST_POLICY_INVALID", Denied, "Correct the named statement of trustPolicyDoc; until then every image is denied.";
    /// No statement of the trust policy covers the image's repository.
    TrustPolicyNotApplicable = "TRUST_POLICY_NOT_APPLICABLE", Denied, "Add the repository to the registryScopes of a statement, or add a statement with the scope `*`.";
    /// A trust store that the policy names is missing, empty or holds something that is no usable certificate.
    TrustStoreInvalid = "TRUST_STORE_INVALID", Denied, "Define the trust store with at least one PEM certificate that is a CA or self-signed.";
    /// The image's name is not `registry/repository` with a tag, a digest or both.
    ReferenceInvalid = "REFERENCE_INVALID", Denied, "Write the image as registry/repository:tag or registry/repository@sha256:… .";
    /// The evidence for the image has the wrong form or contradicts itself.
    EvidenceInvalid = "EVIDENCE_INVALID", Denied, "Fetch the evidence again with a host of the same contract version.";
    /// More evidence is needed; `needs` lists it.
    EvidenceIncomplete = "EVIDENCE_INCOMPLETE", Indeterminate, "Fetch what `needs` lists, add it to the input and ask again.";

    /// The image has no signature of a type that a verifier takes.
    SignatureNotFound = "SIGNATURE_NOT_FOUND", Denied, "Sign the image, or copy its signatures along when it is copied between registries.";
    /// The policy asks for artifacts of a type of which the image has none.
    ArtifactTypeMissing = "ARTIFACT_TYPE_MISSING", Denied, "Attach an artifact of the named type to the image, or remove the type from artifactVerificationPolicies.";
    /// The image has more signatures than may be tried, and those that were tried do not decide it.
    SignatureLimitReached = "SIGNATURE_LIMIT_REACHED", Denied, "Remove signatures that are no longer valid, or raise maxSignatures of the verifier.";
    /// The list of referrers holds more entries than are accepted.
    ListingTooLarge = "LISTING_TOO_LARGE", Denied, "Remove referrers from the image; at most 1,000 are looked at.";
    /// Judging the image would cost more than is allowed for one image.
    BudgetExceeded = "BUDGET_EXCEEDED", Denied, "Use fewer signatures, shorter chains or smaller keys.";

    /// The bytes do not hash to the digest that names them.
    DigestMismatch = "DIGEST_MISMATCH", Denied, "The registry or a cache returned other bytes than it should; push the image and its signatures again.";
    /// The bytes are more or fewer than their descriptor says.
    SizeMismatch = "SIZE_MISMATCH", Denied, "The registry describes its content wrongly; push the image and its signatures again.";
    /// The signature's manifest is not one of the two forms of the Notary Project specification.
    ManifestInvalid = "MANIFEST_INVALID", Denied, "Sign the image again with a current Notation client.";
    /// The signature's manifest is attached to another image.
    SubjectMismatch = "SUBJECT_MISMATCH", Denied, "Sign this image itself; a signature cannot be moved from one image to another.";
    /// The signature's blob is of a media type that is no signature envelope.
    EnvelopeUnsupported = "ENVELOPE_UNSUPPORTED", Denied, "Sign with the JWS or the COSE envelope format.";
    /// The signature envelope breaks a rule of its format.
    EnvelopeMalformed = "ENVELOPE_MALFORMED", Denied, "Sign the image again with a current Notation client.";
    /// A header of the signature envelope is missing, misplaced or has a value that is not allowed.
    HeaderInvalid = "HEADER_INVALID", Denied, "Sign the image again with a current Notation client.";
    /// The envelope marks a header as critical that is not understood.
    CriticalHeaderUnknown = "CRITICAL_HEADER_UNKNOWN", Denied, "Sign without that extended attribute; a verifier that does not understand it must refuse.";
    /// The signature algorithm is not one of PS256, PS384, PS512, ES256, ES384 and ES512.
    AlgorithmUnsupported = "ALGORITHM_UNSUPPORTED", Denied, "Sign with RSA of 2048, 3072 or 4096 bits, or with P-256, P-384 or P-521.";
    /// The envelope's algorithm is not the one that the signing key implies.
    AlgorithmMismatch = "ALGORITHM_MISMATCH", Denied, "Sign again; the algorithm must follow from the signing certificate's key.";
    /// The signature does not verify: the envelope was altered or signed with another key.
    SignatureInvalid = "SIGNATURE_INVALID", Denied, "Treat the signature as tampered with; sign the image again from a trusted source.";
    /// A certificate cannot be read.
    CertificateMalformed = "CERTIFICATE_MALFORMED", Denied, "Have the certificate issued again; it must be DER of RFC 5280.";
    /// A certificate's key is of a kind or size that is not allowed.
    KeyUnsupported = "KEY_UNSUPPORTED", Denied, "Use RSA of 2048, 3072 or 4096 bits, or P-256, P-384 or P-521.";
    /// A certificate breaks a rule for its place in the chain: basic constraints, key usage or extended key usage.
    CertificateNotAllowed = "CERTIFICATE_NOT_ALLOWED", Denied, "Have the certificate issued with the profile of the Notary Project specification.";
    /// The certificates do not form a chain from the leaf to a self-signed root.
    CertificateChainInvalid = "CERTIFICATE_CHAIN_INVALID", Denied, "Sign with the complete chain in order: leaf, intermediates, root, and nothing else.";
    /// The signature needs a verification plugin.
    PluginUnsupported = "PLUGIN_UNSUPPORTED", Indeterminate, "Sign without a verification plugin; plugins are not run.";
    /// No certificate of the signature's chain is in a trust store of the policy.
    CertificateUntrusted = "CERTIFICATE_UNTRUSTED", Denied, "If this signer should be trusted, add its root certificate to the trust store that the policy names.";
    /// The signer is not one of the policy's trusted identities.
    IdentityMismatch = "IDENTITY_MISMATCH", Denied, "Add this identity to trustedIdentities, or sign with a certificate of a trusted one.";
    /// The signature's own expiry has passed.
    SignatureExpired = "SIGNATURE_EXPIRED", Denied, "Sign the image again, with a later expiry or none.";
    /// A certificate of the chain had expired at the time that counts.
    CertificateExpired = "CERTIFICATE_EXPIRED", Denied, "Sign again with a valid certificate.";
    /// A certificate of the chain was not yet valid at the time that counts.
    CertificateNotYetValid = "CERTIFICATE_NOT_YET_VALID", Denied, "Check the clock of the host and of the signer; otherwise wait until the certificate is valid.";
    /// The policy needs a timestamp, and timestamps are not evaluated by this version.
    TimestampUnsupported = "TIMESTAMP_UNSUPPORTED", Indeterminate, "Remove the tsa: store from the policy, or set verifyTimestamp to afterCertExpiry while the certificates are valid.";
    /// Whether a certificate of the chain has been revoked is not known.
    RevocationUnknown = "REVOCATION_UNKNOWN", Indeterminate, "Revocation is not checked by this version: set the override `revocation: skip` or `log`, knowing what it means, or use certificates without OCSP and CRL URLs.";
    /// The signed payload is not a Notary Project payload.
    PayloadMalformed = "PAYLOAD_MALFORMED", Denied, "Sign the image again with a current Notation client.";
    /// The signature is for other content: media type, digest or size differ from the image's.
    PayloadMismatch = "PAYLOAD_MISMATCH", Denied, "Sign this image itself; the signature was made for another one.";
    /// The signature lacks metadata that the policy requires.
    UserMetadataMismatch = "USER_METADATA_MISMATCH", Denied, "Sign with the required user metadata, or correct userMetadata of the verifier.";

    /// The registry does not have the image.
    ImageNotFound = "IMAGE_NOT_FOUND", Indeterminate, "Check the image's name and tag, and whether the registry shows it to you.";
    /// The registry lists a manifest or blob that it does not have.
    BlobNotFound = "BLOB_NOT_FOUND", Indeterminate, "Push the signature again; the registry lost a part of it.";
    /// The registry cannot be reached or answers with a server error.
    RegistryUnavailable = "REGISTRY_UNAVAILABLE", Transient, "Try again; check the registry's address, its state and the network between.";
    /// The registry's name cannot be resolved.
    RegistryNameUnresolved = "REGISTRY_NAME_UNRESOLVED", Transient, "Check the registry's name and the host's DNS settings.";
    /// The registry did not answer in time.
    RegistryTimeout = "REGISTRY_TIMEOUT", Transient, "Try again; if the registry is slow, give it more time with --timeout, or --fetch-timeout of a server.";
    /// The registry limits the rate of requests.
    RegistryThrottled = "REGISTRY_THROTTLED", Transient, "Wait and try again; log in to the registry for a higher limit.";
    /// The registry asks for a login.
    RegistryUnauthorized = "REGISTRY_UNAUTHORIZED", Indeterminate, "Log in with `docker login`, or name a docker config.json with --registry-config.";
    /// The registry, or the service that gives tokens for it, refuses the credential.
    RegistryLoginFailed = "REGISTRY_LOGIN_FAILED", Indeterminate, "Log in again with the credential that the message names, or remove it where the image needs none.";
    /// The registry sends to a token service that may not see the credential, or may not be asked at all.
    RegistryRealmRefused = "REGISTRY_REALM_REFUSED", Indeterminate, "Check the registry; if its token service is right where it is, allow it with --trust-realm.";
    /// The credential for the registry could not be had from where it is kept.
    CredentialUnavailable = "CREDENTIAL_UNAVAILABLE", Indeterminate, "Run the credential helper by hand to see why it fails, or remove it from the docker config.json.";
    /// The registry refuses access.
    RegistryForbidden = "REGISTRY_FORBIDDEN", Indeterminate, "Grant the credential the right to pull from the repository.";
    /// The TLS connection to the registry failed.
    RegistryTlsFailed = "REGISTRY_TLS_FAILED", Indeterminate, "Name the registry's CA with --ca-file, or --plain-http where the registry has no TLS.";
    /// The registry's answer is not one of the distribution specification.
    RegistryResponseInvalid = "REGISTRY_RESPONSE_INVALID", Indeterminate, "Check that the address is a registry's; a proxy or login page may stand in between.";
    /// The registry redirects to a place that is refused.
    RegistryRedirectRefused = "REGISTRY_REDIRECT_REFUSED", Indeterminate, "Check the registry's configuration of storage redirects.";
    /// A manifest, blob or listing is larger than declared or than accepted.
    ContentTooLarge = "CONTENT_TOO_LARGE", Indeterminate, "Remove the oversized artifact from the image.";
    /// The image layout on disk cannot be read.
    LayoutInvalid = "LAYOUT_INVALID", Indeterminate, "Check the path; it must be an OCI image layout, as a folder or a tar file.";
    /// The host stopped fetching at its own limit of bytes, rounds or time.
    FetchLimitReached = "FETCH_LIMIT_REACHED", Transient, "Ask about fewer images in one call, or with more time (--timeout, or --fetch-timeout of a server); remove referrers from the image if it has many.";

    /// The server's configuration for the image cannot be used, so that nothing can be told by it.
    ConfigurationUnusable = "CONFIGURATION_UNUSABLE", Transient, "Correct the object that the message names; its status, which `kubectl get` shows, lists every mistake.";
    /// The signatures satisfy the trust policy, and a rule of the user's own over the verdict does not accept the image.
    PolicyDenied = "POLICY_DENIED", Denied, "Do what the rule's message asks for, or change the rule that `--decision` names.";

    /// The engine that gives verdicts gave none.
    EngineUnavailable = "ENGINE_UNAVAILABLE", Transient, "Try again; where the engine is an OPA, check that it runs, has loaded the bundle and is not overloaded.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Why something did not pass: the code, and a message with the facts that a person needs.
///
/// Text from outside enters a message only through [`shown`](crate::text::shown).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which outcome of the closed list.
    pub code: Code,
    /// One sentence for people.
    pub message: String,
}

impl Failure {
    /// A failure of that code; the message is one sentence without a final full stop.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(*code));
        }
        assert_eq!(Code::from_name("NO_SUCH_CODE"), None);
    }

    #[test]
    fn only_one_code_is_a_success() {
        let verified: Vec<_> = Code::ALL.iter().filter(|code| code.class() == Class::Verified).collect();
        assert_eq!(verified, [&Code::Verified]);
    }
}
