// The contract, version 1. Written by `cargo run -p xtask -- generate` from wasm-policy/src/input.rs and verdict.rs.

/** An OCSP answer or CRL that verified. This version evaluates none, so the list is empty. */
export type Accepted = Record<string, unknown>;

/** What a policy does about a failed check. */
export type Action =
  /** The signature is not good. */
  | "enforce"
  /** The failure is told, and the next check follows. */
  | "log"
  /** The check is not made. */
  | "skip";

/** One step of a signature's verification. */
export interface Check {
  /** What the policy says to do where the check fails. */
  action: Action;
  /** Why it failed. */
  code?: FailureCode;
  /** Why it failed, in one sentence. */
  message?: string;
  /** Which check. */
  name: CheckName;
  /** How it ended. */
  result: CheckResult;
}

/** The checks of a Notation signature, in their order. */
export type CheckName =
  /** The envelope is well-formed, its signature verifies, and its certificates form a chain. */
  | "integrity"
  /** The signature needs no verification plugin. */
  | "plugin"
  /** A certificate of the chain is in a trust store of the policy. */
  | "authenticity"
  /** The leaf is one of the policy's trusted identities. */
  | "identity"
  /** The signature has not expired. */
  | "expiry"
  /** The certificates were valid at the time that counts. */
  | "authenticTimestamp"
  /** No certificate has been revoked. */
  | "revocation"
  /** The signed payload is the image's descriptor. */
  | "payload"
  /** The payload holds the required user metadata. */
  | "userMetadata";

/** How a check ended. */
export type CheckResult =
  /** It passed. */
  | "pass"
  /** It failed. */
  | "fail"
  /** The policy says not to make it. */
  | "skipped"
  /** An earlier check ended the verification. */
  | "notRun";

/** What a code says about the image, and so what a caller may do with the verdict. */
export type Class =
  /** Every rule of the image's policy passed. */
  | "verified"
  /** The facts say no; asking again without a change gives the same answer. */
  | "denied"
  /** It could not be told; something that the verdict needs is missing or unusable. */
  | "indeterminate"
  /** It could not be told this time; trying again may help. */
  | "transient";

/** An outcome of the closed list. */
export type Code =
  /** Every rule of the image's policy passed. */
  | "VERIFIED"
  | FailureCode;

/** How the reports of several signatures and verifiers are combined. */
export interface CombinationPolicy {
  /** `any` or `all` by artifact type, and `default`; `all` where neither says. */
  artifactVerificationPolicies?: Record<string, Rule>;
}

/** Whom to trust for what. Unknown members are an error. */
export interface Config {
  /** How reports are combined. */
  policy?: CombinationPolicy;
  /** The verifiers; their names are unique. */
  verifiers: Verifier[];
}

/** A content descriptor (OCI image specification). */
export interface Descriptor {
  /** In a listing, the artifact's type. */
  artifactType?: string;
  /** `sha256:` or `sha512:` and lower-case hex digits. */
  digest: string;
  /** The content's media type. */
  mediaType: string;
  /** Bytes. */
  size: number;
}

/** Why a document was refused as a whole. */
export interface DocumentError {
  /** An outcome of the closed list. */
  code: FailureCode;
  /** One sentence for people. */
  message: string;
  /** What to do about it. */
  remediation: string;
}

