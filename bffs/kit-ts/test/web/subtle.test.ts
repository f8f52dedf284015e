/**
 * `crypto.subtle`, as Node has it. Cases of the kinds of web-platform-tests:
 * WebCryptoAPI/digest/digest.https.any.js, import_export/symmetric_importKey.https.any.js,
 * sign_verify/hmac.https.any.js, generateKey/failures_HMAC.https.any.js.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SubtleCrypto as Kit, CryptoKey as KitKey, type JsonWebKey } from "../../src/web/subtle.ts";
import { numbers, sameLater } from "./same.ts";

const random = numbers(5);
const someBytes = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, () => random(256));
const kit = new Kit((length) => new Uint8Array(length).fill(7));
const node = crypto.subtle as unknown as Kit;
const HASHES = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const hex = (buffer: ArrayBuffer): string => Buffer.from(buffer).toString("hex");

test("digests are those of Node, for all lengths about the size of a block", async () => {
  const lengths = [...Array(140).keys(), 239, 240, 255, 256, 257, 1_000, 5_000];
  for (const hash of HASHES) {
    const cases = lengths.map(someBytes);
    await sameLater(cases, async (data) => hex(await kit.digest(hash, data)), async (data) => hex(await node.digest(hash, data)));
  }
  const odd: unknown[] = ["sha-256", { name: "SHA-256" }, "MD5", "", {}, null, "toString"];
  const digest = (subtle: Kit) => async (algorithm: unknown) => hex(await subtle.digest(algorithm as string, Uint8Array.of(1)));
  // What is no algorithm at all is a TypeError in Node.
  await sameLater(odd.slice(0, 4), digest(kit), digest(node));
  for (const algorithm of odd.slice(2)) await assert.rejects(digest(kit)(algorithm));
  await assert.rejects(kit.digest("MD5", Uint8Array.of()), {
    name: "NotSupportedError",
    message: "crypto.subtle: digest with MD5 is not there: there are digest with SHA-1, SHA-256, SHA-384, SHA-512, and HMAC with these for " +
      "importKey, exportKey, generateKey, sign and verify",
  });
  await assert.rejects(kit.digest("SHA-1", "text" as never), TypeError);
});

test("signatures are those of Node, and verify what they sign", async () => {
  for (const hash of HASHES) {
    const cases = [1, 20, 63, 64, 65, 127, 128, 129, 200].map((length) => ({ secret: someBytes(length), data: someBytes(length * 3) }));
    const sign = (subtle: Kit) => async ({ secret, data }: (typeof cases)[number]) => {
      const key = await subtle.importKey("raw", secret, { name: "HMAC", hash }, true, ["sign", "verify"]);
      const signature = await subtle.sign("HMAC", key, data);
      const wrong = Uint8Array.from(new Uint8Array(signature));
      wrong[3]! ^= 1;
      const verified = [signature, wrong, signature.slice(1), new ArrayBuffer(0)].map((each) => subtle.verify("HMAC", key, each, data));
      return [hex(signature), await Promise.all(verified), await subtle.exportKey("jwk", key), hex((await subtle.exportKey("raw", key)) as ArrayBuffer)];
    };
    await sameLater(cases, sign(kit), sign(node));
  }
});

test("keys are imported and refused as in Node", async () => {
  const jwk: JsonWebKey = { kty: "oct", k: "AQID_-8", alg: "HS256" };
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const cases: Parameters<Kit["importKey"]>[] = [
    ["jwk", jwk, hmac, true, ["sign"]],
    ["jwk", { ...jwk, alg: "HS512" }, hmac, true, ["sign"]],
    ["jwk", { ...jwk, kty: "RSA" }, hmac, true, ["sign"]],
    ["jwk", { ...jwk, use: "enc" }, hmac, true, ["sign"]],
    ["jwk", { ...jwk, ext: false }, hmac, true, ["sign"]],
    ["jwk", { ...jwk, ext: false }, hmac, false, ["sign"]],
    ["jwk", { ...jwk, key_ops: ["verify"] }, hmac, true, ["sign"]],
    ["jwk", { ...jwk, key_ops: ["verify", "sign"] }, hmac, true, ["sign"]],
    ["raw", Uint8Array.of(1, 2), hmac, false, ["verify"]],
    ["raw", Uint8Array.of(1, 2), { name: "hmac", hash: { name: "sha-1" } }, true, ["sign", "verify"]],
    ["raw", Uint8Array.of(), hmac, true, ["sign"]],
    ["raw", Uint8Array.of(1), hmac, true, []],
    ["raw", Uint8Array.of(1), hmac, true, ["encrypt"]],
    ["raw", Uint8Array.of(1, 2), { ...hmac, length: 16 }, true, ["sign"]],
    ["raw", Uint8Array.of(1, 2), { ...hmac, length: 24 }, true, ["sign"]],
    ["raw", Uint8Array.of(1), { name: "HMAC" }, true, ["sign"]],
    ["raw", Uint8Array.of(1), { name: "RSA-NOPE" }, true, ["sign"]],
  ];
  const read = (subtle: Kit) => async (given: (typeof cases)[number]) => {
    const { type, algorithm, extractable, usages } = await subtle.importKey(...given);
    return { type, name: algorithm.name, hash: algorithm.hash.name, length: algorithm.length, extractable, usages: [...usages].sort() };
  };
  await sameLater(cases, read(kit), read(node));
});

test("keys are used as they may be used, and made of the random numbers that were given", async () => {
  const verifier = await kit.importKey("raw", Uint8Array.of(1), { name: "HMAC", hash: "SHA-256" }, false, ["verify", "verify"]);
  assert.deepEqual(verifier.usages, ["verify"]);
  await assert.rejects(kit.sign("HMAC", verifier, Uint8Array.of()), { name: "InvalidAccessError" });
  // Node 20 has another name for it.
  await assert.rejects(kit.exportKey("raw", verifier), { name: "InvalidAccessError" });
  const made = async (subtle: Kit): Promise<unknown[]> => {
    const keys = HASHES.map((hash) => subtle.generateKey({ name: "HMAC", hash }, true, ["sign"]));
    return (await Promise.all(keys)).map((key) => [key.algorithm.length, key.type, key.usages]);
  };
  assert.deepEqual(await made(kit), await made(node));
  const own = await kit.generateKey({ name: "HMAC", hash: "SHA-1", length: 16 }, true, ["sign"]);
  assert.equal(hex((await kit.exportKey("raw", own)) as ArrayBuffer), "0707");
  await assert.rejects(new Kit().generateKey({ name: "HMAC", hash: "SHA-1" }, true, ["sign"]), { name: "NotSupportedError" });
  for (const name of ["encrypt", "decrypt", "deriveBits", "deriveKey", "wrapKey", "unwrapKey"] as const) {
    await assert.rejects(kit[name](), { name: "NotSupportedError" });
  }
  assert.throws(() => new (KitKey as unknown as new () => KitKey)(), TypeError);
});
