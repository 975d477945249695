/* Looks for the number whose SHA-256(salt + nonce + number) begins as wished. crypto.subtle is not there on plain http. */
"use strict";

const K = new Uint32Array(64);
const START = new Uint32Array(8);
{
  // The constants are the first 32 bits of the fractional parts of roots of primes (FIPS 180-4, 4.2.2 and 5.3.3).
  let found = 0;
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) >>> 0;
  for (let n = 2; found < 64; n += 1) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) isPrime = false;
    if (!isPrime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(n));
    K[found] = fraction(Math.cbrt(n));
    found += 1;
  }
}

const words = new Uint32Array(64);
const turn = (x, n) => (x >>> n) | (x << (32 - n));

/* Hash one block of 64 bytes that lies in words[0..15]; return the eight words of the digest. */
const hash = (out) => {
  for (let i = 16; i < 64; i += 1) {
    const a = words[i - 15];
    const b = words[i - 2];
    words[i] = words[i - 16] + words[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i += 1) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
  }
  out[0] = START[0] + a; out[1] = START[1] + b; out[2] = START[2] + c; out[3] = START[3] + d;
  out[4] = START[4] + e; out[5] = START[5] + f; out[6] = START[6] + g; out[7] = START[7] + h;
};

const wordsOf = (hex) => hex.match(/.{8}/g).map((part) => parseInt(part, 16) >>> 0);
const hexOf = (digest) => Array.from(digest, (word) => word.toString(16).padStart(8, "0")).join("");

onmessage = (event) => {
  const { nonce, salt, keyPrefix } = event.data;
  const head = [...wordsOf(salt), ...wordsOf(nonce)]; // 16 bytes each
  const first = parseInt(keyPrefix.slice(0, 8), 16) >>> 0;
  const digest = new Uint32Array(8);
  for (let number = 0; number <= 0xffffffff; number += 1) {
    words.set(head);
    words[8] = number;
    words[9] = 0x80000000;
    words.fill(0, 10, 15);
    words[15] = 36 * 8;
    hash(digest);
    if (digest[0] === first && hexOf(digest).startsWith(keyPrefix)) {
      postMessage({ counter: number, derivedKey: hexOf(digest) });
      return;
    }
  }
};
