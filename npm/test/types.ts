// Compiled by `npm run types`, never run: what a caller writes has types, and a misspelling has none.

import { verify, verifyBytes, type Code, type Input, type Need } from "image-integrity";

const input: Input = {
  apiVersion: "image-integrity/v1",
  now: "2026-11-24T12:00:00Z",
  config: {
    verifiers: [
      {
        name: "notation",
        type: "notation",
        artifactTypes: ["application/vnd.cncf.notary.signature"],
        trustPolicyDoc: {
          version: "1.0",
          trustPolicies: [
            {
              name: "default",
              registryScopes: ["*"],
              signatureVerification: { level: "strict", override: { revocation: "skip" } },
              trustStores: ["ca:acme"],
              trustedIdentities: ["*"],
            },
          ],
        },
        trustStores: { "ca:acme": ["-----BEGIN CERTIFICATE-----"] },
      },
    ],
    policy: { artifactVerificationPolicies: { default: "any" } },
  },
  images: { "registry.example/app:v1": { failures: [{ kind: "subject", code: "IMAGE_NOT_FOUND", message: "" }] } },
};

const verdict = verify(input);
const admitted: boolean = Object.values(verdict.images).every((image) => image.isSuccess);
const codes: Code[] = Object.values(verdict.images).map((image) => image.code);
const needs: Need[] = verdict.needs ?? [];
const bytes: Uint8Array = verifyBytes(JSON.stringify(input));

// @ts-expect-error There is no such level.
input.config.verifiers[0]!.trustPolicyDoc.trustPolicies[0]!.signatureVerification.level = "Strict";
// @ts-expect-error A failure cannot claim a success.
input.images["registry.example/app:v1"]!.failures![0]!.code = "VERIFIED";
// @ts-expect-error There is no such code.
const misspelt: Code = "SIGNATURE_NOTFOUND";
// @ts-expect-error The input has an apiVersion.
verify({ now: input.now, config: input.config, images: {} });

export { admitted, bytes, codes, misspelt, needs };