/** Every outcome of the closed list but VERIFIED. */
export type FailureCode =
  /** The input is not a document of the contract: not JSON, or a member is missing or has the wrong form. */
  | "INPUT_MALFORMED"
  /** A member name occurs twice in one object of a document. */
  | "DUPLICATE_MEMBER"
  /** The input is larger, deeper or has more parts than the module accepts. */
  | "INPUT_TOO_LARGE"
  /** The input's `apiVersion` is not one that this module knows. */
  | "API_VERSION_UNSUPPORTED"
  /** The configuration in the input has an unknown field or a value out of its range. */
  | "CONFIG_INVALID"
  /** A verifier's trust policy document breaks a rule of the trust policy specification. */
  | "TRUST_POLICY_INVALID"
  /** No statement of the trust policy covers the image's repository. */
  | "TRUST_POLICY_NOT_APPLICABLE"
  /** A trust store that the policy names is missing, empty or holds something that is no usable certificate. */
  | "TRUST_STORE_INVALID"
  /** The image's name is not `registry/repository` with a tag, a digest or both. */
  | "REFERENCE_INVALID"
  /** The evidence for the image has the wrong form or contradicts itself. */
  | "EVIDENCE_INVALID"
  /** More evidence is needed; `needs` lists it. */
  | "EVIDENCE_INCOMPLETE"
  /** The image has no signature of a type that a verifier takes. */
  | "SIGNATURE_NOT_FOUND"
  /** The policy asks for artifacts of a type of which the image has none. */
  | "ARTIFACT_TYPE_MISSING"
  /** The image has more signatures than may be tried, and those that were tried do not decide it. */
  | "SIGNATURE_LIMIT_REACHED"
  /** The list of referrers holds more entries than are accepted. */
  | "LISTING_TOO_LARGE"
  /** Judging the image would cost more than is allowed for one image. */
  | "BUDGET_EXCEEDED"
  /** The bytes do not hash to the digest that names them. */
  | "DIGEST_MISMATCH"
  /** The bytes are more or fewer than their descriptor says. */
  | "SIZE_MISMATCH"
  /** The signature's manifest is not one of the two forms of the Notary Project specification. */
  | "MANIFEST_INVALID"
  /** The signature's manifest is attached to another image. */
  | "SUBJECT_MISMATCH"
  /** The signature's blob is of a media type that is no signature envelope. */
  | "ENVELOPE_UNSUPPORTED"
  /** The signature envelope breaks a rule of its format. */
  | "ENVELOPE_MALFORMED"
  /** A header of the signature envelope is missing, misplaced or has a value that is not allowed. */
  | "HEADER_INVALID"
  /** The envelope marks a header as critical that is not understood. */
  | "CRITICAL_HEADER_UNKNOWN"
  /** The signature algorithm is not one of PS256, PS384, PS512, ES256, ES384 and ES512. */
  | "ALGORITHM_UNSUPPORTED"
  /** The envelope's algorithm is not the one that the signing key implies. */
  | "ALGORITHM_MISMATCH"
  /** The signature does not verify: the envelope was altered or signed with another key. */
  | "SIGNATURE_INVALID"
  /** A certificate cannot be read. */
  | "CERTIFICATE_MALFORMED"
  /** A certificate's key is of a kind or size that is not allowed. */
  | "KEY_UNSUPPORTED"
  /** A certificate breaks a rule for its place in the chain: basic constraints, key usage or extended key usage. */
  | "CERTIFICATE_NOT_ALLOWED"
  /** The certificates do not form a chain from the leaf to a self-signed root. */
  | "CERTIFICATE_CHAIN_INVALID"
  /** The signature needs a verification plugin. */
  | "PLUGIN_UNSUPPORTED"
  /** No certificate of the signature's chain is in a trust store of the policy. */
  | "CERTIFICATE_UNTRUSTED"
  /** The signer is not one of the policy's trusted identities. */
  | "IDENTITY_MISMATCH"
  /** The signature's own expiry has passed. */
  | "SIGNATURE_EXPIRED"
  /** A certificate of the chain had expired at the time that counts. */
  | "CERTIFICATE_EXPIRED"
  /** A certificate of the chain was not yet valid at the time that counts. */
  | "CERTIFICATE_NOT_YET_VALID"
  /** The policy needs a timestamp, and timestamps are not evaluated by this version. */
  | "TIMESTAMP_UNSUPPORTED"
  /** Whether a certificate of the chain has been revoked is not known. */
  | "REVOCATION_UNKNOWN"
  /** The signed payload is not a Notary Project payload. */
  | "PAYLOAD_MALFORMED"
  /** The signature is for other content: media type, digest or size differ from the image's. */
  | "PAYLOAD_MISMATCH"
  /** The signature lacks metadata that the policy requires. */
  | "USER_METADATA_MISMATCH"
  /** The registry does not have the image. */
  | "IMAGE_NOT_FOUND"
  /** The registry lists a manifest or blob that it does not have. */
  | "BLOB_NOT_FOUND"
  /** The registry cannot be reached or answers with a server error. */
  | "REGISTRY_UNAVAILABLE"
  /** The registry's name cannot be resolved. */
  | "REGISTRY_NAME_UNRESOLVED"
  /** The registry did not answer in time. */
  | "REGISTRY_TIMEOUT"
  /** The registry limits the rate of requests. */
  | "REGISTRY_THROTTLED"
  /** The registry asks for a login. */
  | "REGISTRY_UNAUTHORIZED"
  /** The registry, or the service that gives tokens for it, refuses the credential. */
  | "REGISTRY_LOGIN_FAILED"
  /** The registry sends to a token service that may not see the credential, or may not be asked at all. */
  | "REGISTRY_REALM_REFUSED"
  /** The credential for the registry could not be had from where it is kept. */
  | "CREDENTIAL_UNAVAILABLE"
  /** The registry refuses access. */
  | "REGISTRY_FORBIDDEN"
  /** The TLS connection to the registry failed. */
  | "REGISTRY_TLS_FAILED"
  /** The registry's answer is not one of the distribution specification. */
  | "REGISTRY_RESPONSE_INVALID"
  /** The registry redirects to a place that is refused. */
  | "REGISTRY_REDIRECT_REFUSED"
  /** A manifest, blob or listing is larger than declared or than accepted. */
  | "CONTENT_TOO_LARGE"
  /** The image layout on disk cannot be read. */
  | "LAYOUT_INVALID"
  /** The host stopped fetching at its own limit of bytes, rounds or time. */
  | "FETCH_LIMIT_REACHED"
  /** The server's configuration for the image cannot be used, so that nothing can be told by it. */
  | "CONFIGURATION_UNUSABLE"
  /** The signatures satisfy the trust policy, and a rule of the user's own over the verdict does not accept the image. */
  | "POLICY_DENIED"
  /** The engine that gives verdicts gave none. */
  | "ENGINE_UNAVAILABLE";

