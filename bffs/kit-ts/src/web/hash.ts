/** SHA-1, SHA-256, SHA-384 and SHA-512 (FIPS 180-4), and HMAC (RFC 2104). */

/** A hash over whole texts of bytes. */
export interface Hash {
  readonly blockSize: number;
  readonly digest: (...parts: readonly Uint8Array[]) => Uint8Array<ArrayBuffer>;
}

/** The first 32 bits behind the point of a root of the first primes, and the next 32. */
function rootBits(count: number, root: number): Int32Array {
  const words = new Int32Array(count * 2);
  let prime = 1;
  for (let at = 0; at < count; at += 1) {
    do prime += 1;
    while (!isPrime(prime));
    const bits = BigInt.asUintN(64, integerRoot(BigInt(prime) << BigInt(64 * root), root));
    words[at * 2] = Number(BigInt.asIntN(32, bits >> 32n));
    words[at * 2 + 1] = Number(BigInt.asIntN(32, bits));
  }
  return words;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return true;
}

/** The largest integer whose power is not above `value`. */
function integerRoot(value: bigint, root: number): bigint {
  let low = 0n;
  let high = 1n << 72n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** BigInt(root) > value) high = middle;
    else low = middle;
  }
  return low;
}

/** Pairs of high and low words. SHA-256 has the high ones only. */
const K64 = rootBits(80, 3);
const K32 = Int32Array.from({ length: 64 }, (_, at) => K64[at * 2] ?? 0);
const SQUARES = rootBits(16, 2);

/** The bytes with the padding of all of these hashes: a one, zeros and the length in bits. */
function padded(parts: readonly Uint8Array[], blockSize: number): DataView {
  let length = 0;
  for (const part of parts) length += part.length;
  const lengthSize = blockSize / 8;
  const bytes = new Uint8Array(Math.ceil((length + 1 + lengthSize) / blockSize) * blockSize);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes[length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(length / 0x2000_0000));
  view.setUint32(bytes.length - 4, (length << 3) >>> 0);
  return view;
}

