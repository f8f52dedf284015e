/**
 * `crypto.subtle` of the Web Cryptography API: hashes and HMAC. Whatever else there is, is refused.
 */
import { binaryOfBytes, bytesOfBinary, copyOf, isBufferSource, type BufferSource } from "./binary.ts";
import { HASHES, hmac, type Hash } from "./hash.ts";

export type KeyUsage = "decrypt" | "deriveBits" | "deriveKey" | "encrypt" | "sign" | "unwrapKey" | "verify" | "wrapKey";
export type KeyFormat = "jwk" | "pkcs8" | "raw" | "spki";
export interface Algorithm {
  name: string;
}
export type AlgorithmIdentifier = Algorithm | string;
export interface HmacParams extends Algorithm {
  hash: AlgorithmIdentifier;
  /** Bits of the key. */
  length?: number | undefined;
}
export interface JsonWebKey {
  kty?: string;
  k?: string;
  alg?: string;
  use?: string;
  key_ops?: string[];
  ext?: boolean;
}
export interface HmacKeyAlgorithm extends Algorithm {
  hash: Algorithm;
  length: number;
}

const THERE_IS = `there are digest with ${Object.keys(HASHES).join(", ")}, and HMAC with these for importKey, exportKey, generateKey, sign and verify`;
const MADE_HERE = Symbol("CryptoKey");

let secretOf: (key: CryptoKey) => Uint8Array;

/** A secret for HMAC. */
export class CryptoKey {
  readonly #secret: Uint8Array;
  readonly #algorithm: HmacKeyAlgorithm;
  readonly #extractable: boolean;
  readonly #usages: KeyUsage[];

  static {
    secretOf = (key) => key.#secret;
  }

  /** Not for you: `crypto.subtle` makes keys. */
  constructor(madeHere: symbol, secret: Uint8Array, algorithm: HmacKeyAlgorithm, extractable: boolean, usages: KeyUsage[]) {
    if (madeHere !== MADE_HERE) throw new TypeError("CryptoKey: crypto.subtle makes keys");
    this.#secret = secret;
    this.#algorithm = algorithm;
    this.#extractable = extractable;
    this.#usages = usages;
  }

  get type(): "secret" {
    return "secret";
  }

  get algorithm(): HmacKeyAlgorithm {
    return this.#algorithm;
  }

  get extractable(): boolean {
    return this.#extractable;
  }

  get usages(): KeyUsage[] {
    return this.#usages;
  }

  get [Symbol.toStringTag](): string {
    return "CryptoKey";
  }
}

export class SubtleCrypto {
  readonly #random: ((length: number) => Uint8Array) | undefined;

  /** `random` gives the bytes of new keys. */
  constructor(random?: (length: number) => Uint8Array) {
    this.#random = random;
  }