/** Something that could not be fetched, and why. */
export interface FetchFailure {
  /** A code of the closed list. */
  code: FailureCode;
  /** Of a manifest or blob. */
  digest?: string;
  /** `subject`, `referrers`, `manifest`, `blob`, `ocsp` or `crl` */
  kind: "subject" | "referrers" | "manifest" | "blob" | "ocsp" | "crl";
  /** One sentence for people. */
  message: string;
}

/** What is known about one image. */
export interface ImageEvidence {
  /** What could not be fetched. */
  failures?: FetchFailure[];
  /** The image's referrers in listing order; absent is a need, empty is none. */
  referrers?: Descriptor[];
  /** What the name resolved to; absent where it did not, and a failure says why. */
  subject?: Descriptor;
}

/** The verdict on one image. */
export interface ImageVerdict {
  /** What the code says: only `verified` is a success. */
  class: Class;
  /** An outcome of the closed list. */
  code: Code;
  /** Whether every rule of the image's policy passed. */
  isSuccess: boolean;
  /** The media type of what was judged; for an index, the index and not its children. */
  mediaType?: string;
  /** One sentence for people. */
  message: string;
  /** What to do about it. */
  remediation: string;
  /** `registry/repository@digest` of what was judged; absent where the image could not be resolved. */
  subject?: string;
  /** The first moment at which the verdict may change (RFC 3339, exclusive); absent where nothing lapses, and on failures. */
  validUntil?: string;
  /** What each verifier says about each signature, in listing order. */
  verifierReports: VerifierReport[];
}

/** Everything that a verdict depends on. */
export interface Input {
  /** `image-integrity/v1` */
  apiVersion: "image-integrity/v1";
  /** The exact bytes of manifests and blobs by digest, as padded standard base64. */
  blobs?: Record<string, string>;
  /** Whom to trust for what. */
  config: Config;
  /** The images asked about, by `registry/repository` with tag, digest or both. */
  images: Record<string, ImageEvidence>;
  /** The time of the verdict, `YYYY-MM-DDThh:mm:ss[.f]Z`. */
  now: string;
  /** Echoed in the output; at most 256 bytes. */
  requestId?: string | null;
}

/** Which module gave a verdict. */
export interface Module {
  /** `image-integrity` */
  name: string;
  /** The module's version, as `0.1.0`. */
  version: string;
}

/** Evidence to be fetched. Which members are present follows from the kind. */
export interface Need {
  /** The digest of a manifest or blob. */
  digest?: string;
  /** The image whose evidence it is, as its key in the input. */
  image?: string;
  /** What it is. */
  kind: NeedKind;
  /** The bytes of a manifest or blob. */
  size?: number;
}