function bytesOfWords(words: readonly number[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  for (let at = 0; at < words.length; at += 1) view.setInt32(at * 4, words[at] ?? 0);
  return new Uint8Array(view.buffer);
}

function sha1(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const view = padded(parts, 64);
  const w = new Int32Array(80) as unknown as number[];
  let [h0, h1, h2, h3, h4] = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0];
  for (let from = 0; from < view.byteLength; from += 64) {
    for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(from + t * 4);
    for (let t = 16; t < 80; t += 1) {
      const x = w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!;
      w[t] = (x << 1) | (x >>> 31);
    }
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let t = 0; t < 80; t += 1) {
      let f: number;
      if (t < 20) f = ((d ^ (b & (c ^ d))) + 0x5a827999) | 0;
      else if (t < 40) f = ((b ^ c ^ d) + 0x6ed9eba1) | 0;
      else if (t < 60) f = (((b & c) | (d & (b | c))) - 0x70e44324) | 0;
      else f = ((b ^ c ^ d) - 0x359d3e2a) | 0;
      const next = (((a << 5) | (a >>> 27)) + f + e + w[t]!) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
  }
  return bytesOfWords([h0, h1, h2, h3, h4]);
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const view = padded(parts, 64);
  const w = new Int32Array(64) as unknown as number[];
  const k = K32 as unknown as number[];
  const state = Array.from({ length: 8 }, (_, at) => SQUARES[at * 2] ?? 0);
  for (let from = 0; from < view.byteLength; from += 64) {
    for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(from + t * 4);
    for (let t = 16; t < 64; t += 1) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      w[t] = (w[t - 16]! + w[t - 7]! +
        (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
        (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
    for (let t = 0; t < 64; t += 1) {
      const one = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + (g ^ (e & (f ^ g))) + k[t]! + w[t]!) | 0;
      const two = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) | (c & (a | b)))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    const ended = [a, b, c, d, e, f, g, h];
    for (let at = 0; at < 8; at += 1) state[at] = (state[at]! + ended[at]!) | 0;
  }
  return bytesOfWords(state);
}

/** Words of 64 bits are pairs of 32: the high one first. */
function sha512(initial: Int32Array, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const view = padded(parts, 128);
  const w = new Int32Array(160) as unknown as number[];
  const k = K64 as unknown as number[];
  const state = Array.from(initial);
  for (let from = 0; from < view.byteLength; from += 128) {
    for (let t = 0; t < 32; t += 1) w[t] = view.getInt32(from + t * 4);
    for (let t = 32; t < 160; t += 2) {
      const xh = w[t - 30]!;
      const xl = w[t - 29]!;
      const yh = w[t - 4]!;
      const yl = w[t - 3]!;
      const low =
        (w[t - 31]! >>> 0) + (w[t - 13]! >>> 0) +
        ((((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25))) >>> 0) +
        ((((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26))) >>> 0);
      const high =
        w[t - 32]! + w[t - 14]! +
        (((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7)) +
        (((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6));
      w[t] = (high + Math.floor(low / 0x1_0000_0000)) | 0;
      w[t + 1] = low | 0;
    }
    let [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl] = state as Sixteen;
    for (let t = 0; t < 160; t += 2) {
      const oneLow =
        (hl >>> 0) + (k[t + 1]! >>> 0) + (w[t + 1]! >>> 0) + ((gl ^ (el & (fl ^ gl))) >>> 0) +
        ((((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23))) >>> 0);
      const oneHigh =
        (hh + k[t]! + w[t]! + (gh ^ (eh & (fh ^ gh))) +
          (((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23))) +
          Math.floor(oneLow / 0x1_0000_0000)) | 0;
      const twoLow =
        (((al & bl) | (cl & (al | bl))) >>> 0) +
        ((((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25))) >>> 0);
      const twoHigh =
        ((ah & bh) | (ch & (ah | bh))) +
        (((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25)));
      hh = gh;
      hl = gl;
      gh = fh;
      gl = fl;
      fh = eh;
      fl = el;
      const next = (dl >>> 0) + (oneLow % 0x1_0000_0000);
      eh = (dh + oneHigh + Math.floor(next / 0x1_0000_0000)) | 0;
      el = next | 0;
      dh = ch;
      dl = cl;
      ch = bh;
      cl = bl;
      bh = ah;
      bl = al;
      const sum = (oneLow % 0x1_0000_0000) + twoLow;
      ah = (oneHigh + twoHigh + Math.floor(sum / 0x1_0000_0000)) | 0;
      al = sum | 0;
    }
    const ended = [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl];
    for (let at = 0; at < 16; at += 2) {
      const low = (state[at + 1]! >>> 0) + (ended[at + 1]! >>> 0);
      state[at] = (state[at]! + ended[at]! + Math.floor(low / 0x1_0000_0000)) | 0;
      state[at + 1] = low | 0;
    }
  }
  return bytesOfWords(state);
}

type Sixteen = [
  number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number,
];

/** The hashes by the names of the Web Cryptography API. */
export const HASHES: Readonly<Record<string, Hash>> = {
  "SHA-1": { blockSize: 64, digest: sha1 },
  "SHA-256": { blockSize: 64, digest: sha256 },
  // That of the ninth to sixteenth prime, and 48 of the bytes.
  "SHA-384": { blockSize: 128, digest: (...parts) => sha512(SQUARES.subarray(16), parts).slice(0, 48) },
  "SHA-512": { blockSize: 128, digest: (...parts) => sha512(SQUARES.subarray(0, 16), parts) },
};

export function hmac(hash: Hash, key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(hash.blockSize);
  block.set(key.length > hash.blockSize ? hash.digest(key) : key);
  const inner = hash.digest(block.map((byte) => byte ^ 0x36), data);
  return hash.digest(block.map((byte) => byte ^ 0x5c), inner);
}