  async digest(algorithm: AlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer> {
    return hashOf(algorithm).hash.digest(bytesOf(data)).buffer;
  }

  async importKey(
    format: KeyFormat,
    keyData: BufferSource | JsonWebKey,
    algorithm: AlgorithmIdentifier | HmacParams,
    extractable: boolean,
    keyUsages: readonly KeyUsage[],
  ): Promise<CryptoKey> {
    const { name, hash } = hmacOf(algorithm, "importKey");
    const usages = usagesOf(keyUsages);
    let secret: Uint8Array;
    if (format === "raw") secret = copyOf(bytesOf(keyData as BufferSource));
    else if (format === "jwk") secret = secretOfJwk(keyData as JsonWebKey, name, extractable, usages);
    else throw refused(`importKey of the format "${format}"`);
    if (secret.length === 0) throw new DOMException("importKey: the key has no bytes", "DataError");
    const bits = secret.length * 8;
    const length = (algorithm as HmacParams).length ?? bits;
    if (length !== bits) throw new DOMException(`importKey: the key has ${bits} bits, not ${length}`, "DataError");
    return new CryptoKey(MADE_HERE, secret, { name: "HMAC", length, hash: { name: hash } }, Boolean(extractable), usages);
  }

  async exportKey(format: KeyFormat, key: CryptoKey): Promise<any> {
    keyOf(key);
    if (!key.extractable) throw new DOMException("exportKey: the key is not extractable", "InvalidAccessError");
    const secret = secretOf(key);
    if (format === "raw") return copyOf(secret).buffer;
    if (format !== "jwk") throw refused(`exportKey of the format "${format}"`);
    const k = btoa(binaryOfBytes(secret)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    return { key_ops: key.usages, ext: true, kty: "oct", k, alg: algOf(key.algorithm.hash.name) };
  }

  async generateKey(algorithm: AlgorithmIdentifier | HmacParams, extractable: boolean, keyUsages: readonly KeyUsage[]): Promise<CryptoKey> {
    const { hash, found } = hmacOf(algorithm, "generateKey");
    const usages = usagesOf(keyUsages);
    const length = (algorithm as HmacParams).length ?? found.blockSize * 8;
    if (!Number.isInteger(length) || length <= 0 || length % 8 !== 0) {
      throw new DOMException(`generateKey: a key has a multiple of 8 bits, not ${length}`, "OperationError");
    }
    if (this.#random === undefined) throw refused("generateKey without a source of random numbers");
    const secret = copyOf(this.#random(length / 8));
    return new CryptoKey(MADE_HERE, secret, { name: "HMAC", length, hash: { name: hash } }, Boolean(extractable), usages);
  }

  async sign(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
    return macOf(algorithm, key, "sign", data).buffer;
  }

  async verify(algorithm: AlgorithmIdentifier, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean> {
    const given = bytesOf(signature);
    const wanted = macOf(algorithm, key, "verify", data);
    // All bytes are looked at, so that the time says nothing of them.
    let difference = given.length ^ wanted.length;
    for (let at = 0; at < wanted.length; at += 1) difference |= (given[at] ?? 0) ^ (wanted[at] ?? 0);
    return difference === 0;
  }

  async encrypt(): Promise<never> {
    throw refused("encrypt");
  }

  async decrypt(): Promise<never> {
    throw refused("decrypt");
  }

  async deriveBits(): Promise<never> {
    throw refused("deriveBits");
  }

  async deriveKey(): Promise<never> {
    throw refused("deriveKey");
  }

  async wrapKey(): Promise<never> {
    throw refused("wrapKey");
  }

  async unwrapKey(): Promise<never> {
    throw refused("unwrapKey");
  }

  get [Symbol.toStringTag](): string {
    return "SubtleCrypto";
  }
}

function nameOf(algorithm: AlgorithmIdentifier): string {
  return `${typeof algorithm === "object" ? algorithm.name : algorithm}`.toUpperCase();
}

function hashOf(algorithm: AlgorithmIdentifier): { readonly name: string; readonly hash: Hash } {
  const name = nameOf(algorithm);
  const hash = Object.hasOwn(HASHES, name) ? HASHES[name] : undefined;
  if (hash === undefined) throw refused(`digest with ${name}`);
  return { name, hash };
}

function hmacOf(algorithm: AlgorithmIdentifier | HmacParams, method: string): { readonly name: string; readonly hash: string; readonly found: Hash } {
  if (nameOf(algorithm) !== "HMAC") throw refused(`${method} for ${nameOf(algorithm)}`);
  const { hash: given } = algorithm as Partial<HmacParams>;
  if (given === undefined) throw new TypeError(`${method}: HMAC needs a hash`);
  const { name, hash } = hashOf(given);
  return { name: algOf(name), hash: name, found: hash };
}

/** `HS256` for SHA-256. */
function algOf(hash: string): string {
  return `HS${hash.slice(4)}`;
}

function usagesOf(given: readonly KeyUsage[]): KeyUsage[] {
  const usages = [...new Set(given)];
  if (usages.length === 0 || usages.some((usage) => usage !== "sign" && usage !== "verify")) {
    throw new DOMException("a key for HMAC is used to sign and verify", "SyntaxError");
  }
  return usages;
}

function secretOfJwk(jwk: JsonWebKey, alg: string, extractable: boolean, usages: readonly KeyUsage[]): Uint8Array {
  const wrong = (what: string): DOMException => new DOMException(`importKey: ${what}`, "DataError");
  if (typeof jwk !== "object" || jwk === null) throw new TypeError("importKey: a jwk is an object");
  if (jwk.kty !== "oct" || typeof jwk.k !== "string" || !/^[\w-]*$/.test(jwk.k)) throw wrong('the jwk is no secret of the kind "oct"');
  if (jwk.alg !== undefined && jwk.alg !== alg) throw wrong(`the jwk is for ${jwk.alg}, not for ${alg}`);
  if (jwk.use !== undefined && jwk.use !== "sig") throw wrong("the jwk is not for signatures");
  if (jwk.ext === false && extractable) throw wrong("the jwk must not be extractable");
  if (jwk.key_ops !== undefined && !usages.every((usage) => jwk.key_ops?.includes(usage))) throw wrong("the jwk is not for these uses");
  return bytesOfBinary(atob(jwk.k.replaceAll("-", "+").replaceAll("_", "/")));
}

function macOf(algorithm: AlgorithmIdentifier, key: CryptoKey, usage: KeyUsage, data: BufferSource): Uint8Array<ArrayBuffer> {
  if (nameOf(algorithm) !== "HMAC") throw refused(`${usage} with ${nameOf(algorithm)}`);
  keyOf(key);
  if (!key.usages.includes(usage)) throw new DOMException(`${usage}: the key is not for it`, "InvalidAccessError");
  return hmac(hashOf(key.algorithm.hash).hash, secretOf(key), bytesOf(data));
}

function keyOf(key: CryptoKey): void {
  if (!(key instanceof CryptoKey)) throw new TypeError("crypto.subtle: it takes a CryptoKey");
}

function bytesOf(data: BufferSource): Uint8Array {
  if (!isBufferSource(data)) throw new TypeError("crypto.subtle: the data are no buffer and no view of one");
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

function refused(what: string): DOMException {
  return new DOMException(`crypto.subtle: ${what} is not there: ${THERE_IS}`, "NotSupportedError");
}
