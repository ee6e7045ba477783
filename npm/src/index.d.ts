import type { Input, Verdict } from "../dist/contract.js";

export type * from "../dist/contract.js";

/**
 * The verdict on an input document.
 *
 * What is wrong with the input is a denial with a code, and no exception.
 *
 * @throws {TypeError} where the input cannot be written as JSON (it refers to itself, or holds a BigInt).
 * @throws {Error} where memory or the stack ran out. There is no verdict then: treat the images as not verified.
 */
export function verify(input: Input): Verdict;

/**
 * The verdict on an input document in JSON, as canonical JSON: the exact bytes that every other host gives for these bytes.
 *
 * Members that occur twice are refused here; `verify` cannot see them, since an object has each name once.
 *
 * @throws {TypeError} where the input is neither a string nor a Uint8Array.
 * @throws {Error} where memory or the stack ran out. There is no verdict then: treat the images as not verified.
 */
export function verifyBytes(input: string | Uint8Array): Uint8Array;