/** What is needed. */
export type NeedKind =
  /** The list of the image's referrers. */
  | "referrers"
  /** A referrer's manifest. */
  | "manifest"
  /** A blob that a manifest names. */
  | "blob";

/** Other actions for single checks than the level's. */
export interface Overrides {
  /** Validity of the certificates at the time that counts. */
  authenticTimestamp?: "enforce" | "log";
  /** The chain's trust and the signer's identity. */
  authenticity?: "enforce" | "log";
  /** The signature's own expiry. */
  expiry?: "enforce" | "log";
  /** Revocation of certificates. */
  revocation?: "enforce" | "log" | "skip";
}

/** How the reports of a type are combined. */
export type Rule =
  /** One good report is enough. */
  | "any"
  /** Every report must be good. */
  | "all";

/** How strict a statement is. */
export interface SignatureVerification {
  /** `strict`, `permissive`, `audit` or `skip` */
  level: "strict" | "permissive" | "audit" | "skip";
  /** Other actions for single checks: authenticity, authenticTimestamp, expiry, revocation. */
  override?: Overrides;
  /** `always` (where absent) or `afterCertExpiry` */
  verifyTimestamp?: "always" | "afterCertExpiry";
}

/** A trust policy document (Notary Project trust store and trust policy specification), as it is written. */
export interface TrustPolicyDocument {
  /** The statements; each scope is in one of them. */
  trustPolicies: TrustPolicyStatement[];
  /** `1.0` */
  version: "1.0";
}

/** One statement of a trust policy document. */
export interface TrustPolicyStatement {
  /** Unique in the document. */
  name: string;
  /** `registry/repository` each, or `*` alone. */
  registryScopes: string[];
  /** How strict to be. */
  signatureVerification: SignatureVerification;
  /** Trust stores as `ca:name`. */
  trustStores?: string[];
  /** `x509.subject: …` each, or `*` alone. */
  trustedIdentities?: string[];
}

/** A verdict on every image of the input. */
export interface Verdict {
  /** The OCSP answers and CRLs that verified: only these may be cached, and no longer than `until`. */
  accepted?: Accepted[];
  /** The contract's version. */
  apiVersion: "image-integrity/v1";
  /** Why the input as a whole was refused; absent where it was read. */
  error?: DocumentError;
  /** One verdict for each key of the input's `images`. */
  images: Record<string, ImageVerdict>;
  /** Which module gave the verdict. */
  module?: Module;
  /** The evidence that can be asked for now, each thing once. */
  needs?: Need[];
  /** The input's own, or null. */
  requestId: string | null;
}

/** A verifier of Notation signatures. */
export interface Verifier {
  /** The types of artifacts that it judges; `*` is every type. */
  artifactTypes: string[];
  /** How many signatures of an image are tried: 1 to 1,000, 50 where absent. */
  maxSignatures?: number;
  /** Told in reports. */
  name: string;
  /** The Notary Project trust policy. */
  trustPolicyDoc: TrustPolicyDocument;
  /** The verifier's trust stores, as `ca:name`; each value holds one or more PEM certificates. */
  trustStores: Record<string, string[]>;
  /** `notation` */
  type: "notation";
  /** What the signed payload's annotations must hold. */
  userMetadata?: Record<string, string>;
}

/** What one verifier says about one signature, or about the image where there is no `referenceDigest`. */
export interface VerifierReport {
  /** The signature manifest's type. */
  artifactType?: string;
  /** The checks in their order, with what was done about each. */
  checks: Check[];
  /** What the code says. */
  class: Class;
  /** An outcome of the closed list. */
  code: Code;
  /** Facts about the signer: `Issuer` and `SN` (the subject) of the leaf certificate. */
  extensions: Record<string, string>;
  /** Whether the signature is good under the policy. */
  isSuccess: boolean;
  /** One sentence for people. */
  message: string;
  /** The digest of the signature's manifest. */
  referenceDigest?: string;
  /** What to do about it. */
  remediation: string;
  /** The verifier's name in the configuration. */
  verifierName: string;
  /** The verifier's type, as `notation`. */
  verifierType: string;
}
